//! Functions that are named in the middle of a message: `BUG: KASAN: use-after-free in f+0x1/0x2`, `… at: f+0x1/0x2`.
//!
//! Must only accept a name with its offset (or a compiler's suffix) behind it: a word alone can be anything.

/// The function with which a text begins: `f+0x1/0x2`, `f.isra.0+0x1/0x2`.
pub(crate) fn function(text: &str) -> Option<&str> {
    let end = text.bytes().position(|b| !b.is_ascii_alphanumeric() && b != b'_')?;
    (end > 0 && matches!(text.as_bytes()[end], b'+' | b'.')).then(|| &text[..end])
}

/// After ` in `, as sanitizers' headlines have it.
pub(crate) fn after_in(text: &str) -> Option<&str> {
    text.match_indices(" in ").find_map(|(at, found)| function(&text[at + found.len()..]))
}

/// After `at: `, as lockdep names where a lock was taken, with the address before it until 4.15.
pub(crate) fn lock_at(text: &str) -> Option<&str> {
    text.match_indices("at: ").find_map(|(at, found)| {
        let rest = &text[at + found.len()..];
        function(rest).or_else(|| function(behind_address(rest)?))
    })
}

/// After an address, `[<ffffffff81234567>] f+0x1/0x2` (kernel/locking/lockdep.c `print_ip_sym`).
pub(crate) fn after_address(text: &str) -> Option<&str> {
    text.match_indices('[').find_map(|(at, _)| function(behind_address(&text[at..])?))
}

/// What follows `[<ffffffff81234567>] ` or `[ffffffff81234567] `.
fn behind_address(text: &str) -> Option<&str> {
    // No address in brackets is longer: looking further would make a line of brackets take its length squared.
    let inside = text.strip_prefix('[')?;
    let end = inside.bytes().take(24).position(|b| b == b']')?;
    let (inside, rest) = (&inside[..end], &inside[end + 1..]);
    let digits = inside.trim_matches(['<', '>']);
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()) && rest.starts_with(' '))
        .then(|| rest.trim_start())
}

/// The first decimal number after some words.
pub(crate) fn number_after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let rest = &text[text.find(words)? + words.len()..];
    let end = rest.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(function("f.isra.0+0x1/0x2"), Some("f"));
        assert_eq!(function("f of x"), None);
        assert_eq!(after_in("BUG: KASAN: slab-out-of-bounds in ext4_x+0x1/0x2"), Some("ext4_x"));
        assert_eq!(after_in("BUG: KASAN: use-after-free on address 1"), None);
        assert_eq!(lock_at(" (&a){+.+.}, at: [<ffffffff81234567>] do_x+0x1/0x2"), Some("do_x"));
        assert_eq!(lock_at(" (&a){+.+.}-{3:3}, at: do_x+0x1/0x2"), Some("do_x"));
        assert_eq!(lock_at("which became at:"), None);
        assert_eq!(after_address("[<ffffffff81234567>] do_x+0x1/0x2"), Some("do_x"));
        assert_eq!(number_after("stuck for 22s! [x:1]", "stuck for "), Some("22"));
    }
}
