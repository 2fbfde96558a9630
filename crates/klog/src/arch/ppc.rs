//! powerpc: the interrupt vector that is printed as `TRAP`, and what DSISR and SRR1 (printed as `MSR`) add to it
//! (Power ISA, Book III, "Interrupt Definitions"; arch/powerpc/include/asm/interrupt.h, asm/reg.h).
//!
//! Must never read DSISR for a vector that does not set it.

use super::{Decoded, field};
use oopscope_report::AccessKind;

const VECTORS: [(u64, &str); 32] = [
    (0x100, "system reset"),
    (0x200, "machine check: the hardware reports an error"),
    (0x300, "data storage: a load or store that the page table does not allow"),
    (0x380, "data segment: a load or store where no segment is mapped"),
    (0x400, "instruction storage: a fetch that the page table does not allow"),
    (0x480, "instruction segment: a fetch where no segment is mapped"),
    (0x500, "external interrupt"),
    (0x600, "alignment: a misaligned access that the processor does not do"),
    (0x700, "program: an illegal or privileged instruction, or a trap"),
    (0x800, "floating point unavailable"),
    (0x900, "decrementer: the timer"),
    (0x980, "hypervisor decrementer"),
    (0xa00, "doorbell: another CPU asked for something"),
    (0xc00, "system call"),
    (0xd00, "trace: a single step"),
    (0xe00, "hypervisor data storage"),
    (0xe20, "hypervisor instruction storage"),
    (0xe40, "hypervisor emulation assistance: an instruction that the processor does not know"),
    (0xe60, "hypervisor maintenance: the hardware reports an error"),
    (0xe80, "hypervisor doorbell"),
    (0xea0, "hypervisor virtualization: an external interrupt"),
    (0xf00, "performance monitor"),
    (0xf20, "vector unit unavailable"),
    (0xf40, "vector-scalar unit unavailable"),
    (0xf60, "facility unavailable"),
    (0xf80, "hypervisor facility unavailable"),
    (0x1300, "instruction TLB error (8xx), or instruction breakpoint"),
    (0x1400, "data TLB error (8xx)"),
    (0x1500, "denormalized operand"),
    (0x1700, "vector assist"),
    (0x1800, "thermal"),
    (0x3000, "system call (scv)"),
];

/// Bits of DSISR.
const DSISR: [(u64, &str, &str); 10] = [
    (0x4000_0000, "NOHPTE", "no translation: nothing is mapped there"),
    (0x2000_0000, "ATTR_CONFLICT", "two page tables disagree about the page's attributes"),
    (0x0800_0000, "PROTFAULT", "mapped, but not for this"),
    (0x0400_0000, "BADACCESS", "an access that device memory does not allow"),
    (0x0200_0000, "ISSTORE", "a store"),
    (0x0040_0000, "DABRMATCH", "a data breakpoint"),
    (0x0020_0000, "KEYFAULT", "blocked by a protection key"),
    (0x0008_0000, "UNSUPP_MMU", "a configuration of the MMU that is not supported"),
    (0x0004_0000, "SET_RC", "the page's reference or change bit could not be set"),
    (0x0002_0000, "PRTABLE_FAULT", "a fault on the process table itself"),
];

/// Bits of SRR1 after a program interrupt.
const PROGRAM: [(u64, &str, &str); 5] = [
    (0x0020_0000, "TM", "a transaction in a state in which it may not be"),
    (0x0010_0000, "FP", "a floating point exception"),
    (0x0008_0000, "ILLEGAL", "an illegal instruction"),
    (0x0004_0000, "PRIV", "a privileged instruction"),
    (0x0002_0000, "SRR1 TRAP", "a trap instruction: BUG(), WARN() or a check of the compiler's"),
];

/// The vector with what explains it.
pub(crate) fn trap(vector: u64, dsisr: Option<u64>, srr1: Option<u64>) -> Decoded {
    // The lowest bit of what is printed says that not all registers were saved.
    let vector = vector & !0xf;
    let meaning = VECTORS.iter().find(|(number, _)| *number == vector).map_or("another interrupt", |v| v.1);
    let mut fields = vec![field("TRAP", format!("{vector:#x}"), meaning)];
    let mut add = |bits: &[(u64, &str, &str)], word: u64| {
        fields.extend(
            bits.iter().filter(|(bit, ..)| word & bit != 0).map(|(_, name, meaning)| field(name, "1", *meaning)),
        );
    };
    let access = match vector {
        0x300 | 0xe00 | 0x1400 => match dsisr {
            Some(dsisr) => {
                add(&DSISR, dsisr);
                if dsisr & 0x0200_0000 != 0 { AccessKind::Write } else { AccessKind::Read }
            }
            None => AccessKind::Unknown,
        },
        0x400 | 0x480 | 0xe20 | 0x1300 => {
            // What a fetch did wrong is in SRR1, with the bits of DSISR (`DSISR_SRR1_MATCH_64S`).
            let explains = 0x4000_0000 | 0x1000_0000 | 0x0800_0000 | 0x0020_0000;
            if let Some(srr1) = srr1 {
                add(&DSISR, srr1 & explains);
                add(&[(0x1000_0000, "NOEXEC_OR_G", "not executable, or guarded")], srr1);
            }
            AccessKind::Execute
        }
        0x700 => {
            if let Some(srr1) = srr1 {
                add(&PROGRAM, srr1);
            }
            AccessKind::Unknown
        }
        _ => AccessKind::Unknown,
    };
    Decoded { name: "TRAP", fields, access }
}

/// True for vectors that interrupt what they find, whatever it does: the code above ran in an interrupt.
pub(crate) const fn is_asynchronous(vector: u64) -> bool {
    matches!(vector, 0x100 | 0x200 | 0x500 | 0x900 | 0x980 | 0xa00 | 0xe60 | 0xe80 | 0xea0 | 0xf00)
}

/// True for system calls: what is below is user mode.
pub(crate) const fn is_system_call(vector: u64) -> bool {
    matches!(vector, 0xc00 | 0x3000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        let names = |decoded: &Decoded| decoded.fields.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
        let write = trap(0x300, Some(0x4200_0000), Some(0x8000_0000_0000_9033));
        assert_eq!(
            (names(&write), write.access),
            (vec!["TRAP".into(), "NOHPTE".into(), "ISSTORE".into()], AccessKind::Write)
        );
        assert_eq!(trap(0x300, Some(0x4000_0000), None).access, AccessKind::Read);
        assert_eq!(trap(0x380, Some(0x0200_0000), None).access, AccessKind::Unknown);
        assert_eq!(trap(0x401, None, Some(0x4000_0000)).access, AccessKind::Execute);
        assert_eq!(names(&trap(0x700, None, Some(0x8000_0000_0002_9033))), ["TRAP", "SRR1 TRAP"]);
        assert!(is_asynchronous(0x900) && !is_asynchronous(0x300) && is_system_call(0xc00));
    }
}
