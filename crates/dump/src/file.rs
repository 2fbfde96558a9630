//! A file of a dump: blocks that were read are kept, a flattened file is seen as what it would be unpacked.
//!
//! Must never read a small piece from the medium: in a browser each reading costs the same, whether of 16 bytes or 64 KiB.

use crate::bytes::index;
use crate::flat::Flat;
use crate::hash::Positions;
use oopscope_source::{Counted, ReadAt, ReadError};
use std::cell::RefCell;

/// What is read and kept at once.
const BLOCK: u64 = 64 << 10;

/// How many blocks are read at once where reading goes on from one to the next.
const MOST_AHEAD: u64 = 16;

/// So many bytes and more are read straight to where they are wanted: they are wanted once, and in the cache they would be
/// copied once more and take the room of what is wanted again.
pub(crate) const LONG: u64 = 256 << 10;

/// Why bytes of a file could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileError {
    /// They lie beyond its end, or in a hole of a flattened file that is not whole.
    End,
    /// The system could not read.
    Read(ReadError),
}

/// A file as it lies on the medium, with a cache of its blocks.
pub(crate) struct Raw {
    /// Its name.
    pub(crate) name: String,
    /// Its size.
    pub(crate) len: u64,
    source: Counted<Box<dyn ReadAt>>,
    blocks: RefCell<Blocks>,
}

struct Blocks {
    positions: Positions,
    slots: Vec<Slot>,
    most: usize,
    hand: usize,
    /// Slot that was used last.
    last: usize,
    /// Block after the last that was read, and how many blocks were read then.
    next: u64,
    ahead: u64,
    buffer: Vec<u8>,
}

struct Slot {
    block: u64,
    bytes: Vec<u8>,
    used: bool,
}

impl Raw {
    pub(crate) fn new(name: String, bytes: Box<dyn ReadAt>) -> Self {
        let blocks = Blocks {
            positions: Positions::default(),
            slots: Vec::new(),
            most: index((16 << 20) / BLOCK),
            hand: 0,
            last: usize::MAX,
            next: u64::MAX,
            ahead: 1,
            buffer: Vec::new(),
        };
        Self { name, len: bytes.len(), source: Counted::new(bytes), blocks: RefCell::new(blocks) }
    }

    /// How many bytes of blocks are kept at most.
    pub(crate) fn set_budget(&self, bytes: u64) {
        let mut blocks = self.blocks.borrow_mut();
        blocks.most = index(bytes / BLOCK).max(4);
        if blocks.slots.len() > blocks.most {
            blocks.slots.clear();
            blocks.positions.clear();
            (blocks.hand, blocks.last) = (0, usize::MAX);
        }
    }

    /// Reads and bytes read so far.
    pub(crate) fn cost(&self) -> (u64, u64) {
        (self.source.reads(), self.source.bytes())
    }

    /// Fills `buf` as far as the file goes, past the cache: for what is read once from front to back.
    pub(crate) fn stream(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        self.source.read_at(offset, buf)
    }

    /// Fills `buf` as far as the file goes.
    pub(crate) fn read_some(&self, mut offset: u64, mut buf: &mut [u8]) -> Result<usize, ReadError> {
        let mut blocks = self.blocks.borrow_mut();
        let mut done = 0;
        while !buf.is_empty() && offset < self.len {
            let (block, within) = (offset / BLOCK, index(offset % BLOCK));
            if within == 0 && buf.len() as u64 >= LONG {
                let length = (buf.len() as u64).min(BLOCK * MOST_AHEAD) / BLOCK * BLOCK;
                let n = self.source.read_at(offset, &mut buf[..index(length)])?;
                buf = &mut buf[n..];
                offset += n as u64;
                done += n;
                if (n as u64) < length {
                    break;
                }
                continue;
            }
            let slot = match blocks.slots.get(blocks.last) {
                Some(slot) if slot.block == block => blocks.last,
                _ => self.block(&mut blocks, block)?,
            };
            blocks.last = slot;
            let slot = &mut blocks.slots[slot];
            slot.used = true;
            let Some(bytes) = slot.bytes.get(within..).filter(|bytes| !bytes.is_empty()) else { break };
            let n = bytes.len().min(buf.len());
            buf[..n].copy_from_slice(&bytes[..n]);
            buf = &mut buf[n..];
            offset += n as u64;
            done += n;
        }
        Ok(done)
    }

