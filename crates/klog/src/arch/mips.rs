//! mips: the Cause register (MIPS32/64 Architecture, Volume III, "Cause Register"; arch/mips/include/asm/mipsregs.h).
//!
//! Must never call a TLB refill on a load a read when it was a fetch: both have the same code.

use super::{Decoded, field};
use oopscope_report::AccessKind;

const CODES: [(u64, &str, AccessKind); 26] = [
    (0, "interrupt", AccessKind::Unknown),
    (1, "TLB modification: a store to a page that is mapped for reading", AccessKind::Write),
    (2, "TLB load: nothing is mapped there, on a load or fetch", AccessKind::Read),
    (3, "TLB store: nothing is mapped there, on a store", AccessKind::Write),
    (4, "address error on a load or fetch: misaligned, or not in a segment", AccessKind::Read),
    (5, "address error on a store: misaligned, or not in a segment", AccessKind::Write),
    (6, "bus error on a fetch", AccessKind::Execute),
    (7, "bus error on a load or store: a device did not answer", AccessKind::Unknown),
    (8, "system call", AccessKind::Unknown),
    (9, "breakpoint", AccessKind::Unknown),
    (10, "reserved instruction: the processor does not know it", AccessKind::Unknown),
    (11, "coprocessor unusable", AccessKind::Unknown),
    (12, "integer overflow", AccessKind::Unknown),
    (13, "trap instruction: BUG(), or a check of the compiler's", AccessKind::Unknown),
    (14, "MSA floating point exception", AccessKind::Unknown),
    (15, "floating point exception", AccessKind::Unknown),
    (16, "TLB parity error, or Loongson's own", AccessKind::Unknown),
    (19, "TLB read inhibit: mapped, but not for reading", AccessKind::Read),
    (20, "TLB execution inhibit: mapped, but not for execution", AccessKind::Execute),
    (21, "MSA disabled", AccessKind::Unknown),
    (23, "watchpoint", AccessKind::Unknown),
    (24, "machine check", AccessKind::Unknown),
    (25, "thread exception", AccessKind::Unknown),
    (26, "DSP disabled", AccessKind::Unknown),
    (27, "guest exception", AccessKind::Unknown),
    (30, "cache error", AccessKind::Unknown),
];

/// The Cause register. `fetch` tells that the faulting address is the instruction's own.
pub(crate) fn cause(cause: u64, fetch: bool) -> Decoded {
    let code = cause >> 2 & 0x1f;
    let (meaning, access) = CODES
        .iter()
        .find(|(number, ..)| *number == code)
        .map_or(("another exception", AccessKind::Unknown), |c| (c.1, c.2));
    let mut fields = vec![field("ExcCode", format!("{code:#04x}"), meaning)];
    if cause >> 31 & 1 == 1 {
        fields.push(field("BD", "1", "in the delay slot of a branch: epc is the branch"));
    }
    if code == 11 {
        fields.push(field("CE", (cause >> 28 & 3).to_string(), "the coprocessor"));
    }
    let access = if fetch && matches!(code, 2 | 4) { AccessKind::Execute } else { access };
    Decoded { name: "Cause", fields, access }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        assert_eq!(cause(0x80_0008, false).access, AccessKind::Read);
        assert_eq!(cause(0x80_0008, true).access, AccessKind::Execute);
        let delayed = cause(0x8000_000c, false);
        assert_eq!((delayed.access, delayed.fields[1].name.as_str()), (AccessKind::Write, "BD"));
        assert!(cause(0x34, false).fields[0].meaning.starts_with("trap"));
    }
}
