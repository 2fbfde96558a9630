//! What it takes to open a dump, to print the stack of what panicked and the tasks: ours from the dump alone, beside two
//! other debuggers with the kernel's debugging symbols. Whole processes, on the same files, in turns.
//!
//! It must never count a run that did not answer, and says of each debugger, dump and figure that is left out why.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;
use std::{env, fs};

use crate::error::{Error, Result};
use crate::node::find_program;
use crate::run::capture;
use crate::workspace::{self, Workspace};

use super::Row;

/// The median of so many runs counts, after one that warms the caches.
const RUNS: usize = 5;
/// Who needs longer than this for a run is run only once more: it is slower by orders of magnitude than what is compared.
const LONG: f64 = 5.0;
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

/// Where the dumps, their kernels and the other debuggers are.
fn cache() -> Option<PathBuf> {
    env::var_os("OOPSCOPE_DUMPS")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache/kernel-guests")))
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
        let ours = ours(command, subject);
        let mut all = vec![warm(&ours)?];
        let mut runners = vec![ours];
        for runner in theirs(workspace, subject)? {
            // One of several versions of it is enough, and who can't read this dump is not compared with.
            if runners.iter().any(|one| one.name == runner.name) {
                continue;
            }
            match warm(&runner) {
                Ok(measured) => {
                    all.push(measured);
                    runners.push(runner);
                }
                Err(error) => eprintln!("{}: not measured beside {}: {error}", subject.name, runner.program.display()),
            }
        }
        for _ in 0..RUNS {
            for (runner, measured) in runners.iter().zip(&mut all) {
                if measured.warming < LONG || measured.seconds.is_empty() {
                    measured.seconds.push(timed(runner)?.0);
                }
            }
        }
        let Some((first, others)) = all.split_first_mut() else { continue };
        let name = format!("{}, {} MB: bt and ps", subject.name, subject.bytes / 1_000_000);
        rows.push((name, first.figures(), first.stats.clone()));
        let seconds = first.median();
        if let Some(best) = others.iter_mut().map(Measured::median).min_by(f64::total_cmp) {
            closest.insert(subject.name.clone(), best);
        }
        for (measured, runner) in others.iter_mut().zip(&runners[1..]) {
            let of_time = seconds / measured.median();
            let words = match (first.peak_kb, measured.peak_kb) {
                (Some(mine), Some(its)) => {
                    format!("ours {of_time:.3} of its time, {:.2} of its memory", float(mine) / float(its))
                }
                _ => format!("ours {of_time:.3} of its time"),
            };
            rows.push((
                format!("  {}", runner.name),
                measured.figures(),
                format!("{words} (aim: at most {})", runner.aim),
            ));
        }
    }
    Ok((rows, closest))
}

/// Somebody who reads a dump.
struct Runner {
    name: &'static str,
    aim: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

impl Runner {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null());
        command
    }
}

fn ours(command: &Path, subject: &Subject) -> Runner {
    let mut arguments = vec!["core".into(), subject.path.clone()];
    arguments.extend(["-c", "bt", "-c", "ps", "--stats"].map(PathBuf::from));
    Runner { name: "oopscope", aim: "", program: command.to_owned(), arguments }
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
        found.push(Runner { name: "drgn with vmlinux", aim: "0.5", program: python, arguments });
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
        found.push(Runner { name: "crash with vmlinux", aim: "0.05", program, arguments });
    }
    Ok(found)
}

/// What was measured of somebody.
struct Measured {
    warming: f64,
    seconds: Vec<f64>,
    /// The most memory that the process had, in kB, where that can be found out.
    peak_kb: Option<u64>,
    /// What our own command says of its reads.
    stats: String,
}

impl Measured {
    fn median(&mut self) -> f64 {
        self.seconds.sort_by(f64::total_cmp);
        self.seconds.get(self.seconds.len() / 2).copied().unwrap_or(self.warming)
    }

    fn figures(&mut self) -> String {
        let memory = self.peak_kb.map(|peak| format!(", {} MB", peak / 1000)).unwrap_or_default();
        format!("{:.3} s{memory}", self.median())
    }
}

