//! Abbreviations: which attributes an entry of `.debug_info` has, and in which form (DWARF 5, 7.5.3).
//!
//! Each is prepared for being passed over, which is what is done with most entries. Must never hold more than
//! [`MOST`] of them, nor believe a table that has no end.

use std::collections::BTreeMap;

use gimli::{DwAt, DwForm, DwTag, Encoding, constants};

use crate::DwarfError;
use crate::cursor::Cursor;

/// The most abbreviations of a table, and attributes of all of them.
const MOST: usize = 1 << 18;

/// An attribute as an abbreviation tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) name: DwAt,
    pub(crate) form: DwForm,
    /// The value itself, of `DW_FORM_implicit_const`.
    pub(crate) implicit: i64,
}

/// How something is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many bytes.
    Bytes(u32),
    /// A number of seven bits a byte.
    Leb,
    /// A text.
    Text,
    /// Bytes whose number stands before them, in as many bytes; 0 is seven bits a byte.
    Block(u8),
    /// A form, and what it says.
    Indirect,
}

/// What entries of one sort have.
#[derive(Clone, Debug)]
pub(crate) struct Abbrev {
    pub(crate) tag: DwTag,
    pub(crate) children: bool,
    /// In [`Abbrevs::specs`].
    specs: (u32, u32),
    /// In [`Abbrevs::steps`]: those before the sibling's offset, and all of them.
    steps: (u32, u32),
    /// The number of steps before the offset of the sibling, and its form.
    pub(crate) sibling: Option<(u32, DwForm)>,
}

/// A table of abbreviations.
#[derive(Debug, Default)]
pub(crate) struct Abbrevs {
    /// Of code 1, 2 and so on.
    dense: Vec<Abbrev>,
    others: BTreeMap<u64, Abbrev>,
    specs: Vec<Spec>,
    steps: Vec<Step>,
}

impl Abbrevs {
    /// Reads the table at a place.
    pub(crate) fn read(mut cursor: Cursor, encoding: Encoding) -> Result<Self, DwarfError> {
        let mut table = Self::default();
        loop {
            let code = cursor.uleb()?;
            if code == 0 {
                return Ok(table);
            }
            let tag = cursor.uleb()?;
            let tag = DwTag(u16::try_from(tag).map_err(|_| cursor.damaged("a tag"))?);
            let children = cursor.u8()? != 0;
            let (first, first_step) = (table.specs.len(), table.steps.len());
            let mut sibling = None;
            let mut merge = false;
            loop {
                let (name, form) = (cursor.uleb()?, cursor.uleb()?);
                if (name, form) == (0, 0) {
                    break;
                }
                let (Ok(name), Ok(form)) = (u16::try_from(name), u16::try_from(form)) else {
                    return Err(cursor.damaged("an abbreviation"));
                };
                let (name, form) = (DwAt(name), DwForm(form));
                let implicit = if form == constants::DW_FORM_implicit_const { cursor.sleb()? } else { 0 };
                if name == constants::DW_AT_sibling && sibling.is_none() {
                    sibling = Some((table.steps.len() - first_step, form));
                    merge = false;
                }
                table.specs.push(Spec { name, form, implicit });
                let step = step(form, encoding).ok_or_else(|| cursor.damaged("a form"))?;
                match (table.steps.last_mut().filter(|_| merge), step) {
                    (Some(Step::Bytes(before)), Step::Bytes(more)) => *before = before.saturating_add(more),
                    _ => table.steps.push(step),
                }
                merge = true;
                if table.specs.len() > MOST {
                    return Err(cursor.damaged("the number of abbreviations"));
                }
            }
            let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let abbrev = Abbrev {
                tag,
                children,
                specs: (small(first), small(table.specs.len())),
                steps: (small(first_step), small(table.steps.len())),
                sibling: sibling.map(|(steps, form)| (small(steps), form)),
            };
            if table.dense.len().saturating_add(table.others.len()) > MOST {
                return Err(cursor.damaged("the number of abbreviations"));
            }
            // The first of a code is the one that counts.
            if code == table.dense.len() as u64 + 1 && !table.others.contains_key(&code) {
                table.dense.push(abbrev);
            } else if code > table.dense.len() as u64 {
                table.others.entry(code).or_insert(abbrev);
            }
        }
    }

