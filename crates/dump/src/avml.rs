//! AVML's images: blocks of memory, each a stream of framed snappy.
//!
//! A block is a header like LiME's (magic `AVML`, version 2, first and last address), snappy chunks of up to 64 KiB in
//! Google's framing format, and the packed size in eight bytes (AVML's src/image.rs and src/io/snappy.rs). Where chunks lie
//! is found by walking them once; of very many only some are remembered. Must never hold a block.

use crate::bytes::{Order, index};
use crate::file::{File, FileError};
use crate::intervals::{self, Interval};
use crate::mapped::{merged, page_error};
use crate::open::Opening;
use crate::{Codec, Corruption, Layout, Loss, OpenError, PageError, PageState, Progress};
use std::ops::Range;

const HEADER: u64 = 32;
const AVML: u32 = 0x4c4d_5641;
/// A chunk's bytes, unpacked, are no more (snappy's framing_format.txt, section 4.2).
pub(crate) const CHUNK: u64 = 1 << 16;
/// How many blocks are taken: 16 TiB in AVML's blocks of 16 MiB.
const MOST_BLOCKS: usize = 1 << 20;
/// How many chunks are remembered; of more every second, fourth, … one.
const MOST_MARKS: usize = 1 << 20;

/// The image's blocks, and where in them chunks begin.
pub(crate) struct Avml {
    blocks: Vec<Block>,
    marks: Vec<Mark>,
}

#[derive(Clone, Debug)]
struct Block {
    start: u64,
    end: u64,
    /// Where its first chunk begins.
    mark: Mark,
}

/// A chunk: address of its first byte, position in the file.
#[derive(Clone, Copy, Debug)]
struct Mark {
    physical: u64,
    offset: u64,
}

/// A chunk of memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    /// Address of its first byte.
    pub(crate) physical: u64,
    /// Bytes, unpacked.
    pub(crate) size: u64,
    /// Where its checksum lies, which its bytes follow.
    pub(crate) offset: u64,
    packed_size: u32,
    packed: bool,
}

/// What lies at a position among chunks.
enum Step {
    Chunk(Chunk),
    Skip,
    Broken,
}

impl Interval for Block {
    fn start(&self) -> u64 {
        self.start
    }

    fn end(&self) -> u64 {
        self.end
    }

    fn part(&self, from: u64, to: u64, out: &mut Vec<Self>) {
        out.push(Self { start: from, end: to, mark: self.mark });
    }
}

/// Reads a chunk's head; also gives where the next one begins.
fn step(file: &File, at: Mark) -> Result<(Step, u64), FileError> {
    let mut head = [0; 4];
    file.read(at.offset, &mut head)?;
    let size = Order::LITTLE.u32(&[head[1], head[2], head[3], 0], 0).unwrap_or(0);
    let next = at.offset.saturating_add(4 + u64::from(size));
    let packed = match head[0] {
        0 => true,
        1 => false,
        0x80..=0xff => return Ok((Step::Skip, next)),
        _ => return Ok((Step::Broken, next)),
    };
    let Some(packed_size) = size.checked_sub(4) else { return Ok((Step::Broken, next)) };
    let mut unpacked = u64::from(packed_size);
    if packed {
        let mut varint = [0; 5];
        let n = file.read_some(at.offset + 8, &mut varint[..index(u64::from(packed_size)).min(5)])?;
        let length = snap::raw::decompress_len(&varint[..n]).ok();
        unpacked = length.map_or(0, |length| length as u64);
    }
    if unpacked == 0 || unpacked > CHUNK || u64::from(packed_size) > CHUNK + CHUNK / 4 {
        return Ok((Step::Broken, next));
    }
    let chunk = Chunk { physical: at.physical, size: unpacked, offset: at.offset + 4, packed_size, packed };
    Ok((Step::Chunk(chunk), next))
}

