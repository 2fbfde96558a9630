//! Taint letters and what they mean for somebody who reads a report.
//!
//! kernel/panic.c `taint_flags` and Documentation/admin-guide/tainted-kernels.rst; `J` since 6.15's fwctl. Distributions
//! add letters of their own, which are kept and said to be unknown.

use oopscope_report::{TAINT_FLAGS, Taint, TaintFlag};

/// Decodes `G           OE` or `Not tainted`.
pub(crate) fn decode(text: &str, line: u64) -> Taint {
    let flags = if text == "Not tainted" {
        Vec::new()
    } else {
        text.chars()
            // G stands in the place of P when no proprietary module was loaded: it tells nothing.
            .filter(|c| c.is_ascii_uppercase() && *c != 'G')
            .take(32)
            .map(|letter| {
                let known = TAINT_FLAGS.iter().find(|flag| flag.0 == letter);
                TaintFlag {
                    letter,
                    name: known.map_or("", |flag| flag.1).to_owned(),
                    meaning: known.map_or("not a letter of the mainline kernel", |flag| flag.2).to_owned(),
                }
            })
            .collect()
    };
    Taint { text: text.to_owned(), flags, line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters() {
        let taint = decode("G      D W  OE", 3);
        let letters: String = taint.flags.iter().map(|flag| flag.letter).collect();
        assert_eq!(letters, "DWOE");
        assert_eq!(taint.flags[2].name, "OOT_MODULE");
        assert_eq!(decode("Not tainted", 3).flags, []);
    }
}
