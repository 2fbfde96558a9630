//! What the tests over fixtures have in common: where the logs are, what must be found in them, and a report in few words.

#![expect(clippy::disallowed_methods, reason = "tests read their fixtures; the crate itself does no I/O")]

use oopscope_klog::{context_words, put_listing};
use oopscope_report::{Context, LogFacts, Report, Severity, StackRole};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The logs in the folders of `tests/fixtures/NAME`.
pub(crate) fn logs(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name);
    let mut logs: Vec<_> = std::fs::read_dir(root)
        .expect("the fixtures are committed")
        .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).into_iter().flatten())
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "log"))
        .collect();
    logs.sort();
    logs
}

/// The reports of a log as they are shown: with their code as instructions.
pub(crate) fn parse(log: &[u8]) -> (Vec<Report>, LogFacts) {
    let (mut reports, facts) = oopscope_klog::parse(log);
    for report in &mut reports {
        let found = oopscope_disasm::list(report);
        put_listing(report, found);
    }
    (reports, facts)
}

/// A log's bytes.
pub(crate) fn read(log: &Path) -> Vec<u8> {
    std::fs::read(log).expect("a fixture can be read")
}

/// `folder/name.log`.
fn name(log: &Path) -> String {
    let part = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    format!("{}/{}", part(log.parent().unwrap()), part(log))
}

/// `null_write.dmesg-T.log` has the expectations of `null_write.toml`.
fn provenance(log: &Path) -> toml::Table {
    let name = log.file_name().unwrap().to_str().unwrap();
    let scenario = name.split('.').next().unwrap();
    let text =
        std::fs::read_to_string(log.with_file_name(format!("{scenario}.toml"))).expect("every log has its .toml");
    text.parse().expect("a TOML file")
}

fn context_of(name: &str) -> Context {
    match name {
        "process" => Context::Process,
        "hardirq" => Context::Hardirq,
        "softirq" => Context::Softirq,
        "nmi" => Context::Nmi,
        other => panic!("a context of {other}"),
    }
}

/// Compares one report with one `[expect]` table; gives what differs.
fn differences(report: &Report, expect: &toml::Table, log: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, got: Option<String>, want: Option<String>| {
        if let Some(want) = want.filter(|want| got.as_ref() != Some(want)) {
            wrong.push(format!("{what}: want {want}, got {}", got.unwrap_or_default()));
        }
    };
    let text =
        |key: &str| expect.get(key).and_then(|value| value.as_str()).map(str::to_owned).filter(|s| !s.is_empty());
    let culprit = report.culprit.as_ref();
    check("function", culprit.map(|c| c.function.clone()), text("function"));
    // Where no function can be named (arm's panic() of a function that it ends), the module can't either.
    let blamed = culprit.is_some() || text("function").is_some();
    check("module", culprit.and_then(|c| c.module.clone()), text("module").filter(|_| blamed));
    // Which of the CPU's kworkers it was is not the scenario's choice: `kworker/0:*`.
    let comm = match (report.comm.clone(), text("victim")) {
        (Some(got), Some(want)) if want.strip_suffix('*').is_some_and(|start| got.starts_with(start)) => Some(want),
        (got, _) => got,
    };
    check("comm", comm, text("victim"));
    // A trace that ends at panic() tells nothing of the context; then Oopscope must say that it does not know.
    let silent = report.context == Context::Unknown
        && report.stacks.iter().all(|s| s.role == StackRole::Panic || s.frames.len() < 2);
    check(
        "context",
        Some(format!("{:?}", report.context)),
        text("context").filter(|_| !silent).map(|c| format!("{:?}", context_of(&c))),
    );
    let fatal = expect.get("fatal").and_then(toml::Value::as_bool).map(|fatal| fatal.to_string());
    check("fatal", Some((report.severity == Severity::Fatal).to_string()), fatal);
    let kind = report.access.as_ref().map(|a| format!("{:?}", a.kind).to_lowercase());
    let want = text("access").map(|kind| if kind == "exec" { "execute".to_owned() } else { kind });
    // A general protection fault does not say whether it was a read or a write.
    if report.kind.name() != "gpf" {
        check("access", kind, want);
    }
    let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok().map(|n| format!("{n:#x}"));
    let address = report.access.as_ref().and_then(|a| a.address.as_deref()).and_then(number);
    // arm64 prints user-half addresses without their top byte.
    let untagged = |text: String| match (report.arch, text.len()) {
        (Some(oopscope_report::Arch::Arm64), 18) if !text.starts_with("0xf") && !text.starts_with("0xd") => {
            format!("0x{}", &text[4..])
        }
        _ => text,
    };
    // 5.10 prints the base register where the access was at an offset from it: what no line says can't be read.
    let want = text("address").filter(|address| log.contains(address.trim_start_matches("0x")));
    check("address", address.map(untagged), want.as_deref().and_then(number).map(untagged));
    if matches!(report.context, Context::Hardirq | Context::Softirq | Context::Nmi) {
        let told = report.notices.iter().any(|notice| format!("{:?}", notice.kind) == "Victim");
        check("victim said to be one", Some(told.to_string()), Some("true".to_owned()));
    }
    wrong
}

