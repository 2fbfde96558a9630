//! UTF-16 to UTF-8, as a stream.
//!
//! Must never fail: an unpaired surrogate becomes U+FFFD.

use crate::form::Convert;

/// UTF-16 by its byte order mark, or by every other byte being NUL, as ASCII looks in it. `Some(true)`: big-endian.
pub(crate) fn byte_order(head: &[u8]) -> Option<bool> {
    match head {
        [0xff, 0xfe, ..] => return Some(false),
        [0xfe, 0xff, ..] => return Some(true),
        _ => {}
    }
    let nuls = |parity: usize| head.iter().skip(parity).step_by(2).filter(|&&byte| byte == 0).count();
    let pairs = head.len() / 2;
    let mostly = |count: usize| count * 10 >= pairs * 9;
    let hardly = |count: usize| count * 10 <= pairs;
    match (nuls(0), nuls(1)) {
        _ if pairs < 8 => None,
        (even, odd) if mostly(odd) && hardly(even) => Some(false),
        (even, odd) if mostly(even) && hardly(odd) => Some(true),
        _ => None,
    }
}

pub(crate) struct Utf16 {
    big_endian: bool,
    /// A byte without its other half.
    byte: Option<u8>,
    /// A high surrogate without its low one.
    high: Option<u16>,
    at_start: bool,
}

impl Utf16 {
    pub(crate) const fn new(big_endian: bool) -> Self {
        Self { big_endian, byte: None, high: None, at_start: true }
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        let is_mark = std::mem::take(&mut self.at_start) && unit == 0xfeff;
        if is_mark {
            return;
        }
        let pending = self.high.take();
        let units = [pending.unwrap_or(unit), unit];
        let units = if pending.is_some() { &units[..] } else { &units[..1] };
        if pending.is_none() && matches!(unit, 0xd800..=0xdbff) {
            self.high = Some(unit);
            return;
        }
        for c in char::decode_utf16(units.iter().copied()) {
            match c {
                Ok(c) => push(out, c),
                // The one that follows a high surrogate may be a high one that has its own low one.
                Err(error)
                    if matches!(error.unpaired_surrogate(), 0xd800..=0xdbff)
                        && pending != Some(error.unpaired_surrogate()) =>
                {
                    self.high = Some(error.unpaired_surrogate());
                }
                Err(_) => push(out, char::REPLACEMENT_CHARACTER),
            }
        }
    }
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

impl Convert for Utf16 {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            let Some(first) = self.byte.take() else {
                self.byte = Some(byte);
                continue;
            };
            let pair = [first, byte];
            let unit = if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
            self.unit(unit, out);
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.high.take().is_some() {
            push(out, char::REPLACEMENT_CHARACTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(bytes: &[u8], big_endian: bool) -> String {
        let mut utf16 = Utf16::new(big_endian);
        let mut out = Vec::new();
        for piece in bytes.chunks(3) {
            utf16.push(piece, &mut out);
        }
        utf16.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn both_byte_orders_and_broken_pairs() {
        let text = "\u{feff}Oops: 0002 – π \u{1f4a5}\n";
        let mut little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(converted(&little, false), "Oops: 0002 – π \u{1f4a5}\n");
        assert_eq!(converted(&big, true), "Oops: 0002 – π \u{1f4a5}\n");
        // A high surrogate before a letter, one before a pair, half a unit at the end.
        little.extend([0x00, 0xd8, b'!', 0, 0x00, 0xd8, 0x3d, 0xd8, 0xa5, 0xdc, b'x']);
        assert_eq!(converted(&little, false), "Oops: 0002 – π \u{1f4a5}\n\u{fffd}!\u{fffd}\u{1f4a5}");
    }

    #[test]
    fn it_is_seen_with_and_without_its_mark() {
        let little: Vec<u8> = "[    1.0] Oops\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}[    1.0] Oops\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((byte_order(&little), byte_order(&big)), (Some(false), Some(true)));
        assert_eq!(byte_order(b"[    1.0] Oops\r\n"), None);
    }
}
