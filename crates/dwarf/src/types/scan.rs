//! One pass over `.debug_info`: which types, constants and variables there are outside of functions, and where.
//!
//! Every unit repeats the types of the headers that it includes, so that a kernel has each of them some thousand times:
//! what has the same name, size, line and first member is one. Names are told by where they stand in `.debug_str`,
//! which linkers have made unique; they are read at the end.
//!
//! Must never let a damaged unit cost another one; must never hold more than one unit.

use super::index::{Index, Item, Sort};
use super::sections::{Bases, NameAt, Sections, Slice, damaged};
use super::window::Window;
use crate::{DwarfError, Name};
use gimli::constants as dw;
use gimli::{Abbreviation, Abbreviations, AttributeValue, DebugAbbrev, DebugAbbrevOffset, DebugInfo, DebugInfoOffset};
use gimli::{EndianSlice, EntriesRaw, UnitHeader, UnitOffset};
use oopscope_symbols::types::Kind;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// The largest unit that is read.
const MOST_UNIT: u64 = 48 << 20;
/// Bytes of `.debug_abbrev` in which a unit's abbreviations usually end, and in which they must.
const ABBREVIATIONS: [u64; 2] = [256 << 10, 16 << 20];
/// The most entries with different names.
const MOST_ITEMS: usize = 4 << 20;
/// The longest name that is kept.
const LONGEST_NAME: usize = 512;

/// What is told to whoever waits: bytes that were read, bytes that there are. False ends it.
pub(crate) type Tick<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// Finds all names.
pub(super) fn scan(sections: &Sections, tick: Tick<'_>) -> Result<Index, DwarfError> {
    let total = sections.info.size();
    if total > u64::from(u32::MAX) {
        return Err(DwarfError::TooLarge { what: "the section", section: Name::Info, offset: 0 });
    }
    let mut scan =
        Scan { sections, found: Vec::new(), short: BTreeMap::new(), seen: HashSet::default(), index: Index::default() };
    let (mut info, mut abbrev) = (Window::new(&sections.info), Window::new(&sections.abbrev));
    let mut last: Option<(usize, Abbreviations)> = None;
    let (mut at, mut told) = (0_u64, 0_u64);
    while at < total {
        if at - told >= 4 << 20 || told == 0 {
            told = at.max(1);
            if !tick(at, total) {
                return Err(DwarfError::Cancelled);
            }
        }
        let start = u32::try_from(at).unwrap_or(u32::MAX);
        let Some(length) = unit_length(info.some(at, 12)?, sections).filter(|&length| length <= total - at) else {
            scan.damage(start);
            break;
        };
        scan.index.units.push(start);
        let unit =
            if length <= MOST_UNIT { scan.unit(at, info.get(at, length)?, &mut abbrev, &mut last) } else { Err(()) };
        if unit.is_err() {
            scan.damage(start);
        }
        at += length;
    }
    scan.finish()
}

/// Bytes of a unit with its length (DWARF 5, 7.5.1).
fn unit_length(head: &[u8], sections: &Sections) -> Option<u64> {
    let layout = oopscope_symbols::Layout { little_endian: sections.little_endian, pointer: 8 };
    match (head.len() >= 4).then(|| layout.u32(head))? {
        0xffff_ffff if head.len() == 12 => layout.u64(&head[4..]).checked_add(12),
        0xffff_fff0.. | 0 => None,
        length => Some(u64::from(length) + 4),
    }
}

/// A hash of numbers that are no-one's choice but the compiler's: fast, and never gone through in its order.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}

/// A name as the pass has it: where it stands, or the number of a short one.
type NameNumber = u64;
const LINE_STR: u64 = 1 << 61;
const SHORT: u64 = 1 << 62;

/// An entry whose name has not been read.
struct Raw {
    name: NameNumber,
    sort: Sort,
    offset: u32,
    value: u64,
}

struct Scan<'s> {
    sections: &'s Sections,
    found: Vec<Raw>,
    /// Names that stand in the entries themselves, and their numbers.
    short: BTreeMap<Vec<u8>, u64>,
    seen: HashSet<[u64; 4], BuildHasherDefault<Mixed>>,
    index: Index,
}

/// A member or a constant.
#[derive(Clone, Copy)]
struct Child {
    name: Option<NameNumber>,
}

/// What is wanted of an entry.
#[derive(Default)]
struct Facts {
    name: Option<NameNumber>,
    size: u64,
    line: u64,
    declared: bool,
    location: Option<u64>,
    specification: Option<usize>,
    sibling: Option<usize>,
}

/// A unit while it is gone through.
struct Unit<'u> {
    start: u64,
    header: UnitHeader<Slice<'u>>,
    abbreviations: &'u Abbreviations,
    bases: Bases,
}

