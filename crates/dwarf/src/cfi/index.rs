//! Which entry of call frame information covers an address: from one pass over a section. Must never evaluate an entry.

use super::Form;
use crate::DwarfError;
use crate::cursor::Cursor;
use oopscope_symbols::Layout;
use std::collections::BTreeMap;

/// The most entries: a kernel has some ten thousand, one with all drivers built in half a million.
const MOST: usize = 1 << 22;

/// What an entry covers, and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Extent {
    pub(super) start: u64,
    pub(super) length: u32,
    pub(super) at: u32,
}

/// The beginning of an entry, common or of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes of the length itself: 4, or 12 in DWARF's 64-bit form.
    pub(super) before: u64,
    /// Bytes that follow the length.
    pub(super) length: u64,
    /// Of a function's entry, where its common one lies.
    pub(super) cie: Option<u64>,
    /// Whether offsets have eight bytes.
    pub(super) wide: bool,
}

impl Head {
    /// Reads it and leaves the cursor behind it; none for a terminator.
    pub(super) fn read(cursor: &mut Cursor, at: u64, form: Form) -> Result<Option<Self>, DwarfError> {
        cursor.seek(at);
        let first = cursor.u32()?;
        let wide = first == 0xffff_ffff;
        let length = match first {
            0xffff_ffff => cursor.u64()?,
            0 => return Ok(None),
            // DWARF 5, section 7.4: reserved.
            0xffff_fff0.. => return Err(cursor.damaged("a length")),
            length => u64::from(length),
        };
        let field = cursor.position();
        // The pointer has four bytes in .eh_frame, whatever the length has.
        let eight = wide && form == Form::Debug;
        let id = if eight { cursor.u64()? } else { cursor.u32()?.into() };
        let cie = match form {
            Form::Debug => (id != if eight { u64::MAX } else { 0xffff_ffff }).then_some(id),
            Form::Eh { .. } if id == 0 => None,
            Form::Eh { .. } => Some(field.checked_sub(id).ok_or_else(|| cursor.damaged("an entry"))?),
        };
        Ok(Some(Self { before: field - at, length, cie, wide }))
    }
}

/// How addresses are written in the entries of a common one.
#[derive(Clone, Copy, Debug)]
struct Written {
    bytes: u8,
    signed: bool,
    relative: bool,
}

/// What each entry covers, in the order of addresses. Where an entry makes no sense the section is at its end: those before
/// it count.
pub(super) fn extents(mut cursor: Cursor, form: Form, layout: Layout) -> Result<Vec<Extent>, DwarfError> {
    let mut extents = Vec::new();
    let ended = collect(&mut cursor, &mut extents, form, layout);
    if extents.is_empty() || matches!(ended, Err(DwarfError::Read(_))) {
        ended?;
    }
    extents.sort_unstable();
    extents.shrink_to_fit();
    Ok(extents)
}

fn collect(cursor: &mut Cursor, extents: &mut Vec<Extent>, form: Form, layout: Layout) -> Result<(), DwarfError> {
    let plain = Written { bytes: layout.pointer, signed: false, relative: false };
    let mut commons = BTreeMap::new();
    let mut at = 0;
    while at < cursor.end() {
        // A terminator: what the linker puts behind it is .eh_frame again.
        let Some(head) = Head::read(cursor, at, form)? else {
            at += 4;
            continue;
        };
        if let Some(cie) = head.cie {
            if extents.len() >= MOST {
                return Err(DwarfError::TooLarge { what: "the number of entries", section: cursor.name(), offset: at });
            }
            let first = cursor.position();
            let written = match (form, commons.get(&cie)) {
                (Form::Debug, _) => Some(plain),
                (_, Some(written)) => *written,
                (_, None) => {
                    let written = written(cursor, cie, plain)?;
                    commons.insert(cie, written);
                    cursor.seek(first);
                    written
                }
            };
            if let Some(written) = written {
                extents.extend(extent(cursor, at, written, form, layout)?);
            }
        }
        at = at.saturating_add(head.before).saturating_add(head.length);
    }
    Ok(())
}

fn extent(
    cursor: &mut Cursor,
    at: u64,
    written: Written,
    form: Form,
    layout: Layout,
) -> Result<Option<Extent>, DwarfError> {
    let first = cursor.position();
    let (mut start, length) = (cursor.number(written.bytes)?, cursor.number(written.bytes)?);
    if written.signed && written.bytes == 4 {
        let signed = u32::try_from(start).map_or(0, |start| i64::from(start.cast_signed()));
        start = layout.wrap(signed.cast_unsigned());
    }
    if let (Form::Eh { address }, true) = (form, written.relative) {
        start = layout.wrap(start.wrapping_add(address).wrapping_add(first));
    }
    // What is empty was thrown away by the linker; what is longer than 4 GiB is no function.
    let (Ok(length), Ok(at)) = (u32::try_from(length), u32::try_from(at)) else { return Ok(None) };
    Ok((length != 0).then_some(Extent { start, length, at }))
}

/// How the entries of a common one of `.eh_frame` write addresses, by the letter `R` of its augmentation.
fn written(cursor: &mut Cursor, cie: u64, plain: Written) -> Result<Option<Written>, DwarfError> {
    let Some(head) = Head::read(cursor, cie, Form::Eh { address: 0 })? else { return Ok(None) };
    let body = cursor.bytes(head.length.saturating_sub(4).min(256))?;
    Ok(encoding(&body, plain.bytes).map_or(Some(plain), |encoding| {
        let bytes = match encoding & 0x0f {
            0x00 => plain.bytes,
            0x03 | 0x0b => 4,
            0x04 | 0x0c => 8,
            _ => return None,
        };
        let relative = match encoding & 0xf0 {
            0x00 => false,
            0x10 => true,
            _ => return None,
        };
        Some(Written { bytes, signed: encoding & 0x08 != 0, relative })
    }))
}

/// The byte that the letter `R` stands for (Linux Standard Base, "The Common Information Entry").
fn encoding(body: &[u8], pointer: u8) -> Option<u8> {
    let mut rest = body.get(1..)?;
    let end = rest.iter().position(|&byte| byte == 0)?;
    let letters = rest.get(..end)?.strip_prefix(b"z")?;
    rest = &rest[end + 1..];
    // Two alignment factors, the return address's register (one byte in version 1), the augmentation's length.
    for number in 0..4 {
        let one = number == 2 && body[0] == 1;
        let end = if one { 0 } else { rest.iter().position(|byte| byte & 0x80 == 0)? };
        rest = rest.get(end + 1..)?;
    }
    for letter in letters {
        match letter {
            b'R' => return rest.first().copied(),
            b'L' => rest = rest.get(1..)?,
            b'P' => {
                let bytes = match rest.first()? & 0x0f {
                    0x00 => usize::from(pointer),
                    0x02 | 0x0a => 2,
                    0x03 | 0x0b => 4,
                    0x04 | 0x0c => 8,
                    _ => return None,
                };
                rest = rest.get(1 + bytes..)?;
            }
            b'S' | b'B' => {}
            _ => return None,
        }
    }
    None
}

/// Where the entry lies that covers an address.
pub(super) fn find(extents: &[Extent], address: u64) -> Option<u64> {
    let after = extents.partition_point(|extent| extent.start <= address);
    // Entries do not overlap but where the file lies: then the nearest counts.
    let extent =
        extents[..after].iter().rev().take(8).find(|extent| address - extent.start < u64::from(extent.length))?;
    Some(u64::from(extent.at))
}