pub(crate) fn open(opening: &mut Opening, tick: &mut dyn FnMut(Progress) -> bool) -> Result<Avml, OpenError> {
    let file = &opening.files[0];
    let (mut blocks, mut marks, mut every, mut count) = (Vec::<Block>::new(), Vec::new(), 1_u64, 0_u64);
    let (mut at, mut said, mut ticked) = (0, None, 0);
    'blocks: while at < file.len() {
        let mut head = [0; 40];
        let n = file.read_some(at, &mut head).map_err(|error| opening.failed(0, error, "a block's header", at))?;
        let order = Order::LITTLE;
        // The packed size of the block before stands here.
        let skip = if !blocks.is_empty() && order.u32(&head, 0) != Some(AVML) { 8 } else { 0 };
        if skip == 8 && n == 8 {
            break;
        }
        let head = &head[skip..];
        let is_block = n >= skip + 32 && order.u32(head, 0) == Some(AVML) && order.u32(head, 4) == Some(2);
        let range = order.u64(head, 8).zip(order.u64(head, 16).and_then(|last| last.checked_add(1)));
        let Some((start, end)) = range.filter(|(start, end)| is_block && start < end) else {
            said = Some(format!("there is no block's header at byte {at:#x}: what follows is not read"));
            break;
        };
        if blocks.len() == MOST_BLOCKS {
            said = Some(format!("there are more than {MOST_BLOCKS} blocks: what follows byte {at:#x} is not read"));
            break;
        }
        let mut mark = Mark { physical: start, offset: at + skip as u64 + HEADER };
        blocks.push(Block { start, end, mark });
        while mark.physical < end {
            if mark.offset >= ticked {
                if !tick(Progress { stage: "chunks", done: mark.offset, total: file.len() }) {
                    return Err(OpenError::Cancelled);
                }
                ticked = mark.offset.saturating_add(16 << 20);
            }
            match step(file, mark) {
                Ok((Step::Chunk(_), next)) if next > file.len() => {
                    said = Some(format!("it is cut off within the block of physical {start:#x} to {end:#x}"));
                    break 'blocks;
                }
                Ok((Step::Chunk(chunk), next)) => {
                    if count % every == 0 {
                        marks.push(mark);
                    }
                    count += 1;
                    if marks.len() == MOST_MARKS {
                        every *= 2;
                        let mut keep = false;
                        marks.retain(|_| {
                            keep = !keep;
                            keep
                        });
                    }
                    mark = Mark { physical: chunk.physical + chunk.size, offset: next };
                }
                Ok((Step::Skip, next)) => mark.offset = next,
                Ok((Step::Broken, _)) => {
                    said = Some(format!("there is no chunk at byte {:#x}: what follows is not read", mark.offset));
                    break 'blocks;
                }
                Err(FileError::End) => {
                    said = Some(format!("it is cut off within the block of physical {start:#x} to {end:#x}"));
                    break 'blocks;
                }
                Err(error) => return Err(opening.failed(0, error, "a chunk", mark.offset)),
            }
        }
        at = mark.offset;
    }
    let described = format!("AVML image of {} blocks", blocks.len());
    let blocks = intervals::disjoint(blocks);
    marks.sort_by_key(|mark| mark.physical);
    let all = blocks.iter().map(|block| block.end - block.start).fold(0, u64::saturating_add);
    opening.layout = Layout { bits: 64, little_endian: true, machine: None };
    let facts = &mut opening.facts;
    facts.described = described;
    facts.page_size = 4096;
    facts.compression = vec!["snappy".to_owned()];
    facts.pages_of_ram = Some(all / 4096);
    if said.is_none() {
        facts.pages_present = Some(all / 4096);
    }
    facts.incomplete = said.is_some();
    facts.notes.extend(said);
    Ok(Avml { blocks, marks })
}

