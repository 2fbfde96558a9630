//! Lines by which an architecture announces a fault and says more about it: the faulting address, the kind of access.

use super::{between, hex};
use oopscope_report::{AccessKind, Arch};

/// What an announcing line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announce<'a> {
    /// `NULL pointer dereference`, `paging request`, `execute from non-executable memory`, …
    pub(crate) what: &'a str,
    /// The address and the number of digits printed.
    pub(crate) address: Option<(u64, usize)>,
    /// Newer arm kernels and powerpc say it on the same line: `when read`, `on write`.
    pub(crate) access: AccessKind,
    /// The architecture, where the form of the line is that of one alone.
    pub(crate) arch: Option<Arch>,
}

/// `BUG: unable to handle …` and `BUG: kernel NULL pointer dereference, …` of x86 (arch/x86/mm/fault.c
/// `show_fault_oops`; other wording since 5.1), `BUG: Unable to handle …` and `BUG: Kernel NULL …` of powerpc
/// (arch/powerpc/mm/fault.c `bad_page_fault`), `Unable to handle kernel …` of all others (`die_kernel_fault`).
pub(crate) fn announce(text: &str) -> Option<Announce<'_>> {
    let text = text.trim_start();
    let x86 = |what, text: &str| {
        let address = last_word_address(text);
        let arch = if address.is_some_and(|(_, digits)| digits <= 8) { Arch::I386 } else { Arch::X86_64 };
        Announce { what, address, access: AccessKind::Unknown, arch: Some(arch) }
    };
    // Texts that teach the format often have `at` for `, address:`.
    if text.starts_with("BUG: kernel NULL pointer dereference") {
        return Some(x86("NULL pointer dereference", text));
    }
    if text.starts_with("BUG: unable to handle page fault for address: ") {
        return Some(x86("paging request", text));
    }
    // Old kernels printed the headline in two pieces, and the second one can be missing.
    if text.trim_end() == "BUG: unable to handle kernel" {
        return Some(Announce { what: "", address: None, access: AccessKind::Unknown, arch: None });
    }
    if let Some(rest) = text.strip_prefix("BUG: unable to handle kernel ") {
        let what = rest.split(" at ").next().unwrap_or(rest);
        return Some(x86(what, text));
    }
    if let Some(announce) = powerpc(text) {
        return Some(announce);
    }
    // mips and loongarch: `CPU 1 Unable to handle kernel paging request at virtual address …, epc == …, ra == …`.
    let of_cpu = text.strip_prefix("CPU ").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let rest = of_cpu.and_then(|rest| rest.strip_prefix(' ')).unwrap_or(text);
    let rest = rest.strip_prefix("Unable to handle kernel ")?;
    if let Some(what) = rest.strip_prefix("paging request for ") {
        return Some(old_powerpc(what));
    }
    let (what, rest) = split_address(rest);
    let address = rest.split([' ', ',']).next().unwrap_or("");
    let access = match rest.split_once(" when ").map(|(_, how)| how.trim()) {
        Some("read") => AccessKind::Read,
        Some("write") => AccessKind::Write,
        Some("execute") => AccessKind::Execute,
        _ => AccessKind::Unknown,
    };
    let arch = [
        (", epc == ", Arch::Mips),
        (", era == ", Arch::Loongarch),
        ("virtual kernel address", Arch::S390x),
        ("virtual user address", Arch::S390x),
    ]
    .iter()
    .find_map(|(mark, arch)| text.contains(mark).then_some(*arch));
    let value = if address == "(null)" { Some(0) } else { hex(address) };
    Some(Announce { what, address: value.map(|value| (value, address.len().max(8))), access, arch })
}

/// What, and what follows the words before an address. s390: `pointer dereference in virtual kernel address space`, which
/// says the address on its next line, and `… at virtual kernel address …` before 4.0.
fn split_address(rest: &str) -> (&str, &str) {
    [
        " at virtual address ",
        " at virtual kernel address ",
        " at virtual user address ",
        " in virtual ",
        " in mna handler",
    ]
    .iter()
    .find_map(|words| rest.split_once(words))
    .unwrap_or((rest, ""))
}

/// `BUG: Kernel NULL pointer dereference on write at 0x00000100`, `BUG: Unable to handle kernel data access on read at
/// 0x…`, `… kernel instruction fetch (NULL pointer?)`, `… kernel unaligned access at 0x…`, `… unknown paging fault at 0x…`.
fn powerpc(text: &str) -> Option<Announce<'_>> {
    let rest = text
        .strip_prefix("BUG: Unable to handle kernel ")
        .or_else(|| text.strip_prefix("BUG: Unable to handle "))
        .or_else(|| text.strip_prefix("BUG: Kernel ").filter(|rest| rest.starts_with("NULL pointer dereference")))?;
    let (words, address) = match rest.rsplit_once(" at 0x") {
        Some((words, address)) => (words, hex(address.trim_end()).map(|value| (value, address.trim_end().len()))),
        None => (rest, None),
    };
    let fetch = words.starts_with("instruction fetch");
    let (what, access) = match words.rsplit_once(" on ") {
        Some((what, "read")) => (what, AccessKind::Read),
        Some((what, "write")) => (what, AccessKind::Write),
        _ if fetch => ("instruction fetch", AccessKind::Execute),
        _ => (words, AccessKind::Unknown),
    };
    Some(Announce { what, address, access, arch: Some(Arch::Ppc) })
}

