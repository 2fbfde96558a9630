//! One line on stderr that tells how far the reading of a large log is.
//!
//! This module must never write anything where stderr is not a terminal.

use oopscope_protocol::{Progress, VmcoreProgress};
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Smaller logs are done before anyone could read a line.
const LARGE: u64 = 50_000_000;

/// Time between two updates.
const PAUSE: Duration = Duration::from_millis(200);

/// The line.
pub(crate) struct ProgressLine {
    on: bool,
    begun: Instant,
    shown: Option<Instant>,
    reports: usize,
}

impl ProgressLine {
    /// A line that has not been shown.
    pub(crate) fn new() -> Self {
        Self { on: io::stderr().is_terminal(), begun: Instant::now(), shown: None, reports: 0 }
    }

    /// Shows how far it is, now and then.
    pub(crate) fn show(&mut self, step: &Progress) {
        self.reports += step.new_reports.len();
        let now = Instant::now();
        let soon = self.shown.is_some_and(|shown| now - shown < PAUSE);
        if !self.on || step.total < LARGE || soon {
            return;
        }
        self.shown = Some(now);
        let percent = step.done * 100 / step.total.max(1);
        let per_second = u128::from(step.done) / (now - self.begun).as_micros().max(1);
        let (done, total) = (step.done / 1_000_000, step.total / 1_000_000);
        let reports = self.reports;
        write(&format!("\r{percent:3} %  {done} of {total} MB  {per_second} MB/s  {reports} reports\x1b[K"));
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        if self.shown.take().is_some() {
            write("\r\x1b[K");
        }
    }
}

/// The line while a dump is being opened: one stage after the other.
pub(crate) struct StageLine {
    on: bool,
    begun: Instant,
    shown: Option<Instant>,
}

impl StageLine {
    /// A line that has not been shown.
    pub(crate) fn new() -> Self {
        Self { on: io::stderr().is_terminal(), begun: Instant::now(), shown: None }
    }

    /// Shows what is being done, now and then; what takes no longer than a moment is not shown at all.
    pub(crate) fn show(&mut self, progress: &VmcoreProgress) {
        let now = Instant::now();
        let since = now - self.shown.unwrap_or(self.begun);
        if !self.on || since < PAUSE {
            return;
        }
        self.shown = Some(now);
        let share = match progress.total {
            0 => String::new(),
            total => format!("  {} %", u128::from(progress.done) * 100 / u128::from(total)),
        };
        let megabytes = progress.cost.bytes_read / 1_000_000;
        write(&format!("\r{}{share}  {megabytes} MB read\x1b[K", progress.stage));
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        if self.shown.take().is_some() {
            write("\r\x1b[K");
        }
    }
}

fn write(text: &str) {
    let mut stderr = io::stderr();
    // A progress line that can't be written is no reason to stop.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