impl Avml {
    /// The chunk that holds an address, and how much of it belongs to its block.
    pub(crate) fn chunk(&self, file: &File, physical: u64) -> Result<(Chunk, u64), PageError> {
        let block = intervals::find(&self.blocks, physical).map_err(|_| PageError::NotRam { physical })?;
        let block = &self.blocks[block];
        let after = self.marks.partition_point(|mark| mark.physical <= physical);
        let near = after.checked_sub(1).and_then(|at| self.marks.get(at));
        let mut mark = near.copied().filter(|mark| mark.physical >= block.mark.physical).unwrap_or(block.mark);
        while mark.physical <= physical {
            let (found, next) = step(file, mark).map_err(|error| page_error(error, physical))?;
            match found {
                Step::Chunk(chunk) if physical < chunk.physical + chunk.size => {
                    return Ok((chunk, chunk.size.min(block.end - chunk.physical)));
                }
                Step::Chunk(chunk) => mark = Mark { physical: chunk.physical + chunk.size, offset: next },
                Step::Skip => mark.offset = next,
                Step::Broken => break,
            }
        }
        Err(PageError::Lost { physical, why: Loss::CutOff })
    }

    /// Unpacks a chunk into the front of `bytes`.
    pub(crate) fn fill(
        file: &File,
        unpacker: &mut crate::codec::Unpacker,
        packed: &mut Vec<u8>,
        chunk: Chunk,
        bytes: &mut [u8],
    ) -> Result<(), PageError> {
        let physical = chunk.physical;
        let bytes = &mut bytes[..index(chunk.size)];
        packed.resize(4 + chunk.packed_size as usize, 0);
        file.read(chunk.offset, packed).map_err(|error| page_error(error, physical))?;
        let (sum, packed) = packed.split_at(4);
        let codec = if chunk.packed { Codec::Snappy } else { Codec::None };
        unpacker.unpack(codec, packed, bytes).map_err(|what| PageError::Corrupt { physical, what })?;
        if Order::LITTLE.u32(sum, 0) == Some(masked_sum(bytes)) {
            Ok(())
        } else {
            Err(PageError::Corrupt { physical, what: Corruption::Checksum })
        }
    }

    pub(crate) fn page(&self, file: &File, physical: u64) -> PageState {
        match self.chunk(file, physical) {
            Ok(_) | Err(PageError::Read { .. }) => PageState::Data,
            Err(PageError::NotRam { .. }) => PageState::NotRam,
            Err(_) => PageState::Lost,
        }
    }

    pub(crate) fn ranges(&self) -> Vec<Range<u64>> {
        merged(self.blocks.iter().map(|block| block.start..block.end))
    }

    pub(crate) fn present(&self, from: u64) -> Option<Range<u64>> {
        let (Ok(at) | Err(at)) = intervals::find(&self.blocks, from);
        let mut blocks = self.blocks[at..].iter().peekable();
        let first = blocks.next()?;
        let mut run = first.start.max(from)..first.end;
        while let Some(next) = blocks.next_if(|next| next.start == run.end) {
            run.end = next.end;
        }
        Some(run)
    }
}

/// CRC-32C (Castagnoli), as snappy's framing masks it (framing_format.txt, section 3).
fn masked_sum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word) ^ u64::from(sum);
        let bytes = word.to_le_bytes();
        sum = (0..8).fold(0, |sum, at| sum ^ TABLES[7 - at][usize::from(bytes[at])]);
    }
    for &byte in rest {
        sum = sum >> 8 ^ TABLES[0][usize::from(sum.to_le_bytes()[0] ^ byte)];
    }
    (!sum).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Sums of a byte, and of one that 1 to 7 zeros follow: eight bytes are summed at once.
const TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0_u32;
    while byte < 256 {
        let mut sum = byte;
        let mut bit = 0;
        while bit < 8 {
            sum = sum >> 1 ^ if sum & 1 == 1 { 0x82f6_3b78 } else { 0 };
            bit += 1;
        }
        tables[0][byte as usize] = sum;
        byte += 1;
    }
    let mut at = 1;
    while at < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[at - 1][byte];
            tables[at][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        at += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::masked_sum;

    #[test]
    fn the_checksum_is_castagnolis() {
        // RFC 3720, B.4: the CRC of 32 zeros is 0x8a9136aa, of 0..=31 is 0x46dd794e.
        let masked = |sum: u32| sum.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(masked_sum(&[0; 32]), masked(0x8a91_36aa));
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(masked_sum(&rising), masked(0x46dd_794e));
        assert_eq!(masked_sum(b"123456789"), masked(0xe306_9283));
    }
}
