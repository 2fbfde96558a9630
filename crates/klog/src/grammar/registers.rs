//! Register lines: `RAX: 0000… RBX: …`, `x29: … x28: …`, `r10: … r9 : …`, `RSP: 0018:… EFLAGS: …`.

use super::hex;

/// One register of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Register<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: u64,
    /// Hex digits printed: the register's width.
    pub(crate) digits: usize,
}

/// Names that x86 prints (arch/x86/kernel/process_64.c and process_32.c, `__show_regs`).
const X86: &[&str] = &[
    "RSP", "EFLAGS", "ORIG_RAX", "RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP", "R08", "R09", "R10", "R11", "R12",
    "R13", "R14", "R15", "FS", "GS", "knlGS", "CS", "DS", "ES", "SS", "CR0", "CR2", "CR3", "CR4", "CR8", "DR0", "DR1",
    "DR2", "DR3", "DR6", "DR7", "PKRU", "EAX", "EBX", "ECX", "EDX", "ESI", "EDI", "EBP", "ESP", "EIP", "RIP", "R8",
    "R9", "SSP", "PKRS", "FLAGS",
];
/// Names that arm64 and arm print beside the numbered ones (`__show_regs` of both).
const ARM: &[&str] = &["sp", "pstate", "psr", "ip", "fp", "lr", "pc", "pmr", "pmr_save"];

fn is_register(name: &str) -> bool {
    let numbered = |prefix: &str, most: u8| {
        name.strip_prefix(prefix).and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| n <= most)
    };
    X86.contains(&name) || ARM.contains(&name) || numbered("x", 30) || numbered("r", 15)
}

/// All registers of a line; empty when it is no register line. Every word must fit: `NAME: value`, where a value
/// may carry a segment (`0018:ffff…`), brackets (`[<8015df40>]`) or a decoded form in parentheses after it.
pub(crate) fn parse(text: &str) -> Vec<Register<'_>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some((name, after)) = rest.split_once(':') else { return Vec::new() };
        let name = name.trim_end();
        if !is_register(name) {
            return Vec::new();
        }
        let after = after.trim_start();
        let end = after.find([' ', '\t']).unwrap_or(after.len());
        let word = &after[..end];
        let Some((value, digits)) = value(word) else {
            // `pc : func+0x1/0x2`, `EFLAGS:` cut off: what was read before it still counts.
            return if found.is_empty() { Vec::new() } else { found };
        };
        found.push(Register { name, value, digits });
        rest = after[end..].trim_start();
        if rest.starts_with('(') {
            // `pstate: 60400005 (nZCv daif …)`
            rest = rest.split_once(')').map_or("", |(_, rest)| rest).trim_start();
        }
    }
    found
}

fn value(word: &str) -> Option<(u64, usize)> {
    let word = word.trim_start_matches("[<").trim_end_matches(">]").trim_end_matches(',');
    let word = word.split_once('(').map_or(word, |(value, _)| value);
    let word = word.rsplit_once(':').map_or(word, |(_, value)| value);
    let digits = word.trim_start_matches("0x");
    (digits.len() >= 4).then(|| hex(digits)).flatten().map(|value| (value, digits.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[(&str, u64)]) {
        let got: Vec<_> = parse(text).iter().map(|r| (r.name, r.value)).collect();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn all_forms() {
        check("RSP: 0018:ffffc8c7c00d0fb0 EFLAGS: 00000006", &[("RSP", 0xffff_c8c7_c00d_0fb0), ("EFLAGS", 6)]);
        check(
            "RSP: 002b:00007ffe EFLAGS: 00000246 ORIG_RAX: ffffffffffffffda",
            &[("RSP", 0x7ffe), ("EFLAGS", 0x246), ("ORIG_RAX", u64::MAX - 0x25)],
        );
        check(
            "FS:  0000000001234000(0000) GS:ffff888000000000(0000) knlGS:0000000000000000",
            &[("FS", 0x123_4000), ("GS", 0xffff_8880_0000_0000), ("knlGS", 0)],
        );
        check(
            "CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033",
            &[("CS", 0x10), ("DS", 0), ("ES", 0), ("CR0", 0x8005_0033)],
        );
        check(
            "x11: 0000000000080000 x10: 0000000000001378 x9 : efff800000000000",
            &[("x11", 0x8_0000), ("x10", 0x1378), ("x9", 0xefff_8000_0000_0000)],
        );
        check("pstate: 80402009 (Nzcv daif +PAN -UAO)", &[("pstate", 0x8040_2009)]);
        check(
            "pc : [<8015df40>]    lr : [<801559ec>]    psr: 60000093",
            &[("pc", 0x8015_df40), ("lr", 0x8015_59ec), ("psr", 0x6000_0093)],
        );
        check("sp : ffff80008c597650", &[("sp", 0xffff_8000_8c59_7650)]);
    }

    #[test]
    fn others_are_none() {
        for text in ["", "pc : vgic_get_irq+0x7c/0x3d4", "usb: 12345678", "Call Trace:", "CPU: 0001", "R13"] {
            check(text, &[]);
        }
    }
}