/// All that a report says, short enough to be read in a review.
fn outline(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        let _ =
            writeln!(out, "{} [{}] lines {}-{}", report.title, report.kind.name(), report.first_line, report.last_line);
        for alt in &report.alt_titles {
            let _ = writeln!(out, "  also: {alt}");
        }
        let _ = writeln!(out, "  {:?}: {}", report.severity, report.verdict.plain());
        for notice in &report.notices {
            let _ = writeln!(out, "  {:?}: {}", notice.kind, notice.prose.plain());
        }
        let explanation = &report.explanation;
        for (mark, words) in explanation
            .evidence
            .iter()
            .map(|words| ("evidence", words))
            .chain(explanation.innocent.iter().map(|words| ("innocent", words)))
        {
            let _ = writeln!(out, "  {mark}: {}", words.plain());
        }
        for advice in &explanation.next {
            let _ = writeln!(out, "  next: {} $ {}", advice.words.plain(), advice.command.as_deref().unwrap_or(""));
        }
        let _ = writeln!(
            out,
            "  {} ({}); cpu {:?} pid {:?} comm {:?} kernel {:?} build {:?} taint {:?} arch {:?} time {:?} die {:?} offset {:?}",
            context_words(report.context),
            report.context_reason.plain(),
            report.cpu,
            report.pid,
            report.comm.as_deref(),
            report.kernel.as_deref(),
            report.kernel_build.as_deref(),
            report.taint.as_ref().map(|taint| taint.flags.iter().map(|flag| flag.letter).collect::<String>()),
            report.arch.map(oopscope_report::Arch::name),
            report.time,
            report.die_counter,
            report.kernel_offset.as_deref(),
        );
        if let Some(access) = &report.access {
            let address = access.address.as_deref().unwrap_or("?");
            let _ = writeln!(out, "  {:?} of {address}, {:?}: {}", access.kind, access.class, access.meaning);
        }
        if let Some(trap) = &report.trap {
            let fields: Vec<_> = trap.fields.iter().map(|f| format!("{}={}: {}", f.name, f.value, f.meaning)).collect();
            let _ = writeln!(out, "  trap {} {:?} [{}]", trap.name, trap.code.as_deref(), fields.join("; "));
        }
        let registers: Vec<_> = report.registers.iter().map(|r| format!("{}={}", r.name, r.value)).collect();
        let _ = writeln!(out, "  registers {}", registers.join(" "));
        if let Some(code) = &report.code {
            let marked = code.trap.and_then(|at| code.units.get(usize::try_from(at).ok()?));
            let _ =
                writeln!(out, "  code {} units, marked {marked:?}, {:?}", code.units.len(), code.problem.as_deref());
        }
        let modules: Vec<_> = report
            .modules
            .iter()
            .map(|m| format!("{}({}){}", m.name, m.flags, if m.in_trace { "*" } else { "" }))
            .collect();
        let _ = writeln!(out, "  modules {}", modules.join(" "));
        if let Some(panic) = &report.panic {
            let _ = writeln!(out, "  panic at {}: {} — {}", panic.line, panic.reason, panic.meaning.plain());
        }
        for stack in &report.stacks {
            let _ = writeln!(
                out,
                "  stack {} ({} registers){}",
                stack.title,
                stack.registers.len(),
                if stack.guessed.is_some() { " (boundary inferred)" } else { "" }
            );
            for frame in &stack.frames {
                let place = match (&frame.function, &frame.address) {
                    (Some(name), _) => {
                        format!("{name}+{:#x}/{:#x}", frame.offset.unwrap_or(0), frame.size.unwrap_or(0))
                    }
                    (None, address) => address.clone().unwrap_or_default(),
                };
                let module = frame.module.as_ref().map_or(String::new(), |module| format!(" [{module}]"));
                let _ = writeln!(
                    out,
                    "    {:>5} {}{place}{module} {:?}",
                    frame.line,
                    if frame.reliable { "" } else { "? " },
                    frame.role
                );
            }
        }
        let _ = writeln!(out);
    }
    out
}

