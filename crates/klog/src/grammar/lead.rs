//! What architectures print before the symbol of a frame: addresses in brackets, stack pointers, parentheses.
//!
//! Must never decide whether a symbol follows: that is `frame`'s.

use super::hex;

/// The front of a line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lead<'a> {
    pub(crate) address: Option<u64>,
    /// False where this form of the line says that the unwinder does not vouch for it.
    pub(crate) reliable: bool,
    /// The line repeats a trace that the kernel has printed in another form.
    pub(crate) again: bool,
    /// The symbol, and what follows it.
    pub(crate) rest: &'a str,
}

/// Takes the front off. A line without one is all `rest`.
///
/// `[<addr>] f` (print_ip_sym; x86 until 4.9), s390's `([<addr>] f)` for what is not reliable
/// (arch/s390/kernel/dumpstack.c), powerpc's `[sp] [ip] f` (arch/powerpc/kernel/process.c `show_stack`) and, until
/// 5.10, `    LR = f` after an interrupt, sparc's `Caller[addr]: f` (arch/sparc/kernel/traps_64.c `die_if_kernel`), which
/// comes after a trace of the usual form.
pub(crate) fn parse(text: &str) -> Lead<'_> {
    let lead = |address, reliable, rest| Lead { address, reliable, again: false, rest };
    if let Some(inside) = text.strip_prefix("([<").and_then(|_| text[1..].trim_end().strip_suffix(')'))
        && let Some((address, rest)) = angled(inside)
    {
        return lead(address, false, rest);
    }
    if let Some((address, rest)) = angled(text) {
        return lead(address, true, rest);
    }
    if let Some((_, rest)) = squared(text)
        && let Some((address, rest)) = squared(rest)
    {
        return lead(Some(address), true, rest);
    }
    if let Some(rest) = text.strip_prefix("LR = ") {
        return lead(None, true, rest);
    }
    if let Some((address, rest)) = text.strip_prefix("Caller").and_then(squared)
        && text.contains("]: ")
    {
        return Lead { address: Some(address), reliable: true, again: true, rest };
    }
    lead(None, true, text)
}

/// `[<ffffffff81234567>] `, also with spaces or words inside as in `[< (ptrval)>]`.
pub(crate) fn angled(text: &str) -> Option<(Option<u64>, &str)> {
    let (inside, rest) = text.strip_prefix("[<")?.split_once(">]")?;
    Some((hex(inside.trim()), rest.trim_start()))
}

/// `[c0000000fe5d3ca0] `, `[0000000000452a9c]: `: an address of a whole register.
fn squared(text: &str) -> Option<(u64, &str)> {
    let (inside, rest) = text.strip_prefix('[')?.split_once(']')?;
    let value = hex(inside).filter(|_| matches!(inside.len(), 8 | 16))?;
    Some((value, rest.strip_prefix(':').unwrap_or(rest).strip_prefix(' ')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_front() {
        let check = |text, address, reliable, again| {
            assert_eq!(parse(text), Lead { address, reliable, again, rest: "f+0x1/0x2" }, "{text}");
        };
        check("f+0x1/0x2", None, true, false);
        check("[<ffffffff81234567>] f+0x1/0x2", Some(0xffff_ffff_8123_4567), true, false);
        check("[< (ptrval)>] f+0x1/0x2", None, true, false);
        check("([<000003ff800123ac>] f+0x1/0x2)", Some(0x3ff_8001_23ac), false, false);
        check("[c0000000fe5d3ca0] [c0000000000a1b2c] f+0x1/0x2", Some(0xc000_0000_000a_1b2c), true, false);
        check("[c0008000] [c0008004] f+0x1/0x2", Some(0xc000_8004), true, false);
        check("LR = f+0x1/0x2", None, true, false);
        check("Caller[0000000000452a9c]: f+0x1/0x2", Some(0x45_2a9c), true, true);
    }

    #[test]
    fn what_is_no_front_stays() {
        for text in ["[eth0] f+0x1/0x2", "[c0008000] f+0x1/0x2", "Caller[1]: f", "([<a", "Callers"] {
            assert_eq!(parse(text).rest, text);
        }
    }
}
