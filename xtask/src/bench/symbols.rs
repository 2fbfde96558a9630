//! What source lines cost: those of a log's frames, and of the stack in a dump; ours beside the kernel's own script, two
//! symbolizers that are asked for the same addresses, and two debuggers. Whole processes, on the same files, in turns.
//!
//! It must never count a run that did not answer, and says of each program and figure that is left out why.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::node::find_program;
use crate::run::capture;
use crate::workspace::{self, Workspace};

use super::Row;
use super::runner::{self, Runner, cache};

/// A crash in an interrupt: twenty frames of the kernel, four of a module.
const LOG: &str = "tests/fixtures/guests/6.1/irq_null_write.log";
/// Whose kernel that is, in the cache, and a dump of the same.
const KERNEL: &str = "6.1";
const DUMP: &str = "61-sysrq.elf";
/// What has to be in every answer about the log: the outermost frame's source.
const MUST_LOG: [&str; 1] = ["kernel/module/main.c:"];
/// And in a symbolizer's, which is not told the module's.
const MUST_KERNEL: [&str; 1] = ["main.c:"];
/// And in the stack of the dump.
const MUST_DUMP: [&str; 1] = ["panic.c"];

/// What is measured with.
pub(super) struct Subject {
    pub(super) log: PathBuf,
    pub(super) vmlinux: PathBuf,
}

/// The log and its vmlinux, where that is there.
pub(super) fn subject(workspace: &Workspace) -> Result<Option<Subject>> {
    let vmlinux = cache().unwrap_or_default().join(KERNEL).join("vmlinux");
    let Ok(vmlinux) = vmlinux.canonicalize() else {
        eprintln!("Source lines are not measured: {} is not there: cargo xtask guests symbols", vmlinux.display());
        return Ok(None);
    };
    let log = workspace::read(&workspace.path(LOG))?;
    // The report alone: the script needs seconds for each line of the rest.
    let text = String::from_utf8_lossy(&log);
    let report = text.find("BUG: ").map_or(0, |at| text[..at].rfind('\n').map_or(0, |end| end + 1));
    let banner = text.lines().find(|line| line.contains("Linux version ")).unwrap_or_default();
    let path = workspace.target("bench/symbols.log");
    workspace::write(&path, format!("{banner}\n{}", &text[report..]).as_bytes())?;
    Ok(Some(Subject { log: path, vmlinux }))
}

/// Ours and theirs.
pub(super) fn native(workspace: &Workspace, command: &Path, subject: &Subject) -> Result<Vec<Row>> {
    let mut rows = of_log(command, subject)?;
    let dump = cache().unwrap_or_default().join("dumps").join(DUMP);
    if dump.is_file() {
        rows.extend(of_dump(workspace, command, subject, &dump)?);
    } else {
        eprintln!("Not measured: {DUMP}, which is not made: cargo xtask guests dumps");
    }
    Ok(rows)
}

fn of_log(command: &Path, subject: &Subject) -> Result<Vec<Row>> {
    let addresses = addresses(command, subject)?;
    let modules = modules();
    let mut arguments: Vec<PathBuf> =
        vec!["symbolize".into(), "--stats".into(), subject.log.clone(), "--debug".into(), subject.vmlinux.clone()];
    arguments.extend(modules.iter().flat_map(|folder| ["--debug".into(), folder.clone()]));
    let ours =
        Runner { name: "oopscope", aim: "", program: command.to_owned(), arguments, input: None, must: &MUST_LOG };
    let mut theirs = Vec::new();
    let script = cache().unwrap_or_default().join("scripts/decode_stacktrace.sh");
    if script.is_file() {
        let mut arguments = vec![subject.vmlinux.clone(), "auto".into()];
        arguments.extend(modules);
        let input = Some(subject.log.clone());
        theirs.push(Runner {
            name: "decode_stacktrace.sh",
            aim: "0.1",
            program: script,
            arguments,
            input,
            must: &MUST_LOG,
        });
    } else {
        eprintln!("Not measured beside decode_stacktrace.sh: cargo xtask guests symbols");
    }
    let symbolizers: [(&str, &[&str], &[&str], &str); 2] = [
        ("llvm-symbolizer", &["llvm-symbolizer-19", "llvm-symbolizer"], &["--inlines", "-e"], "0.1"),
        ("addr2line -i", &["addr2line"], &["-f", "-i", "-e"], "0.1"),
    ];
    for (name, programs, options, aim) in symbolizers {
        let Some(program) = find_program(programs) else {
            eprintln!("Not measured beside {name}, which is not there");
            continue;
        };
        let mut arguments: Vec<PathBuf> = options.iter().map(PathBuf::from).collect();
        arguments.push(subject.vmlinux.clone());
        arguments.extend(addresses.iter().map(PathBuf::from));
        theirs.push(Runner { name, aim, program, arguments, input: None, must: &MUST_KERNEL });
    }
    let size = std::fs::metadata(&subject.vmlinux).map_err(Error::io("look at", &subject.vmlinux))?.len();
    let what = format!("Oops, {} addresses, {} MB of vmlinux", addresses.len(), size / 1_000_000);
    table(&what, ours, theirs)
}

