//! A bit for each page, and how many are set before one: a page's descriptor is found by that number.
//!
//! Bit `pfn & 7` of byte `pfn >> 3`. A bitmap has 32 MiB for a TiB of addresses, and machines with memory in far places have
//! gigabytes of it. Must never be held whole: it is read once from front to back, and then a section at a time.

use crate::Progress;
use crate::bytes::index;
use crate::file::{File, FileError};
use std::ops::Range;

/// Bits of a section: what is counted anew to find a rank.
const SECTION: u64 = 4096;
const SECTION_BYTES: usize = 512;
/// Bits of a block of sections: what is read at once, 1 MiB, and 32 GiB of pages of 4 KiB.
const BLOCK: u64 = 1 << 23;
const SECTIONS: usize = 2048;
/// Bitmaps up to this size are read through the cache: they may be read again soon.
const SMALL: u64 = 1 << 20;

/// Where a bitmap lies.
#[derive(Clone, Debug)]
pub(super) struct Bitmap {
    /// Position of its first byte.
    pub(super) at: u64,
    /// Bits that it has.
    pub(super) bits: u64,
}

type Section = [u8; SECTION_BYTES];

fn count(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks();
    let rest: u32 = rest.iter().map(|byte| byte.count_ones()).sum();
    words.iter().map(|&word| u64::from_le_bytes(word).count_ones()).sum::<u32>() + rest
}

/// Clears the bits of a stretch, whose first is `first`, that are not in `wanted`.
fn mask(bytes: &mut [u8], first: u64, wanted: &Range<u64>) {
    let bits = bytes.len() as u64 * 8;
    let [from, to] = [wanted.start, wanted.end].map(|bit| index(bit.saturating_sub(first).min(bits)));
    if from >= to {
        bytes.fill(0);
        return;
    }
    bytes[..from / 8].fill(0);
    bytes[from / 8] &= 0xff << (from % 8);
    bytes[to.div_ceil(8)..].fill(0);
    if to % 8 != 0 {
        bytes[to / 8] &= !(0xff << (to % 8));
    }
}

impl Bitmap {
    /// One bit.
    pub(super) fn get(&self, file: &File, bit: u64) -> Result<bool, FileError> {
        if bit >= self.bits {
            return Ok(false);
        }
        let mut byte = [0];
        file.read(self.at + bit / 8, &mut byte)?;
        Ok(byte[0] >> (bit % 8) & 1 == 1)
    }

    /// The section that holds a bit, what lies beyond the bitmap's end cleared.
    fn section(&self, file: &File, bit: u64) -> Result<Section, FileError> {
        let first = bit / SECTION * SECTION;
        let mut section = [0; SECTION_BYTES];
        let size = index((self.bits - first).div_ceil(8)).min(SECTION_BYTES);
        file.read(self.at + first / 8, &mut section[..size])?;
        mask(&mut section, first, &(0..self.bits));
        Ok(section)
    }

    /// Runs of set bits in a range, ascending. What can't be read has none.
    pub(super) fn runs<'a>(&'a self, file: &'a File, range: Range<u64>) -> impl Iterator<Item = Range<u64>> + 'a {
        let mut bit = range.start;
        let end = range.end.min(self.bits);
        std::iter::from_fn(move || {
            let start = self.seek(file, bit, end, true)?;
            let stop = self.seek(file, start, end, false).unwrap_or(end);
            bit = stop;
            Some(start..stop)
        })
    }

    /// The first bit at or after one that is set, or clear.
    fn seek(&self, file: &File, mut bit: u64, end: u64, set: bool) -> Option<u64> {
        let end = end.min(self.bits);
        while bit < end {
            let first = bit / SECTION * SECTION;
            let section = self.section(file, bit).unwrap_or([0; SECTION_BYTES]);
            if let Some(found) = seek(&section, index(bit - first), set) {
                return Some(first + found).filter(|&found| found < end);
            }
            bit = first + SECTION;
        }
        None
    }
}

/// The first bit of a section at or after one that is set, or clear.
fn seek(section: &Section, from: usize, set: bool) -> Option<u64> {
    let (words, _) = section.as_chunks::<8>();
    for (at, &word) in words.iter().enumerate().skip(from / 64) {
        let word = u64::from_le_bytes(word);
        let mut word = if set { word } else { !word };
        if at == from / 64 {
            word &= u64::MAX << (from % 64);
        }
        if word != 0 {
            return Some(at as u64 * 64 + u64::from(word.trailing_zeros()));
        }
    }
    None
}

/// How many bits are set before each section: four bytes a section of 4096, none for stretches of 8 Mi without a set bit.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    blocks: Vec<Block>,
    /// Bits that are counted.
    wanted: Range<u64>,
    /// All that are set.
    pub(super) all: u64,
}

