//! The line on which a kernel dies: `Oops: 0002 [#1] PREEMPT SMP NOPTI`, `Internal error: Oops: 96000045 [#1] SMP`.
//!
//! x86 writes `<what>: <error code> [#<die counter>] <options>` (arch/x86/kernel/dumpstack.c `__die_header`); newer
//! kernels (6.12 does, 6.1 does not) put `Oops: ` before that: `Oops: Oops: 0002 [#1]`,
//! `Oops: general protection fault, …: 0000 [#1]`. arm and arm64 write
//! `Internal error: <what>: <ESR or FSR> [#<die counter>] <options>`.

use super::{decimal, hex};

/// The parts of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Die<'a> {
    /// `Oops`, `general protection fault, probably for non-canonical address 0x…`, `Oops - BUG`.
    pub(crate) what: &'a str,
    /// The error code, and the number of digits printed.
    pub(crate) code: Option<(u64, usize)>,
    pub(crate) counter: u32,
    /// `PREEMPT SMP NOPTI`.
    pub(crate) options: &'a str,
    /// True for `Internal error:` of arm and arm64.
    pub(crate) internal_error: bool,
}

pub(crate) fn parse(text: &str) -> Option<Die<'_>> {
    let (before, after) = text.trim_start().split_once("[#")?;
    let (counter, options) = decimal(after)?;
    let options = options.strip_prefix(']')?.trim();
    let before = before.trim_end();
    let (internal_error, before) = match before.strip_prefix("Internal error: ") {
        Some(rest) => (true, rest),
        None => (false, before),
    };
    let (what, code) = match before.rsplit_once(": ") {
        Some((what, code)) if hex(code).is_some() && !code.starts_with("0x") => {
            (what, hex(code).map(|value| (value, code.len())))
        }
        _ => (before, None),
    };
    // Everything on x86 carries four digits of error code. Without it this is some other architecture's line.
    if !internal_error && code.is_none_or(|(_, digits)| digits != 4) {
        return None;
    }
    let what = what.strip_prefix("Oops: ").unwrap_or(what);
    // arm prints `Internal error: : 1b [#1]` for a prefetch abort whose status has no name.
    let sane = (internal_error || !what.is_empty()) && what.len() <= 160;
    sane.then_some(Die { what, code, counter, options, internal_error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, what: &str, code: Option<u64>, counter: u32) {
        let die = parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((die.what, die.code.map(|c| c.0), die.counter), (what, code, counter), "{text}");
    }

    #[test]
    fn old_and_new() {
        check("Oops: 0002 [#1] PREEMPT SMP NOPTI", "Oops", Some(2), 1);
        check("Oops: Oops: 0002 [#2] SMP NOPTI", "Oops", Some(2), 2);
        check("general protection fault: 0000 [#1] SMP", "general protection fault", Some(0), 1);
        let what = "general protection fault, probably for non-canonical address 0xdffffc0000000000";
        check(&format!("Oops: {what}: 0000 [#1] PREEMPT SMP KASAN"), what, Some(0), 1);
        check("invalid opcode: 0000 [#1] SMP", "invalid opcode", Some(0), 1);
        check("Internal error: Oops: 0000000096000005 [#1] PREEMPT SMP", "Oops", Some(0x9600_0005), 1);
        check("Internal error: Oops - BUG: 00000000f2000800 [#1] SMP", "Oops - BUG", Some(0xf200_0800), 1);
        check("Internal error: Oops: 5 [#1] SMP ARM", "Oops", Some(5), 1);
        check("Internal error: : 1b [#1] SMP ARM", "", Some(0x1b), 1);
        check(
            "Internal error: Oops - undefined instruction: 0 [#1] SMP ARM",
            "Oops - undefined instruction",
            Some(0),
            1,
        );
    }

    #[test]
    fn others_are_none() {
        for text in ["Oops", "usb [#1]", "Oops: 0002", "[#1]", "x: 12345678 [#1]"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
