//! The next line that contains a text.
//!
//! Driven in steps, so that a search of gigabytes can be given up for a newer one. This module must never hold more
//! than a block and the beginning of one line.

use crate::input::PartError;
use crate::log::Log;
use aho_corasick::AhoCorasick;
use std::ops::ControlFlow::{self, Break, Continue};

/// Bytes searched by one step.
const STEP: usize = 4 << 20;

/// Bytes read at a time.
const BLOCK: usize = 1 << 20;

/// How many lines a backward search goes back at a time: some megabytes of an ordinary log.
const STRIDE: u64 = 32 << 10;

/// Longest text that is searched for, in bytes.
const LONGEST: usize = 1000;

/// Bytes of an unfinished line that are held before it is searched piece by piece.
const PENDING: usize = 1 << 20;

/// A search under way.
pub(crate) struct Search {
    finder: AhoCorasick,
    /// A match may begin this many bytes before the end of a piece.
    overlap: usize,
    backwards: bool,
    stretch: Stretch,
    /// The last match in a stretch that is searched backwards.
    last: Option<u64>,
    line: u64,
    offset: u64,
    /// The beginning of the line that the last block ended in, or of a very long one its last few bytes.
    pending: Vec<u8>,
    /// That line is known to match.
    matched: bool,
    block: Vec<u8>,
}

/// The lines `first` to `last` are searched in one go from front to back.
#[derive(Clone, Copy)]
struct Stretch {
    first: u64,
    last: u64,
}

impl Search {
    /// A search for `text`, ignoring ASCII case, from line `from` on, which is searched too.
    pub(crate) fn new(log: &Log, text: &str, from: u64, backwards: bool) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.len() > LONGEST {
            return Err("it is too long");
        }
        if text.contains('\n') {
            return Err("it has more than one line");
        }
        let finder = AhoCorasick::builder().ascii_case_insensitive(true).build([text]);
        let mut search = Self {
            finder: finder.map_err(|_| "it is too long")?,
            overlap: text.len() - 1,
            backwards,
            stretch: Stretch { first: from.max(1), last: u64::MAX },
            last: None,
            line: 1,
            offset: 0,
            pending: Vec::new(),
            matched: false,
            block: vec![0; BLOCK],
        };
        if backwards {
            let last = from.min(log.facts.lines).max(1);
            search.stretch = Stretch { first: last.saturating_sub(STRIDE).max(1), last };
        }
        search.seek(log);
        Ok(search)
    }

    /// Searches on; breaks with the result when the search is over.
    pub(crate) fn step(&mut self, log: &Log) -> Result<ControlFlow<Option<u64>>, PartError> {
        let mut budget = STEP;
        while budget > 0 {
            let mut block = std::mem::take(&mut self.block);
            let n = log.read_at(self.offset, &mut block)?;
            self.offset += n as u64;
            budget = budget.saturating_sub(n);
            let outcome = self.take(&block[..n]);
            self.block = block;
            if let Break(found) = outcome {
                if found.is_some() || !self.backwards || self.stretch.first == 1 {
                    return Ok(Break(found));
                }
                let last = self.stretch.first - 1;
                self.stretch = Stretch { first: last.saturating_sub(STRIDE).max(1), last };
                self.seek(log);
            }
        }
        Ok(Continue(()))
    }

    fn seek(&mut self, log: &Log) {
        (self.line, self.offset) = log.index.at_or_before(self.stretch.first);
        self.pending.clear();
        self.matched = false;
    }

    /// Searches the next bytes, none at the end of the log; breaks at the end of the stretch or at a match.
    fn take(&mut self, bytes: &[u8]) -> ControlFlow<Option<u64>> {
        if bytes.is_empty() {
            self.end_line(&[])?;
            return Break(self.last);
        }
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.end_line(&rest[..end])?;
            rest = &rest[end + 1..];
        }
        self.pending.extend_from_slice(rest);
        if self.pending.len() > PENDING {
            self.matched |= self.matches(&self.pending);
            self.pending.drain(..self.pending.len() - self.overlap);
        }
        Continue(())
    }

    /// The line that is under way ends with `bytes`.
    fn end_line(&mut self, bytes: &[u8]) -> ControlFlow<Option<u64>> {
        if self.line >= self.stretch.first {
            let matched = if self.pending.is_empty() {
                self.matches(bytes)
            } else {
                self.pending.extend_from_slice(bytes);
                self.matched || self.matches(&self.pending)
            };
            if matched && !self.backwards {
                return Break(Some(self.line));
            }
            if matched {
                self.last = Some(self.line);
            }
        }
        self.pending.clear();
        self.matched = false;
        if self.line == self.stretch.last {
            return Break(self.last);
        }
        self.line += 1;
        Continue(())
    }

    /// Searches what a reader sees: escape sequences may stand in the middle of a word.
    fn matches(&self, line: &[u8]) -> bool {
        if memchr::memchr(0x1b, line).is_some() {
            self.finder.is_match(oopscope_klog::display_line(line).0.as_bytes())
        } else {
            self.finder.is_match(line)
        }
    }
}
