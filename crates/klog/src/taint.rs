//! Taint letters and what they mean for somebody who reads a report.
//!
//! kernel/panic.c `taint_flags` and Documentation/admin-guide/tainted-kernels.rst; `J` since 6.15's fwctl. Distributions
//! add letters of their own, which are kept and said to be unknown.

use oopscope_report::{Taint, TaintFlag};

/// Letter, the kernel's name without `TAINT_`, the meaning.
const FLAGS: [(char, &str, &str); 21] = [
    ('P', "PROPRIETARY_MODULE", "a proprietary module was loaded"),
    ('F', "FORCED_MODULE", "a module was loaded by force"),
    ('S', "CPU_OUT_OF_SPEC", "the processor or system is outside its specification"),
    ('R', "FORCED_RMMOD", "a module was unloaded by force"),
    ('M', "MACHINE_CHECK", "the processor reported a machine check: suspect the hardware"),
    ('B', "BAD_PAGE", "a bad page was found, or a sanitizer has reported: memory may be corrupt"),
    ('U', "USER", "set on request from user space"),
    ('D', "DIE", "the kernel has died before: look for an earlier Oops or BUG"),
    ('A', "OVERRIDDEN_ACPI_TABLE", "an ACPI table was overridden by the user"),
    ('W', "WARN", "the kernel has warned before: look for an earlier WARNING"),
    ('C', "CRAP", "a staging driver was loaded"),
    ('I', "FIRMWARE_WORKAROUND", "a workaround for the firmware is in effect"),
    ('O', "OOT_MODULE", "a module from outside the kernel's tree was loaded"),
    ('E', "UNSIGNED_MODULE", "an unsigned module was loaded"),
    ('L', "SOFTLOCKUP", "a soft lockup was reported before"),
    ('K', "LIVEPATCH", "the kernel has been live patched"),
    ('X', "AUX", "set by the distribution, for its own purpose"),
    ('T', "RANDSTRUCT", "built with randomised structure layouts"),
    ('N', "TEST", "an in-kernel test has run"),
    ('J', "FWCTL", "user space used fwctl's debugging commands on a device"),
    ('H', "UNSUPPORTED_HARDWARE", "Red Hat: the hardware is not supported"),
];

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
                let known = FLAGS.iter().find(|flag| flag.0 == letter);
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
