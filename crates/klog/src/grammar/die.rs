//! The line on which a kernel dies: `Oops: 0002 [#1] PREEMPT SMP NOPTI`, `Internal error: Oops: 96000045 [#1] SMP`.
//!
//! Every architecture has a form of its own; most have the die counter in `[#…]`:
//!
//! | | |
//! |---|---|
//! | x86 (arch/x86/kernel/dumpstack.c `__die_header`) | `<what>: <error code> [#1] <options>`, newer kernels (6.12 does, 6.1 does not) with `Oops: ` before that |
//! | arm, arm64 | `Internal error: <what>: <FSR or ESR> [#1] <options>` |
//! | s390 (dumpstack.c `die`) | `<what>: 0004 ilc:2 [#1] <options>` |
//! | powerpc (traps.c `__die`) | `Oops: <what>, sig: 11 [#1]` |
//! | riscv (traps.c `die`) | `<what> [#1]`, where what is `Oops`, `Oops - …` or `Kernel BUG` |
//! | mips, loongarch (traps.c `die`) | `<what>[#1]:` |
//! | sparc (traps_64.c `die_if_kernel`) | `comm(pid): <what> [#1]` |
//! | parisc (traps.c) | `comm (pid 1): <what> (code 15)`, `Kernel Fault: Code=15 (…) at addr …` |
//!
//! Must never take a message for one because it counts something in `[#…]`.

use super::{decimal, hex};
use oopscope_report::Arch;

/// The parts of the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Die<'a> {
    /// `Oops`, `general protection fault, probably for non-canonical address 0x…`, `Oops - BUG`.
    pub(crate) what: &'a str,
    /// The error code, and the number of digits printed.
    pub(crate) code: Option<(u64, usize)>,
    /// How many times the kernel has died; parisc does not count.
    pub(crate) counter: Option<u32>,
    /// `PREEMPT SMP NOPTI`.
    pub(crate) options: &'a str,
    /// True for `Internal error:` of arm and arm64.
    pub(crate) internal_error: bool,
    /// The architecture, where the form of the line is that of one alone.
    pub(crate) arch: Option<Arch>,
    /// The task that died, where the line names it.
    pub(crate) task: Option<(&'a str, u32)>,
    /// parisc: the address, and the number of digits printed.
    pub(crate) address: Option<(u64, usize)>,
}

/// No architecture's words for an exception are longer.
const LONGEST: usize = 160;

pub(crate) fn parse(text: &str) -> Option<Die<'_>> {
    let text = text.trim_start();
    let Some((before, after)) = text.split_once("[#") else { return parisc(text) };
    let (counter, options) = decimal(after)?;
    let options = options.strip_prefix(']')?;
    let attached = !before.ends_with(' ');
    let (before, counted) = (before.trim_end(), Some(counter));
    if before.len() > LONGEST {
        return None;
    }
    let die = Die { counter: counted, options: options.trim(), ..Die::default() };
    if let Some(rest) = before.strip_prefix("Internal error: ") {
        let arm = ["ARM", "THUMB2"].iter().any(|isa| die.options.split(' ').any(|option| option == *isa));
        let arch = if arm { Arch::Arm } else { Arch::Arm64 };
        let (what, code) = coded(rest);
        return Some(Die { what, code, internal_error: true, arch: Some(arch), ..die });
    }
    if attached && options.trim_end() == ":" && is_words(before) {
        return Some(Die { what: before, options: "", ..die });
    }
    if let Some((rest, ilc)) = before.rsplit_once(" ilc:") {
        let (what, code) = coded(rest);
        let ok = matches!(ilc, "0" | "1" | "2" | "3") && code.is_some_and(|(_, digits)| digits == 4);
        return ok.then_some(Die { what, code, arch: Some(Arch::S390x), ..die });
    }
    if let Some((what, signal)) = before.strip_prefix("Oops: ").and_then(|rest| rest.rsplit_once(", sig: ")) {
        return signal.bytes().all(|b| b.is_ascii_digit()).then_some(Die { what, arch: Some(Arch::Ppc), ..die });
    }
    if let Some((comm, rest)) = before.split_once('(')
        && let Some((pid, what)) = rest.split_once("): ")
        && options.trim().is_empty()
        && let Ok(pid) = pid.parse()
    {
        return Some(Die { what, task: Some((comm, pid)), arch: Some(Arch::Sparc), ..die });
    }
    if options.trim().is_empty() && (before == "Oops" || before == "Kernel BUG" || before.starts_with("Oops - ")) {
        return Some(Die { what: before, arch: Some(Arch::Riscv), ..die });
    }
    // Everything on x86 carries four digits of error code. Without it this is some other kernel's line.
    let (what, code) = coded(before);
    let what = what.strip_prefix("Oops: ").unwrap_or(what);
    (code.is_some_and(|(_, digits)| digits == 4) && !what.is_empty()).then_some(Die { what, code, ..die })
}

/// True for an x86 die line that begins with one of these names and is cut off, or runs into other output, before its
/// counter: `general protection fault: 0000`.
pub(crate) fn is_cut_off(text: &str, names: &[&str]) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix("Oops: ").unwrap_or(text);
    names.iter().any(|name| {
        text.strip_prefix(name).is_some_and(|rest| {
            rest.rsplit_once(": ").is_some_and(|(_, code)| {
                let digits = code.bytes().take_while(u8::is_ascii_hexdigit).count();
                digits >= 4 && code[digits..].bytes().next().is_none_or(|b| b == b' ')
            })
        })
    })
}

