//! arm64: the exception syndrome, ESR_EL1 (Arm ARM DDI 0487, D24.2 "ESR_EL1"; arch/arm64/include/asm/esr.h).

use super::{Decoded, field};
use oopscope_report::AccessKind;

/// Exception classes that a kernel dies of.
const CLASSES: [(u64, &str); 20] = [
    (0x00, "unknown reason: an undefined instruction"),
    (0x07, "access to SVE, SIMD or floating point"),
    (0x0d, "branch target exception: an indirect branch to no landing pad"),
    (0x0e, "illegal execution state"),
    (0x18, "trapped system register access"),
    (0x1c, "pointer authentication failed"),
    (0x20, "instruction abort from user mode"),
    (0x21, "instruction abort in the kernel"),
    (0x22, "misaligned program counter"),
    (0x24, "data abort from user mode"),
    (0x25, "data abort in the kernel"),
    (0x26, "misaligned stack pointer"),
    (0x27, "memory copy or set instruction"),
    (0x2c, "floating point exception"),
    (0x2d, "guarded control stack"),
    (0x2f, "SError: an asynchronous error of the hardware"),
    (0x31, "hardware breakpoint in the kernel"),
    (0x33, "single step in the kernel"),
    (0x35, "watchpoint in the kernel"),
    (0x3c, "BRK instruction: BUG(), WARN() or a sanitizer's trap"),
];

/// Immediates of the BRK instruction (arch/arm64/include/asm/brk-imm.h).
const BRKS: [(u64, &str); 6] = [
    (0x004, "kprobe"),
    (0x005, "uprobe"),
    (0x800, "BUG() or WARN()"),
    (0x900, "software KASAN, tag mismatch"),
    (0x55aa, "UBSAN trap"),
    (0x8000, "CFI failure"),
];

/// The syndrome.
pub(crate) fn esr(esr: u64) -> Decoded {
    let class = esr >> 26 & 0x3f;
    let meaning =
        CLASSES.iter().find(|(ec, _)| *ec == class).map_or("not a class that kernels usually die of", |c| c.1);
    let mut fields = vec![field("EC", format!("{class:#04x}"), meaning)];
    let mut access = AccessKind::Unknown;
    match class {
        0x20 | 0x21 => {
            access = AccessKind::Execute;
            fields.push(field("IFSC", format!("{:#04x}", esr & 0x3f), fault_status(esr & 0x3f)));
        }
        0x24 | 0x25 => {
            fields.push(field("DFSC", format!("{:#04x}", esr & 0x3f), fault_status(esr & 0x3f)));
            let cache_maintenance = esr >> 8 & 1 == 1;
            let write = esr >> 6 & 1 == 1;
            // With CM set WnR is 1 whatever the instruction did (Arm ARM, ISS encoding for a data abort).
            if cache_maintenance {
                fields.push(field("CM", "1", "a cache maintenance instruction"));
            } else {
                access = if write { AccessKind::Write } else { AccessKind::Read };
            }
            fields.push(field("WnR", u8::from(write).to_string(), if write { "a write" } else { "a read" }));
            if esr >> 10 & 1 == 1 {
                fields.push(field("FnV", "1", "the faulting address is not valid"));
            }
        }
        0x3c => {
            let imm = esr & 0xffff;
            let what = BRKS.iter().find(|(n, _)| *n == imm).map_or("some other trap", |b| b.1);
            let what = if (0x8000..0x8400).contains(&imm) {
                "CFI failure"
            } else if (0x5500..0x5600).contains(&imm) {
                "UBSAN trap"
            } else {
                what
            };
            fields.push(field("immediate", format!("{imm:#x}"), what));
        }
        _ => {}
    }
    Decoded { name: "ESR", fields, access }
}

/// Fault status code, of data and instruction aborts alike.
fn fault_status(code: u64) -> String {
    let level = code & 3;
    match code {
        0x00..=0x03 => format!("address size fault, level {level}"),
        0x04..=0x07 => format!("translation fault, level {level}: nothing is mapped there"),
        0x08..=0x0b => format!("access flag fault, level {level}"),
        0x0c..=0x0f => format!("permission fault, level {level}: mapped, but not for this"),
        0x10 => "synchronous external abort: the bus or the memory answered with an error".to_owned(),
        0x11 => "tag check fault: pointer and memory have different tags".to_owned(),
        0x14..=0x17 => format!("external abort on the page-table walk, level {level}"),
        0x18 => "parity or ECC error".to_owned(),
        0x1c..=0x1f => format!("parity or ECC error on the page-table walk, level {level}"),
        0x21 => "alignment fault".to_owned(),
        0x2b => "translation fault, level -1: nothing is mapped there".to_owned(),
        0x30 => "TLB conflict".to_owned(),
        _ => "another fault".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_aborts() {
        let decoded = esr(0x9600_0045);
        assert_eq!(decoded.access, AccessKind::Write);
        assert_eq!(decoded.fields[0].value, "0x25");
        assert!(decoded.fields[1].meaning.starts_with("translation fault, level 1"));
        assert_eq!(esr(0x9600_0005).access, AccessKind::Read);
        assert_eq!(esr(0x8600_0004).access, AccessKind::Execute);
        assert_eq!(esr(0xf200_0800).fields[1].meaning, "BUG() or WARN()");
    }
}
