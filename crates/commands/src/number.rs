//! Numbers as they are typed. Must never take for decimal what crash takes for hexadecimal.

use crate::Refusal;

/// An address: hexadecimal, with or without `0x`, as crash reads it.
pub(crate) fn address(word: &str) -> Option<u64> {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")).unwrap_or(word);
    if digits.is_empty() { None } else { u64::from_str_radix(digits, 16).ok() }
}

/// A count or number: decimal, or hexadecimal with `0x`.
pub(crate) fn number(word: &str) -> Result<u64, Refusal> {
    let parsed = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => word.parse(),
    };
    parsed.map_err(|_| Refusal(format!("{word:?} is not a number")))
}

#[cfg(test)]
mod tests {
    use super::{address, number};

    #[test]
    fn addresses_are_hexadecimal_and_counts_decimal() {
        assert_eq!(address("ffff888000000010"), Some(0xffff_8880_0000_0010));
        assert_eq!(address("0x10"), Some(16));
        assert_eq!(address("init_task"), None);
        assert_eq!(address(""), None);
        assert_eq!(number("10"), Ok(10));
        assert_eq!(number("0x10"), Ok(16));
        assert!(number("ten").is_err());
    }
}