impl<'u> Unit<'u> {
    /// Entries from an offset in the unit on, which must lie behind `after`.
    fn entries(&self, at: usize, after: usize) -> Result<EntriesRaw<'u, Slice<'u>>, ()> {
        if at <= after {
            return Err(());
        }
        self.header.entries_raw(self.abbreviations, Some(UnitOffset(at))).map_err(|_| ())
    }
}

impl Scan<'_> {
    fn damage(&mut self, start: u32) {
        self.index.damaged = self.index.damaged.or(Some(start));
    }

    /// One unit. What was found before it stopped making sense stays.
    fn unit(
        &mut self,
        start: u64,
        bytes: &[u8],
        abbrev: &mut Window,
        last: &mut Option<(usize, Abbreviations)>,
    ) -> Result<(), ()> {
        let endian = self.sections.endian();
        let header = DebugInfo::new(bytes, endian).header_from_offset(DebugInfoOffset(0)).map_err(|_| ())?;
        let at = header.debug_abbrev_offset().0;
        if last.as_ref().is_none_or(|(of, _)| *of != at) {
            let parse = |bytes: &[u8]| {
                let section = DebugAbbrev::from(EndianSlice::new(bytes, endian));
                section.abbreviations(DebugAbbrevOffset(0)).ok()
            };
            let mut tries = ABBREVIATIONS.iter().map(|&most| abbrev.some(at as u64, most).ok().and_then(parse));
            *last = Some((at, tries.find_map(|found| found).ok_or(())?));
        }
        let abbreviations = last.as_ref().map(|(_, all)| all).ok_or(())?;
        let encoding = header.encoding();
        self.index.address_size = self.index.address_size.max(encoding.address_size);
        let word = encoding.format.word_size();
        // Behind the header of the table, where a unit does not tell (DWARF 5, 7.26 and 7.27).
        let header_size = if encoding.version < 5 { 0 } else { u64::from(word) * 2 };
        let bases = Bases { str_offsets: header_size, addr: header_size, word, address: encoding.address_size };
        let mut unit = Unit { start, header, abbreviations, bases };
        let mut raw = unit.entries(unit.header.root_offset().0, 0)?;
        let Some(root) = raw.read_abbreviation().map_err(|_| ())? else { return Ok(()) };
        for spec in root.attributes() {
            match raw.read_attribute(*spec).map_err(|_| ())?.value() {
                AttributeValue::DebugStrOffsetsBase(base) => unit.bases.str_offsets = base.0 as u64,
                AttributeValue::DebugAddrBase(base) => unit.bases.addr = base.0 as u64,
                _ => {}
            }
        }
        let of_types = matches!(root.tag(), dw::DW_TAG_compile_unit | dw::DW_TAG_partial_unit | dw::DW_TAG_type_unit);
        if root.has_children() && of_types { self.entries(&unit, raw) } else { Ok(()) }
    }

    /// The entries outside of functions.
    fn entries<'u>(&mut self, unit: &Unit<'u>, mut raw: EntriesRaw<'u, Slice<'u>>) -> Result<(), ()> {
        while !raw.is_empty() {
            let at = raw.next_offset().0;
            let Some(entry) = raw.read_abbreviation().map_err(|_| ())? else { return Ok(()) };
            let kind = match entry.tag() {
                dw::DW_TAG_structure_type | dw::DW_TAG_class_type => Some(Kind::Struct),
                dw::DW_TAG_union_type => Some(Kind::Union),
                dw::DW_TAG_enumeration_type => Some(Kind::Enum),
                dw::DW_TAG_typedef => Some(Kind::Typedef),
                dw::DW_TAG_base_type => Some(Kind::Base),
                _ => None,
            };
            let sibling = match kind {
                Some(kind) => {
                    let facts = self.facts(unit, &mut raw, entry)?;
                    self.a_type(unit, kind, at, &facts, entry, &raw)?;
                    facts.sibling
                }
                None if entry.tag() == dw::DW_TAG_variable => {
                    let facts = self.facts(unit, &mut raw, entry)?;
                    self.a_variable(unit, at, &facts)?;
                    facts.sibling
                }
                None => sibling(&mut raw, entry)?,
            };
            if entry.has_children() {
                match sibling {
                    Some(to) => raw = unit.entries(to, at)?,
                    None => skip_children(unit, &mut raw)?,
                }
            }
        }
        Ok(())
    }

    /// What is wanted of an entry; all its attributes are read.
    fn facts<'u>(
        &mut self,
        unit: &Unit<'u>,
        raw: &mut EntriesRaw<'u, Slice<'u>>,
        entry: &Abbreviation,
    ) -> Result<Facts, ()> {
        let mut facts = Facts::default();
        for spec in entry.attributes() {
            let attribute = raw.read_attribute_inline(*spec).map_err(|_| ())?;
            match spec.name() {
                dw::DW_AT_name => facts.name = self.name(&attribute.raw_value(), &unit.bases),
                dw::DW_AT_byte_size => facts.size = attribute.udata_value().unwrap_or(0),
                dw::DW_AT_decl_line => facts.line = attribute.udata_value().unwrap_or(0),
                dw::DW_AT_declaration => facts.declared = attribute.raw_value() == AttributeValue::Flag(true),
                dw::DW_AT_location => facts.location = self.location(&attribute.value(), &unit.bases),
                dw::DW_AT_specification => facts.specification = unit_offset(&attribute.raw_value()),
                dw::DW_AT_sibling => facts.sibling = unit_offset(&attribute.raw_value()),
                _ => {}
            }
        }
        Ok(facts)
    }

    /// The address of a variable that has one for ever.
    fn location(&self, value: &AttributeValue<Slice<'_>>, bases: &Bases) -> Option<u64> {
        let code = match value {
            AttributeValue::Exprloc(code) => code.0.slice(),
            AttributeValue::Block(code) => code.slice(),
            _ => return None,
        };
        let layout = oopscope_symbols::Layout { little_endian: self.sections.little_endian, pointer: 8 };
        match (code.split_first()?, bases.address) {
            ((&op, rest), 8) if op == dw::DW_OP_addr.0 && rest.len() == 8 => Some(layout.u64(rest)),
            ((&op, rest), 4) if op == dw::DW_OP_addr.0 && rest.len() == 4 => Some(layout.u32(rest).into()),
            ((&op, rest), _) if op == dw::DW_OP_addrx.0 || op == dw::DW_OP_GNU_addr_index.0 => {
                let index = gimli::Reader::read_uleb128(&mut EndianSlice::new(rest, self.sections.endian())).ok()?;
                self.sections.address(index, bases)
            }
            _ => None,
        }
    }

    fn name(&mut self, value: &AttributeValue<Slice<'_>>, bases: &Bases) -> Option<NameNumber> {
        match self.sections.name_at(value, bases)? {
            NameAt::Str(at) => Some(at).filter(|&at| at < LINE_STR),
            NameAt::LineStr(at) => Some(at | LINE_STR),
            NameAt::Here(text) => {
                let next = self.short.len() as u64;
                if let Some(&number) = self.short.get(text) {
                    return Some(number | SHORT);
                }
                if self.short.len() >= MOST_ITEMS || text.is_empty() {
                    return None;
                }
                self.short.insert(text.to_vec(), next);
                Some(next | SHORT)
            }
        }
    }

    /// A type: its name, and an enumeration's constants. `raw` stands at its first child.
    fn a_type<'u>(
        &mut self,
        unit: &Unit<'u>,
        kind: Kind,
        at: usize,
        facts: &Facts,
        entry: &Abbreviation,
        raw: &EntriesRaw<'u, Slice<'u>>,
    ) -> Result<(), ()> {
        if facts.name.is_none() && kind != Kind::Enum {
            return Ok(());
        }
        let offset = place(unit, at)?;
        let mut children = raw.clone();
        let inner = entry.has_children() && matches!(kind, Kind::Struct | Kind::Union | Kind::Enum);
        let first = if inner { self.child(unit, &mut children)? } else { None };
        let key = [
            facts.name.unwrap_or(u64::MAX),
            facts.size ^ (u64::from(facts.declared) << 63),
            facts.line << 8 | kind as u64,
            first.and_then(|child| child.name).unwrap_or(u64::MAX),
        ];
        if !self.seen.insert(key) {
            return Ok(());
        }
        if let Some(name) = facts.name {
            let sort = if facts.declared && kind != Kind::Typedef { Sort::Declared(kind) } else { Sort::Type(kind) };
            self.add(Raw { name, sort, offset, value: facts.size })?;
        }
        if kind == Kind::Enum {
            let mut next = first;
            while let Some(child) = next {
                if let Some(name) = child.name {
                    self.add(Raw { name, sort: Sort::Constant, offset, value: 0 })?;
                }
                next = self.child(unit, &mut children)?;
            }
        }
        Ok(())
    }

    /// The name of the next child, if there is one more: of a member or constant, which have no children of their own.
    fn child<'u>(&mut self, unit: &Unit<'u>, children: &mut EntriesRaw<'u, Slice<'u>>) -> Result<Option<Child>, ()> {
        let Some(entry) = children.read_abbreviation().map_err(|_| ())? else { return Ok(None) };
        let facts = self.facts(unit, children, entry)?;
        Ok((!entry.has_children()).then_some(Child { name: facts.name }))
    }

    /// A variable with an address. What is declared in a header has its name there.
    fn a_variable(&mut self, unit: &Unit<'_>, at: usize, facts: &Facts) -> Result<(), ()> {
        let Some(value) = facts.location else { return Ok(()) };
        let mut name = facts.name;
        if let (None, Some(of)) = (name, facts.specification) {
            let mut raw = unit.entries(of, 0)?;
            if let Some(entry) = raw.read_abbreviation().map_err(|_| ())? {
                name = self.facts(unit, &mut raw, entry)?.name;
            }
        }
        let Some(name) = name else { return Ok(()) };
        let offset = place(unit, at)?;
        self.add(Raw { name, sort: Sort::Variable, offset, value })
    }

    fn add(&mut self, raw: Raw) -> Result<(), ()> {
        if self.found.len() >= MOST_ITEMS {
            return Err(());
        }
        self.found.push(raw);
        Ok(())
    }

    /// Reads the names, in the order in which they lie.
    fn finish(mut self) -> Result<Index, DwarfError> {
        self.found.sort_by_key(|raw| raw.name);
        let short: BTreeMap<u64, &[u8]> = self.short.iter().map(|(text, &number)| (number, text.as_slice())).collect();
        let mut windows =
            [&self.sections.str, &self.sections.line_str].map(|section| section.as_ref().map(Window::new));
        let mut index = self.index;
        let mut before: Option<(NameNumber, u32, u16)> = None;
        for raw in &self.found {
            let known = before.filter(|(name, ..)| *name == raw.name);
            let (name, length) = if let Some((_, name, length)) = known {
                (name, length)
            } else {
                let text = if raw.name & SHORT != 0 {
                    short.get(&(raw.name & !SHORT)).copied()
                } else {
                    let window = windows[usize::from(raw.name & LINE_STR != 0)].as_mut();
                    let bytes = window.and_then(|window| window.some(raw.name & !LINE_STR, LONGEST_NAME as u64).ok());
                    bytes.and_then(|bytes| bytes.split(|&byte| byte == 0).next())
                };
                // A name that cannot be read, or is no text, is none.
                let text = text.and_then(|text| std::str::from_utf8(text).ok()).unwrap_or("");
                let name = u32::try_from(index.names.len()).map_err(|_| damaged("the names", 0))?;
                index.names.push_str(text);
                (name, u16::try_from(text.len()).unwrap_or(0))
            };
            before = Some((raw.name, name, length));
            if length > 0 {
                index.items.push(Item { name, length, sort: raw.sort, offset: raw.offset, value: raw.value });
            }
        }
        index.items.shrink_to_fit();
        index.sort();
        Ok(index)
    }
}

