//! Whole processes, timed in turns: ours and others, on the same files.
//!
//! It must never count a run that did not answer.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use crate::error::{Error, Result};
use crate::node::find_program;

use super::Row;

/// The median of so many runs counts, after one that warms the caches.
pub(super) const RUNS: usize = 5;
/// Who needs longer than this for a run is run only once more: it is slower by orders of magnitude than what is compared.
const LONG: f64 = 5.0;

/// Where the dumps, their kernels and the other debuggers are.
pub(super) fn cache() -> Option<PathBuf> {
    env::var_os("OOPSCOPE_DUMPS")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache/kernel-guests")))
}

/// Somebody who answers a question.
pub(super) struct Runner {
    pub(super) name: &'static str,
    /// Which part of its time ours may take.
    pub(super) aim: &'static str,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<PathBuf>,
    /// What its standard input is read from.
    pub(super) input: Option<PathBuf>,
    /// What must be in what it prints, or it has not answered.
    pub(super) must: &'static [&'static str],
}

impl Runner {
    fn command(&self, program: &Path, arguments: &[PathBuf]) -> Result<Command> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(match &self.input {
            Some(path) => Stdio::from(File::open(path).map_err(Error::io("open", path))?),
            None => Stdio::null(),
        });
        Ok(command)
    }
}

/// Measures ours and the others, the first of each name that answers; ours is first in what comes back.
pub(super) fn in_turns(subject: &str, ours: Runner, theirs: Vec<Runner>) -> Result<Vec<Measured>> {
    let mut all = vec![warm(&ours)?];
    let mut runners = vec![ours];
    for runner in theirs {
        // One of several versions of it is enough, and who can't answer is not compared with.
        if runners.iter().any(|one| one.name == runner.name) {
            continue;
        }
        match warm(&runner) {
            Ok(measured) => {
                all.push(measured);
                runners.push(runner);
            }
            Err(error) => eprintln!("{subject}: not measured beside {}: {error}", runner.program.display()),
        }
    }
    for _ in 0..RUNS {
        for (runner, measured) in runners.iter().zip(&mut all) {
            if measured.warming < LONG || measured.seconds.is_empty() {
                measured.seconds.push(timed(runner)?.0);
            }
        }
    }
    Ok(all)
}

/// A row for each of the others.
pub(super) fn beside(first: &mut Measured, others: &mut [Measured]) -> Vec<Row> {
    let seconds = first.median();
    let mut rows = Vec::new();
    for measured in others {
        let of_time = seconds / measured.median();
        let memory = match (first.peak_kb, measured.peak_kb) {
            (Some(mine), Some(its)) => format!(", {:.2} of its memory", float(mine) / float(its)),
            _ => String::new(),
        };
        let aim = match measured.aim {
            "" => String::new(),
            aim => format!(" (aim: at most {aim})"),
        };
        let words = format!("ours {of_time:.3} of its time{memory}{aim}");
        rows.push((format!("  {}", measured.name), measured.figures(), words));
    }
    rows
}

/// What was measured of somebody.
pub(super) struct Measured {
    name: &'static str,
    aim: &'static str,
    warming: f64,
    seconds: Vec<f64>,
    /// The most memory that the process had, in kB, where that can be found out.
    peak_kb: Option<u64>,
    /// What our own command says of its reads.
    pub(super) stats: String,
}

impl Measured {
    /// Seconds.
    pub(super) fn median(&mut self) -> f64 {
        self.seconds.sort_by(f64::total_cmp);
        self.seconds.get(self.seconds.len() / 2).copied().unwrap_or(self.warming)
    }

    /// Time and memory, in words.
    pub(super) fn figures(&mut self) -> String {
        let memory = self.peak_kb.map(|peak| format!(", {} MB", peak / 1000)).unwrap_or_default();
        format!("{:.3} s{memory}", self.median())
    }
}

/// A run that warms the caches, and tells how much memory is needed.
fn warm(runner: &Runner) -> Result<Measured> {
    let (warming, output) = timed(runner)?;
    let (stats, told_peak) = stats(&String::from_utf8_lossy(&output.stderr));
    let mut measured =
        Measured { name: runner.name, aim: runner.aim, warming, seconds: Vec::new(), peak_kb: told_peak, stats };
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
    let output = runner.command(&runner.program, &runner.arguments)?.output();
    let took = start.elapsed().as_secs_f64();
    let output = output.map_err(|source| Error::Start { program: runner.name.to_owned(), source })?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if let Some(missing) = runner.must.iter().find(|word| !printed.contains(**word)) {
        let words = String::from_utf8_lossy(&output.stderr);
        let words = format!("{} did not print {missing:?} ({}): {words}", runner.name, output.status);
        return Err(Error::Unexpected(words));
    }
    Ok((took, output))
}

/// Seconds of a run and the most memory that it had, in kB, as GNU time tells it: `getrusage`'s `ru_maxrss`.
fn peak(time: &Path, runner: &Runner) -> Result<(f64, u64)> {
    let mut arguments = vec!["-f".into(), "peak %M".into(), runner.program.clone()];
    arguments.extend_from_slice(&runner.arguments);
    let mut command = runner.command(time, &arguments)?;
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
    let (reads, read) = (number("reads").unwrap_or_default(), number("bytes_read").unwrap_or_default());
    let pages = number("pages_unpacked").map(|pages| format!(", {pages} pages unpacked")).unwrap_or_default();
    (format!("{reads} reads, {:.1} MB read{pages}", float(read) / 1e6), number("peak_kb"))
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::{Measured, stats};

    #[test]
    fn what_the_programs_print_is_understood() {
        let told = "oopscope: note: other\noopscope: note: stats: reads 69, bytes_read 5500000, pages_unpacked 3, bytes 9, peak_kb 31000\n";
        assert_eq!(stats(told), ("69 reads, 5.5 MB read, 3 pages unpacked".to_owned(), Some(31_000)));
        assert_eq!(stats("nothing of that sort"), (String::new(), None));
    }

    #[test]
    fn the_median_counts() {
        let mut measured = Measured {
            name: "one",
            aim: "",
            warming: 9.0,
            seconds: vec![3.0, 0.1, 2.0],
            peak_kb: Some(32_100),
            stats: String::new(),
        };
        assert_eq!(measured.figures(), "2.000 s, 32 MB");
        measured.seconds.clear();
        assert_eq!(measured.figures(), "9.000 s, 32 MB");
    }
}
