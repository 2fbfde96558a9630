//! UTF-16 logs (PowerShell's `>` writes them) to UTF-8, in memory.
//!
//! Offsets of the two do not correspond, so such a log can't be read in place: it must be small enough to be held,
//! and this module must never read more than [`LIMIT`].

use crate::input::clamp;
use oopscope_source::{ReadAt, ReadError};

/// The largest UTF-16 file that is converted, in bytes.
pub(crate) const LIMIT: u64 = 32 << 20;

/// The whole source as UTF-8; unpaired surrogates become U+FFFD. The source must not be larger than [`LIMIT`].
pub(crate) fn to_utf8(source: &dyn ReadAt, big_endian: bool) -> Result<Vec<u8>, ReadError> {
    let mut bytes = vec![0; clamp(source.len().min(LIMIT))];
    let read = source.read_at(0, &mut bytes)?;
    let units = bytes[..read].chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    });
    let mut text = String::with_capacity(read / 2);
    let chars = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    text.extend(chars.skip_while(|&c| c == '\u{feff}'));
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_and_broken_pairs() {
        let mut little: Vec<u8> = "\u{feff}Oops: 0002 – π\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(to_utf8(&little, false).unwrap(), "Oops: 0002 – π\n".as_bytes());
        little.extend([0x00, 0xd8, b'!', 0, b'x']);
        assert_eq!(to_utf8(&little, false).unwrap(), "Oops: 0002 – π\n\u{fffd}!".as_bytes());
    }
}