/// Where an entry lies in `.debug_info`.
fn place(unit: &Unit<'_>, at: usize) -> Result<u32, ()> {
    unit.start.checked_add(at as u64).and_then(|at| u32::try_from(at).ok()).ok_or(())
}

/// The entry behind an entry's children, where it tells.
fn sibling<'u>(raw: &mut EntriesRaw<'u, Slice<'u>>, entry: &Abbreviation) -> Result<Option<usize>, ()> {
    let attributes = entry.attributes();
    let found =
        if entry.has_children() { attributes.iter().position(|spec| spec.name() == dw::DW_AT_sibling) } else { None };
    let Some(number) = found else {
        return raw.skip_attributes(attributes).map(|()| None).map_err(|_| ());
    };
    raw.skip_attributes(&attributes[..number]).map_err(|_| ())?;
    let to = unit_offset(&raw.read_attribute(attributes[number]).map_err(|_| ())?.raw_value());
    raw.skip_attributes(&attributes[number + 1..]).map_err(|_| ())?;
    Ok(to)
}

/// Passes over the children of an entry that does not tell where they end.
fn skip_children<'u>(unit: &Unit<'u>, raw: &mut EntriesRaw<'u, Slice<'u>>) -> Result<(), ()> {
    let mut depth = 1_u64;
    while depth > 0 {
        let at = raw.next_offset().0;
        let Some(entry) = raw.read_abbreviation().map_err(|_| ())? else {
            depth -= 1;
            continue;
        };
        match sibling(raw, entry)? {
            Some(to) => *raw = unit.entries(to, at)?,
            None => depth += u64::from(entry.has_children()),
        }
    }
    Ok(())
}

/// A reference within the unit.
fn unit_offset(value: &AttributeValue<Slice<'_>>) -> Option<usize> {
    match value {
        AttributeValue::UnitRef(at) => Some(at.0),
        _ => None,
    }
}
