//! Reports of architectures and kernels of which there is no capture, written by hand from the kernel's format strings
//! (tests/fixtures/architectures; its README says how), against what those strings mean, and a snapshot.

mod harness;

use oopscope_klog::{Limits, Scanner, parse};
use oopscope_report::{Arch, FrameRole, Report, StackRole};
use std::path::PathBuf;

fn fixtures() -> Vec<PathBuf> {
    let logs = harness::logs("architectures");
    assert!(logs.len() > 25, "only {} fixtures", logs.len());
    logs
}

#[test]
fn what_the_format_strings_mean_is_found() {
    harness::check_expectations(&fixtures(), &[], differences);
}

#[test]
fn every_fixture_has_its_snapshot() {
    harness::check_snapshots(&fixtures(), "architectures/");
}

/// The folder is the architecture's, but for x86, of which both are in one.
#[test]
fn every_architecture_has_fixtures() {
    let folders: Vec<_> =
        fixtures().iter().map(|log| log.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let wanted =
        [Arch::Arm64, Arch::Arm, Arch::Riscv, Arch::Ppc, Arch::S390x, Arch::Mips, Arch::Loongarch, Arch::Sparc];
    for folder in wanted.map(Arch::name).into_iter().chain([Arch::Parisc.name(), "x86"]) {
        assert!(folders.iter().any(|name| name == folder), "no fixture of {folder}");
    }
}

/// A log that ends anywhere, or comes in pieces, gives what is there of it.
#[test]
fn logs_that_end_early_and_logs_in_pieces() {
    for log in fixtures() {
        let bytes = harness::read(&log);
        let whole = parse(&bytes);
        let mut scanner = Scanner::new(Limits::default());
        for piece in bytes.chunks(13) {
            scanner.push(piece);
        }
        scanner.finish();
        assert_eq!((scanner.reports(), scanner.facts()), (&whole.0[..], whole.1), "{} in pieces", log.display());
        for cut in (0..bytes.len()).step_by(29) {
            let (reports, facts) = parse(&bytes[..cut]);
            let inside = reports.iter().all(|report| {
                let frames = report.stacks.iter().flat_map(|stack| &stack.frames).map(|frame| frame.line);
                let registers = report.registers.iter().map(|register| register.line);
                let lines = report.first_line..=report.last_line;
                report.last_line <= facts.lines && frames.chain(registers).all(|line| lines.contains(&line))
            });
            assert!(inside, "{} cut after {cut} bytes", log.display());
        }
    }
}

/// What a fixture of an architecture says beside what every fixture says.
fn differences(report: &Report, expect: &toml::Table) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, got: String, want: Option<&str>| {
        if let Some(want) = want.filter(|want| *want != got) {
            wrong.push(format!("{what}: want {want}, got {got}"));
        }
    };
    let text = |key: &str| expect.get(key).and_then(toml::Value::as_str);
    check("title", report.title.clone(), text("title"));
    check("kind", report.kind.name().to_owned(), text("kind"));
    check("arch", report.arch.map_or("", Arch::name).to_owned(), text("arch"));
    check("kernel", report.kernel.clone().unwrap_or_default(), text("kernel"));
    let class = report.access.as_ref().map(|access| kebab(&format!("{:?}", access.class)));
    check("class", class.unwrap_or_default(), text("class"));
    let code = report.code.as_ref();
    let marked = code.and_then(|code| code.units.get(usize::try_from(code.trap?).ok()?));
    check("marked", marked.cloned().unwrap_or_default(), text("marked"));

    let fields = report.trap.iter().flat_map(|trap| &trap.fields);
    let fields: Vec<_> = fields.map(|field| format!("{}={}", field.name, field.value)).collect();
    wrong.extend(absent("field", &list(expect, "fields"), &fields));
    let details: Vec<_> = report.details.iter().map(|detail| format!("{}={}", detail.name, detail.value)).collect();
    wrong.extend(absent("detail", &list(expect, "details"), &details));
    let listing = code.and_then(|code| code.listing.as_ref()).into_iter().flat_map(|listing| &listing.instructions);
    let listing: Vec<_> = listing.map(|line| format!("{} {}", line.offset, line.text)).collect();
    wrong.extend(absent("instruction", &list(expect, "listing"), &listing));

    let frames = list(expect, "frames");
    let got = frames_of(report);
    if !frames.is_empty() && frames != got {
        wrong.push(format!("frames: want {frames:?}, got {got:?}"));
    }
    let registers = expect.get("registers").and_then(toml::Value::as_table);
    for (name, value) in registers.into_iter().flatten() {
        let got = report.registers.iter().find(|register| register.name == *name).map(|r| r.value.as_str());
        if got != value.as_str() {
            wrong.push(format!("register {name}: want {value:?}, got {got:?}"));
        }
    }
    if let Some(want) = expect.get("user_registers").and_then(toml::Value::as_integer) {
        let user = report.stacks.iter().find(|stack| stack.frames.iter().any(|frame| frame.role == FrameRole::User));
        let got = user.map_or(0, |stack| stack.registers.len());
        if i64::try_from(got).ok() != Some(want) {
            wrong.push(format!("registers of user mode: want {want}, got {got}"));
        }
    }
    wrong
}

/// The frames of all stacks but a panic's own and user mode's, in order; `?` before what is not reliable.
fn frames_of(report: &Report) -> Vec<String> {
    let stacks = report.stacks.iter().filter(|stack| stack.role != StackRole::Panic);
    let frames = stacks.flat_map(|stack| &stack.frames).filter(|frame| frame.role != FrameRole::User);
    frames
        .map(|frame| {
            format!("{}{}", if frame.reliable { "" } else { "?" }, frame.function.as_deref().unwrap_or_default())
        })
        .collect()
}

fn list(expect: &toml::Table, key: &str) -> Vec<String> {
    let values = expect.get(key).and_then(toml::Value::as_array);
    values.into_iter().flatten().filter_map(toml::Value::as_str).map(str::to_owned).collect()
}

fn absent(what: &str, wanted: &[String], got: &[String]) -> Vec<String> {
    wanted.iter().filter(|want| !got.contains(want)).map(|want| format!("{what} {want}: not in {got:?}")).collect()
}

/// `NullPage` as the document has it: `null-page`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(char.to_ascii_lowercase());
    }
    out
}
