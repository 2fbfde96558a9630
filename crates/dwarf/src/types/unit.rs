//! Units that types are read from: some are kept, for a type's neighbours are asked for next.
//!
//! Must never hold more than [`BUDGET`] bytes of them beside the one that is being read.

use super::sections::{Bases, Sections, Slice};
use crate::section::Piece;
use gimli::{
    Abbreviations, AttributeValue, DebugAbbrev, DebugAbbrevOffset, DebugInfo, DebugInfoOffset, EndianSlice, EntriesRaw,
    UnitHeader, UnitOffset,
};
use std::cell::RefCell;
use std::rc::Rc;

/// Bytes of units that are kept.
const BUDGET: usize = 16 << 20;
/// The largest unit that is read.
const MOST_UNIT: u64 = 48 << 20;
/// Bytes of `.debug_abbrev` in which a unit's abbreviations usually end, and in which they must.
const ABBREVIATIONS: [u64; 2] = [64 << 10, 16 << 20];

/// A unit.
pub(super) struct Unit {
    pub(super) start: u32,
    piece: Piece,
    abbreviations: Abbreviations,
    pub(super) bases: Bases,
}

impl Unit {
    fn read(sections: &Sections, start: u32, end: u64) -> Option<Self> {
        let length = end.checked_sub(start.into()).filter(|&length| length <= MOST_UNIT)?;
        let piece = sections.info.read(start.into(), length).ok()?;
        let header = header(&piece.bytes, sections)?;
        let at = header.debug_abbrev_offset().0 as u64;
        let abbreviations = ABBREVIATIONS.iter().find_map(|most| {
            let left = sections.abbrev.size().checked_sub(at)?;
            let piece = sections.abbrev.read(at, left.min(*most)).ok()?;
            let section = DebugAbbrev::from(EndianSlice::new(&piece.bytes, sections.endian()));
            section.abbreviations(DebugAbbrevOffset(0)).ok()
        })?;
        let encoding = header.encoding();
        let word = encoding.format.word_size();
        // Behind the header of the table, where a unit does not tell (DWARF 5, 7.26 and 7.27).
        let usual = if encoding.version < 5 { 0 } else { u64::from(word) * 2 };
        let mut bases = Bases { str_offsets: usual, addr: usual, word, address: encoding.address_size };
        let mut raw = header.entries_raw(&abbreviations, None).ok()?;
        for spec in raw.read_abbreviation().ok()??.attributes() {
            match raw.read_attribute(*spec).ok()?.value() {
                AttributeValue::DebugStrOffsetsBase(base) => bases.str_offsets = base.0 as u64,
                AttributeValue::DebugAddrBase(base) => bases.addr = base.0 as u64,
                _ => {}
            }
        }
        Some(Self { start, piece, abbreviations, bases })
    }

    /// The entries from a place in `.debug_info` on.
    pub(super) fn entries<'u>(&'u self, sections: &Sections, offset: u32) -> Option<EntriesRaw<'u, Slice<'u>>> {
        let at = offset.checked_sub(self.start)? as usize;
        let header = header(&self.piece.bytes, sections)?;
        (at >= header.size_of_header()).then_some(())?;
        header.entries_raw(&self.abbreviations, Some(UnitOffset(at))).ok()
    }
}

fn header<'b>(bytes: &'b [u8], sections: &Sections) -> Option<UnitHeader<Slice<'b>>> {
    DebugInfo::new(bytes, sections.endian()).header_from_offset(DebugInfoOffset(0)).ok()
}

/// Units that are kept, that used last at the end.
#[derive(Default)]
pub(super) struct Units {
    kept: RefCell<Vec<Rc<Unit>>>,
}

impl Units {
    /// The unit between two places in `.debug_info`; none if it cannot be read or is damaged.
    pub(super) fn get(&self, sections: &Sections, start: u32, end: u64) -> Option<Rc<Unit>> {
        let mut kept = self.kept.borrow_mut();
        if let Some(at) = kept.iter().position(|unit| unit.start == start) {
            let unit = kept.remove(at);
            kept.push(Rc::clone(&unit));
            return Some(unit);
        }
        let unit = Rc::new(Unit::read(sections, start, end)?);
        let size = |unit: &Rc<Unit>| unit.piece.bytes.len();
        let mut sum: usize = kept.iter().map(size).sum::<usize>() + size(&unit);
        while sum > BUDGET && !kept.is_empty() {
            sum -= size(&kept.remove(0));
        }
        kept.push(Rc::clone(&unit));
        Some(unit)
    }
}