/// `<what>: <code>`. arm prints `Internal error: : 1b [#1]` for a prefetch abort whose status has no name.
fn coded(text: &str) -> (&str, Option<(u64, usize)>) {
    match text.rsplit_once(": ") {
        Some((what, code)) if hex(code).is_some() && !code.starts_with("0x") => {
            (what, hex(code).map(|value| (value, code.len())))
        }
        _ => (text, None),
    }
}

/// Words, as an architecture says what happened: `Kernel bug detected`, `do_cpu invoked from kernel context!`.
fn is_words(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" _-/()!.,'".contains(&b))
}

/// `insmod (pid 121): Illegal instruction (code 8)`, `Kernel Fault: Code=15 (Data TLB miss fault) at addr 00000100`
/// (arch/parisc/kernel/traps.c `die_if_kernel`, `parisc_terminate`).
fn parisc(text: &str) -> Option<Die<'_>> {
    let die = Die { arch: Some(Arch::Parisc), ..Die::default() };
    if let Some((what, rest)) = text.split_once(": Code=") {
        let (code, rest) = decimal(rest)?;
        let (_, address) = rest.strip_prefix(" (")?.split_once(") at addr ")?;
        let address = address.trim_end();
        let value = hex(address).filter(|_| matches!(address.len(), 8 | 16))?;
        return (is_words(what) && what.len() <= LONGEST).then_some(Die {
            what,
            code: Some((u64::from(code), 2)),
            address: Some((value, address.len())),
            ..die
        });
    }
    let (comm, rest) = text.split_once(" (pid ")?;
    let (pid, rest) = decimal(rest)?;
    let (what, code) = rest.strip_prefix("): ")?.trim_end().strip_suffix(')')?.rsplit_once(" (code ")?;
    let (code, nothing) = decimal(code)?;
    // TASK_COMM_LEN (include/linux/sched.h).
    let ok = comm.len() < 16 && nothing.is_empty() && is_words(what) && what.len() <= LONGEST;
    ok.then_some(Die { what, code: Some((u64::from(code), 2)), task: Some((comm, pid)), ..die })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, what: &str, code: Option<u64>, counter: u32) {
        let die = parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((die.what, die.code.map(|c| c.0), die.counter), (what, code, Some(counter)), "{text}");
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
    fn other_architectures() {
        let arch = |text: &str| parse(text).unwrap_or_else(|| panic!("{text}")).arch;
        check("Oops: 0004 ilc:2 [#1] SMP ", "Oops", Some(4), 1);
        check("illegal operation: 0001 ilc:1 [#2] PREEMPT SMP", "illegal operation", Some(1), 2);
        check("Oops: Kernel access of bad area, sig: 11 [#1]", "Kernel access of bad area", None, 1);
        check("Oops [#1]", "Oops", None, 1);
        check("Oops - illegal instruction [#3]", "Oops - illegal instruction", None, 3);
        check("Oops[#1]:", "Oops", None, 1);
        check("Reserved instruction in kernel code[#1]:", "Reserved instruction in kernel code", None, 1);
        check("insmod(121): Oops [#1]", "Oops", None, 1);
        assert_eq!(parse("insmod(121): Oops [#1]").unwrap().task, Some(("insmod", 121)));
        assert_eq!(arch("Oops: 0004 ilc:2 [#1] SMP"), Some(Arch::S390x));
        assert_eq!(arch("Oops: Kernel access of bad area, sig: 11 [#1]"), Some(Arch::Ppc));
        assert_eq!(arch("Oops [#1]"), Some(Arch::Riscv));
        assert_eq!(arch("a(1): Kernel bad trap [#1]"), Some(Arch::Sparc));
        assert_eq!((arch("Oops[#1]:"), arch("Oops: 0002 [#1] SMP")), (None, None));
        assert_eq!(arch("Internal error: Oops: 5 [#1] SMP THUMB2"), Some(Arch::Arm));
        assert_eq!(arch("Internal error: Oops: 0000000096000005 [#1] SMP"), Some(Arch::Arm64));
    }

    #[test]
    fn parisc_does_not_count() {
        let die = parse("Kernel Fault: Code=15 (Data TLB miss fault) at addr 0000000000000100").unwrap();
        assert_eq!((die.what, die.code, die.counter), ("Kernel Fault", Some((15, 2)), None));
        assert_eq!(die.address, Some((0x100, 16)));
        let die = parse("insmod (pid 121): Illegal instruction (code 8)").unwrap();
        assert_eq!((die.what, die.code, die.task), ("Illegal instruction", Some((8, 2)), Some(("insmod", 121))));
    }

    #[test]
    fn others_are_none() {
        for text in [
            "Oops",
            "usb [#1]",
            "Oops: 0002",
            "[#1]",
            "x: 12345678 [#1]",
            "Oops - see issue [#1] for more",
            "Fixed in release 1.2[#1]: read it",
            "f(x): y [#1] z",
            "a (pid 1): b (code c)",
            "vi (pid 12): exited",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
