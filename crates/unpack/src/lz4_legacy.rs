//! lz4's first file format, `lz4 -l`: the one that kernel images are packed in (doc/lz4_Frame_format.md of the lz4 project,
//! "Legacy frame"; lib/decompress_unlz4.c of the kernel).
//!
//! Must never hold more than one block, 8 MiB, and what it was packed in.

use crate::Damage;
use crate::input::Stream;
use std::io::Read;

const MAGIC: u32 = 0x184c_2102;

/// Bytes of every block but the last.
const BLOCK: usize = 8 << 20;

/// The most bytes that a block is packed in.
const PACKED: usize = BLOCK + BLOCK / 255 + 16;

pub(crate) struct Lz4Legacy {
    stream: Stream,
    begun: bool,
    /// Whether something else may follow: there is no mark of the end.
    single: bool,
    /// Whether a block has been read.
    any: bool,
    out: Vec<u8>,
    given: usize,
}

impl Lz4Legacy {
    pub(crate) fn new(stream: Stream, several: bool) -> Self {
        Self { stream, begun: false, single: !several, any: false, out: Vec::new(), given: 0 }
    }

    pub(crate) fn position(&self) -> u64 {
        self.stream.position()
    }

    pub(crate) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        while self.given == self.out.len() && !buf.is_empty() {
            match self.block() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                // What is no block is what follows the last one.
                Err(Damage::Corrupt | Damage::Truncated) if self.single && self.any => {
                    self.out.clear();
                    self.given = 0;
                    return Ok(0);
                }
                Err(damage) => return Err(damage),
            }
        }
        let n = buf.len().min(self.out.len() - self.given);
        buf[..n].copy_from_slice(&self.out[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }

    /// The next block; false at the end.
    fn block(&mut self) -> Result<bool, Damage> {
        if self.begun && self.stream.fill()?.is_empty() {
            return Ok(false);
        }
        let size = self.number()?;
        if size == MAGIC {
            self.begun = true;
            return Ok(true);
        }
        // The kernel's build puts the unpacked size behind the last block.
        if self.begun && self.stream.fill()?.is_empty() {
            return Ok(false);
        }
        let size = usize::try_from(size).ok().filter(|&size| self.begun && (1..=PACKED).contains(&size));
        let size = size.ok_or(Damage::Corrupt)?;
        let mut packed = Vec::new();
        (&mut self.stream).take(size as u64).read_to_end(&mut packed)?;
        if packed.len() < size {
            return Err(Damage::Truncated);
        }
        self.given = 0;
        // 255 times is the most that a block unpacks to.
        self.out.resize(BLOCK.min(size * 255), 0);
        let n = lz4_flex::block::decompress_into(&packed, &mut self.out);
        self.out.truncate(*n.as_ref().unwrap_or(&0));
        self.any |= n.is_ok();
        n.map(|_| true).map_err(|_| Damage::Corrupt)
    }

    fn number(&mut self) -> Result<u32, Damage> {
        let mut bytes = [0; 4];
        self.stream.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
}
