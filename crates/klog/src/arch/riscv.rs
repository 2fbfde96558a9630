//! riscv: the cause, `scause` (RISC-V privileged architecture, "Supervisor Cause Register"; arch/riscv/include/asm/csr.h).
//!
//! Must never guess between reads and writes: each has a cause of its own.

use super::{Decoded, field};
use oopscope_report::AccessKind;

const CAUSES: [(u64, &str, AccessKind); 20] = [
    (0, "misaligned instruction address", AccessKind::Execute),
    (1, "instruction access fault: no memory is there, or it may not be fetched from", AccessKind::Execute),
    (2, "illegal instruction", AccessKind::Unknown),
    (3, "breakpoint: BUG(), WARN() or a debugger's ebreak", AccessKind::Unknown),
    (4, "misaligned load", AccessKind::Read),
    (5, "load access fault: no memory is there, or it may not be read", AccessKind::Read),
    (6, "misaligned store or atomic", AccessKind::Write),
    (7, "store access fault: no memory is there, or it may not be written", AccessKind::Write),
    (8, "system call from user mode", AccessKind::Unknown),
    (9, "call from supervisor mode", AccessKind::Unknown),
    (10, "call from a guest's supervisor mode", AccessKind::Unknown),
    (11, "call from machine mode", AccessKind::Unknown),
    (12, "instruction page fault: nothing executable is mapped there", AccessKind::Execute),
    (13, "load page fault: nothing readable is mapped there", AccessKind::Read),
    (15, "store page fault: nothing writable is mapped there", AccessKind::Write),
    (
        18,
        "software check: an indirect branch to no landing pad, or a shadow stack that does not match",
        AccessKind::Unknown,
    ),
    (19, "hardware error", AccessKind::Unknown),
    (20, "instruction page fault of a guest", AccessKind::Execute),
    (21, "load page fault of a guest", AccessKind::Read),
    (23, "store page fault of a guest", AccessKind::Write),
];

/// The cause, of a register that has `bits` bits.
pub(crate) fn cause(cause: u64, bits: u32) -> Decoded {
    let interrupt = bits.checked_sub(1).is_some_and(|top| cause >> top & 1 == 1);
    if interrupt {
        let code = cause & 0xfff;
        let meaning = match code {
            1 => "software interrupt: another CPU asked for something",
            5 => "timer interrupt",
            9 => "external interrupt",
            _ => "another interrupt",
        };
        return Decoded {
            name: "cause",
            fields: vec![field("Interrupt", "1", "an interrupt"), field("code", code.to_string(), meaning)],
            access: AccessKind::Unknown,
        };
    }
    let (meaning, access) = CAUSES
        .iter()
        .find(|(code, ..)| *code == cause)
        .map_or(("another exception", AccessKind::Unknown), |c| (c.1, c.2));
    Decoded { name: "cause", fields: vec![field("code", cause.to_string(), meaning)], access }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes() {
        assert_eq!(cause(15, 64).access, AccessKind::Write);
        assert_eq!(cause(13, 32).access, AccessKind::Read);
        assert_eq!(cause(12, 64).access, AccessKind::Execute);
        assert!(cause(2, 64).fields[0].meaning.starts_with("illegal"));
        assert_eq!(cause(0x8000_0000_0000_0005, 64).fields[1].meaning, "timer interrupt");
        assert_eq!(cause(0x8000_0009, 32).fields[1].meaning, "external interrupt");
    }
}
