//! A unit of `.debug_info`: what one run of the compiler told (DWARF 5, 7.5.1).
//!
//! Must never hold more of it than was asked for: a small one is read in one go, of a large one pieces.

use std::cell::OnceCell;
use std::rc::Rc;

use gimli::{DwAt, DwTag, DwUt, Encoding, Format, constants};

use crate::abbrev::Abbrevs;
use crate::cursor::Cursor;
use crate::entry::{Entry, Walk};
use crate::lines::Program;
use crate::part::Part;
use crate::section::{Piece, Section};
use crate::value::{Text, Value};
use crate::{DwarfError, Name};

/// A unit of up to this many bytes is read in one go.
pub(crate) const AT_ONCE: u64 = 256 << 10;

/// A unit's header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// `.debug_info` or `.debug_types`.
    pub(crate) section: Name,
    /// Where in it the header is.
    pub(crate) offset: u64,
    /// Where its root entry is.
    pub(crate) first: u64,
    /// The position behind it.
    pub(crate) end: u64,
    pub(crate) encoding: Encoding,
    /// Where its abbreviations are.
    pub(crate) abbrevs: u64,
    /// What connects a skeleton with the split unit it stands for.
    pub(crate) dwo_id: Option<u64>,
    /// Of a unit of types: the signature that it is referred to by, and the offset of the type's entry in the section.
    pub(crate) signature: Option<(u64, u64)>,
}

impl Header {
    /// Reads the header that begins where the cursor is.
    pub(crate) fn read(cursor: &mut Cursor) -> Result<Self, DwarfError> {
        let (section, offset) = (cursor.name(), cursor.position());
        let (end, format) = cursor.length()?;
        let version = cursor.u16()?;
        let mut kind = if section == Name::Types { constants::DW_UT_type } else { constants::DW_UT_compile };
        let mut encoding = Encoding { address_size: 0, format, version };
        let abbrevs = match version {
            2..=4 => {
                let abbrevs = cursor.offset(encoding)?;
                encoding.address_size = cursor.u8()?;
                abbrevs
            }
            5 => {
                kind = DwUt(cursor.u8()?);
                encoding.address_size = cursor.u8()?;
                cursor.offset(encoding)?
            }
            _ => return Err(DwarfError::Unsupported { what: "a unit", section, offset }),
        };
        if !matches!(encoding.address_size, 2 | 4 | 8) {
            return Err(DwarfError::Damaged { what: "the size of addresses", section, offset });
        }
        let (mut dwo_id, mut signature) = (None, None);
        match kind {
            constants::DW_UT_skeleton | constants::DW_UT_split_compile => dwo_id = Some(cursor.u64()?),
            constants::DW_UT_type | constants::DW_UT_split_type => {
                let value = cursor.u64()?;
                signature = Some((value, offset.saturating_add(cursor.offset(encoding)?)));
            }
            constants::DW_UT_compile | constants::DW_UT_partial => {}
            _ => return Err(DwarfError::Unsupported { what: "a unit", section, offset }),
        }
        let first = cursor.position();
        if first > end {
            return Err(DwarfError::Damaged { what: "a unit", section, offset });
        }
        Ok(Self { section, offset, first, end, encoding, abbrevs, dwo_id, signature })
    }
}

/// Where a unit's parts of other sections begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bases {
    /// In `.debug_addr`.
    pub(crate) addresses: u64,
    /// In `.debug_str_offsets`.
    pub(crate) texts: u64,
    /// In `.debug_rnglists`; before DWARF 5, what is added to offsets in `.debug_ranges` of a split unit.
    pub(crate) ranges: u64,
    /// In `.debug_loclists`; of a package, what is added to offsets in it.
    pub(crate) places: u64,
    /// Of a package: what is added to offsets in `.debug_loc` or `.debug_loclists`, and in `.debug_rnglists`.
    pub(crate) packaged_places: u64,
    /// The same of ranges.
    pub(crate) packaged_ranges: u64,
}

/// A unit.
pub(crate) struct Unit {
    /// The file that it lies in.
    pub(crate) part: Rc<Part>,
    pub(crate) header: Header,
    pub(crate) abbrevs: Rc<Abbrevs>,
    pub(crate) root: Entry,
    pub(crate) bases: Bases,
    /// Of a split unit, the file that its addresses are in, and its ranges before DWARF 5: that of its skeleton.
    pub(crate) main: Rc<Part>,
    /// The skeleton's root and first address, of a split unit.
    pub(crate) low: Option<u64>,
    piece: Piece,
    section: Rc<Section>,
    lines: OnceCell<Result<Option<Rc<Program>>, DwarfError>>,
}