/// A run that warms the caches, and tells how much memory is needed.
fn warm(runner: &Runner) -> Result<Measured> {
    let (warming, output) = timed(runner)?;
    let (stats, told_peak) = stats(&String::from_utf8_lossy(&output.stderr));
    let mut measured = Measured { warming, seconds: Vec::new(), peak_kb: told_peak, stats };
    if let Some(time) = find_program(&["time"]) {
        let (seconds, peak) = peak(&time, runner)?;
        measured.peak_kb = Some(peak);
        if warming >= LONG {
            measured.seconds.push(seconds);
        }
    }
    Ok(measured)
}

/// Seconds of one run, and what it printed.
fn timed(runner: &Runner) -> Result<(f64, Output)> {
    let start = Instant::now();
    let output = runner.command().output();
    let took = start.elapsed().as_secs_f64();
    let output = output.map_err(|source| Error::Start { program: runner.name.to_owned(), source })?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if let Some(missing) = MUST.iter().find(|word| !printed.contains(**word)) {
        let words = String::from_utf8_lossy(&output.stderr);
        let words = format!("{} did not print {missing:?} ({}): {words}", runner.name, output.status);
        return Err(Error::Unexpected(words));
    }
    Ok((took, output))
}

/// Seconds of a run and the most memory that it had, in kB, as GNU time tells it: `getrusage`'s `ru_maxrss`.
fn peak(time: &Path, runner: &Runner) -> Result<(f64, u64)> {
    let mut command = Command::new(time);
    command.args(["-f", "peak %M"]).arg(&runner.program).args(&runner.arguments).stdin(Stdio::null());
    let start = Instant::now();
    let output = command.output().map_err(|source| Error::Start { program: "time".to_owned(), source })?;
    let took = start.elapsed().as_secs_f64();
    let told = String::from_utf8_lossy(&output.stderr);
    let line = told.lines().rev().find_map(|line| line.strip_prefix("peak "));
    let peak = line.and_then(|number| number.trim().parse().ok());
    peak.map(|peak| (took, peak))
        .ok_or_else(|| Error::Unexpected(format!("time did not tell the memory of {}: {told}", runner.name)))
}

/// What `--stats` tells: reads and bytes for people, and the most memory in kB.
fn stats(told: &str) -> (String, Option<u64>) {
    let Some((_, line)) = told.split_once("stats: ") else { return (String::new(), None) };
    let line = line.lines().next().unwrap_or_default();
    let number = |wanted: &str| {
        let mut parts = line.split(", ").filter_map(|part| part.split_once(' '));
        parts.find(|(name, _)| *name == wanted).and_then(|(_, number)| number.parse::<u64>().ok())
    };
    let (reads, read, pages) = (number("reads"), number("bytes_read"), number("pages_unpacked"));
    let words = format!(
        "{} reads, {:.1} MB read, {} pages unpacked",
        reads.unwrap_or_default(),
        float(read.unwrap_or_default()) / 1e6,
        pages.unwrap_or_default()
    );
    (words, number("peak_kb"))
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

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::{Measured, speed, stats};

    #[test]
    fn what_the_programs_print_is_understood() {
        let told = "oopscope: note: other\noopscope: note: stats: reads 69, bytes_read 5500000, pages_unpacked 3, bytes 9, peak_kb 31000\n";
        assert_eq!(stats(told), ("69 reads, 5.5 MB read, 3 pages unpacked".to_owned(), Some(31_000)));
        assert_eq!(stats("nothing of that sort"), (String::new(), None));
        assert_eq!(speed("  13345 pages in 100ms, 529 MB/s, Counters { reads: 3 }"), Some(529));
        assert_eq!(speed("no such file"), None);
    }

    #[test]
    fn the_median_counts() {
        let mut measured =
            Measured { warming: 9.0, seconds: vec![3.0, 0.1, 2.0], peak_kb: Some(32_100), stats: String::new() };
        assert_eq!(measured.figures(), "2.000 s, 32 MB");
        measured.seconds.clear();
        assert_eq!(measured.figures(), "9.000 s, 32 MB");
    }
}
