//! One symbol as ELF has it: in files, and in the memory of kernels that keep their modules' tables.
//!
//! Must never decide what a symbol is for: its users do.

use crate::Layout;

/// An `Elf32_Sym` or `Elf64_Sym` (include/uapi/linux/elf.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ElfSymbol {
    /// Where its name begins in the table of names.
    pub(crate) name: u32,
    /// Its binding and type.
    pub(crate) info: u8,
    /// The number of its section; 0 where it is not defined, from 0xff00 on special.
    pub(crate) section: u16,
    pub(crate) value: u64,
    pub(crate) size: u64,
}

/// Bytes of a symbol.
pub(crate) const fn size(layout: Layout) -> usize {
    if layout.pointer == 4 { 16 } else { 24 }
}

impl ElfSymbol {
    /// Reads one; what is missing is zero.
    pub(crate) fn new(raw: &[u8], layout: Layout) -> Self {
        let at = |at: usize| raw.get(at..).unwrap_or(&[]);
        let byte = |at: usize| raw.get(at).copied().unwrap_or(0);
        let name = layout.u32(raw);
        if layout.pointer == 4 {
            let (value, size) = (u64::from(layout.u32(at(4))), u64::from(layout.u32(at(8))));
            return Self { name, value, size, info: byte(12), section: layout.u16(at(14)) };
        }
        Self { name, info: byte(4), section: layout.u16(at(6)), value: layout.u64(at(8)), size: layout.u64(at(16)) }
    }
}

/// Whether it names something: mapping symbols (`$x`, `$d`) and labels of the assembler (`.L12`) do not
/// (include/linux/module_symbol.h, is_mapping_symbol).
pub(crate) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && !name.starts_with(b".L") && !name.starts_with(b"$") && !name.starts_with(b"L0\x01")
}
