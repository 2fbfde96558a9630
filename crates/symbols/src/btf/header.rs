//! The header of BTF: where types and names lie.
//!
//! Must never give a range that is not inside the bytes.

use std::ops::Range;

use super::Btf;
use crate::Layout;

/// The first two bytes, as a number.
const MAGIC: u16 = 0xeb9f;

/// Bytes of a header without a layout of kinds.
const SHORT: usize = 24;

/// Bytes of a header with one (struct btf_header since 7.x: `layout_off`, `layout_len`).
const LONG: usize = 32;

/// Why bytes are no BTF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BtfError {
    /// There are fewer than a header has.
    #[error("there is no BTF: its header has {SHORT} bytes, here are {length}")]
    Short {
        /// How many there are.
        length: usize,
    },
    /// They begin with something else.
    #[error("there is no BTF: it begins with {found:#06x}, not with {MAGIC:#06x}")]
    Magic {
        /// With what.
        found: u16,
    },
    /// A version of the format that nobody knows yet.
    #[error("the BTF is of version {version}, which is not known")]
    Version {
        /// Which.
        version: u8,
    },
    /// A section that does not lie in the bytes.
    #[error("the BTF is damaged: its {section} lie outside of it (from byte {offset}, {length} bytes)")]
    Section {
        /// Which section.
        section: &'static str,
        /// Where it is said to begin, counted from the end of the header.
        offset: u32,
        /// How long it is said to be.
        length: u32,
    },
}

/// Where everything lies in the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) types: Range<usize>,
    pub(super) names: Range<usize>,
    /// For each kind of record, bytes after its head, and bytes for each of its elements; where the header has it.
    pub(super) kinds: Vec<(u8, u8)>,
}

impl Header {
    pub(super) fn parse(bytes: &[u8], layout: Layout) -> Result<Self, BtfError> {
        if bytes.len() < SHORT {
            return Err(BtfError::Short { length: bytes.len() });
        }
        let number = |at: usize| layout.u32(bytes.get(at..).unwrap_or(&[]));
        let found = layout.u16(bytes);
        if found != MAGIC {
            return Err(BtfError::Magic { found });
        }
        if bytes[2] != 1 {
            return Err(BtfError::Version { version: bytes[2] });
        }
        let length = number(4);
        let start = length as usize;
        if start < SHORT || start > bytes.len() {
            return Err(BtfError::Section { section: "header", offset: 0, length });
        }
        let section = |section, offset: u32, length: u32| {
            let from = start.checked_add(offset as usize);
            let to = from.and_then(|from| from.checked_add(length as usize)).filter(|&to| to <= bytes.len());
            from.zip(to).map(|(from, to)| from..to).ok_or(BtfError::Section { section, offset, length })
        };
        let types = section("types", number(8), number(12))?;
        let names = section("names", number(16), number(20))?;
        let mut kinds = Vec::new();
        if start >= LONG && number(28) != 0 {
            let table = bytes.get(section("layout", number(24), number(28))?).unwrap_or(&[]);
            kinds = table.chunks_exact(4).take(128).map(|kind| (kind[0], kind[1])).collect();
        }
        Ok(Self { types, names, kinds })
    }

    /// How many bytes of names a split BTF finds in what it is split from.
    pub(super) fn names_before(base: Option<&Btf>) -> u32 {
        base.map_or(0, Btf::names_end)
    }
}

impl Btf {
    /// The offset after the last name's, those of the base counted.
    fn names_end(&self) -> u32 {
        let own = u32::try_from(self.header.names.len()).unwrap_or(u32::MAX);
        Header::names_before(self.base.as_deref()).saturating_add(own)
    }
}
