//! Lines by which an architecture announces a fault and says more about it: the faulting address, the kind of access.

use super::{between, hex};
use oopscope_report::AccessKind;

/// What an announcing line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announce<'a> {
    /// `NULL pointer dereference`, `paging request`, `execute from non-executable memory`, …
    pub(crate) what: &'a str,
    /// The address and the number of digits printed.
    pub(crate) address: Option<(u64, usize)>,
    /// Newer arm kernels say it on the same line: `when read`.
    pub(crate) access: AccessKind,
    pub(crate) x86: bool,
}

/// `BUG: unable to handle …` and `BUG: kernel NULL pointer dereference, …` of x86 (arch/x86/mm/fault.c
/// `show_fault_oops`; other wording since 5.1),
/// `Unable to handle kernel …` of arm64 and arm (`die_kernel_fault`).
pub(crate) fn announce(text: &str) -> Option<Announce<'_>> {
    let text = text.trim_start();
    let x86 =
        |what, text: &str| Announce { what, address: last_word_address(text), access: AccessKind::Unknown, x86: true };
    // Texts that teach the format often have `at` for `, address:`.
    if text.starts_with("BUG: kernel NULL pointer dereference") {
        return Some(x86("NULL pointer dereference", text));
    }
    if text.starts_with("BUG: unable to handle page fault for address: ") {
        return Some(x86("paging request", text));
    }
    // Old kernels printed the headline in two pieces, and the second one can be missing.
    if text.trim_end() == "BUG: unable to handle kernel" {
        return Some(Announce { what: "", address: None, access: AccessKind::Unknown, x86: true });
    }
    if let Some(rest) = text.strip_prefix("BUG: unable to handle kernel ") {
        let what = rest.split(" at ").next().unwrap_or(rest);
        return Some(x86(what, text));
    }
    let rest = text.strip_prefix("Unable to handle kernel ")?;
    let (what, rest) = rest.split_once(" at virtual address ").unwrap_or((rest, ""));
    let address = rest.split(' ').next().unwrap_or("");
    let access = match rest.split_once(" when ").map(|(_, how)| how.trim()) {
        Some("read") => AccessKind::Read,
        Some("write") => AccessKind::Write,
        Some("execute") => AccessKind::Execute,
        _ => AccessKind::Unknown,
    };
    Some(Announce { what, address: hex(address).map(|value| (value, address.len())), access, x86: false })
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
        assert_eq!(
            announce("Unable to handle kernel paging request at virtual address 00000004 when write").unwrap().access,
            AccessKind::Write
        );
        assert_eq!(announce("BUG: soft lockup"), None);
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
        assert_eq!(
            unhandled("Unhandled fault: alignment exception (0x001) at 0xc0a12345"),
            Some(("alignment exception", Some(1), Some(0xc0a1_2345)))
        );
    }
}
