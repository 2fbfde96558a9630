//! Names, types and unwind tables out of bytes that it is handed: kallsyms, BTF, ORC and an ELF file's symbols.
//!
//! Must never read memory by itself: what lies in the dumped kernel comes through [`Memory`], what lies in a file through
//! `oopscope_source::ReadAt`. It knows no kernel version: a table's form is found by what is in it.
#![forbid(unsafe_code)]

pub mod btf;
pub mod elf;
mod elf_symbol;
pub mod globals;
pub mod image;
mod index;
pub mod kallsyms;
pub mod module;
pub mod module_places;
pub mod orc;
pub mod system_map;
pub mod table;
mod text_lines;
pub mod types;
mod window;

pub use table::{Symbol, SymbolTable};
pub use types::{Member, Type, TypeId, Types};

/// Virtual memory of the dumped kernel, as far as symbols need it.
pub trait Memory {
    /// Fills `buf` with what lies at `address`. Either all of it, or the first address that could not be read.
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable>;
}

/// Memory that could not be read. Why is known to whoever implements [`Memory`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("memory at {address:#x} could not be read")]
pub struct Unreadable {
    /// The first address without data.
    pub address: u64,
}

/// How numbers lie in the dumped kernel's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Whether the least significant byte comes first.
    pub little_endian: bool,
    /// Bytes of a pointer and of a `long`: 8 or 4.
    pub pointer: u8,
}

impl Layout {
    /// The first two bytes as a number; zero where there are fewer.
    pub fn u16(self, bytes: &[u8]) -> u16 {
        let Some(raw) = bytes.first_chunk() else { return 0 };
        if self.little_endian { u16::from_le_bytes(*raw) } else { u16::from_be_bytes(*raw) }
    }

    /// The first four bytes as a number; zero where there are fewer.
    pub fn u32(self, bytes: &[u8]) -> u32 {
        let Some(raw) = bytes.first_chunk() else { return 0 };
        if self.little_endian { u32::from_le_bytes(*raw) } else { u32::from_be_bytes(*raw) }
    }

    /// The first eight bytes as a number; zero where there are fewer.
    pub fn u64(self, bytes: &[u8]) -> u64 {
        let Some(raw) = bytes.first_chunk() else { return 0 };
        if self.little_endian { u64::from_le_bytes(*raw) } else { u64::from_be_bytes(*raw) }
    }

    /// The first bytes as an unsigned `long` or a pointer; zero where there are fewer.
    pub fn long(self, bytes: &[u8]) -> u64 {
        if self.pointer == 4 { u64::from(self.u32(bytes)) } else { self.u64(bytes) }
    }

    /// An address brought back into the address space, after a sum that went past its end.
    pub fn wrap(self, address: u64) -> u64 {
        if self.pointer == 4 { address & 0xffff_ffff } else { address }
    }
}
