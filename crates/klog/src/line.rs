//! One line of a log: cleaned of what terminals add, with what its prefix told.
//!
//! Must never fail: whatever the bytes are, a line comes out.

use crate::prefix::{self, Prefix};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A line on its way into a report.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Number in the log, counting from 1.
    pub(crate) number: u64,
    /// What the prefix told.
    pub(crate) prefix: Prefix,
    /// The kernel's message, with its own leading spaces: a frame begins with one.
    pub(crate) text: String,
    /// How many lines of the same caller stand between this one and its report's headline, whether they belong to the
    /// report or not.
    pub(crate) nth: u32,
}

impl Line {
    pub(crate) fn new(number: u64, bytes: &[u8]) -> Self {
        let cleaned = clean(bytes);
        let (prefix, text) = prefix::strip(&cleaned);
        Self { number, prefix, text: text.trim_end().to_owned(), nth: 0 }
    }
}

/// The line as text to be parsed: escape sequences, carriage returns and control characters but tab are gone.
fn clean(bytes: &[u8]) -> Cow<'_, str> {
    // The byte order mark of a file's first line.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    if !text.bytes().any(|b| is_control(b) && b != b'\t') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for piece in pieces(&text) {
        if let Piece::Text(text) = piece {
            out.push_str(text);
        }
    }
    Cow::Owned(out)
}

/// A line as it is to be shown: without escape sequences and carriage returns at its end, other control
/// characters as visible pictures (U+2400…), marks of writing direction as `<U+202E>`, bytes that are not UTF-8 as U+FFFD; with its printk level where its
/// prefix tells one.
pub fn display_line(line: &[u8]) -> (String, Option<u8>) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\r', '\n']);
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) if text.contains(is_bidi) => push_marked(&mut out, text),
            Piece::Text(text) => out.push_str(text),
            Piece::Control(c) => out.push(picture(c)),
            Piece::Escape => {}
        }
    }
    let level = prefix::strip(&out).0.level;
    (out, level)
}

enum Piece<'a> {
    Text(&'a str),
    Control(u8),
    /// A whole ANSI escape sequence.
    Escape,
}

const fn is_control(b: u8) -> bool {
    b < 0x20 || b == 0x7f
}

fn picture(control: u8) -> char {
    if control == 0x7f { '\u{2421}' } else { char::from_u32(0x2400 + u32::from(control)).unwrap_or('\u{fffd}') }
}

/// Characters that change the direction of what follows (Unicode Standard Annex 9, 2.1 to 2.6): a log line could be
/// made to read as another.
const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Appends text with such characters written out: `<U+202E>`.
fn push_marked(out: &mut String, text: &str) {
    for c in text.chars() {
        if is_bidi(c) {
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        } else {
            out.push(c);
        }
    }
}

/// Splits text into runs of plain text, control characters and escape sequences.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let bytes = rest.as_bytes();
        let first = *bytes.first()?;
        let (piece, len) = if first == 0x1b {
            match escape_len(bytes) {
                Some(len) => (Piece::Escape, len),
                None => (Piece::Control(first), 1),
            }
        } else if is_control(first) && first != b'\t' {
            (Piece::Control(first), 1)
        } else {
            let len = bytes.iter().position(|&b| is_control(b) && b != b'\t').unwrap_or(bytes.len());
            (Piece::Text(&rest[..len]), len)
        };
        rest = &rest[len..];
        Some(piece)
    })
}

/// Length of the escape sequence at the start of `bytes` (ECMA-48: CSI, OSC and the two-byte forms).
/// None when it is not whole; what follows is then shown, not swallowed.
fn escape_len(bytes: &[u8]) -> Option<usize> {
    /// Longer ones are no sequences that a terminal program prints.
    const LONGEST: usize = 256;
    match *bytes.get(1)? {
        b'[' => bytes[2..]
            .iter()
            .take(LONGEST)
            .position(|b| !(0x20..=0x3f).contains(b))
            .filter(|&at| (0x40..=0x7e).contains(&bytes[2 + at]))
            .map(|at| at + 3),
        b']' => bytes[2..].iter().take(LONGEST).position(|&b| b == 0x07).map(|at| at + 3),
        b'(' | b')' => bytes.get(2).filter(|b| b.is_ascii_graphic()).map(|_| 3),
        0x30..=0x7e => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_leave_no_trace() {
        let line = Line::new(7, b"\x1b[0;31m[    1.500000] BUG: x\x1b[0m\r\r");
        assert_eq!(line.text, "BUG: x");
        assert_eq!(line.prefix.time, Some(1.5));
        assert_eq!(line.number, 7);
        assert_eq!(Line::new(1, "\u{feff}[    1.500000] x\r\r".as_bytes()).text, "x");
    }

    #[test]
    fn what_is_shown_hides_nothing() {
        assert_eq!(display_line(b"a\0b\x1b[1mc\x07\r\n").0, "a\u{2400}bc\u{2407}");
        assert_eq!(display_line(b"\xff<script>").0, "\u{fffd}<script>");
        assert_eq!(display_line("a\u{202e}b".as_bytes()).0, "a<U+202E>b");
        assert_eq!(display_line(b"\x1b[12").0, "\u{241b}[12");
        assert_eq!(display_line(b"<4>[    1.0] x"), ("<4>[    1.0] x".to_owned(), Some(4)));
    }
}
