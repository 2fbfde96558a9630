//! Lines that a terminal cut at its width, joined again: IPMI serial-over-LAN, `screen`, a console's scroll-back.
//!
//! Must never join on a guess: the log has to show that it was cut. No line is longer than the width, nearly every line
//! has printk's time stamp, and those that have none follow a line that is full.

use crate::lines::{LineConvert, push_line};
use crate::records::is_stamped;

/// Widths that terminals have; others are not looked for.
const WIDTHS: [usize; 4] = [80, 100, 120, 132];

/// Joins of which the beginning of a log must hold this many.
const FEWEST: usize = 3;

/// A line is joined of no more than this many pieces.
const MOST_PIECES: usize = 64;

/// The width at which lines were cut, when the beginning of an input shows it.
pub(crate) fn width(head: &[u8]) -> Option<usize> {
    // The last line may be one that is not all there.
    let whole = head.len() - head.iter().rev().position(|&b| b == b'\n')?;
    let lines = || head[..whole].split(|&b| b == b'\n').map(trimmed);
    let longest = lines().map(columns).max()?;
    let width = WIDTHS.into_iter().find(|width| *width == longest)?;
    let (mut cut, mut stamped, mut stray) = (0, 0, 0);
    let mut before_is_full = false;
    for line in lines().filter(|line| !line.is_empty()) {
        match (has_prefix(line), before_is_full) {
            (true, _) => stamped += 1,
            (false, true) => cut += 1,
            (false, false) => stray += 1,
        }
        before_is_full = columns(line) == width;
    }
    (cut >= FEWEST && stamped > cut && stray * 5 <= stamped).then_some(width)
}

fn trimmed(line: &[u8]) -> &[u8] {
    let end = line.iter().rev().take_while(|b| **b == b'\r').count();
    &line[..line.len() - end]
}

/// Columns that a line takes; a character of UTF-8 is one.
fn columns(line: &[u8]) -> usize {
    line.iter().filter(|b| **b & 0xc0 != 0x80).count()
}

/// A time stamp, or a level before it.
fn has_prefix(line: &[u8]) -> bool {
    if is_stamped(line) {
        return true;
    }
    let Some(end) = line.iter().take(5).position(|&b| b == b'>') else { return false };
    line[0] == b'<' && is_stamped(&line[end + 1..])
}

pub(crate) struct Wrapped {
    width: usize,
    /// The beginning of a line that may go on, and of how many pieces it is.
    open: Vec<u8>,
    pieces: usize,
}

impl Wrapped {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, open: Vec::new(), pieces: 0 }
    }
}

impl LineConvert for Wrapped {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let line = trimmed(line);
        let goes_on = self.pieces > 0 && !line.is_empty() && !has_prefix(line);
        if self.pieces > 0 && !goes_on {
            self.finish(out);
        }
        let is_full = columns(line) == self.width;
        let may_go_on = is_full && (goes_on || has_prefix(line)) && self.pieces < MOST_PIECES;
        self.open.extend_from_slice(line);
        self.pieces += 1;
        if !may_go_on {
            self.finish(out);
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.pieces > 0 {
            push_line(out, &self.open);
            self.open.clear();
            self.pieces = 0;
        }
    }
}
