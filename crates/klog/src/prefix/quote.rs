//! What mail, forums and trackers put before each line: `> `, and the indentation that makes a code block.
//!
//! Must never take a space off that is the kernel's: only a line that goes on like a console's is unindented.

use super::{bracketed, printk};

pub(super) fn strip(text: &str) -> Option<&str> {
    // KASAN marks the row of the bad address with `>` too, but without a space.
    if let Some(rest) = text.strip_prefix("> ") {
        return Some(rest);
    }
    // `>> ` and `>>> `, as mail programs nest without spaces.
    let inner = text.trim_start_matches('>');
    if text.len() - inner.len() >= 2
        && let Some(rest) = inner.strip_prefix(' ')
    {
        return Some(rest);
    }
    let unindented = text.trim_start_matches([' ', '\t', '\u{a0}']);
    if unindented.len() == text.len() {
        return None;
    }
    let stamped = |text: &str| bracketed(text).is_some_and(|(inside, _)| printk::time(inside).is_some());
    let levelled =
        unindented.strip_prefix('<').and_then(|rest| rest.split_once('>')).is_some_and(|(_, rest)| stamped(rest));
    (stamped(unindented) || levelled || unindented.starts_with("> ")).then_some(unindented)
}
