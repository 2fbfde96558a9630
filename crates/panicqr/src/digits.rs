//! Bytes written as decimal digits, in the two ways that kernels have used: a QR code packs digits densest.
//!
//! Must never make more bytes than half of the digits.

/// `z=`: every seven bytes, little-endian, are 17 digits (the encoding of FIDO2's hybrid transport, which
/// drm_panic_qr.rs took over in "drm/panic: Better binary encoding in QR code"). Stops before what is no digit.
pub(crate) fn by_seven_bytes(digits: &str) -> Vec<u8> {
    /// Digits for so many bytes.
    const LENGTHS: [usize; 8] = [0, 3, 5, 8, 10, 13, 15, 17];
    let mut out = Vec::with_capacity(digits.len() / 2);
    for group in digits.as_bytes().chunks(17) {
        let Some(number) = number(group) else { break };
        // A cut group has fewer digits than any number of bytes takes: as many bytes as are whole.
        let bytes = LENGTHS.iter().rposition(|length| *length <= group.len()).unwrap_or(0);
        out.extend_from_slice(&number.to_le_bytes()[..bytes]);
    }
    out
}

/// `zl=`: every 13 bits are four digits. What is left at the end is a number of fewer bits, in as few digits as hold it
/// (`get_next_13b` and `SegmentIterator::next` of drm_panic_qr.rs as in Linux 6.12).
pub(crate) fn by_thirteen_bits(digits: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(digits.len() / 2);
    let (mut bits, mut count) = (0u64, 0);
    let mut groups = digits.as_bytes().chunks(4).peekable();
    while let Some(group) = groups.next() {
        let width = if groups.peek().is_some() { 13 } else { last_width(group.len(), count) };
        let Some(number) = number(group).filter(|number| number >> width == 0) else { break };
        bits = bits << width | number;
        count += width;
        while count >= 8 {
            count -= 8;
            out.push((bits >> count).to_le_bytes()[0]);
        }
        bits &= (1 << count) - 1;
    }
    out
}

/// Bits of the last number by its digits, after `count` bits that wait for the rest of their byte: whole bytes were
/// written, and of the widths that so many digits are used for only one fills the byte up.
fn last_width(digits: usize, count: u32) -> u32 {
    let widths = match digits {
        4 => 11..=13,
        3 => 8..=10,
        2 => 5..=7,
        _ => 1..=4,
    };
    let widest = *widths.end();
    widths.into_iter().find(|width| (count + width).is_multiple_of(8)).unwrap_or(widest)
}

fn number(digits: &[u8]) -> Option<u64> {
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_bytes_at_a_time() {
        assert_eq!(by_seven_bytes("00000000000000001"), [1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(by_seven_bytes("72057594037927935"), [0xff; 7]);
        assert_eq!(by_seven_bytes("72057594037927935255"), [0xff; 8]);
        assert_eq!(by_seven_bytes("7205759403792793565535"), [0xff; 9]);
        // More than seven bytes hold, and not a digit: nothing is made of it but what its seven bytes say.
        assert_eq!(by_seven_bytes("99999999999999999").len(), 7);
        assert_eq!(by_seven_bytes("12x"), [0u8; 0]);
    }

    #[test]
    fn thirteen_bits_at_a_time() {
        // 0x1234 is 0b0001001000110 and 0b100: 582 in four digits, 4 in one.
        assert_eq!(by_thirteen_bits("05824"), [0x12, 0x34]);
        // 0xab alone is a number of eight bits, in three digits.
        assert_eq!(by_thirteen_bits("171"), [0xab]);
        // 0x123456: 13 bits, 582, and eleven, 0b10001010110.
        assert_eq!(by_thirteen_bits("05821110"), [0x12, 0x34, 0x56]);
        assert_eq!(by_thirteen_bits("9999"), [0u8; 0]);
    }
}