    /// The slot that holds a block, which is read where none does.
    fn block(&self, blocks: &mut Blocks, block: u64) -> Result<usize, ReadError> {
        if let Some(slot) = blocks.positions.get(block) {
            return Ok(slot);
        }
        let most = MOST_AHEAD.min(blocks.most as u64 / 4).max(1);
        blocks.ahead = if block == blocks.next { (blocks.ahead * 2).min(most) } else { 1 };
        let end = (block + blocks.ahead).min(self.len.div_ceil(BLOCK));
        blocks.next = end;
        let mut buffer = std::mem::take(&mut blocks.buffer);
        buffer.resize(index((end - block) * BLOCK), 0);
        let result = self.source.read_at(block * BLOCK, &mut buffer);
        let first = result.map(|n| {
            let mut first = None;
            for (at, bytes) in (block..end).zip(buffer[..n].chunks(index(BLOCK))) {
                let slot = blocks.put(at, bytes);
                first.get_or_insert(slot);
            }
            // A file that is shorter than it was gives nothing, and that is kept too.
            first.unwrap_or_else(|| blocks.put(block, &[]))
        });
        blocks.buffer = buffer;
        first
    }
}

impl Blocks {
    /// Keeps a block, in place of one that was not used of late when there is no more room.
    fn put(&mut self, block: u64, bytes: &[u8]) -> usize {
        if let Some(slot) = self.positions.get(block) {
            return slot;
        }
        let slot = if self.slots.len() < self.most {
            self.slots.push(Slot { block, bytes: bytes.to_vec(), used: true });
            self.slots.len() - 1
        } else {
            while std::mem::take(&mut self.slots[self.hand].used) {
                self.hand = (self.hand + 1) % self.slots.len();
            }
            let hand = self.hand;
            self.hand = (hand + 1) % self.slots.len();
            let slot = &mut self.slots[hand];
            self.positions.remove(slot.block);
            slot.block = block;
            slot.used = true;
            slot.bytes.clear();
            slot.bytes.extend_from_slice(bytes);
            hand
        };
        self.positions.insert(block, slot);
        slot
    }
}

/// A file as a format sees it.
pub(crate) struct File {
    /// As it lies on the medium.
    pub(crate) raw: Raw,
    /// Where it is flattened, where its pieces lie.
    pub(crate) flat: Option<Flat>,
}

impl File {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.raw.name
    }

    /// Its size, unpacked.
    pub(crate) fn len(&self) -> u64 {
        self.flat.as_ref().map_or(self.raw.len, |flat| flat.len)
    }

    /// True when its own end is missing, as its packing tells.
    pub(crate) fn cut_off(&self) -> bool {
        self.flat.as_ref().is_some_and(|flat| !flat.whole)
    }

    /// Fills `buf`.
    pub(crate) fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), FileError> {
        let done = self.read_some(offset, buf)?;
        if done == buf.len() { Ok(()) } else { Err(FileError::End) }
    }

    /// Fills `buf` as far as the file goes.
    pub(crate) fn read_some(&self, offset: u64, buf: &mut [u8]) -> Result<usize, FileError> {
        self.with(offset, buf, |offset, buf| self.raw.read_some(offset, buf))
    }

    /// Fills `buf` as far as the file goes, past the cache.
    pub(crate) fn stream(&self, offset: u64, buf: &mut [u8]) -> Result<usize, FileError> {
        self.with(offset, buf, |offset, buf| self.raw.stream(offset, buf))
    }

    fn with(
        &self,
        offset: u64,
        buf: &mut [u8],
        read: impl Fn(u64, &mut [u8]) -> Result<usize, ReadError>,
    ) -> Result<usize, FileError> {
        match &self.flat {
            None => read(offset, buf).map_err(FileError::Read),
            Some(flat) => flat.read(offset, buf, read).map_err(FileError::Read),
        }
    }
}
