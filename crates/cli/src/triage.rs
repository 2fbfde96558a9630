//! `oopscope triage`: the reports of many logs in groups of the same bug. Reads on all cores.
//!
//! This module must never judge what belongs together: it hands files to the session and digests to the grouping.

use crate::args::TriageOptions;
use crate::walk::{self, Found};
use crate::{Failure, Outcome, input, print};
use oopscope_protocol::TriageFormat;
use oopscope_session::read_for_triage;
use oopscope_triage::{Digest, File, group, html, json_lines, text, unreadable};
use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Time between two updates of the bar.
const PAUSE: Duration = Duration::from_millis(100);
/// Characters of the bar.
const BAR: usize = 30;

/// Runs the command.
pub(crate) fn run(options: &TriageOptions) -> Result<Outcome, Failure> {
    let found = walk::files(&options.paths);
    let missing = found.iter().any(|found| found.named && found.problem.is_some());
    let triage = group(read(&found), &options.groups);
    let rendered = match options.format {
        TriageFormat::Text => text(&triage),
        TriageFormat::Html => html(&triage),
        TriageFormat::JsonLines => json_lines(&triage)
            .map_err(|error| Failure::Message(format!("the groups can't be written as JSON: {error}")))?,
    };
    print(&rendered)?;
    Ok(match (missing, triage.totals.reports) {
        (true, _) => Outcome::Partial,
        (false, 0) => Outcome::Nothing,
        (false, _) => Outcome::Found,
    })
}

/// What the threads share.
#[derive(Default)]
struct Shared {
    next: AtomicUsize,
    files: AtomicUsize,
    reports: AtomicU64,
}

/// Reads all files, each thread the next one that nobody has taken.
fn read(found: &[Found]) -> Vec<Digest> {
    let shared = Shared::default();
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(found.len()).max(1);
    thread::scope(|scope| {
        // Nothing is sent: when the last thread ends, the bar does.
        let (alive, ended) = mpsc::channel::<()>();
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let alive = alive.clone();
                let shared = &shared;
                scope.spawn(move || {
                    let digests = work(found, shared);
                    drop(alive);
                    digests
                })
            })
            .collect();
        drop(alive);
        show_progress(&ended, &shared, found.len());
        let digests = workers.into_iter().map(thread::ScopedJoinHandle::join);
        digests.flat_map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn work(found: &[Found], shared: &Shared) -> Vec<Digest> {
    let mut digests = Vec::new();
    loop {
        let at = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(found) = found.get(at) else { return digests };
        for digest in one(at, found) {
            shared.reports.fetch_add(digest.reports(), Ordering::Relaxed);
            digests.push(digest);
        }
        shared.files.fetch_add(1, Ordering::Relaxed);
    }
}

fn one(at: usize, found: &Found) -> Vec<Digest> {
    let path = found.path.to_string_lossy().into_owned();
    let mut file = File { path, number: at as u64, modified: None };
    let sentence = |error: &io::Error| {
        let mut reason = input::reason(error);
        if let Some(first) = reason.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        reason + "."
    };
    if let Some(error) = &found.problem {
        return vec![unreadable(file, sentence(error))];
    }
    match input::open(found.path.as_os_str()) {
        Ok(input) => {
            file.modified = found.path.metadata().ok().map(|metadata| metadata.mtime());
            read_for_triage(file, input)
        }
        Err(error) => vec![unreadable(file, sentence(&error))],
    }
}

/// A bar on stderr until all threads have ended; nothing where stderr is not a terminal.
fn show_progress(ended: &mpsc::Receiver<()>, shared: &Shared, total: usize) {
    let on = io::stderr().is_terminal();
    let mut shown = false;
    while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
        if on {
            let files = shared.files.load(Ordering::Relaxed);
            let full = BAR * files / total.max(1);
            let (bar, reports) = ("█".repeat(full) + &"░".repeat(BAR - full), shared.reports.load(Ordering::Relaxed));
            write(&format!("\r{bar} {files} of {total} files, {reports} reports\x1b[K"));
            shown = true;
        }
    }
    if shown {
        write("\r\x1b[K");
    }
}

fn write(text: &str) {
    let mut stderr = io::stderr();
    // A bar that can't be written is no reason to stop.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
