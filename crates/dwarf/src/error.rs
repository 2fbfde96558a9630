//! Why debug information was not read, in words that tell what to do.
//!
//! Must never allocate: an error is made for every frame of a damaged file.

use std::fmt;

use oopscope_source::ReadError;
use oopscope_unpack::Damage;

/// A section of debug information, by its name without `.dwo` and `.z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// `.debug_abbrev`: what the entries of `.debug_info` are made of.
    Abbrev,
    /// `.debug_addr`: addresses that are named by their number.
    Addr,
    /// `.debug_aranges`: the unit of an address.
    Aranges,
    /// `.debug_frame`: how to get to the caller.
    Frame,
    /// `.eh_frame`: the same, as programs carry it with them.
    EhFrame,
    /// `.debug_info`: functions, variables, types.
    Info,
    /// `.debug_line`: the lines of addresses.
    Line,
    /// `.debug_line_str`: file names of DWARF 5.
    LineStr,
    /// `.debug_loc`: where variables are, DWARF 2 to 4.
    Loc,
    /// `.debug_loclists`: the same, DWARF 5.
    LocLists,
    /// `.debug_ranges`: functions in several pieces, DWARF 3 and 4.
    Ranges,
    /// `.debug_rnglists`: the same, DWARF 5.
    RngLists,
    /// `.debug_str`: names.
    Str,
    /// `.debug_str_offsets`: names by their number.
    StrOffsets,
    /// `.debug_types`: types in units of their own, DWARF 4.
    Types,
    /// `.debug_cu_index`: where a unit's pieces are in a package of split units.
    CuIndex,
    /// `.debug_tu_index`: the same for units of types.
    TuIndex,
}

impl Name {
    /// `.debug_info`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Abbrev => ".debug_abbrev",
            Self::Addr => ".debug_addr",
            Self::Aranges => ".debug_aranges",
            Self::Frame => ".debug_frame",
            Self::EhFrame => ".eh_frame",
            Self::Info => ".debug_info",
            Self::Line => ".debug_line",
            Self::LineStr => ".debug_line_str",
            Self::Loc => ".debug_loc",
            Self::LocLists => ".debug_loclists",
            Self::Ranges => ".debug_ranges",
            Self::RngLists => ".debug_rnglists",
            Self::Str => ".debug_str",
            Self::StrOffsets => ".debug_str_offsets",
            Self::Types => ".debug_types",
            Self::CuIndex => ".debug_cu_index",
            Self::TuIndex => ".debug_tu_index",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Why debug information was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DwarfError {
    /// The file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file has none.
    #[error("it has no debug information; the debug package of the same kernel has it")]
    None,
    /// A section that another one refers to is not there.
    #[error("its debug information refers to {section}, which is not in the file")]
    Missing {
        /// Which.
        section: Name,
    },
    /// Something ends in the middle.
    #[error(
        "{section} ends at {offset:#x}, in the middle of something: the file is damaged, or not the whole of it is here"
    )]
    Cut {
        /// Of which section.
        section: Name,
        /// Where it ends.
        offset: u64,
    },
    /// Something makes no sense.
    #[error("{what} at {offset:#x} in {section} makes no sense: the file is damaged")]
    Damaged {
        /// What was being read.
        what: &'static str,
        /// In which section.
        section: Name,
        /// Where.
        offset: u64,
    },
    /// Something is larger than anything that makes sense, or goes on without an end.
    #[error("{what} at {offset:#x} in {section} is larger than any kernel has: the file is damaged")]
    TooLarge {
        /// What was being read.
        what: &'static str,
        /// In which section.
        section: Name,
        /// Where.
        offset: u64,
    },
    /// A form of debug information that is not read here.
    #[error("{what} at {offset:#x} in {section} is of a kind that is not read here")]
    Unsupported {
        /// What was being read.
        what: &'static str,
        /// In which section.
        section: Name,
        /// Where.
        offset: u64,
    },
    /// A relocation of a module that is not known.
    #[error("{section} has relocations of kind {kind} for machine {machine}, which are not known here")]
    Relocation {
        /// Of which section's bytes.
        section: Name,
        /// `ELF64_R_TYPE`.
        kind: u32,
        /// `e_machine`.
        machine: u16,
    },
    /// A compressed section could not be unpacked.
    #[error("{section} is compressed, and {damage}")]
    Packed {
        /// Which.
        section: Name,
        /// Why.
        damage: Damage,
    },
    /// The debug information is in another file, which was not given.
    #[error("{what}")]
    Elsewhere {
        /// A sentence that says which file is needed.
        what: &'static str,
    },
    /// Whoever waits for it does not want it any more.
    #[error("it was stopped")]
    Cancelled,
}
