//! What it takes to open a dump, to print the stack of what panicked and the tasks: ours from the dump alone, beside two
//! other debuggers with the kernel's debugging symbols. Whole processes, on the same files, in turns.
//!
//! It must never count a run that did not answer, and says of each debugger, dump and figure that is left out why.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::node::find_program;
use crate::run::capture;
use crate::workspace::{self, Workspace};

use super::Row;
use super::runner::{self, Measured, RUNS, Runner, cache};

/// The dump that every clone has; its kernel's debugging symbols are in the cache.
const COMMITTED: &str = "tests/fixtures/dumps/small.vmcore";
/// What each must print to have answered: a frame that all these dumps have, and a task.
const MUST: [&str; 2] = ["panic", "kthreadd"];

/// Dumps that `cargo xtask guests dumps` makes: the file, and whose vmlinux.
const MADE: [(&str, &str); 3] =
    [("61-sysrq.elf", "6.1"), ("612-sysrq.elf", "6.12"), ("612-sysrq-d31-zstd.vmcore", "6.12")];
/// Dumps of one machine in each packing.
const PACKED: [(&str, &str); 4] = [
    ("zlib", "612-sysrq-d31-zlib.vmcore"),
    ("LZO", "612-sysrq-d31-lzo.vmcore"),
    ("zstd", "612-sysrq-d31-zstd.vmcore"),
    ("not packed", "612-sysrq-d31-none.vmcore"),
];

/// A dump to measure with.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    bytes: u64,
    /// The folder of its kernel in the cache, where `vmlinux` is.
    kernel: PathBuf,
}

/// The dumps that are there: the committed one, and of the others those that were made.
pub(crate) fn subjects(workspace: &Workspace) -> Result<Vec<Subject>> {
    let cache = cache().unwrap_or_default();
    let subject = |path: PathBuf, kernel: &str| -> Result<Subject> {
        let bytes = fs::metadata(&path).map_err(Error::io("look at", &path))?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Subject { name, path, bytes, kernel: cache.join(kernel) })
    };
    let mut found = vec![subject(workspace.path(COMMITTED), "6.12-small")?];
    for (name, kernel) in MADE {
        let path = cache.join("dumps").join(name);
        if path.is_file() {
            found.push(subject(path, kernel)?);
        } else {
            eprintln!("Not measured: {name}, which is not in {}: cargo xtask guests dumps", cache.display());
        }
    }
    Ok(found)
}

/// Ours and theirs, one dump after the other; and the seconds of who is closest, by the dump's name: the page is held
/// against these.
pub(crate) fn native(
    workspace: &Workspace,
    command: &Path,
    subjects: &[Subject],
) -> Result<(Vec<Row>, BTreeMap<String, f64>)> {
    let mut rows = Vec::new();
    let mut closest = BTreeMap::new();
    for subject in subjects {
        let mut all = runner::in_turns(&subject.name, ours(command, subject), theirs(workspace, subject)?)?;
        let Some((first, others)) = all.split_first_mut() else { continue };
        let name = format!("{}, {} MB: bt and ps", subject.name, subject.bytes / 1_000_000);
        rows.push((name, first.figures(), first.stats.clone()));
        if let Some(best) = others.iter_mut().map(Measured::median).min_by(f64::total_cmp) {
            closest.insert(subject.name.clone(), best);
        }
        rows.extend(runner::beside(first, others));
    }
    Ok((rows, closest))
}

fn ours(command: &Path, subject: &Subject) -> Runner {
    let mut arguments = vec!["core".into(), subject.path.clone()];
    arguments.extend(["-c", "bt", "-c", "ps", "--stats"].map(PathBuf::from));
    Runner { name: "oopscope", aim: "", program: command.to_owned(), arguments, input: None, must: &MUST }
}

/// Those of the others that are there; several of one name are versions of it, the better first.
fn theirs(workspace: &Workspace, subject: &Subject) -> Result<Vec<Runner>> {
    let vmlinux = subject.kernel.join("vmlinux");
    if !vmlinux.is_file() {
        eprintln!("{}: measured alone, since {} is not there", subject.name, vmlinux.display());
        return Ok(Vec::new());
    }
    let cache = cache().unwrap_or_default();
    let mut found = Vec::new();
    let python = cache.join("venv/bin/python");
    if python.is_file() {
        let script = workspace.path("xtask/src/bench/theirs.py");
        let arguments = vec!["-B".into(), script, subject.path.clone(), vmlinux.clone()];
        found.push(Runner {
            name: "drgn with vmlinux",
            aim: "0.5",
            program: python,
            arguments,
            input: None,
            must: &MUST,
        });
    } else {
        eprintln!("{}: not measured beside drgn, since {} is not there", subject.name, python.display());
    }
    // A later one than the distribution's may lie beside the dumps: it knows later kernels.
    let later = Some(cache.join("crash-sid")).filter(|path| path.is_file());
    let crashes: Vec<_> = later.into_iter().chain(find_program(&["crash"])).collect();
    if crashes.is_empty() {
        eprintln!("{}: not measured beside crash, which is not there", subject.name);
    }
    let questions = workspace.target("bench/crash-commands");
    workspace::write(&questions, b"bt\nps\nquit\n")?;
    for program in crashes {
        let arguments = vec!["-s".into(), "-i".into(), questions.clone(), vmlinux.clone(), subject.path.clone()];
        found.push(Runner { name: "crash with vmlinux", aim: "0.05", program, arguments, input: None, must: &MUST });
    }
    Ok(found)
}

/// How fast every page of a dump is read, by packing: `crates/dump`'s own example, which has no kernel in the way.
pub(crate) fn unpacking(workspace: &Workspace) -> Result<Vec<Row>> {
    let cache = cache().unwrap_or_default();
    let packed = PACKED.map(|(packing, name)| (packing, cache.join("dumps").join(name)));
    let mut there: Vec<_> = packed.into_iter().filter(|(_, path)| path.is_file()).collect();
    if there.is_empty() {
        eprintln!("Unpacking is measured of zstd alone: the dumps of the other packings are not made");
        there.push(("zstd", workspace.path(COMMITTED)));
    }
    let mut rows = Vec::new();
    for (packing, path) in there {
        let example = ["run", "-q", "--release", "-p", "oopscope-dump", "--example", "pages", "--"];
        let mut speeds = Vec::new();
        for _ in 0..RUNS {
            let printed = capture(workspace.cargo().args(example).arg(&path))?;
            speeds.push(speed(&printed).ok_or_else(|| Error::Unexpected(format!("no speed in {printed:?}")))?);
        }
        speeds.sort_unstable();
        rows.push((format!("pages, {packing}"), format!("{} MB/s", speeds[RUNS / 2]), "unpacked, one core".to_owned()));
    }
    Ok(rows)
}

/// The number before `MB/s`.
fn speed(printed: &str) -> Option<u64> {
    let (before, _) = printed.split_once(" MB/s")?;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::speed;

    #[test]
    fn what_the_example_prints_is_understood() {
        assert_eq!(speed("  13345 pages in 100ms, 529 MB/s, Counters { reads: 3 }"), Some(529));
        assert_eq!(speed("no such file"), None);
    }
}