impl Unit {
    /// Puts together what was read of a unit: `piece` has the bytes from its header on, or a part of them.
    pub(crate) fn new(
        part: &Rc<Part>,
        header: Header,
        abbrevs: Rc<Abbrevs>,
        piece: Piece,
        mut bases: Bases,
        skeleton: Option<&Self>,
    ) -> Result<Self, DwarfError> {
        let section = part.section(header.section)?;
        let placeholder = Entry { offset: header.first, tag: DwTag(0), children: false, next: 0, values: Vec::new() };
        let (main, low) = skeleton.map_or((Rc::clone(part), None), |unit| (Rc::clone(&unit.main), unit.low));
        let mut unit = Self {
            part: Rc::clone(part),
            header,
            abbrevs,
            root: placeholder,
            bases: Bases::default(),
            main,
            low,
            piece,
            section,
            lines: OnceCell::new(),
        };
        let damaged = DwarfError::Damaged { what: "a unit", section: header.section, offset: header.offset };
        unit.root = unit.entry(header.first)?.ok_or(damaged)?;
        let base = |name: DwAt| unit.root.get(name).and_then(Value::offset);
        if let Some(skeleton) = skeleton {
            bases.addresses = skeleton.bases.addresses;
            if header.encoding.version < 5 {
                bases.ranges = skeleton.bases.ranges;
            }
        }
        // A split unit has no attributes for these: its tables begin behind their header (DWARF 5, 3.1.3).
        if part.split && header.encoding.version >= 5 {
            let length = if header.encoding.format == Format::Dwarf64 { 12 } else { 4 };
            bases.texts += length + 4;
            bases.ranges = bases.packaged_ranges + length + 8;
            bases.places = bases.packaged_places + length + 8;
        }
        for (name, place) in [
            (constants::DW_AT_addr_base, &mut bases.addresses),
            (constants::DW_AT_str_offsets_base, &mut bases.texts),
            (constants::DW_AT_rnglists_base, &mut bases.ranges),
            (constants::DW_AT_loclists_base, &mut bases.places),
        ] {
            if let Some(value) = base(name) {
                *place = value;
            }
        }
        bases.addresses = base(constants::DW_AT_GNU_addr_base).unwrap_or(bases.addresses);
        bases.ranges = base(constants::DW_AT_GNU_ranges_base).unwrap_or(bases.ranges);
        unit.bases = bases;
        if unit.low.is_none() {
            unit.low = match unit.root.get(constants::DW_AT_low_pc) {
                Some(value) => unit.address(value)?,
                None => None,
            };
        }
        Ok(unit)
    }

    /// A cursor at a place of the unit, which ends where the unit ends.
    pub(crate) fn cursor(&self, at: u64) -> Cursor {
        Cursor::within(&self.section, self.part.layout().little_endian, &self.piece, at, self.header.end)
    }

    /// Its line program, if it has one.
    pub(crate) fn lines(&self) -> Result<Option<Rc<Program>>, DwarfError> {
        self.lines.get_or_init(|| Ok(Program::read(self)?.map(Rc::new))).clone()
    }

    /// How its numbers stand.
    pub(crate) fn encoding(&self) -> Encoding {
        self.header.encoding
    }

    /// Whether an offset of its section lies in it.
    pub(crate) fn contains(&self, offset: u64) -> bool {
        (self.header.first..self.header.end).contains(&offset)
    }

    /// The entry at an offset of the section; none where a list of children ends there.
    pub(crate) fn entry(&self, offset: u64) -> Result<Option<Entry>, DwarfError> {
        if !self.contains(offset) {
            return Err(DwarfError::Damaged { what: "a reference", section: self.header.section, offset });
        }
        let mut walk = self.walk(offset);
        Ok(match walk.next()? {
            Some(_) => Some(walk.entry()?),
            None => None,
        })
    }

    /// Goes over the entries from one on: it, its children, and those that follow it in the same list.
    pub(crate) fn walk(&self, offset: u64) -> Walk<'_> {
        Walk::new(self, self.cursor(offset))
    }

    /// The text of a value; none where it lies in a file that is not read.
    pub(crate) fn text(&self, text: Text) -> Result<Option<Rc<str>>, DwarfError> {
        Ok(Some(match text {
            Text::Here(at) => self.cursor(at).text()?,
            Text::Strings(at) => self.part.text(Name::Str, at)?,
            Text::LineStrings(at) => self.part.text(Name::LineStr, at)?,
            Text::Number(number) => {
                let size = u64::from(self.header.encoding.format.word_size());
                let at = number.checked_mul(size).and_then(|at| at.checked_add(self.bases.texts));
                let at = at.ok_or(DwarfError::Damaged { what: "a text", section: Name::StrOffsets, offset: number })?;
                let at = self.part.cursor(Name::StrOffsets, at)?.offset(self.header.encoding)?;
                self.part.text(Name::Str, at)?
            }
            Text::Elsewhere => return Ok(None),
        }))
    }

    /// The text of an attribute, if the entry has it.
    pub(crate) fn text_of(&self, entry: &Entry, name: DwAt) -> Result<Option<Rc<str>>, DwarfError> {
        match entry.get(name) {
            Some(Value::Text(text)) => self.text(text),
            _ => Ok(None),
        }
    }

    /// The address that a value is, as a number of the file's; none where it is none.
    pub(crate) fn address(&self, value: Value) -> Result<Option<u64>, DwarfError> {
        match value {
            Value::Address(address) => Ok(Some(address)),
            Value::AddressNumber(number) => self.numbered(number).map(Some),
            _ => Ok(None),
        }
    }

    /// The address of a number in `.debug_addr`.
    pub(crate) fn numbered(&self, number: u64) -> Result<u64, DwarfError> {
        let size = u64::from(self.header.encoding.address_size);
        let at = number.checked_mul(size).and_then(|at| at.checked_add(self.bases.addresses));
        let at = at.ok_or(DwarfError::Damaged { what: "an address", section: Name::Addr, offset: number })?;
        self.main.cursor(Name::Addr, at)?.address(self.header.encoding)
    }
}