fn of_dump(workspace: &Workspace, command: &Path, subject: &Subject, dump: &Path) -> Result<Vec<Row>> {
    let arguments =
        vec!["core".into(), dump.into(), subject.vmlinux.clone(), "-c".into(), "bt".into(), "--stats".into()];
    let ours =
        Runner { name: "oopscope", aim: "", program: command.to_owned(), arguments, input: None, must: &MUST_DUMP };
    let cache = cache().unwrap_or_default();
    let mut theirs = Vec::new();
    let python = cache.join("venv/bin/python");
    if python.is_file() {
        let script = workspace.path("xtask/src/bench/theirs-lines.py");
        let arguments = vec!["-B".into(), script, dump.into(), subject.vmlinux.clone()];
        theirs.push(Runner {
            name: "drgn with vmlinux",
            aim: "0.5",
            program: python,
            arguments,
            input: None,
            must: &MUST_DUMP,
        });
    } else {
        eprintln!("Not measured beside drgn, since {} is not there", python.display());
    }
    let questions = workspace.target("bench/crash-lines");
    workspace::write(&questions, b"bt -l\nquit\n")?;
    let later = Some(cache.join("crash-sid")).filter(|path| path.is_file());
    for program in later.into_iter().chain(find_program(&["crash"])) {
        let arguments = vec!["-s".into(), "-i".into(), questions.clone(), subject.vmlinux.clone(), dump.into()];
        theirs.push(Runner { name: "crash with vmlinux", aim: "", program, arguments, input: None, must: &MUST_DUMP });
    }
    table(&format!("{DUMP} and vmlinux: stack with lines"), ours, theirs)
}

/// Ours and theirs.
fn table(what: &str, ours: Runner, theirs: Vec<Runner>) -> Result<Vec<Row>> {
    let mut all = runner::in_turns(what, ours, theirs)?;
    let Some((first, others)) = all.split_first_mut() else { return Ok(Vec::new()) };
    let mut rows = vec![(what.to_owned(), first.figures(), first.stats.clone())];
    rows.extend(runner::beside(first, others));
    Ok(rows)
}

/// The guests' modules of that kernel, if they were built.
fn modules() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from)?;
    let guests = std::env::var_os("OOPSCOPE_GUESTS").map_or_else(|| home.join(".cache/oopscope-guests"), PathBuf::from);
    Some(guests.join(KERNEL).join("module")).filter(|path| path.is_dir())
}

/// The addresses of the log's frames that are the kernel's own.
fn addresses(command: &Path, subject: &Subject) -> Result<Vec<String>> {
    let log = workspace::read_text(&subject.log)?;
    let places = log.lines().filter(|line| !line.ends_with(']')).filter_map(place);
    let mut words: Vec<&str> = places.collect();
    words.sort_unstable();
    words.dedup();
    let mut asked = std::process::Command::new(command);
    asked.args(["addr", "--format", "json"]).arg(&subject.vmlinux).args(&words);
    let told: serde_json::Value = serde_json::from_str(&capture(&mut asked)?)
        .map_err(|error| Error::Unexpected(format!("oopscope addr: {error}")))?;
    let answers = told["answers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = answers.iter().filter_map(|answer| answer["places"][0]["address"].as_str());
    let found: Vec<String> = found.map(str::to_owned).collect();
    if found.is_empty() {
        return Err(Error::Unexpected(format!("oopscope addr knows none of {words:?}")));
    }
    Ok(found)
}

/// `function+0x12/0x34` in a line.
fn place(line: &str) -> Option<&str> {
    let word = line.split([' ', ':']).rev().find(|word| word.contains("+0x") && word.contains("/0x"))?;
    Some(word.trim_matches(['(', ')']))
}

/// What tests/browser/bench-symbols.mjs measured.
pub(super) fn of_page(measured: &serde_json::Value) -> Result<Vec<Row>> {
    let number = |name: &str| {
        let value = measured[name].as_f64();
        value.ok_or_else(|| Error::Unexpected(format!("tests/browser/bench-symbols.mjs did not measure {name}")))
    };
    let mut rows = Vec::new();
    for (name, when) in [("first", "first time"), ("later", "again")] {
        rows.push((
            format!("log and vmlinux in Chromium, drop to lines, {when}"),
            format!("{:.0} ms", number(name)?),
            format!("aim: under 400 ms; engine {:.0} MB (aim: under 256 MiB)", number("memory")? / 1e6),
        ));
    }
    if let Some(read) = measured["read"].as_f64() {
        let reads = measured["reads"].as_f64().unwrap_or_default();
        rows.push((
            "  read of the files".to_owned(),
            format!("{:.1} MB", read / 1e6),
            format!("{reads:.0} reads (aim: under 32 MiB)"),
        ));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn places_of_a_log_are_found() {
        assert_eq!(place("[    1.2]  ? irq_work_run+0x2a/0x50"), Some("irq_work_run+0x2a/0x50"));
        assert_eq!(place("RIP: 0010:memset+0x1/0x20"), Some("memset+0x1/0x20"));
        assert_eq!(place("R10: 0000000000000000 R11: 0000000000000000"), None);
    }
}
