//! Lines of the log by their numbers, read through the sparse index.
//!
//! Driven in steps like everything that reads: between two indexed lines there may be lines of many megabytes. This
//! module must never keep more of a line than [`LINE_SHOWN`], nor more text than its caller allows.

use crate::input::PartError;
use crate::log::Log;
use oopscope_protocol::LogLine;
use std::collections::VecDeque;

/// Bytes of a line that are shown; the rest is counted in [`LogLine::cut`].
pub(crate) const LINE_SHOWN: usize = 16 << 10;

/// Bytes of text that a reading for the screen or for a link gives; when they are used up it ends early.
pub(crate) const TEXT_LIMIT: usize = 8 << 20;

/// Bytes read by one step.
const STEP: usize = 4 << 20;

const FIRST_BLOCK: usize = 64 << 10;
const LARGEST_BLOCK: usize = 1 << 20;

/// Lines `from` to `to`, counting from 1, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// Lines that were read. Fewer than asked for at the end of the log and where the room was used up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// Number of the first line.
    pub(crate) from: u64,
    pub(crate) lines: Vec<LogLine>,
}

/// Reads ranges of lines.
pub(crate) struct LineReader {
    ranges: VecDeque<Range>,
    done: Vec<Excerpt>,
    cursor: Option<Cursor>,
    room: usize,
    block: Vec<u8>,
}

/// Where a reading stands.
struct Cursor {
    range: Range,
    /// Number of the line that the next byte belongs to.
    line: u64,
    /// Position of the next byte.
    offset: u64,
    /// The beginning of that line, as far as it is shown.
    pending: Vec<u8>,
    /// Length of that line until now.
    length: u64,
    excerpt: Excerpt,
    block: usize,
}

impl LineReader {
    /// A reader of `ranges`, whose excerpts come in the same order and together have about `room` bytes at most.
    pub(crate) fn new(ranges: impl IntoIterator<Item = Range>, room: usize) -> Self {
        let ranges = ranges.into_iter().collect();
        Self { ranges, done: Vec::new(), cursor: None, room, block: Vec::new() }
    }

    /// Reads on; true when all ranges have been read.
    pub(crate) fn step(&mut self, log: &Log) -> Result<bool, PartError> {
        let mut budget = STEP;
        loop {
            let cursor = match &mut self.cursor {
                Some(cursor) => cursor,
                None => match self.ranges.pop_front() {
                    Some(range) => self.cursor.insert(Cursor::new(log, range)),
                    None => return Ok(true),
                },
            };
            if budget == 0 {
                return Ok(false);
            }
            self.block.resize(cursor.block, 0);
            let n = log.read_at(cursor.offset, &mut self.block)?;
            budget = budget.saturating_sub(n);
            if cursor.take(&self.block[..n], &mut self.room) {
                let finished = self.cursor.take().map(|cursor| cursor.excerpt);
                self.done.extend(finished);
            }
        }
    }

    /// Takes the excerpts that have been read, one for each range.
    pub(crate) fn take(&mut self) -> Vec<Excerpt> {
        std::mem::take(&mut self.done)
    }
}

impl Cursor {
    fn new(log: &Log, range: Range) -> Self {
        let (line, offset) = log.index.at_or_before(range.from.max(1));
        let excerpt = Excerpt { from: range.from.max(1), lines: Vec::new() };
        Self { range, line, offset, pending: Vec::new(), length: 0, excerpt, block: FIRST_BLOCK }
    }

    /// Takes the next bytes, none at the end of the log; true when the range is complete.
    fn take(&mut self, bytes: &[u8], room: &mut usize) -> bool {
        if bytes.is_empty() {
            if self.length > 0 {
                self.end_line(room);
            }
            return true;
        }
        self.offset += bytes.len() as u64;
        self.block = (self.block * 2).min(LARGEST_BLOCK);
        let mut rest = bytes;
        while self.line <= self.range.to && *room > 0 {
            let end = memchr::memchr(b'\n', rest);
            let piece = &rest[..end.unwrap_or(rest.len())];
            if self.line >= self.range.from {
                let shown = piece.len().min(LINE_SHOWN - self.pending.len());
                self.pending.extend_from_slice(&piece[..shown]);
            }
            self.length += piece.len() as u64;
            let Some(end) = end else { return false };
            self.end_line(room);
            rest = &rest[end + 1..];
        }
        true
    }

    fn end_line(&mut self, room: &mut usize) {
        if (self.range.from..=self.range.to).contains(&self.line) {
            let whole = self.length == self.pending.len() as u64;
            let shown = if whole { self.pending.len() } else { char_boundary(&self.pending) };
            let cut = self.length - shown as u64;
            let (text, level) = oopscope_klog::display_line(&self.pending[..shown]);
            *room = room.saturating_sub(text.len() + size_of::<LogLine>());
            self.excerpt.lines.push(LogLine { text, level, cut });
        }
        self.pending.clear();
        self.length = 0;
        self.line += 1;
    }
}

/// Length of `bytes` without a character that was cut in two at the end.
fn char_boundary(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let lead = (tail..bytes.len()).rev().find(|&i| bytes[i] & 0xc0 != 0x80);
    match lead {
        Some(i) => {
            let needed = match bytes[i] {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            if i + needed > bytes.len() { i } else { bytes.len() }
        }
        None => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_not_cut_in_two() {
        assert_eq!(char_boundary("abπ".as_bytes()), 4);
        assert_eq!(char_boundary(&"abπ".as_bytes()[..3]), 2);
        assert_eq!(char_boundary(&"ab€".as_bytes()[..4]), 2);
        assert_eq!(char_boundary(b"ab\x80\x80\x80\x80"), 6);
        assert_eq!(char_boundary(b""), 0);
    }
}