/// What the expectations say is found. `more` checks what is not in every fixture's; `unmet` names the logs of which it is
/// known that something is not found, and fails for those that are met after all.
pub(crate) fn check_expectations(logs: &[PathBuf], unmet: &[&str], more: fn(&Report, &toml::Table) -> Vec<String>) {
    let mut wrong = Vec::new();
    let mut met = Vec::new();
    for log in logs {
        let bytes = read(log);
        let text = String::from_utf8_lossy(&bytes);
        let (reports, _) = parse(&bytes);
        let table = provenance(log);
        let expect = table["expect"].as_table().expect("an [expect] table");
        let name = name(log);
        let before = wrong.len();
        let want = expect["reports"].as_integer().unwrap();
        let got: i64 = reports.iter().map(|report| 1 + i64::try_from(report.repeats).unwrap()).sum();
        if got != want {
            wrong.push(format!(
                "{name}: want {want} reports, got {got}: {:?}",
                reports.iter().map(|r| &r.title).collect::<Vec<_>>()
            ));
        }
        let later = expect
            .get("later")
            .and_then(|later| later.as_array())
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_table);
        for (at, expect) in std::iter::once(expect).chain(later).enumerate() {
            let Some(report) = reports.get(at) else {
                wrong.push(format!("{name}: no report #{}", at + 1));
                continue;
            };
            let differences = differences(report, expect, &text).into_iter().chain(more(report, expect));
            wrong.extend(differences.map(|d| format!("{name} #{}: {d}", at + 1)));
        }
        if unmet.contains(&name.trim_end_matches(".log")) {
            if wrong.len() == before {
                met.push(name);
            } else {
                wrong.truncate(before);
            }
        }
    }
    assert!(met.is_empty(), "these are met now, and have to leave the list of the unmet: {met:?}");
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is found is what was found. The snapshots are in folders below `folder`, named as the logs' own.
pub(crate) fn check_snapshots(logs: &[PathBuf], folder: &str) {
    for log in logs {
        let (reports, _) = parse(&read(log));
        assert!(reports.iter().all(|report| report.panic.is_none() || report.severity == Severity::Fatal));
        assert!(
            reports
                .iter()
                .flat_map(|report| &report.stacks)
                .all(|stack| !stack.title.is_empty() && !stack.frames.is_empty())
        );
        assert!(reports.iter().all(|report| report.stacks.iter().filter(|s| s.role == StackRole::Crash).count() <= 1));
        let kernel = log.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let name = log.file_stem().unwrap().to_str().unwrap();
        insta::with_settings!({ snapshot_path => format!("../snapshots/{folder}{kernel}"), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, outline(&reports));
        });
    }
}