#[derive(Debug)]
struct Block {
    /// Set bits before it.
    before: u64,
    /// Set bits before each section, from the block's beginning; empty where none is set.
    sections: Box<[u32]>,
}

/// Why bits could not be counted.
pub(super) enum CountError {
    /// Asked to end.
    Cancelled,
    /// They could not be read.
    File(FileError),
}

impl Ranks {
    /// Counts the bits in a range.
    pub(super) fn count(
        file: &File,
        bitmap: &Bitmap,
        wanted: Range<u64>,
        tick: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Self, CountError> {
        let wanted = wanted.start.min(bitmap.bits)..wanted.end.min(bitmap.bits);
        let mut ranks = Self { blocks: Vec::new(), wanted: wanted.clone(), all: 0 };
        let total = bitmap.bits.div_ceil(8);
        let mut buffer = Vec::new();
        for first in (0..wanted.end).step_by(index(BLOCK)) {
            let mut sections = Vec::new();
            if first + BLOCK > wanted.start {
                if !tick(Progress { stage: "bitmap", done: first / 8, total }) {
                    return Err(CountError::Cancelled);
                }
                buffer.resize(index((wanted.end - first).min(BLOCK).div_ceil(8)), 0);
                let at = bitmap.at + first / 8;
                let n = if total <= SMALL { file.read_some(at, &mut buffer) } else { file.stream(at, &mut buffer) };
                if n.map_err(CountError::File)? < buffer.len() {
                    return Err(CountError::File(FileError::End));
                }
                mask(&mut buffer, first, &wanted);
                let mut before = 0;
                sections.reserve_exact(SECTIONS);
                for section in buffer.chunks(SECTION_BYTES) {
                    sections.push(before);
                    before += count(section);
                }
                if before == 0 {
                    sections = Vec::new();
                }
                ranks.blocks.push(Block { before: ranks.all, sections: sections.into() });
                ranks.all += u64::from(before);
            } else {
                ranks.blocks.push(Block { before: 0, sections: Box::default() });
            }
        }
        Ok(ranks)
    }

    /// How many bits are set before one in the range that was counted; `None` where it is not set itself.
    pub(super) fn of(&self, file: &File, bitmap: &Bitmap, bit: u64) -> Result<Option<u64>, FileError> {
        let Some(block) = self.blocks.get(index(bit / BLOCK)).filter(|_| self.wanted.contains(&bit)) else {
            return Ok(None);
        };
        let Some(&before) = block.sections.get(index(bit % BLOCK / SECTION)) else { return Ok(None) };
        let mut section = bitmap.section(file, bit)?;
        let within = index(bit % SECTION);
        if section[within / 8] >> (within % 8) & 1 == 0 {
            return Ok(None);
        }
        let first = bit - within as u64;
        mask(&mut section, first, &(self.wanted.start..bit));
        Ok(Some(block.before + u64::from(before) + u64::from(count(&section[..(within / 8 + 1).min(SECTION_BYTES)]))))
    }

    /// The first run of set bits in a range. Sections without a set bit are not read.
    pub(super) fn next(&self, file: &File, bitmap: &Bitmap, range: Range<u64>) -> Option<Range<u64>> {
        let end = range.end.min(self.wanted.end);
        let mut bit = range.start.max(self.wanted.start);
        while bit < end {
            let block = self.blocks.get(index(bit / BLOCK))?;
            if block.sections.is_empty() {
                bit = (bit / BLOCK + 1) * BLOCK;
                continue;
            }
            let section_end = (bit / SECTION + 1) * SECTION;
            if self.empty(bit) {
                bit = section_end;
                continue;
            }
            if let Some(start) = bitmap.seek(file, bit, section_end.min(end), true) {
                // A run is not followed beyond the block that it begins in: whoever wants more asks again.
                let most = end.min((start / BLOCK + 1) * BLOCK);
                return Some(start..bitmap.seek(file, start, most, false).unwrap_or(most));
            }
            bit = section_end;
        }
        None
    }

    /// True when the section of a bit has none set.
    fn empty(&self, bit: u64) -> bool {
        let (at, section) = (index(bit / BLOCK), index(bit % BLOCK / SECTION));
        let Some(block) = self.blocks.get(at) else { return true };
        let before = block.before + block.sections.get(section).copied().map_or(0, u64::from);
        let after = match block.sections.get(section + 1) {
            Some(&after) => block.before + u64::from(after),
            None => self.blocks.get(at + 1).map_or(self.all, |next| next.before),
        };
        before == after
    }
}
