//! Numbers and enumerations in words, the same everywhere: text, Markdown, notes.
//!
//! This module must never know where its words are put.

use oopscope_report::{AccessKind, Context};

/// A size for people, in decimal units: `512 bytes`, `32.7 kB`, `1.2 GB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => plural(bytes, "byte", "bytes"),
    }
}

/// A number with its noun: `1 line`, `1,204 lines`.
pub(crate) fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// A number with commas between groups of three digits.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// True when the task on the report is the one that was interrupted, not the one that ran the faulting code.
pub(crate) const fn is_interrupt(context: Context) -> bool {
    matches!(context, Context::Hardirq | Context::Softirq | Context::Nmi)
}

/// What was attempted: `read`.
pub(crate) const fn access(kind: AccessKind) -> &'static str {
    match kind {
        AccessKind::Read => "read",
        AccessKind::Write => "write",
        AccessKind::Execute => "instruction fetch",
        AccessKind::Unknown => "access",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_numbers() {
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(32_768), "32.7 kB");
        assert_eq!(size(5_368_709_120), "5.3 GB");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(plural(1000, "line", "lines"), "1,000 lines");
    }
}
