//! User names in paths: `user-path`.
//!
//! Found: the name after `/home/`, `/Users/`, `/run/media/` and `\Users\`, wherever in a path these stand. Only the name
//! is replaced, the rest of the path stays: a reader needs it.
//!
//! ```text
//! kernel BUG at /home/jane/src/linux/mm/slub.c:321!
//! WARNING: CPU: 1 PID: 77 at /usr/local/google/home/jane/linux/net/core/dev.c:9 foo+0x1/0x2
//! Attached to C:\Users\Jane Doe\Downloads\serial.log
//! ```
//!
//! Left alone on purpose: `/root`, which is nobody's name, and user names that stand anywhere but in a path
//! (`Comm:`, `UID:`).
//!
//! This file must never replace more than one part of a path.

use std::ops::Range;

/// What stands before a name.
const PARENTS: [&str; 5] = ["/home/", "/Users/", "/run/media/", ":\\Users\\", ":/Users/"];

/// The longest user name that Linux takes is 32 bytes; Windows' and macOS' may be longer.
const LONGEST: usize = 128;

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Range<usize>> = Vec::new();
    for slash in memchr::memchr2_iter(b'/', b'\\', bytes) {
        let parent = PARENTS.iter().find(|parent| {
            // A drive's letter and colon stand before the slash that was found.
            let start = slash.checked_sub(usize::from(parent.starts_with(':')));
            start.is_some_and(|start| bytes[start..].starts_with(parent.as_bytes()))
        });
        let Some(parent) = parent else { continue };
        let start = slash + parent.trim_start_matches(':').len();
        let end = start + name(text, start, parent.contains('\\'));
        if end > start && found.last().is_none_or(|last| last.end <= start) {
            found.push(start..end);
        }
    }
    found
}

/// Length of the name at a position: up to the next part of the path, or to what no path holds.
fn name(text: &str, start: usize, windows: bool) -> usize {
    let rest = &text[start..];
    let stops = |char: char| {
        matches!(
            char,
            '/' | '\\' | ':' | '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | '|' | '*' | '%' | '!'
        ) || char.is_control()
            || char.is_whitespace()
    };
    let plain = length_until(rest, stops);
    // Windows' names may hold blanks: then another part of the path follows.
    if windows && rest[plain..].starts_with(' ') {
        let spaced = length_until(rest, |char| char != ' ' && stops(char));
        if rest[spaced..].starts_with('\\') {
            return spaced;
        }
    }
    plain
}

fn length_until(rest: &str, stops: impl Fn(char) -> bool) -> usize {
    let mut length = 0;
    for char in rest.chars() {
        if stops(char) || length >= LONGEST {
            break;
        }
        length += char.len_utf8();
    }
    length
}
