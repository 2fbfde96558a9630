//! Which kernel is newer, by its release alone. Must never be asked what a kernel can do: only lists are sorted so.

use std::cmp::Ordering;

/// Compares releases: numbers as numbers, and a release candidate before its release.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let mut left = pieces(a);
    let mut right = pieces(b);
    loop {
        match (left.next(), right.next()) {
            (None, None) => return a.cmp(b),
            (one, other) => match rank(one).cmp(&rank(other)) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

/// A piece as something to compare: `rc` comes before the end (6.12-rc1 before 6.12), the end before words, words
/// before numbers.
fn rank(piece: Option<&str>) -> (u8, u64, &str) {
    match piece {
        Some("rc") => (0, 0, ""),
        None => (1, 0, ""),
        Some(piece) => match piece.parse() {
            Ok(number) => (3, number, ""),
            Err(_) => (2, 0, piece),
        },
    }
}

/// Runs of digits and runs of letters.
fn pieces(release: &str) -> impl Iterator<Item = &str> {
    let is_digit = |c: char| c.is_ascii_digit();
    let mut rest = release;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let first = rest.chars().next()?;
        let end = rest.find(|c: char| !c.is_alphanumeric() || is_digit(c) != is_digit(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_kernels_come_later() {
        let order = ["4.9.0", "5.4.0-rc1", "5.4.0-rc10", "5.4.0", "5.10.0-28-amd64", "6.1.0-9-amd64", "6.1.0-56-amd64"];
        for (at, one) in order.iter().enumerate() {
            for (other_at, other) in order.iter().enumerate() {
                assert_eq!(compare(one, other), at.cmp(&other_at), "{one} {other}");
            }
        }
    }
}
