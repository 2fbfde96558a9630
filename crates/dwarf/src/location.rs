//! Location lists: which expression tells a variable's place at an address (DWARF 5, section 2.6.2 and 7.29; DWARF 4,
//! section 2.6.2). Must never go through a list for ever, nor give an expression of another address.

use crate::DwarfError;
use crate::cursor::Cursor;
use gimli::Encoding;

/// The most entries of one list.
const MOST: usize = 1 << 16;

/// The longest expression.
const LONGEST: u64 = 64 << 10;

/// What a list is read with.
pub(crate) struct List<'a> {
    /// How its unit is written.
    pub(crate) encoding: Encoding,
    /// The unit's own beginning, from which addresses count.
    pub(crate) base: u64,
    /// An address by its number in `.debug_addr`.
    pub(crate) indexed: &'a dyn Fn(u64) -> Result<u64, DwarfError>,
}

/// The expression that holds at an address of the file; none where the list has none. The cursor stands at the list.
pub(crate) fn find(cursor: &mut Cursor, list: &List<'_>, address: u64) -> Result<Option<Vec<u8>>, DwarfError> {
    if list.encoding.version >= 5 { find_new(cursor, list, address) } else { find_old(cursor, list, address) }
}

/// `.debug_loclists`.
fn find_new(cursor: &mut Cursor, list: &List<'_>, address: u64) -> Result<Option<Vec<u8>>, DwarfError> {
    let mut base = list.base;
    let mut otherwise = None;
    for _ in 0..MOST {
        let range = match cursor.u8()? {
            // DW_LLE_end_of_list
            0 => return Ok(otherwise),
            // DW_LLE_base_addressx
            1 => {
                base = (list.indexed)(cursor.uleb()?)?;
                continue;
            }
            // DW_LLE_startx_endx
            2 => (list.indexed)(cursor.uleb()?)?..(list.indexed)(cursor.uleb()?)?,
            // DW_LLE_startx_length
            3 => {
                let start = (list.indexed)(cursor.uleb()?)?;
                start..start.wrapping_add(cursor.uleb()?)
            }
            // DW_LLE_offset_pair
            4 => base.wrapping_add(cursor.uleb()?)..base.wrapping_add(cursor.uleb()?),
            // DW_LLE_default_location
            5 => {
                otherwise = Some(expression(cursor, list.encoding.version)?);
                continue;
            }
            // DW_LLE_base_address
            6 => {
                base = cursor.address(list.encoding)?;
                continue;
            }
            // DW_LLE_start_end
            7 => cursor.address(list.encoding)?..cursor.address(list.encoding)?,
            // DW_LLE_start_length
            8 => {
                let start = cursor.address(list.encoding)?;
                start..start.wrapping_add(cursor.uleb()?)
            }
            // DW_LLE_GNU_view_pair: which of several lines at one address is meant.
            9 => {
                cursor.uleb()?;
                cursor.uleb()?;
                continue;
            }
            _ => return Err(cursor.damaged("a location list")),
        };
        if range.contains(&address) {
            return expression(cursor, list.encoding.version).map(Some);
        }
        skip(cursor, list.encoding.version)?;
    }
    Err(cursor.damaged("a location list"))
}

/// `.debug_loc`.
fn find_old(cursor: &mut Cursor, list: &List<'_>, address: u64) -> Result<Option<Vec<u8>>, DwarfError> {
    let mut base = list.base;
    let highest = if list.encoding.address_size == 4 { u64::from(u32::MAX) } else { u64::MAX };
    for _ in 0..MOST {
        let (start, end) = (cursor.address(list.encoding)?, cursor.address(list.encoding)?);
        if start == 0 && end == 0 {
            return Ok(None);
        }
        if start == highest {
            base = end;
            continue;
        }
        if (base.wrapping_add(start)..base.wrapping_add(end)).contains(&address) {
            return expression(cursor, list.encoding.version).map(Some);
        }
        skip(cursor, list.encoding.version)?;
    }
    Err(cursor.damaged("a location list"))
}

fn length(cursor: &mut Cursor, version: u16) -> Result<u64, DwarfError> {
    let length = if version >= 5 { cursor.uleb()? } else { cursor.u16()?.into() };
    if length > LONGEST { Err(cursor.damaged("a location list")) } else { Ok(length) }
}

fn expression(cursor: &mut Cursor, version: u16) -> Result<Vec<u8>, DwarfError> {
    let length = length(cursor, version)?;
    cursor.bytes(length)
}

fn skip(cursor: &mut Cursor, version: u16) -> Result<(), DwarfError> {
    let length = length(cursor, version)?;
    cursor.skip(length);
    Ok(())
}
