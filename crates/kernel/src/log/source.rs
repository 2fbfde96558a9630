//! Memory as the readers of the log need it: bytes at kernel addresses, read in blocks and handed out in pieces. Must never
//! allocate by a number that memory tells, nor hide an address that could not be read.

use crate::error::MemoryError;

/// How much is read at once. A ring is walked from its front to its end.
const BLOCK: u64 = 16 << 10;

/// Reads kernel memory.
pub type Read<'a> = &'a dyn Fn(u64, &mut [u8]) -> Result<(), MemoryError>;

/// How the kernel writes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The byte order.
    pub little_endian: bool,
    /// Size of a `long` in bytes: 4 or 8.
    pub long: u64,
}

impl Words {
    /// The unsigned number of `size` bytes (1 to 8) at `at` of `bytes`; `None` where they do not hold it.
    pub fn number(self, bytes: &[u8], at: u64, size: u64) -> Option<u64> {
        let start = usize::try_from(at).ok()?;
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        let bytes = bytes.get(start..end).filter(|bytes| bytes.len() <= 8)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.little_endian { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    }

    /// The `long` at `at` of `bytes`.
    pub fn long(self, bytes: &[u8], at: u64) -> Option<u64> {
        self.number(bytes, at, self.long)
    }

    /// All bits of a `long`.
    pub const fn mask(self) -> u64 {
        if self.long == 4 { u32::MAX as u64 } else { u64::MAX }
    }

    /// Number of bits of a `long`.
    pub const fn bits(self) -> u32 {
        if self.long == 4 { 32 } else { 64 }
    }
}

/// One part of memory that is read from its front to its end in small pieces.
pub(crate) struct Window<'a> {
    read: Read<'a>,
    /// Where [`Self::block`] begins.
    start: u64,
    block: Vec<u8>,
    /// What could not be read as a block.
    piece: Vec<u8>,
    /// The block that could not be read.
    gap: Option<u64>,
}

impl<'a> Window<'a> {
    pub(crate) fn new(read: Read<'a>) -> Self {
        Self { read, start: 0, block: Vec::new(), piece: Vec::new(), gap: None }
    }

    /// `length` bytes at `address`. A length must come from a bounded field: `u16` or a type's size that was checked.
    pub(crate) fn get(&mut self, address: u64, length: u64) -> Result<&[u8], MemoryError> {
        let wraps = MemoryError::Wraps { address, length };
        let end = address.checked_add(length).ok_or(wraps)?;
        let size = usize::try_from(length).map_err(|_| wraps)?;
        let start = address & !(BLOCK - 1);
        if end - start <= BLOCK && self.gap != Some(start) {
            if self.block.is_empty() || self.start != start {
                self.block.resize(usize::try_from(BLOCK).map_err(|_| wraps)?, 0);
                if (self.read)(start, &mut self.block).is_ok() {
                    self.start = start;
                } else {
                    self.block.clear();
                    self.gap = Some(start);
                }
            }
            let at = usize::try_from(address - start).map_err(|_| wraps)?;
            if !self.block.is_empty()
                && let Some(bytes) = self.block.get(at..at + size)
            {
                return Ok(bytes);
            }
        }
        self.piece.clear();
        self.piece.resize(size, 0);
        (self.read)(address, &mut self.piece)?;
        Ok(&self.piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_byte_orders() {
        let little = Words { little_endian: true, long: 4 };
        let big = Words { little_endian: false, long: 8 };
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(little.number(&bytes, 1, 2), Some(0x0302));
        assert_eq!(little.long(&bytes, 4), Some(0x0807_0605));
        assert_eq!(big.long(&bytes, 0), Some(0x0102_0304_0506_0708));
        assert_eq!(big.number(&bytes, 6, 4), None);
        assert_eq!(big.number(&bytes, u64::MAX, 2), None);
    }

    #[test]
    fn a_gap_costs_only_what_lies_in_it() {
        let read = |address: u64, buf: &mut [u8]| {
            let end = address + buf.len() as u64;
            if address < 0x3000 && end > 0x2000 {
                return Err(MemoryError::NotMapped { address, level: "PTE" });
            }
            buf.fill(7);
            Ok(())
        };
        let mut window = Window::new(&read);
        assert_eq!(window.get(0x1ff8, 8), Ok([7; 8].as_slice()));
        assert!(window.get(0x1ff8, 9).is_err());
        assert_eq!(window.get(0x3000, 4), Ok([7; 4].as_slice()));
        assert_eq!(window.get(0x3fff, 4), Ok([7; 4].as_slice()));
        assert_eq!(window.get(0x9000, 2), Ok([7; 2].as_slice()));
        assert!(window.get(u64::MAX, 2).is_err());
    }
}
