//! Memory for tests, and builders of tables in every form that kernels have given them. Must never use what it tests.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod boot;
pub(crate) mod btf;
pub(crate) mod elf;
pub(crate) mod kallsyms;
pub(crate) mod orc;

use oopscope_symbols::{Layout, Memory, Unreadable};

pub(crate) const LE64: Layout = Layout { little_endian: true, pointer: 8 };
pub(crate) const BE64: Layout = Layout { little_endian: false, pointer: 8 };
pub(crate) const LE32: Layout = Layout { little_endian: true, pointer: 4 };
pub(crate) const BE32: Layout = Layout { little_endian: false, pointer: 4 };
pub(crate) const LAYOUTS: [Layout; 4] = [LE64, BE64, LE32, BE32];

/// Bytes at an address; some of them may be missing.
pub(crate) struct Image {
    pub(crate) base: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) hole: std::ops::Range<u64>,
}

impl Image {
    pub(crate) fn new(base: u64) -> Self {
        Self { base, bytes: Vec::new(), hole: 0..0 }
    }

    pub(crate) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    pub(crate) fn align(&mut self, to: u64) -> u64 {
        while !self.end().is_multiple_of(to) {
            self.bytes.push(0);
        }
        self.end()
    }

    pub(crate) fn put(&mut self, layout: Layout, value: u64, width: usize) {
        let bytes = if layout.little_endian { value.to_le_bytes().to_vec() } else { value.to_be_bytes().to_vec() };
        let part = if layout.little_endian { &bytes[..width] } else { &bytes[8 - width..] };
        self.bytes.extend_from_slice(part);
    }
}

impl Memory for Image {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        let end = address.checked_add(buf.len() as u64).ok_or(Unreadable { address })?;
        if address < self.base {
            return Err(Unreadable { address });
        }
        if address < self.hole.end && end > self.hole.start {
            return Err(Unreadable { address: address.max(self.hole.start) });
        }
        if end > self.end() {
            return Err(Unreadable { address: self.end().max(address) });
        }
        let from = usize::try_from(address - self.base).expect("in the image");
        buf.copy_from_slice(&self.bytes[from..from + buf.len()]);
        Ok(())
    }
}
