//! The addresses that an entry covers: one range, or a list of them (DWARF 5, 2.17).
//!
//! Must never give a range that is empty or ends before it begins, nor read lists without an end to what it costs.

use std::ops::ControlFlow;

use gimli::constants;

use crate::cursor::Cursor;
use crate::entry::Entry;
use crate::unit::Unit;
use crate::value::Value;
use crate::{DwarfError, Name};

/// What is asked of each range, from its first address to the one behind it; a break ends it.
type Each<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

impl Unit {
    /// Whether an entry covers an address.
    pub(crate) fn covers(&self, entry: &Entry, address: u64) -> Result<bool, DwarfError> {
        let mut found = false;
        self.ranges(entry, &mut |from, to| {
            found = (from..to).contains(&address);
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }

    /// All ranges of an entry, in the order of the file.
    pub(crate) fn ranges(&self, entry: &Entry, each: Each<'_>) -> Result<(), DwarfError> {
        if let Some(list) = entry.get(constants::DW_AT_ranges) {
            return self.list(list, each);
        }
        let Some(low) = entry.get(constants::DW_AT_low_pc) else { return Ok(()) };
        let Some(low) = self.address(low)? else { return Ok(()) };
        let high = match entry.get(constants::DW_AT_high_pc) {
            // Since DWARF 4 it may be the distance.
            Some(value) => match value.unsigned() {
                Some(length) => low.saturating_add(length),
                None => self.address(value)?.unwrap_or(0),
            },
            None => return Ok(()),
        };
        if low < high {
            let _ = each(low, high);
        }
        Ok(())
    }

    fn list(&self, list: Value, each: Each<'_>) -> Result<(), DwarfError> {
        let encoding = self.encoding();
        if encoding.version < 5 {
            let Some(at) = list.offset() else { return Ok(()) };
            // Those of a split unit are in the main file, and its skeleton says from where on.
            let base = if self.part.split { self.bases.ranges } else { 0 };
            let cursor = self.main.cursor(Name::Ranges, at.saturating_add(base))?;
            return self.old_list(cursor, each);
        }
        let at = match list {
            Value::List(number) => {
                let size = u64::from(encoding.format.word_size());
                let at = number.checked_mul(size).and_then(|at| at.checked_add(self.bases.ranges));
                let damaged = DwarfError::Damaged { what: "a list", section: Name::RngLists, offset: number };
                let offset = self.part.cursor(Name::RngLists, at.ok_or(damaged)?)?.offset(encoding)?;
                offset.saturating_add(self.bases.ranges)
            }
            list => match list.offset() {
                Some(at) => at.saturating_add(self.bases.packaged_ranges),
                None => return Ok(()),
            },
        };
        self.new_list(self.part.cursor(Name::RngLists, at)?, each)
    }

    /// A list of `.debug_ranges` (DWARF 4, 2.17.3).
    fn old_list(&self, mut cursor: Cursor, each: Each<'_>) -> Result<(), DwarfError> {
        let encoding = self.encoding();
        let most = if encoding.address_size == 8 { u64::MAX } else { (1 << (8 * encoding.address_size)) - 1 };
        let mut base = self.low.unwrap_or(0);
        loop {
            self.part.effort.spend(&cursor)?;
            let (from, to) = (cursor.address(encoding)?, cursor.address(encoding)?);
            if (from, to) == (0, 0) {
                return Ok(());
            }
            if from == most {
                base = to;
                continue;
            }
            let (from, to) = (base.wrapping_add(from) & most, base.wrapping_add(to) & most);
            if from < to && each(from, to).is_break() {
                return Ok(());
            }
        }
    }

    /// A list of `.debug_rnglists` (DWARF 5, 7.25).
    fn new_list(&self, mut cursor: Cursor, each: Each<'_>) -> Result<(), DwarfError> {
        let encoding = self.encoding();
        let mut base = self.low.unwrap_or(0);
        loop {
            self.part.effort.spend(&cursor)?;
            let (from, to) = match gimli::DwRle(cursor.u8()?) {
                constants::DW_RLE_end_of_list => return Ok(()),
                constants::DW_RLE_base_addressx => {
                    base = self.numbered(cursor.uleb()?)?;
                    continue;
                }
                constants::DW_RLE_base_address => {
                    base = cursor.address(encoding)?;
                    continue;
                }
                constants::DW_RLE_startx_endx => (self.numbered(cursor.uleb()?)?, self.numbered(cursor.uleb()?)?),
                constants::DW_RLE_startx_length => {
                    let from = self.numbered(cursor.uleb()?)?;
                    (from, from.saturating_add(cursor.uleb()?))
                }
                constants::DW_RLE_offset_pair => (base.wrapping_add(cursor.uleb()?), base.wrapping_add(cursor.uleb()?)),
                constants::DW_RLE_start_end => (cursor.address(encoding)?, cursor.address(encoding)?),
                constants::DW_RLE_start_length => {
                    let from = cursor.address(encoding)?;
                    (from, from.saturating_add(cursor.uleb()?))
                }
                _ => return Err(cursor.damaged("a list")),
            };
            if from < to && each(from, to).is_break() {
                return Ok(());
            }
        }
    }
}
