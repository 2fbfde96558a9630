//! parisc: the interruption number (PA-RISC 2.0 Architecture, chapter 5, "Interruptions"; arch/parisc/mm/fault.c
//! `trap_description`), and the access out of the instruction that IIR holds.
//!
//! Must never decode IIR for an interruption that is no access.

use super::{Decoded, field};
use oopscope_report::AccessKind;

const CODES: [(u64, &str); 24] = [
    (1, "high-priority machine check (HPMC): the hardware reports an error"),
    (2, "power failure"),
    (3, "recovery counter"),
    (5, "low-priority machine check"),
    (6, "instruction TLB miss, page fault: nothing is mapped there"),
    (7, "instruction memory protection: mapped, but not for execution"),
    (8, "illegal instruction"),
    (9, "break instruction: BUG(), or a debugger's"),
    (10, "privileged operation"),
    (11, "privileged register"),
    (12, "overflow"),
    (13, "conditional trap, such as a division by zero"),
    (14, "assist exception: floating point"),
    (15, "data TLB miss, page fault: nothing is mapped there"),
    (16, "non-access instruction TLB miss"),
    (17, "non-access data TLB miss"),
    (18, "data memory protection, or misaligned"),
    (19, "data memory break: a watchpoint"),
    (20, "TLB dirty bit"),
    (21, "page reference"),
    (22, "assist emulation"),
    (26, "data memory access rights: mapped, but not for this"),
    (27, "data memory protection ID"),
    (28, "misaligned data reference"),
];

/// The interruption, with the instruction where the report has it.
pub(crate) fn interruption(code: u64, iir: Option<u64>) -> Decoded {
    let meaning = CODES.iter().find(|(number, _)| *number == code).map_or("another interruption", |c| c.1);
    let mut fields = vec![field("code", code.to_string(), meaning)];
    let access = match (code, iir) {
        (6 | 7 | 16, _) => AccessKind::Execute,
        (15 | 17 | 18 | 20 | 26..=28, Some(iir)) => {
            let access = of_instruction(iir);
            let what = if access == AccessKind::Write { "a store" } else { "a load" };
            fields.push(field("IIR", format!("{iir:#010x}"), what));
            access
        }
        _ => AccessKind::Unknown,
    };
    Decoded { name: "interruption", fields, access }
}

/// Load or store, by the major opcode (PA-RISC 2.0, appendix C): 0x10 to 0x17 load, 0x18 to 0x1f store; the indexed and
/// short forms (0x03) and those of coprocessors (0x09, 0x0b) have a bit for it, with semaphores counted as stores.
const fn of_instruction(iir: u64) -> AccessKind {
    let opcode = iir >> 26 & 0x3f;
    let store = match opcode {
        0x18..=0x1f => true,
        0x01 | 0x03 | 0x09 | 0x0b => iir & 0x200 != 0 || (opcode == 3 && iir & 0x1c0 == 0x1c0),
        _ => false,
    };
    if store { AccessKind::Write } else { AccessKind::Read }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        // stw r28,0(r26) and ldw 0(r26),r28; their short forms 0f5c1280 and 0f40109c.
        assert_eq!(interruption(15, Some(0x6b5c_0000)).access, AccessKind::Write);
        assert_eq!(interruption(15, Some(0x4b5c_0000)).access, AccessKind::Read);
        assert_eq!(interruption(15, Some(0x0f5c_1280)).access, AccessKind::Write);
        assert_eq!(interruption(26, Some(0x0f40_109c)).access, AccessKind::Read);
        assert_eq!(interruption(6, None).access, AccessKind::Execute);
        assert_eq!(interruption(8, Some(0x6b5c_0000)).access, AccessKind::Unknown);
    }
}