/// Until 5.1: `Unable to handle kernel paging request for data at address 0x…`, `… for instruction fetch`.
fn old_powerpc(rest: &str) -> Announce<'_> {
    let (what, address) = rest.split_once(" at address ").unwrap_or((rest, ""));
    let digits = address.trim_start_matches("0x").trim_end();
    let access = if what == "instruction fetch" { AccessKind::Execute } else { AccessKind::Unknown };
    let what = if what == "data" { "paging request" } else { what };
    Announce { what, address: hex(digits).map(|value| (value, digits.len())), access, arch: Some(Arch::Ppc) }
}

/// powerpc: `Faulting instruction address: 0xc0000000000a1b2c`.
pub(crate) fn faulting_instruction(text: &str) -> Option<(u64, usize)> {
    let digits = text.trim().strip_prefix("Faulting instruction address: 0x")?;
    hex(digits).map(|value| (value, digits.len()))
}

/// s390: `Failing address: 0000000000000000 TEID: 0000000000000483`: the page, and the translation-exception
/// identification (arch/s390/mm/fault.c `dump_fault_info`).
pub(crate) fn failing(text: &str) -> Option<(u64, Option<u64>)> {
    let rest = text.trim_start().strip_prefix("Failing address: ")?;
    let (address, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((hex(address)?, rest.strip_prefix("TEID: ").and_then(|teid| hex(teid.trim()))))
}

/// sparc: ` at virtual address 0000000000000105`, a line of its own after `… in mna handler`
/// (arch/sparc/kernel/unaligned_64.c `kernel_mna_trap_fault`).
pub(crate) fn address_alone(text: &str) -> Option<(u64, usize)> {
    let digits = text.trim().strip_prefix("at virtual address ")?;
    hex(digits).map(|value| (value, digits.len()))
}

/// arm64: `SError Interrupt on CPU1, code 0x00000000be000000 -- SError` and `Unhandled 64-bit el1h sync exception on CPU0,
/// ESR 0x… -- …` (arch/arm64/kernel/traps.c, entry-common.c); before 5.18 `Bad mode in Error handler detected on CPU0, code
/// 0xbe000000 -- SError`. arm: `Bad mode in prefetch abort handler detected`, which has no code.
pub(crate) fn bad_exception(text: &str) -> Option<(&str, Option<u64>)> {
    let text = text.trim();
    let known = text.starts_with("SError Interrupt on CPU")
        || (text.starts_with("Unhandled ") && text.contains(" exception on CPU") && text.contains(", ESR 0x"))
        || (text.starts_with("Bad mode in ") && text.contains(" handler detected"));
    if !known {
        return None;
    }
    let what = text.split_once(" on CPU").map_or(text, |(what, _)| what);
    let code = text.split_once(", code 0x").or_else(|| text.split_once(", ESR 0x"));
    Some((what, code.and_then(|(_, code)| hex(code.split(' ').next()?))))
}

/// The address at the end: `at 0000000000000008`, `address: ffff…`. Old kernels wrote `at           (null)`.
fn last_word_address(text: &str) -> Option<(u64, usize)> {
    let word = text.rsplit([' ', ':']).next()?;
    if word == "(null)" {
        return Some((0, 16));
    }
    let digits = word.trim_start_matches("0x");
    (digits.len() >= 8).then(|| hex(digits)).flatten().map(|value| (value, digits.len()))
}

/// The access that a sanitizer caught: KASAN's `Read of size 8 at addr ffff…`, `Write at addr …` of hardware tags; KFENCE's
/// `Out-of-bounds read at 0x…`, `Use-after-free write at 0x…`, `Invalid read at 0x…`.
pub(crate) fn sanitizer_access(text: &str) -> Option<(AccessKind, Option<u64>)> {
    let text = text.trim_start();
    let kfence = ["Out-of-bounds ", "Use-after-free ", "Invalid "].iter().find_map(|start| text.strip_prefix(start));
    let (rest, at) = match kfence {
        Some(rest) => (rest, " at "),
        None => (text, " at addr "),
    };
    let (what, address) = rest.split_once(at)?;
    let kind = match what.split(' ').next()? {
        "Read" | "read" => AccessKind::Read,
        "Write" | "write" => AccessKind::Write,
        _ => return None,
    };
    let size_alone = what.split_once(' ').is_none_or(|(_, size)| size.starts_with("of size "));
    let address = address.split(' ').next()?;
    // `0x(____ptrval____)`: the kernel hides it.
    let address = hex(address.strip_prefix("0x").unwrap_or(address));
    size_alone.then_some((kind, address))
}

/// `#PF: supervisor write access in kernel mode` (5.1 and later).
pub(crate) fn pf_access(text: &str) -> Option<AccessKind> {
    let rest = text.trim_start().strip_prefix("#PF: ")?;
    let what = rest.strip_prefix("supervisor ").or_else(|| rest.strip_prefix("user "))?;
    Some(match what.split(" in ").next()? {
        "read access" => AccessKind::Read,
        "write access" => AccessKind::Write,
        "instruction fetch" => AccessKind::Execute,
        _ => AccessKind::Unknown,
    })
}

/// `KASAN: null-ptr-deref in range [0x0000000000000018-0x000000000000001f]`: the address that the code meant, when
/// the fault was in KASAN's shadow of it (mm/kasan/report.c `kasan_non_canonical_hook`).
pub(crate) fn kasan_range(text: &str) -> Option<(&str, u64)> {
    let rest = text.trim_start().strip_prefix("KASAN: ")?;
    let (what, rest) = rest.split_once(" in range [")?;
    Some((what, hex(rest.split('-').next()?)?))
}

/// `BUG: TASK stack guard page was hit at ffffc90000a3bff8 (stack is ffffc90000a3c000..ffffc90000a40000)`
/// (arch/x86/kernel/traps.c `handle_stack_overflow`; older kernels do not name the stack).
///
/// With hashed pointers early after boot the address is `(____ptrval____)`: then only CR2 has it.
pub(crate) fn guard_page(text: &str) -> Option<u64> {
    hex(between(text, GUARD_PAGE, " ")?)
}

/// True for that line, with or without an address.
pub(crate) fn is_guard_page(text: &str) -> bool {
    text.contains(GUARD_PAGE)
}

const GUARD_PAGE: &str = "stack guard page was hit at ";

/// arm64: `ESR = 0x0000000096000045`, `FAR: 0x…`; the values as printed.
pub(crate) fn esr(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let rest = text.strip_prefix("ESR = ").or_else(|| text.strip_prefix("ESR: "))?;
    hex(rest.split(' ').next()?)
}

/// arm64: `FAR: 0xffff800080aabff0` of a stack overflow.
pub(crate) fn far(text: &str) -> Option<u64> {
    hex(text.trim_start().strip_prefix("FAR: ")?.split(' ').next()?)
}

/// arm: `Unhandled fault: alignment exception (0x001) at 0xc0a12345`, `Unhandled prefetch abort: … (0x…) at 0x…`.
pub(crate) fn unhandled(text: &str) -> Option<(&str, Option<u64>, Option<u64>)> {
    let text = text.trim_start();
    let rest = text
        .strip_prefix("Unhandled fault: ")
        .or_else(|| text.strip_prefix("Unhandled prefetch abort: "))
        .or_else(|| text.strip_prefix("Internal error: Unhandled fault: "))?;
    let (what, rest) = rest.split_once(" (").unwrap_or((rest, ""));
    let code = rest.split(')').next().and_then(hex);
    let address = rest.split_once(" at ").and_then(|(_, at)| hex(at.split(' ').next()?));
    Some((what, code, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_across_the_years() {
        let check = |text, what, address| {
            let got = announce(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((got.what, got.address.map(|a| a.0)), (what, address), "{text}");
        };
        let null = "NULL pointer dereference";
        check("BUG: kernel NULL pointer dereference, address: 0000000000000100", null, Some(0x100));
        check("BUG: kernel NULL pointer dereference at 0000000000000000", null, Some(0));
        check("BUG: unable to handle kernel NULL pointer dereference at           (null)", null, Some(0));
        check("BUG: unable to handle kernel NULL pointer dereference at 0000000000000008", null, Some(8));
        check(
            "BUG: unable to handle kernel paging request at ffff888012345678",
            "paging request",
            Some(0xffff_8880_1234_5678),
        );
        check(
            "BUG: unable to handle page fault for address: ffffed1000000000",
            "paging request",
            Some(0xffff_ed10_0000_0000),
        );
        check(
            "Unable to handle kernel paging request at virtual address efff800000000137",
            "paging request",
            Some(0xefff_8000_0000_0137),
        );
        check("Unable to handle kernel NULL pointer dereference at virtual address 00000004 when write", null, Some(4));
        check(
            "CPU 1 Unable to handle kernel paging request at virtual address 00000100, epc == 80012344, ra == 80012340",
            "paging request",
            Some(0x100),
        );
        check(
            "Unable to handle kernel pointer dereference in virtual kernel address space",
            "pointer dereference",
            None,
        );
        check(
            "Unable to handle kernel pointer dereference at virtual kernel address (null)",
            "pointer dereference",
            Some(0),
        );
        check("Unable to handle kernel NULL pointer dereference", null, None);
        check("Unable to handle kernel paging request in mna handler", "paging request", None);
        check("BUG: Kernel NULL pointer dereference on write at 0x00000100", null, Some(0x100));
        check(
            "BUG: Unable to handle kernel data access on read at 0xdead4ead00000000",
            "data access",
            Some(0xdead_4ead_0000_0000),
        );
        check("BUG: Unable to handle kernel instruction fetch (NULL pointer?)", "instruction fetch", None);
        check("BUG: Unable to handle unknown paging fault at 0xc0000000", "unknown paging fault", Some(0xc000_0000));
        check("Unable to handle kernel paging request for data at address 0x00000100", "paging request", Some(0x100));
        check("Unable to handle kernel paging request for instruction fetch", "instruction fetch", None);
        assert_eq!(
            announce("Unable to handle kernel paging request at virtual address 00000004 when write").unwrap().access,
            AccessKind::Write
        );
        assert_eq!(announce("BUG: soft lockup"), None);
    }

    #[test]
    fn architectures_by_their_announcements() {
        let check = |text: &str, arch, access| {
            let got = announce(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((got.arch, got.access), (arch, access), "{text}");
        };
        let (unknown, write) = (AccessKind::Unknown, AccessKind::Write);
        check("BUG: kernel NULL pointer dereference, address: 0000000000000100", Some(Arch::X86_64), unknown);
        check("BUG: kernel NULL pointer dereference, address: 00000100", Some(Arch::I386), unknown);
        check("BUG: Kernel NULL pointer dereference on write at 0x00000100", Some(Arch::Ppc), write);
        check("BUG: Unable to handle kernel instruction fetch", Some(Arch::Ppc), AccessKind::Execute);
        check("Unable to handle kernel paging request at virtual address 00000100", None, unknown);
        check("Unable to handle kernel paging request in virtual user address space", Some(Arch::S390x), unknown);
        let mips =
            "CPU 0 Unable to handle kernel paging request at virtual address 00000100, epc == 80012344, ra == 80012340";
        check(mips, Some(Arch::Mips), unknown);
        check(&mips.replace("epc", "era"), Some(Arch::Loongarch), unknown);
    }

    #[test]
    fn details() {
        assert_eq!(pf_access("#PF: supervisor write access in kernel mode"), Some(AccessKind::Write));
        assert_eq!(pf_access("#PF: error_code(0x0002) - not-present page"), None);
        assert_eq!(
            kasan_range("KASAN: null-ptr-deref in range [0x0000000000000018-0x000000000000001f]"),
            Some(("null-ptr-deref", 0x18))
        );
        assert_eq!(
            guard_page("BUG: TASK stack guard page was hit at ffffc90000a3bff8 (stack is ffffc90000a3c000..x)"),
            Some(0xffff_c900_00a3_bff8)
        );
        let hashed = "BUG: TASK stack guard page was hit at (____ptrval____) (stack is (____ptrval____)..x)";
        assert!(is_guard_page(hashed) && guard_page(hashed).is_none());
        assert_eq!(esr("  ESR = 0x0000000096000005"), Some(0x9600_0005));
        assert_eq!(failing("Failing address: 0000000000001000 TEID: 0000000000001483"), Some((0x1000, Some(0x1483))));
        assert_eq!(faulting_instruction("Faulting instruction address: 0xc0008000"), Some((0xc000_8000, 8)));
        assert_eq!(address_alone(" at virtual address 0000000000000105"), Some((0x105, 16)));
        assert_eq!(
            bad_exception("SError Interrupt on CPU1, code 0x00000000be000000 -- SError"),
            Some(("SError Interrupt", Some(0xbe00_0000)))
        );
        assert_eq!(
            bad_exception("Unhandled 64-bit el1h sync exception on CPU0, ESR 0x000000008a000000 -- PC Alignment"),
            Some(("Unhandled 64-bit el1h sync exception", Some(0x8a00_0000)))
        );
        assert_eq!(
            bad_exception("Bad mode in prefetch abort handler detected"),
            Some(("Bad mode in prefetch abort handler detected", None))
        );
        assert_eq!(bad_exception("Unhandled fault: alignment exception (0x001) at 0xc0a12345"), None);
        assert_eq!(
            unhandled("Unhandled fault: alignment exception (0x001) at 0xc0a12345"),
            Some(("alignment exception", Some(1), Some(0xc0a1_2345)))
        );
    }
}
