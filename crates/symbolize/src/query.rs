//! Questions about one address or one place, as addr2line, faddr2line and gdb's `list *(f+0x25)` answer them.
//!
//! Must never choose between two functions of one name.

use oopscope_dwarf::Spot;

/// One place in a file that a question may mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, by its name.
    pub file: String,
    /// Address in the file: of a module, the offset in `section`.
    pub address: u64,
    /// A module's section.
    pub section: Option<String>,
    /// The symbol there, the offset in it and its size.
    pub symbol: Option<(String, u64, Option<u64>)>,
    /// Innermost first, the last is the function that is really there; none where no debug information covers it.
    pub spots: Vec<Spot>,
}

/// What a question about places gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// All that it may mean.
    pub places: Vec<Place>,
    /// What must be known, in words: candidates that were left out and why.
    pub notes: Vec<String>,
}

/// Why a question could not be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is neither an address nor a place.
    #[error("{0:?} is neither an address (0xffffffff81000000) nor a place (function+0x25, function+0x25/0x50)")]
    Form(String),
    /// Nothing of that name or at that address.
    #[error("{0}")]
    Nothing(String),
}
