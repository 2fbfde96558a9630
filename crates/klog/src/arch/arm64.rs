//! arm64: the exception syndrome, ESR_EL1 (Arm ARM DDI 0487, D24.2 "ESR_EL1"; arch/arm64/include/asm/esr.h).
//!
//! Must never decode bits that the class does not define.

use super::{Decoded, field};
use oopscope_report::{AccessKind, DecodedField};

/// Exception classes (arch/arm64/kernel/traps.c `esr_class_str` has the kernel's names for them).
const CLASSES: [(u64, &str); 39] = [
    (0x00, "unknown reason: an undefined instruction"),
    (0x01, "WFI or WFE instruction"),
    (0x03, "access to CP15 (32-bit)"),
    (0x04, "access to CP15 (64-bit)"),
    (0x05, "access to CP14 (32-bit)"),
    (0x06, "LDC or STC of CP14"),
    (0x07, "access to SVE, SIMD or floating point"),
    (0x09, "pointer authentication instruction"),
    (0x0d, "branch target exception: an indirect branch to no landing pad"),
    (0x0e, "illegal execution state"),
    (0x11, "SVC instruction (32-bit)"),
    (0x15, "SVC instruction"),
    (0x16, "HVC instruction"),
    (0x17, "SMC instruction"),
    (0x18, "trapped system register access"),
    (0x19, "access to SVE"),
    (0x1a, "ERET instruction"),
    (0x1c, "pointer authentication failed"),
    (0x1d, "access to SME"),
    (0x20, "instruction abort from user mode"),
    (0x21, "instruction abort in the kernel"),
    (0x22, "misaligned program counter"),
    (0x24, "data abort from user mode"),
    (0x25, "data abort in the kernel"),
    (0x26, "misaligned stack pointer"),
    (0x27, "memory copy or set instruction (MOPS)"),
    (0x28, "floating point exception (32-bit)"),
    (0x2c, "floating point exception"),
    (0x2d, "guarded control stack (GCS)"),
    (0x2f, "SError: an asynchronous error of the hardware"),
    (0x30, "hardware breakpoint in user mode"),
    (0x31, "hardware breakpoint in the kernel"),
    (0x32, "single step in user mode"),
    (0x33, "single step in the kernel"),
    (0x34, "watchpoint in user mode"),
    (0x35, "watchpoint in the kernel"),
    (0x38, "BKPT instruction (32-bit)"),
    (0x3a, "vector catch (32-bit)"),
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
        0x0d => fields.push(field("BTYPE", (esr & 3).to_string(), "the sort of branch that came there")),
        0x1c => {
            let (key, of) = (if esr & 1 == 0 { "A" } else { "B" }, if esr & 2 == 0 { "instruction" } else { "data" });
            fields.push(field("ISS", (esr & 3).to_string(), format!("with {of} key {key}")));
        }
        0x27 => {
            let set = esr >> 24 & 1 == 1;
            fields.push(field(
                "MemInst",
                u8::from(set).to_string(),
                if set { "a memory set" } else { "a memory copy" },
            ));
        }
        0x2c => floating_point(esr, &mut fields),
        0x2d => {
            let what = match esr >> 20 & 0xf {
                0 => "a return or pop that does not match",
                1 => "a return to an address that is not on the stack",
                2 => "a push or store to the stack",
                _ => "another operation",
            };
            fields.push(field("ExType", (esr >> 20 & 0xf).to_string(), what));
        }
        0x2f => serror(esr, &mut fields),
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

/// Which floating point exceptions are pending, where the processor tells (TFV).
fn floating_point(esr: u64, fields: &mut Vec<DecodedField>) {
    const EXCEPTIONS: [(u32, &str, &str); 6] = [
        (0, "IOF", "invalid operation"),
        (1, "DZF", "division by zero"),
        (2, "OFF", "overflow"),
        (3, "UFF", "underflow"),
        (4, "IXF", "inexact"),
        (7, "IDF", "denormal input"),
    ];
    if esr >> 23 & 1 == 1 {
        let pending = EXCEPTIONS.iter().filter(|(bit, ..)| esr >> bit & 1 == 1);
        fields.extend(pending.map(|(_, name, meaning)| field(name, "1", *meaning)));
    }
}

/// The syndrome of an SError, which has the architecture's form unless IDS says that it is the processor's own.
fn serror(esr: u64, fields: &mut Vec<DecodedField>) {
    if esr >> 24 & 1 == 1 {
        fields.push(field("IDS", "1", "the rest is this processor's own: see its manual"));
        return;
    }
    if esr & 0x3f == 0x11 {
        let severity = match esr >> 10 & 7 {
            0 => "uncontainable: the error may have spread",
            1 => "unrecoverable state",
            2 => "restartable state",
            3 => "recoverable state",
            6 => "corrected",
            _ => "reserved",
        };
        fields.push(field("AET", (esr >> 10 & 7).to_string(), severity));
        let external = esr >> 9 & 1 == 1;
        fields.push(field("EA", u8::from(external).to_string(), "the sort of external abort, this processor's own"));
    } else {
        fields.push(field("DFSC", format!("{:#04x}", esr & 0x3f), "the processor does not say what it was"));
    }
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
        0x13 => "external abort on the page-table walk, level -1".to_owned(),
        0x14..=0x17 => format!("external abort on the page-table walk, level {level}"),
        0x18 => "parity or ECC error".to_owned(),
        0x1c..=0x1f => format!("parity or ECC error on the page-table walk, level {level}"),
        0x1b => "parity or ECC error on the page-table walk, level -1".to_owned(),
        0x21 => "alignment fault".to_owned(),
        0x29 => "address size fault, level -1".to_owned(),
        0x2b => "translation fault, level -1: nothing is mapped there".to_owned(),
        0x30 => "TLB conflict".to_owned(),
        0x31 => "unsupported atomic update of a page table by the hardware".to_owned(),
        0x34 => "lockdown abort, this processor's own".to_owned(),
        0x35 => "exclusive or atomic access to memory that does not do them".to_owned(),
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

    #[test]
    fn other_classes() {
        let second = |value| esr(value).fields.into_iter().nth(1).map(|field| (field.name, field.meaning));
        let named = |name: &str, meaning: &str| Some((name.to_owned(), meaning.to_owned()));
        assert_eq!(second(0x3400_0002), named("BTYPE", "the sort of branch that came there"));
        assert_eq!(second(0x7200_0001), named("ISS", "with instruction key B"));
        assert_eq!(second(0xbe00_0011), named("AET", "uncontainable: the error may have spread"));
        assert_eq!(second(0xbf00_0000), named("IDS", "the rest is this processor's own: see its manual"));
        assert_eq!(second(0xb080_0002), named("DZF", "division by zero"));
        assert_eq!(second(0x9e00_0000), named("MemInst", "a memory copy"));
        assert_eq!(second(0x9a00_0000), None);
        assert_eq!(esr(0x8a00_0000).fields[0].meaning, "misaligned program counter");
    }
}
