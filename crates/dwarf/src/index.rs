//! Which unit covers an address: out of `.debug_aranges` (DWARF 5, 6.1.2), or out of the units themselves where that is
//! missing, as clang leaves it out.
//!
//! Must never hold more than [`MOST`] ranges, nor believe what was stored earlier more than a file.

use std::ops::ControlFlow;
use std::rc::Rc;

use gimli::Encoding;

use crate::abbrev::Abbrevs;
use crate::cursor::Cursor;
use crate::part::Part;
use crate::unit::{Bases, Header, Unit};
use crate::units;
use crate::{DwarfError, Name};

/// The most ranges of a file: 100,000 functions in sections of their own.
const MOST: usize = 1 << 22;

/// What is read at once of `.debug_info` when all units are looked at.
const BLOCK: u64 = 1 << 20;

/// Gaps between units that are looked at to judge whether a table is complete.
const LOOKED_AT: usize = 8;

/// The beginning of a stored index, with the version of its form.
const MAGIC: &[u8; 8] = b"osdwidx1";

/// A range of addresses of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Range {
    pub(crate) from: u64,
    /// The address behind the last.
    pub(crate) to: u64,
    /// Where the unit's header is in `.debug_info`.
    pub(crate) unit: u64,
}

/// The ranges of all units.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// By their beginnings.
    ranges: Vec<Range>,
    /// Of each range, the furthest end of it and all before it.
    furthest: Vec<u64>,
    /// Beginnings of units, in their order.
    pub(crate) units: Vec<u64>,
}

impl Index {
    pub(crate) fn new(mut ranges: Vec<Range>) -> Self {
        ranges.sort_unstable();
        ranges.dedup();
        let mut most = 0;
        let furthest = ranges.iter().map(|range| {
            most = range.to.max(most);
            most
        });
        let furthest = furthest.collect();
        let mut units: Vec<u64> = ranges.iter().map(|range| range.unit).collect();
        units.sort_unstable();
        units.dedup();
        Self { ranges, furthest, units }
    }

    /// The units that cover an address, the one with the smallest range first; none but a few.
    pub(crate) fn find(&self, address: u64) -> Vec<u64> {
        let behind = self.ranges.partition_point(|range| range.from <= address);
        let mut found: Vec<(u64, u64)> = Vec::new();
        for at in (0..behind).rev() {
            if self.furthest[at] <= address || found.len() >= 16 {
                break;
            }
            let range = self.ranges[at];
            if range.to > address && !found.iter().any(|&(_, unit)| unit == range.unit) {
                found.push((range.to - range.from, range.unit));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, unit)| unit).collect()
    }

    /// This one and another.
    pub(crate) fn and(mut self, other: Self) -> Self {
        if self.ranges.is_empty() {
            return other;
        }
        self.ranges.extend(other.ranges);
        Self::new(self.ranges)
    }

