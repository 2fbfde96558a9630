//! makedumpfile's flattened form: a dump as pieces that tell where they belong, for a pipe that cannot seek.
//!
//! Layout: a header of 4096 bytes (`makedumpfile`, type 1, version 1), then pieces, each with its position and size as
//! big-endian 64-bit numbers, up to one whose position is -1 (makedumpfile's IMPLEMENTATION, "flattened format"). A later
//! piece overrides an earlier one: the header is written first and once more at the end.
//!
//! Must never copy a piece: only where they lie is kept, and pieces of one size that follow each other are one run.

use crate::bytes::{Order, index};
use crate::file::Raw;
use crate::intervals::{self, Interval};
use crate::{OpenError, Progress};
use oopscope_source::ReadError;

/// Where the first piece begins.
const HEADER: u64 = 4096;

/// Size of what stands before each piece.
const LEAD: u64 = 16;

/// How many runs are taken. A run has 32 bytes; what is written has some hundred thousand of them in a terabyte.
const MOST_RUNS: usize = 1 << 20;

/// What is read at once while the pieces are small.
const STRIDE: usize = 1 << 20;

/// A flattened file's index.
pub(crate) struct Flat {
    /// Size of what it would be unpacked.
    pub(crate) len: u64,
    /// False when it ends without its end mark: holes in it are then lost, not zeros.
    pub(crate) whole: bool,
    /// Where what is no piece begins, in a file that is not whole for that reason.
    pub(crate) broken: Option<u64>,
    runs: Vec<Run>,
}

/// Pieces of one size that follow each other, unpacked and in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    /// Position of the first, unpacked.
    at: u64,
    /// Position of its first byte in the file.
    file: u64,
    /// Size of each.
    size: u64,
    /// How many.
    count: u64,
}

impl Run {
    /// Where an unpacked position within it lies in the file, and how many bytes follow there.
    fn locate(&self, at: u64) -> (u64, u64) {
        let (piece, within) = ((at - self.at) / self.size, (at - self.at) % self.size);
        (self.file + piece * (self.size + LEAD) + within, self.size - within)
    }
}

impl Interval for Run {
    fn start(&self) -> u64 {
        self.at
    }

    fn end(&self) -> u64 {
        self.at + self.size * self.count
    }

    fn part(&self, mut from: u64, to: u64, out: &mut Vec<Self>) {
        while from < to {
            let (file, left) = self.locate(from);
            let run = if left < self.size || to - from < self.size {
                Self { at: from, file, size: left.min(to - from), count: 1 }
            } else {
                Self { at: from, file, size: self.size, count: (to - from) / self.size }
            };
            from = run.end();
            out.push(run);
        }
    }
}

impl Flat {
    /// Reads where the pieces lie: one pass from front to back.
    pub(crate) fn index(raw: &Raw, tick: &mut dyn FnMut(Progress) -> bool) -> Result<Self, OpenError> {
        let (mut runs, mut whole, mut broken) = (Vec::<Run>::new(), false, None);
        let mut window = Window { raw, buffer: Vec::new(), start: 0, ticked: 0, tick };
        let (mut pos, mut ahead) = (HEADER, STRIDE);
        while let Some(lead) = window.at(pos, ahead)? {
            let (at, size) = lead;
            if at == u64::MAX {
                whole = true;
                break;
            }
            let file = pos + LEAD;
            // Positions are signed: what is negative, or without a byte, was not written by makedumpfile.
            if size == 0 || at.checked_add(size).is_none_or(|end| end > i64::MAX as u64) {
                broken = Some(pos);
                break;
            }
            let size = size.min(raw.len.saturating_sub(file));
            if size == 0 {
                break;
            }
            let full = runs.len() == MOST_RUNS;
            match runs.last_mut() {
                Some(run) if run.size == size && run.end() == at && run.file + run.count * (size + LEAD) == file => {
                    run.count += 1;
                }
                _ if full => return Err(too_many(raw)),
                _ => runs.push(Run { at, file, size, count: 1 }),
            }
            pos = file + size;
            ahead = if size > STRIDE as u64 / 4 { 64 << 10 } else { STRIDE };
        }
        let runs = intervals::disjoint(runs.into_iter().rev());
        if runs.len() > 4 * MOST_RUNS {
            return Err(too_many(raw));
        }
        Ok(Self { len: runs.last().map_or(0, Interval::end), whole, broken, runs })
    }

    /// Fills `buf` as far as the file goes; `read` reads the file as it lies. Holes of a file that is whole are zeros, those
    /// of one that is not end the reading.
    pub(crate) fn read(
        &self,
        mut at: u64,
        mut buf: &mut [u8],
        read: impl Fn(u64, &mut [u8]) -> Result<usize, ReadError>,
    ) -> Result<usize, ReadError> {
        let mut done = 0;
        while !buf.is_empty() && at < self.len {
            let (n, expected) = match intervals::find(&self.runs, at) {
                Ok(found) => {
                    let run = &self.runs[found];
                    let (file, left) = run.locate(at);
                    let n = index(left.min(run.end() - at)).min(buf.len());
                    (read(file, &mut buf[..n])?, n)
                }
                Err(_) if !self.whole => break,
                Err(next) => {
                    let end = self.runs.get(next).map_or(self.len, Interval::start);
                    let n = index(end - at).min(buf.len());
                    buf[..n].fill(0);
                    (n, n)
                }
            };
            buf = &mut buf[n..];
            at += n as u64;
            done += n;
            if n < expected {
                break;
            }
        }
        Ok(done)
    }
}

fn too_many(raw: &Raw) -> OpenError {
    OpenError::TooMany {
        name: raw.name.clone(),
        what: "pieces that do not follow each other",
        limit: MOST_RUNS as u64,
        advice: "put it together first, with makedumpfile -R",
    }
}

/// A stretch of the file in memory, in which the next piece's lead is looked for.
struct Window<'a> {
    raw: &'a Raw,
    buffer: Vec<u8>,
    start: u64,
    ticked: u64,
    tick: &'a mut dyn FnMut(Progress) -> bool,
}

impl Window<'_> {
    /// Position and size that stand before the piece at a position; `None` at the file's end.
    fn at(&mut self, pos: u64, ahead: usize) -> Result<Option<(u64, u64)>, OpenError> {
        let inside = pos >= self.start && pos + LEAD <= self.start + self.buffer.len() as u64;
        if !inside {
            if pos >= self.raw.len {
                return Ok(None);
            }
            let progress = Progress { stage: "index of the flattened file", done: pos, total: self.raw.len };
            if pos >= self.ticked && !(self.tick)(progress) {
                return Err(OpenError::Cancelled);
            }
            self.ticked = pos + STRIDE as u64;
            self.buffer.resize(ahead, 0);
            let error = |error| OpenError::Read { name: self.raw.name.clone(), error };
            let n = self.raw.stream(pos, &mut self.buffer).map_err(error)?;
            self.buffer.truncate(n);
            self.start = pos;
        }
        let lead = self.buffer.get(index(pos - self.start)..).unwrap_or_default();
        Ok(Order::BIG.u64(lead, 0).zip(Order::BIG.u64(lead, 8)))
    }
}

/// True when bytes begin a flattened file of the one type and version that there are.
pub(crate) fn is_flat(head: &[u8]) -> bool {
    head.starts_with(b"makedumpfile\0\0\0\0")
        && Order::BIG.u64(head, 16) == Some(1)
        && Order::BIG.u64(head, 24) == Some(1)
}
