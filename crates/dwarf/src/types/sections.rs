//! The sections that types are read from, and the names and numbers that they refer to in each other.
//!
//! Must never hold a section.

use crate::cursor::Cursor;
use crate::part::Part;
use crate::section::Section;
use crate::{DwarfError, Name};
use gimli::{AttributeValue, EndianSlice, RunTimeEndian};
use std::rc::Rc;

/// Bytes of a unit.
pub(super) type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

/// The sections.
pub(super) struct Sections {
    pub(super) info: Rc<Section>,
    pub(super) abbrev: Rc<Section>,
    pub(super) str: Option<Rc<Section>>,
    pub(super) line_str: Option<Rc<Section>>,
    pub(super) str_offsets: Option<Rc<Section>>,
    pub(super) addr: Option<Rc<Section>>,
    pub(super) little_endian: bool,
}

/// What a unit says of itself that its names and addresses need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bases {
    pub(super) str_offsets: u64,
    pub(super) addr: u64,
    pub(super) word: u8,
    pub(super) address: u8,
}

/// Where a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NameAt<'a> {
    /// In the entry.
    Here(&'a [u8]),
    /// In `.debug_str`.
    Str(u64),
    /// In `.debug_line_str`.
    LineStr(u64),
}

impl Sections {
    /// Those of a file; the last four it may not have.
    pub(super) fn of(part: &Part) -> Result<Self, DwarfError> {
        Ok(Self {
            info: part.section(Name::Info)?,
            abbrev: part.section(Name::Abbrev)?,
            str: part.section(Name::Str).ok(),
            line_str: part.section(Name::LineStr).ok(),
            str_offsets: part.section(Name::StrOffsets).ok(),
            addr: part.section(Name::Addr).ok(),
            little_endian: part.layout().little_endian,
        })
    }

    /// Byte order, for gimli.
    pub(super) const fn endian(&self) -> RunTimeEndian {
        if self.little_endian { RunTimeEndian::Little } else { RunTimeEndian::Big }
    }

    /// Where an attribute's text stands; none if it is no text, or not there.
    pub(super) fn name_at<'a>(&self, value: &AttributeValue<Slice<'a>>, bases: &Bases) -> Option<NameAt<'a>> {
        Some(match value {
            AttributeValue::String(text) => NameAt::Here(text.slice()),
            AttributeValue::DebugStrRef(at) => NameAt::Str(at.0 as u64),
            AttributeValue::DebugLineStrRef(at) => NameAt::LineStr(at.0 as u64),
            AttributeValue::DebugStrOffsetsIndex(index) => {
                let at = (index.0 as u64).checked_mul(bases.word.into())?.checked_add(bases.str_offsets)?;
                NameAt::Str(self.number(self.str_offsets.as_ref()?, at, bases.word)?)
            }
            _ => return None,
        })
    }

    /// A text; none where it cannot be read.
    pub(super) fn text(&self, name: NameAt<'_>) -> Option<Rc<str>> {
        let (section, at) = match name {
            NameAt::Here(text) => return Some(String::from_utf8_lossy(text).into()),
            NameAt::Str(at) => (self.str.as_ref()?, at),
            NameAt::LineStr(at) => (self.line_str.as_ref()?, at),
        };
        Cursor::new(section, self.little_endian, at, section.size()).text().ok()
    }

    /// The address in `.debug_addr` that has a number.
    pub(super) fn address(&self, index: u64, bases: &Bases) -> Option<u64> {
        let at = index.checked_mul(bases.address.into())?.checked_add(bases.addr)?;
        self.number(self.addr.as_ref()?, at, bases.address)
    }

    fn number(&self, section: &Rc<Section>, at: u64, size: u8) -> Option<u64> {
        Cursor::new(section, self.little_endian, at, section.size()).number(size).ok()
    }
}

/// An error of gimli's while a unit is read.
pub(super) fn damaged(what: &'static str, offset: u64) -> DwarfError {
    DwarfError::Damaged { what, section: Name::Info, offset }
}
