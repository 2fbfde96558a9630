//! The value of an attribute, in whichever form it stands (DWARF 5, 7.5.6).
//!
//! Must never follow where a value points to.

use gimli::{DwForm, Encoding, constants};

use crate::DwarfError;
use crate::abbrev::Spec;
use crate::cursor::Cursor;

/// Where a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// In the entry itself: at this offset of the section.
    Here(u64),
    /// In `.debug_str`.
    Strings(u64),
    /// In `.debug_line_str`.
    LineStrings(u64),
    /// In `.debug_str`, where `.debug_str_offsets` says.
    Number(u64),
    /// In a file of what several files have in common (dwz), which is not read.
    Elsewhere,
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// An address, as a number of the file's.
    Address(u64),
    /// An address by its number in `.debug_addr`.
    AddressNumber(u64),
    /// A number without a sign, or one of which the attribute alone tells whether it has one. `size` is its bytes: 0 for
    /// `DW_FORM_udata`.
    Number {
        /// What it is, without a sign.
        value: u64,
        /// In how many bytes it stood.
        size: u8,
    },
    /// A number with a sign.
    Signed(i64),
    /// Yes or no.
    Flag(bool),
    /// Bytes of the unit's own section.
    Bytes {
        /// Where in the section.
        at: u64,
        /// How many.
        count: u64,
        /// Whether they are said to be an expression (`DW_FORM_exprloc`); before DWARF 4 they may be without it.
        expression: bool,
    },
    /// Another entry, at this offset of the same section.
    Entry(u64),
    /// An entry of `.debug_types` or of a unit of types, by its signature.
    Signature(u64),
    /// An entry of a file of what several files have in common (dwz), which is not read.
    Elsewhere,
    /// An offset of another section.
    Offset(u64),
    /// A list by its number, of places (`DW_FORM_loclistx`) or of ranges (`DW_FORM_rnglistx`).
    List(u64),
    /// A text.
    Text(Text),
}

impl Value {
    /// A number that can't be negative.
    pub(crate) fn unsigned(self) -> Option<u64> {
        match self {
            Self::Number { value, .. } => Some(value),
            Self::Signed(value) => u64::try_from(value).ok(),
            _ => None,
        }
    }

    /// An offset of another section; before DWARF 4 it was a number of four or eight bytes.
    pub(crate) fn offset(self) -> Option<u64> {
        match self {
            Self::Offset(at) | Self::Number { value: at, size: 4 | 8 } => Some(at),
            _ => None,
        }
    }
}

