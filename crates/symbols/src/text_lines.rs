//! The lines of a text file, one after the other. Must never hold more of it than a piece, nor a line that has no end.

use oopscope_source::{ReadAt, ReadError};

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// The longest line that is handed over.
pub(crate) const LONGEST: usize = 4096;

/// How a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// Whether the last line had its end: what has none may have been cut.
    pub(crate) whole: bool,
}

/// Hands over every line without its end, in order, until `line` says false. A last line without an end is not handed over:
/// nobody knows whether the whole of it is there.
pub(crate) fn lines(file: &dyn ReadAt, line: &mut dyn FnMut(&[u8]) -> bool) -> Result<End, ReadError> {
    let mut buf = vec![0; PIECE];
    // Bytes at the front of `buf` that no line's end has followed yet.
    let mut kept = 0;
    let mut long = false;
    let mut at = 0;
    loop {
        let n = file.read_at(at, &mut buf[kept..])?;
        if n == 0 {
            return Ok(End { whole: kept == 0 && !long });
        }
        at += n as u64;
        let there = kept + n;
        let mut from = 0;
        while let Some(length) = buf[from..there].iter().position(|&byte| byte == b'\n') {
            let text = &buf[from..from + length];
            from += length + 1;
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            if !std::mem::take(&mut long) && text.len() <= LONGEST && !line(text) {
                return Ok(End { whole: true });
            }
        }
        kept = there - from;
        buf.copy_within(from..there, 0);
        if kept > LONGEST {
            (kept, long) = (0, true);
        }
    }
}

/// A number as text, with or without `0x`.
pub(crate) fn hexadecimal(word: &[u8]) -> Option<u64> {
    let digits = word.strip_prefix(b"0x").unwrap_or(word);
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    digits.iter().try_fold(0, |value: u64, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(value << 4 | u64::from(digit))
    })
}

/// The words of a line.
pub(crate) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| byte == b' ' || byte == b'\t').filter(|word| !word.is_empty())
}
