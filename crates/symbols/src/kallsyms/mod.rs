//! kallsyms.
use crate::{Layout, Memory, SymbolTable, Unreadable};
use std::ops::{Deref, Range};

/// Where the tables lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// `kallsyms_names`.
    pub names: u64,
    /// `kallsyms_num_syms`.
    pub num_syms: u64,
    /// `kallsyms_token_table`.
    pub token_table: u64,
    /// `kallsyms_token_index`.
    pub token_index: u64,
    /// `kallsyms_offsets`.
    pub offsets: Option<u64>,
    /// `kallsyms_addresses`.
    pub addresses: Option<u64>,
    /// `kallsyms_relative_base`.
    pub relative_base: Option<u64>,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KallsymsError {
    /// Memory.
    #[error(transparent)]
    Memory(#[from] Unreadable),
    /// Not found.
    #[error("kallsyms was not found in the kernel's image")]
    NotFound,
}

/// The kernel's own symbols.
#[derive(Debug)]
pub struct Kallsyms {
    /// The symbols.
    pub table: SymbolTable,
}

impl Deref for Kallsyms {
    type Target = SymbolTable;
    fn deref(&self) -> &SymbolTable {
        &self.table
    }
}

/// Loads.
pub fn load(
    _memory: &dyn Memory,
    _layout: Layout,
    _places: &Places,
    _known: &[(&str, u64)],
) -> Result<Kallsyms, KallsymsError> {
    Err(KallsymsError::NotFound)
}

/// Finds.
pub fn find(
    _image: &dyn Memory,
    _range: Range<u64>,
    _layout: Layout,
    _known: &[(&str, u64)],
) -> Result<(Kallsyms, Places), KallsymsError> {
    Err(KallsymsError::NotFound)
}
