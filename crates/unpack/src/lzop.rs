//! lzop's files: LZO1X blocks with headers (lib/decompress_unlzo.c of the kernel reads the same).
//!
//! Must never allocate more than one block of the size that the program allows.

use crate::Damage;
use crate::input::Stream;
use std::io::Read;

const MAGIC: [u8; 9] = *b"\x89LZO\0\r\n\x1a\n";

/// The largest block: the program makes 256 KiB, and reads no more than this.
const LARGEST: usize = 64 << 20;

/// Flags of the header: which sums follow, and whether there is a filter or a field of the user's.
const ADLER_OUT: u32 = 1;
const ADLER_IN: u32 = 2;
const EXTRA: u32 = 0x40;
const CRC_OUT: u32 = 0x100;
const CRC_IN: u32 = 0x200;
const FILTER: u32 = 0x800;

pub(crate) struct Lzop {
    stream: Stream,
    /// The flags of the member that is being read.
    flags: Option<u32>,
    /// Whether a member has been read.
    any: bool,
    out: Vec<u8>,
    given: usize,
}

impl Lzop {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, flags: None, any: false, out: Vec::new(), given: 0 }
    }

    pub(crate) fn position(&self) -> u64 {
        self.stream.position()
    }

    pub(crate) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        if buf.is_empty() {
            return Ok(0);
        }
        while self.given == self.out.len() {
            match self.flags {
                Some(flags) => self.block(flags)?,
                None => {
                    if !self.header()? {
                        return Ok(0);
                    }
                }
            }
        }
        let n = buf.len().min(self.out.len() - self.given);
        buf[..n].copy_from_slice(&self.out[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }

    /// A member's header; false where there is none behind another.
    fn header(&mut self) -> Result<bool, Damage> {
        if self.any && self.stream.fill()?.first() != MAGIC.first() {
            return Ok(false);
        }
        if self.take::<9>()? != MAGIC {
            return Err(Damage::Corrupt);
        }
        let version = u16::from_be_bytes(self.take()?);
        self.take::<2>()?;
        // Before 0.940 a header had fewer fields.
        let newer = version >= 0x940;
        if newer {
            self.take::<2>()?;
        }
        let [method] = self.take()?;
        if !(1..=3).contains(&method) {
            return Err(Damage::Unsupported);
        }
        if newer {
            self.take::<1>()?;
        }
        let flags = self.number()?;
        if flags & FILTER != 0 {
            return Err(Damage::Unsupported);
        }
        // Mode and time, of which the upper half came later.
        self.take::<8>()?;
        if newer {
            self.take::<4>()?;
        }
        let [name] = self.take()?;
        self.pass(usize::from(name))?;
        self.take::<4>()?;
        if flags & EXTRA != 0 {
            let size = usize::try_from(self.number()?).ok().filter(|&size| size <= 64 << 10);
            self.pass(size.ok_or(Damage::Corrupt)?)?;
            self.take::<4>()?;
        }
        (self.flags, self.any) = (Some(flags), true);
        Ok(true)
    }

    fn block(&mut self, flags: u32) -> Result<(), Damage> {
        let size = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        (self.given, self.flags) = (0, Some(flags));
        self.out.clear();
        if size == 0 {
            self.flags = None;
            return Ok(());
        }
        let packed = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if size > LARGEST || packed > size || packed == 0 {
            return Err(Damage::Corrupt);
        }
        let sums = [(ADLER_OUT, true), (CRC_OUT, true), (ADLER_IN, packed < size), (CRC_IN, packed < size)];
        for (flag, there) in sums {
            if there && flags & flag != 0 {
                self.take::<4>()?;
            }
        }
        let mut bytes = Vec::new();
        (&mut self.stream).take(packed as u64).read_to_end(&mut bytes)?;
        if bytes.len() < packed {
            return Err(Damage::Truncated);
        }
        if packed == size {
            self.out = bytes;
            return Ok(());
        }
        // 255 times is the most that LZO1X unpacks to.
        self.out.resize(size.min(packed.saturating_mul(255)), 0);
        let n = lzo::decompress_into(&bytes, &mut self.out).map_err(|_| Damage::Corrupt)?;
        if n != size {
            self.out.clear();
            return Err(Damage::Corrupt);
        }
        Ok(())
    }

    fn pass(&mut self, count: usize) -> Result<(), Damage> {
        for _ in 0..count {
            self.take::<1>()?;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<u32, Damage> {
        Ok(u32::from_be_bytes(self.take()?))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
