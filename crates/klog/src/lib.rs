//! Kernel-log text to typed reports.
//!
//! This crate must never read files, know what a dump is, or need the whole log in memory: a log is pushed through
//! [`Scanner`] in blocks of any size, and what it keeps is bounded by [`Limits`].
#![forbid(unsafe_code)]

use oopscope_report::{LogFacts, Report};

/// Bounds on what is kept of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Reports kept in full; later ones are only counted.
    pub reports: usize,
    /// Bytes of one line that are looked at.
    pub line_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { reports: 1000, line_bytes: 16 << 10 }
    }
}

/// Finds the reports in a log that is pushed through it.
#[derive(Debug, Default)]
pub struct Scanner {
    reports: Vec<Report>,
}

impl Scanner {
    /// A scanner with nothing seen.
    pub fn new(_limits: Limits) -> Self {
        Self::default()
    }

    /// The next bytes of the log; blocks may end anywhere.
    pub fn push(&mut self, _bytes: &[u8]) {}

    /// The end of the log: closes what is open and links causes with consequences.
    pub fn finish(&mut self) {}

    /// Reports found until now, in the order of the log. Those already given do not change until
    /// [`Scanner::finish`], which fills in what only the whole log tells.
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// Facts about the log until now. `name` and `incomplete` are the caller's to fill in.
    pub fn facts(&self) -> LogFacts {
        LogFacts::default()
    }

    /// Where lines begin, sparsely.
    pub fn index(&self) -> &LineIndex {
        const EMPTY: &LineIndex = &LineIndex {};
        EMPTY
    }
}

/// Where lines begin: a sparse index whose size is bounded whatever the size of the log.
#[derive(Clone, Debug, Default)]
pub struct LineIndex {}

impl LineIndex {
    /// The nearest indexed line at or before `line` (counting from 1), with the byte offset at which it begins.
    /// Scan forward from there.
    pub fn at_or_before(&self, _line: u64) -> (u64, u64) {
        (1, 0)
    }
}

/// A line as it is to be shown: without escape sequences and the carriage return, control characters as visible
/// pictures, bytes that are not UTF-8 as U+FFFD; with its printk level where its prefix tells one.
pub fn display_line(line: &[u8]) -> (String, Option<u8>) {
    (String::from_utf8_lossy(line).into_owned(), None)
}

/// The literal texts by which reports are found, in the kernel's words: what to tell a reader whose log has none.
pub fn looked_for() -> Vec<String> {
    Vec::new()
}

/// Parses a whole log that is in memory.
pub fn parse(log: &[u8]) -> (Vec<Report>, LogFacts) {
    let mut scanner = Scanner::new(Limits::default());
    scanner.push(log);
    scanner.finish();
    (scanner.reports().to_vec(), scanner.facts())
}
