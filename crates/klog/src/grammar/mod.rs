//! The grammar of the lines inside a report: one file a sort of line, each a function from text to a typed value.
//!
//! A line is recognised by its own shape, never by its place, so that lines of other CPUs in between do no harm.
//! Must never decide what a line means for a report: that is `read`'s.

pub(crate) mod code;
pub(crate) mod die;
pub(crate) mod disassembly;
pub(crate) mod fault;
pub(crate) mod frame;
pub(crate) mod lead;
pub(crate) mod locks;
pub(crate) mod marks;
pub(crate) mod mem_info;
pub(crate) mod modules;
pub(crate) mod named;
pub(crate) mod old_task;
pub(crate) mod pc;
pub(crate) mod registers;
pub(crate) mod section;
pub(crate) mod task;

/// A hexadecimal number, with or without `0x`, of at most 64 bits.
pub(crate) fn hex(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    (!digits.is_empty() && digits.len() <= 16 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| u64::from_str_radix(digits, 16).ok())?
}

/// A decimal number at the start of `text`, and the rest.
pub(crate) fn decimal(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// The text between two marks.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inside, _)| inside)
}
