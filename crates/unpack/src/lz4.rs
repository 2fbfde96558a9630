//! The lz4 frame format (doc/lz4_Frame_format.md of the lz4 project), around lz4_flex's block decoder.
//!
//! Must never allocate more than the largest block that the format allows, 4 MiB, and the 64 KiB before it.

use crate::Damage;
use crate::input::Stream;
use lz4_flex::block::decompress_into_with_dict;
use std::io::Read;

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

/// Bytes of what came before that a block may refer to.
const WINDOW: usize = 64 << 10;

pub(crate) struct Lz4 {
    stream: Stream,
    frame: Option<Frame>,
    /// Unpacked bytes: those before `given` have been handed out and are the window.
    out: Vec<u8>,
    given: usize,
    packed: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Frame {
    independent: bool,
    block_checksum: bool,
    content_checksum: bool,
    largest: usize,
}

impl Lz4 {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, frame: None, out: Vec::new(), given: 0, packed: Vec::new() }
    }

    pub(crate) fn position(&self) -> u64 {
        self.stream.position()
    }

    pub(crate) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        if buf.is_empty() {
            return Ok(0);
        }
        while self.given == self.out.len() {
            let more = match self.frame {
                None => self.header()?,
                Some(frame) => {
                    self.block(frame)?;
                    true
                }
            };
            if !more {
                return Ok(0);
            }
        }
        let n = buf.len().min(self.out.len() - self.given);
        buf[..n].copy_from_slice(&self.out[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }

    /// A frame's header; false at the end of the input.
    fn header(&mut self) -> Result<bool, Damage> {
        if self.stream.fill()?.is_empty() {
            return Ok(false);
        }
        if self.take::<4>()? != MAGIC {
            return Err(Damage::Corrupt);
        }
        let [flags, descriptor] = self.take()?;
        let flag = |bit: u8| flags >> bit & 1 == 1;
        if flags >> 6 != 1 {
            return Err(Damage::Unsupported);
        }
        if flag(3) {
            self.take::<8>()?;
        }
        if flag(0) {
            // The dictionary's number: without the dictionary nothing can be read.
            return Err(Damage::Unsupported);
        }
        self.take::<1>()?;
        let largest = match descriptor >> 4 & 7 {
            4 => 64 << 10,
            5 => 256 << 10,
            6 => 1 << 20,
            7 => 4 << 20,
            _ => return Err(Damage::Corrupt),
        };
        let frame = Frame { independent: flag(5), block_checksum: flag(4), content_checksum: flag(2), largest };
        self.frame = Some(frame);
        self.out.clear();
        self.given = 0;
        Ok(true)
    }

    fn block(&mut self, frame: Frame) -> Result<(), Damage> {
        const STORED: u32 = 1 << 31;
        let size = u32::from_le_bytes(self.take()?);
        if size == 0 {
            if frame.content_checksum {
                self.take::<4>()?;
            }
            self.frame = None;
            return Ok(());
        }
        let length = usize::try_from(size & !STORED).unwrap_or(usize::MAX);
        if length > frame.largest {
            return Err(Damage::Corrupt);
        }
        self.packed.resize(length, 0);
        self.stream.read_exact(&mut self.packed)?;
        let keep = if frame.independent { 0 } else { self.out.len().min(WINDOW) };
        self.out.drain(..self.out.len() - keep);
        if size & STORED == 0 {
            let window = self.out.clone();
            self.out.resize(keep + frame.largest, 0);
            let n =
                decompress_into_with_dict(&self.packed, &mut self.out[keep..], &window).map_err(|_| Damage::Corrupt)?;
            self.out.truncate(keep + n);
        } else {
            self.out.extend_from_slice(&self.packed);
        }
        self.given = keep;
        if frame.block_checksum {
            self.take::<4>()?;
        }
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
