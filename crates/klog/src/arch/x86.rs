//! x86: the error code that the CPU pushes (Intel SDM volume 3, 4.7 and 6.13; arch/x86/include/asm/trap_pf.h).

use super::{Decoded, field};
use oopscope_report::AccessKind;

/// Error code of a page fault.
pub(crate) fn page_fault(code: u64) -> Decoded {
    let bit = |n: u32| code >> n & 1;
    let mut fields = vec![
        field(
            "P",
            bit(0).to_string(),
            if bit(0) == 1 { "the page is mapped, but not for this" } else { "no page is mapped there" },
        ),
        field("W", bit(1).to_string(), if bit(1) == 1 { "a write" } else { "not a write" }),
        field("U", bit(2).to_string(), if bit(2) == 1 { "in user mode" } else { "in kernel mode" }),
    ];
    for (n, name, meaning) in [
        (3, "RSVD", "a reserved bit is set in a page table: it is corrupt"),
        (4, "I", "an instruction fetch"),
        (5, "PK", "blocked by a protection key"),
        (6, "SS", "an access to a shadow stack"),
        (15, "SGX", "blocked by SGX"),
    ] {
        if bit(n) == 1 {
            fields.push(field(name, "1", meaning));
        }
    }
    let access = match (bit(4), bit(1)) {
        (1, _) => AccessKind::Execute,
        (0, 1) => AccessKind::Write,
        _ => AccessKind::Read,
    };
    Decoded { name: "error code", fields, access }
}

/// Error code of any other exception: a segment selector, or zero.
pub(crate) fn selector(code: u64) -> Decoded {
    let mut fields = Vec::new();
    if code != 0 {
        let table = match code >> 1 & 3 {
            0 => "GDT",
            1 | 3 => "IDT",
            _ => "LDT",
        };
        fields.push(field("selector", format!("{:#x}", code >> 3), format!("index in the {table}")));
        if code & 1 == 1 {
            fields.push(field("EXT", "1", "while an external event was being delivered"));
        }
    }
    Decoded { name: "error code", fields, access: AccessKind::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_by_error_code() {
        assert_eq!(page_fault(0x0000).access, AccessKind::Read);
        assert_eq!(page_fault(0x0002).access, AccessKind::Write);
        assert_eq!(page_fault(0x0010).access, AccessKind::Execute);
        assert_eq!(page_fault(0x0003).fields[0].meaning, "the page is mapped, but not for this");
        assert!(selector(0).fields.is_empty());
    }
}