/// Reads a value. References within a unit become offsets of the section: `unit` is the unit's.
pub(crate) fn read(cursor: &mut Cursor, spec: Spec, encoding: Encoding, unit: u64) -> Result<Value, DwarfError> {
    let entry = |at: u64| Value::Entry(unit.saturating_add(at));
    let number = |cursor: &mut Cursor, size: u8| -> Result<Value, DwarfError> {
        Ok(Value::Number { value: cursor.number(size)?, size })
    };
    let bytes = |cursor: &mut Cursor, count: u64, expression: bool| {
        let at = cursor.position();
        if at.checked_add(count).is_none_or(|end| end > cursor.end()) {
            return Err(DwarfError::Cut { section: cursor.name(), offset: cursor.end() });
        }
        cursor.skip(count);
        Ok(Value::Bytes { at, count, expression })
    };
    let offset_size = encoding.format.word_size();
    Ok(match spec.form {
        constants::DW_FORM_addr => Value::Address(cursor.address(encoding)?),
        constants::DW_FORM_addrx | constants::DW_FORM_GNU_addr_index => Value::AddressNumber(cursor.uleb()?),
        constants::DW_FORM_addrx1 => Value::AddressNumber(cursor.number(1)?),
        constants::DW_FORM_addrx2 => Value::AddressNumber(cursor.number(2)?),
        constants::DW_FORM_addrx3 => Value::AddressNumber(cursor.number(3)?),
        constants::DW_FORM_addrx4 => Value::AddressNumber(cursor.number(4)?),
        constants::DW_FORM_data1 => number(cursor, 1)?,
        constants::DW_FORM_data2 => number(cursor, 2)?,
        constants::DW_FORM_data4 => number(cursor, 4)?,
        constants::DW_FORM_data8 => number(cursor, 8)?,
        constants::DW_FORM_data16 => bytes(cursor, 16, false)?,
        constants::DW_FORM_udata => Value::Number { value: cursor.uleb()?, size: 0 },
        constants::DW_FORM_sdata => Value::Signed(cursor.sleb()?),
        constants::DW_FORM_implicit_const => Value::Signed(spec.implicit),
        constants::DW_FORM_flag => Value::Flag(cursor.u8()? != 0),
        constants::DW_FORM_flag_present => Value::Flag(true),
        constants::DW_FORM_block1 => {
            let count = cursor.number(1)?;
            bytes(cursor, count, false)?
        }
        constants::DW_FORM_block2 => {
            let count = cursor.number(2)?;
            bytes(cursor, count, false)?
        }
        constants::DW_FORM_block4 => {
            let count = cursor.number(4)?;
            bytes(cursor, count, false)?
        }
        form @ (constants::DW_FORM_block | constants::DW_FORM_exprloc) => {
            let count = cursor.uleb()?;
            bytes(cursor, count, form == constants::DW_FORM_exprloc)?
        }
        constants::DW_FORM_ref1 => entry(cursor.number(1)?),
        constants::DW_FORM_ref2 => entry(cursor.number(2)?),
        constants::DW_FORM_ref4 => entry(cursor.number(4)?),
        constants::DW_FORM_ref8 => entry(cursor.number(8)?),
        constants::DW_FORM_ref_udata => entry(cursor.uleb()?),
        constants::DW_FORM_ref_addr if encoding.version <= 2 => Value::Entry(cursor.address(encoding)?),
        constants::DW_FORM_ref_addr => Value::Entry(cursor.offset(encoding)?),
        constants::DW_FORM_ref_sig8 => Value::Signature(cursor.u64()?),
        constants::DW_FORM_ref_sup4 => {
            cursor.u32()?;
            Value::Elsewhere
        }
        constants::DW_FORM_ref_sup8 => {
            cursor.u64()?;
            Value::Elsewhere
        }
        constants::DW_FORM_GNU_ref_alt => {
            cursor.number(offset_size)?;
            Value::Elsewhere
        }
        constants::DW_FORM_strp_sup | constants::DW_FORM_GNU_strp_alt => {
            cursor.number(offset_size)?;
            Value::Text(Text::Elsewhere)
        }
        constants::DW_FORM_sec_offset => Value::Offset(cursor.offset(encoding)?),
        constants::DW_FORM_loclistx | constants::DW_FORM_rnglistx => Value::List(cursor.uleb()?),
        constants::DW_FORM_string => {
            let at = cursor.position();
            cursor.skip_text()?;
            Value::Text(Text::Here(at))
        }
        constants::DW_FORM_strp => Value::Text(Text::Strings(cursor.offset(encoding)?)),
        constants::DW_FORM_line_strp => Value::Text(Text::LineStrings(cursor.offset(encoding)?)),
        constants::DW_FORM_strx | constants::DW_FORM_GNU_str_index => Value::Text(Text::Number(cursor.uleb()?)),
        constants::DW_FORM_strx1 => Value::Text(Text::Number(cursor.number(1)?)),
        constants::DW_FORM_strx2 => Value::Text(Text::Number(cursor.number(2)?)),
        constants::DW_FORM_strx3 => Value::Text(Text::Number(cursor.number(3)?)),
        constants::DW_FORM_strx4 => Value::Text(Text::Number(cursor.number(4)?)),
        constants::DW_FORM_indirect => {
            let form = cursor.uleb()?;
            let inner = [constants::DW_FORM_indirect, constants::DW_FORM_implicit_const];
            let form = u16::try_from(form).ok().map(DwForm).filter(|form| !inner.contains(form));
            let form = form.ok_or_else(|| cursor.damaged("a form"))?;
            return read(cursor, Spec { form, ..spec }, encoding, unit);
        }
        _ => return Err(cursor.damaged("a form")),
    })
}
