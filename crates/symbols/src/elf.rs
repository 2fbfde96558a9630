//! elf.
use crate::{Layout, SymbolTable};
use oopscope_source::{ReadAt, ReadError};

/// Why a file could not be read as an ELF file with symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// Reading.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Not ELF.
    #[error("it is no ELF file")]
    NotElf,
}

/// What a vmlinux or a module tells by its symbol table.
#[derive(Debug)]
pub struct ElfFile {
    layout: Layout,
    machine: u16,
    build_id: Option<Vec<u8>>,
    symbols: SymbolTable,
}

impl ElfFile {
    /// Reads headers, build-id and symbols.
    pub fn open(_file: &dyn ReadAt) -> Result<Self, ElfError> {
        Err(ElfError::NotElf)
    }
    /// The symbols.
    pub fn symbols(&self) -> &SymbolTable {
        &self.symbols
    }
    /// `e_machine`.
    pub fn machine(&self) -> u16 {
        self.machine
    }
    /// Build-id.
    pub fn build_id(&self) -> Option<&[u8]> {
        self.build_id.as_deref()
    }
    /// Layout.
    pub fn layout(&self) -> Layout {
        self.layout
    }
}