    /// The abbreviation of a code.
    #[inline]
    pub(crate) fn get(&self, code: u64) -> Option<&Abbrev> {
        let at = usize::try_from(code.wrapping_sub(1)).ok()?;
        self.dense.get(at).or_else(|| self.others.get(&code))
    }

    /// The attributes of an abbreviation.
    pub(crate) fn specs(&self, abbrev: &Abbrev) -> &[Spec] {
        range(&self.specs, abbrev.specs)
    }

    /// How entries of an abbreviation are passed over.
    #[inline]
    pub(crate) fn steps(&self, abbrev: &Abbrev) -> &[Step] {
        range(&self.steps, abbrev.steps)
    }
}

fn range<T>(of: &[T], (from, to): (u32, u32)) -> &[T] {
    of.get(from as usize..to as usize).unwrap_or(&[])
}

/// How a value of a form is passed over; none for a form that is not known.
pub(crate) fn step(form: DwForm, encoding: Encoding) -> Option<Step> {
    let offset = u32::from(encoding.format.word_size());
    let address = u32::from(encoding.address_size);
    Some(match form {
        constants::DW_FORM_flag_present | constants::DW_FORM_implicit_const => Step::Bytes(0),
        constants::DW_FORM_data1
        | constants::DW_FORM_ref1
        | constants::DW_FORM_flag
        | constants::DW_FORM_strx1
        | constants::DW_FORM_addrx1 => Step::Bytes(1),
        constants::DW_FORM_data2 | constants::DW_FORM_ref2 | constants::DW_FORM_strx2 | constants::DW_FORM_addrx2 => {
            Step::Bytes(2)
        }
        constants::DW_FORM_strx3 | constants::DW_FORM_addrx3 => Step::Bytes(3),
        constants::DW_FORM_data4
        | constants::DW_FORM_ref4
        | constants::DW_FORM_strx4
        | constants::DW_FORM_addrx4
        | constants::DW_FORM_ref_sup4 => Step::Bytes(4),
        constants::DW_FORM_data8
        | constants::DW_FORM_ref8
        | constants::DW_FORM_ref_sig8
        | constants::DW_FORM_ref_sup8 => Step::Bytes(8),
        constants::DW_FORM_data16 => Step::Bytes(16),
        constants::DW_FORM_addr => Step::Bytes(address),
        // In DWARF 2 it has the size of an address (DWARF 3, 7.5.4).
        constants::DW_FORM_ref_addr => Step::Bytes(if encoding.version <= 2 { address } else { offset }),
        constants::DW_FORM_sec_offset
        | constants::DW_FORM_strp
        | constants::DW_FORM_line_strp
        | constants::DW_FORM_strp_sup
        | constants::DW_FORM_GNU_ref_alt
        | constants::DW_FORM_GNU_strp_alt => Step::Bytes(offset),
        constants::DW_FORM_udata
        | constants::DW_FORM_sdata
        | constants::DW_FORM_ref_udata
        | constants::DW_FORM_strx
        | constants::DW_FORM_addrx
        | constants::DW_FORM_loclistx
        | constants::DW_FORM_rnglistx
        | constants::DW_FORM_GNU_addr_index
        | constants::DW_FORM_GNU_str_index => Step::Leb,
        constants::DW_FORM_string => Step::Text,
        constants::DW_FORM_block1 => Step::Block(1),
        constants::DW_FORM_block2 => Step::Block(2),
        constants::DW_FORM_block4 => Step::Block(4),
        constants::DW_FORM_block | constants::DW_FORM_exprloc => Step::Block(0),
        constants::DW_FORM_indirect => Step::Indirect,
        _ => return None,
    })
}

/// Passes over something.
#[inline]
pub(crate) fn pass(cursor: &mut Cursor, over: Step, encoding: Encoding) -> Result<(), DwarfError> {
    match over {
        Step::Bytes(count) => cursor.skip(count.into()),
        Step::Leb => while cursor.u8()? & 0x80 != 0 {},
        Step::Text => cursor.skip_text()?,
        Step::Block(size) => {
            let count = if size == 0 { cursor.uleb()? } else { cursor.number(size)? };
            cursor.skip(count);
        }
        Step::Indirect => {
            let form = cursor.uleb()?;
            let form = u16::try_from(form).ok().map(DwForm).filter(|&form| form != constants::DW_FORM_indirect);
            let form = form.and_then(|form| step(form, encoding)).ok_or_else(|| cursor.damaged("a form"))?;
            pass(cursor, form, encoding)?;
        }
    }
    Ok(())
}