    /// Where the next unit begins that is known.
    pub(crate) fn after(&self, unit: u64) -> Option<u64> {
        self.units.get(self.units.partition_point(|&start| start <= unit)).copied()
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether the units of `.debug_info` seem to be all in it. It looks at where most is between two that are: of gcc's
    /// table that is a large unit, and perhaps one behind it that has no code; where clang compiled, only what was assembled
    /// is in the table, and most units are between.
    pub(crate) fn is_complete(&self, part: &Part) -> Result<bool, DwarfError> {
        let info = part.section(Name::Info)?;
        let ends = self.units.iter().skip(1).copied().chain([info.size()]);
        let mut between: Vec<(u64, u64)> =
            self.units.iter().zip(ends).map(|(&unit, end)| (end.saturating_sub(unit), unit)).collect();
        if let Some(&first) = self.units.first() {
            between.push((first, 0));
        }
        between.sort_unstable_by(|one, other| other.cmp(one));
        between.truncate(LOOKED_AT);
        let (mut whole, mut listed) = (0_u64, 0_u64);
        for (room, unit) in between {
            whole = whole.saturating_add(room);
            if self.units.binary_search(&unit).is_ok() {
                let piece = info.read(unit, 12.min(info.size().saturating_sub(unit)))?;
                let mut cursor = Cursor::within(&info, part.layout().little_endian, &piece, unit, info.size());
                listed = listed.saturating_add((cursor.length()?.0 - unit).min(room));
            }
        }
        Ok(listed >= whole / 2)
    }

    /// Reads `.debug_aranges`, all of it: it has some 200 KB.
    pub(crate) fn of_table(part: &Part) -> Result<Self, DwarfError> {
        let section = part.section(Name::Aranges)?;
        let whole = section.read(0, section.size())?;
        let mut cursor = Cursor::within(&section, part.layout().little_endian, &whole, 0, section.size());
        let mut ranges = Vec::new();
        while !cursor.is_end() {
            let begin = cursor.position();
            let (end, format) = cursor.length()?;
            let version = cursor.u16()?;
            let mut encoding = Encoding { address_size: 0, format, version };
            let unit = cursor.offset(encoding)?;
            encoding.address_size = cursor.u8()?;
            let segment = cursor.u8()?;
            if version != 2 || segment != 0 || !matches!(encoding.address_size, 4 | 8) {
                // Another form of the table; those of other units may still be read.
                cursor.seek(end);
                continue;
            }
            let pair = u64::from(encoding.address_size) * 2;
            let skip = (cursor.position() - begin).next_multiple_of(pair) - (cursor.position() - begin);
            cursor.skip(skip);
            while cursor.position().saturating_add(pair) <= end {
                let (from, length) = (cursor.address(encoding)?, cursor.address(encoding)?);
                if (from, length) == (0, 0) {
                    break;
                }
                let to = from.saturating_add(length);
                if from < to {
                    ranges.push(Range { from, to, unit });
                }
                if ranges.len() > MOST {
                    return Err(cursor.damaged("the number of ranges"));
                }
            }
            cursor.seek(end);
        }
        Ok(Self::new(ranges))
    }

    /// Looks at the first entry of every unit. `tick` is told how far it is, and stops it.
    pub(crate) fn of_units(part: &Rc<Part>, tick: &mut dyn FnMut(u64, u64) -> bool) -> Result<Self, DwarfError> {
        let section = part.section(Name::Info)?;
        let little_endian = part.layout().little_endian;
        let size = section.size();
        let (mut ranges, mut at, mut count) = (Vec::new(), 0_u64, 0_usize);
        let mut block = section.read(0, BLOCK.min(size))?;
        let mut shared: Option<(u64, Encoding, Rc<Abbrevs>)> = None;
        while at < size {
            if !tick(at, size) {
                return Err(DwarfError::Cancelled);
            }
            count += 1;
            if count > units::MOST {
                return Err(DwarfError::TooLarge { what: "the number of units", section: Name::Info, offset: at });
            }
            // A header and a root entry are far shorter than this.
            if block.end() < size && at.saturating_add(4096) > block.end() {
                block = section.read(at, BLOCK.min(size - at))?;
            }
            let mut cursor = Cursor::within(&section, little_endian, &block, at, size);
            let header = match Header::read(&mut cursor) {
                Ok(header) => header,
                // What can't be read is one unit; its length tells where the next is.
                Err(DwarfError::Unsupported { .. }) => {
                    let mut cursor = Cursor::within(&section, little_endian, &block, at, size);
                    at = cursor.length()?.0;
                    continue;
                }
                Err(error) => return Err(error),
            };
            part.effort.begin();
            let abbrevs = match &shared {
                Some((offset, encoding, abbrevs)) if (*offset, *encoding) == (header.abbrevs, header.encoding) => {
                    Ok(Rc::clone(abbrevs))
                }
                _ => part
                    .cursor(Name::Abbrev, header.abbrevs)
                    .and_then(|cursor| Abbrevs::read(cursor, header.encoding))
                    .map(Rc::new),
            };
            if let Ok(abbrevs) = abbrevs {
                shared = Some((header.abbrevs, header.encoding, Rc::clone(&abbrevs)));
                // A unit that is damaged costs itself alone.
                if let Ok(unit) = Unit::new(part, header, abbrevs, block.clone(), Bases::default(), None) {
                    let before = ranges.len();
                    let _ = unit.ranges(&unit.root, &mut |from, to| {
                        ranges.push(Range { from, to, unit: at });
                        if ranges.len() > MOST { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                    });
                    // clang gives a unit of which nothing is left no ranges; an older compiler none to any.
                    if ranges.len() == before && unit.root.children {
                        functions(&unit, at, &mut ranges);
                    }
                }
            }
            if ranges.len() > MOST {
                return Err(DwarfError::TooLarge { what: "the number of ranges", section: Name::Info, offset: at });
            }
            at = header.end;
        }
        Ok(Self::new(ranges))
    }

    /// As bytes to be kept: the ranges, each as the distance from the one before it, and a sum over all.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        put(&mut bytes, self.ranges.len() as u64);
        let (mut from, mut unit) = (0, 0_u64);
        for range in &self.ranges {
            put(&mut bytes, range.from.wrapping_sub(from));
            put(&mut bytes, range.to - range.from);
            let step = range.unit.wrapping_sub(unit).cast_signed();
            // The sign in the lowest bit, so that small steps back are short, too.
            put(&mut bytes, (step << 1 ^ step >> 63).cast_unsigned());
            (from, unit) = (range.from, range.unit);
        }
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// What [`Index::to_bytes`] made; none where it is anything else, or of a file whose units end elsewhere.
    pub(crate) fn of_bytes(bytes: &[u8], info: u64) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<8>()?;
        let mut rest = body.strip_prefix(MAGIC)?;
        if checksum(body) != u64::from_le_bytes(*sum) {
            return None;
        }
        let count = get(&mut rest)?;
        let (mut from, mut unit) = (0_u64, 0_u64);
        let mut ranges = Vec::new();
        for _ in 0..count.min(MOST as u64) {
            from = from.wrapping_add(get(&mut rest)?);
            let to = from.checked_add(get(&mut rest)?)?;
            let step = get(&mut rest)?;
            unit = unit.wrapping_add(step >> 1 ^ (step & 1).wrapping_neg());
            if unit >= info {
                return None;
            }
            ranges.push(Range { from, to, unit });
        }
        rest.is_empty().then(|| Self::new(ranges))
    }
}

/// The ranges of a unit's functions, where the unit itself tells none.
fn functions(unit: &Unit, at: u64, ranges: &mut Vec<Range>) {
    let mut walk = unit.walk(unit.root.next);
    while let Ok(Some(head)) = walk.next() {
        if head.tag == gimli::constants::DW_TAG_subprogram
            && let Ok(entry) = walk.entry()
        {
            let _ = unit.ranges(&entry, &mut |from, to| {
                ranges.push(Range { from, to, unit: at });
                if ranges.len() > MOST { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
        }
        let inside = head.tag == gimli::constants::DW_TAG_namespace;
        if ranges.len() > MOST || !inside && walk.pass_children().is_err() {
            return;
        }
    }
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f).to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

fn get(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// FNV-1a, which finds what was cut or overwritten; nobody is kept out by it.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The name that an index is stored under.
pub(crate) fn stored_name(build_id: &[u8]) -> String {
    use std::fmt::Write as _;
    build_id.iter().take(32).fold(String::from("units-"), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}
