//! What programs that record a serial line write before each line, and what a getty left on the same line.

use super::{after_space, bracketed, dmesg};

pub(super) fn strip(text: &str) -> Option<&str> {
    if let Some((inside, rest)) = bracketed(text) {
        return recorder(inside).then(|| after_space(rest));
    }
    login(text)
}

/// minicom, picocom, screen: `[2026-08-17 12:34:56]`, with `T` for the space and a fraction in some.
fn recorder(inside: &str) -> bool {
    let mut stamp = inside.to_owned();
    if stamp.as_bytes().get(10) == Some(&b' ') {
        stamp.replace_range(10..11, "T");
    }
    dmesg::is_iso(&stamp)
}

/// A serial getty's prompt waits on the line on which the kernel then prints: `debian login: [    1.0] …`.
fn login(text: &str) -> Option<&str> {
    // A host's name and one space, no more: "login: " inside a message is none.
    let (host, rest) = text.split_once(" login: ")?;
    (!host.is_empty() && host.len() <= 64 && !host.contains(' ')).then_some(rest)
}
