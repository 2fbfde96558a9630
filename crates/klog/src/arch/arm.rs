//! arm: the fault status register, DFSR or IFSR, in the short-descriptor format (Arm ARM DDI 0406, B4.1.52;
//! arch/arm/mm/fsr-2level.c) and the long one of LPAE kernels (fsr-3level.c).
//!
//! Must never read the status by the other format: bit 9 says which it is.

use super::{Decoded, field};
use oopscope_report::AccessKind;

/// `FSR_LNX_PF` of arch/arm/mm/fault.h: Linux sets it for prefetch aborts.
pub(crate) const PREFETCH: u64 = 1 << 31;
/// `FSR_WRITE`.
const WRITE: u64 = 1 << 11;
/// Set in the long-descriptor format.
const LPAE: u64 = 1 << 9;

/// The fault status.
pub(crate) fn fsr(fsr: u64) -> Decoded {
    let access = if fsr & PREFETCH != 0 {
        AccessKind::Execute
    } else if fsr & WRITE != 0 {
        AccessKind::Write
    } else {
        AccessKind::Read
    };
    let (status, meaning) = if fsr & LPAE != 0 {
        (fsr & 0x3f, long(fsr & 0x3f))
    } else {
        let status = fsr & 0xf | (fsr >> 6 & 0x10);
        (status, short(status).to_owned())
    };
    let mut fields = vec![field("FS", format!("{status:#04x}"), meaning)];
    match access {
        AccessKind::Execute => fields.push(field("PF", "1", "an instruction fetch")),
        AccessKind::Write => fields.push(field("WnR", "1", "a write")),
        _ => fields.push(field("WnR", "0", "a read")),
    }
    Decoded { name: "FSR", fields, access }
}

const fn short(status: u64) -> &'static str {
    match status {
        0x01 => "alignment fault",
        0x02 => "debug event",
        0x03 => "access flag fault, section",
        0x04 => "fault on instruction cache maintenance",
        0x05 => "translation fault, section: nothing is mapped there",
        0x06 => "access flag fault, page",
        0x07 => "translation fault, page: nothing is mapped there",
        0x08 => "synchronous external abort: the bus answered with an error",
        0x09 => "domain fault, section",
        0x0b => "domain fault, page",
        0x0c | 0x0e => "external abort on the page-table walk",
        0x0d => "permission fault, section: mapped, but not for this",
        0x0f => "permission fault, page: mapped, but not for this",
        0x0a => "external abort, not on a line fetch (before ARMv6)",
        0x10 => "TLB conflict",
        0x14 => "lockdown abort, this processor's own",
        0x16 => "asynchronous external abort: the bus answered an earlier access with an error",
        0x18 | 0x19 => "parity error",
        0x1a => "coprocessor abort, this processor's own",
        0x1c | 0x1e => "parity error on the page-table walk",
        _ => "another fault",
    }
}

fn long(status: u64) -> String {
    let level = status & 3;
    match status {
        0x04..=0x07 => format!("translation fault, level {level}: nothing is mapped there"),
        0x08..=0x0b => format!("access flag fault, level {level}"),
        0x0c..=0x0f => format!("permission fault, level {level}: mapped, but not for this"),
        0x10 => "synchronous external abort: the bus answered with an error".to_owned(),
        0x11 => "asynchronous external abort: the bus answered an earlier access with an error".to_owned(),
        0x14..=0x17 => format!("external abort on the page-table walk, level {level}"),
        0x18 => "parity error".to_owned(),
        0x19 => "asynchronous parity error".to_owned(),
        0x1c..=0x1f => format!("parity error on the page-table walk, level {level}"),
        0x21 => "alignment fault".to_owned(),
        0x22 => "debug event".to_owned(),
        0x34 => "lockdown abort, this processor's own".to_owned(),
        0x3a => "coprocessor abort, this processor's own".to_owned(),
        _ => "another fault".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses() {
        assert_eq!(fsr(0x5).access, AccessKind::Read);
        assert_eq!(fsr(0x805).access, AccessKind::Write);
        assert_eq!(fsr(0x8000_000d).access, AccessKind::Execute);
        assert!(fsr(0x8000_000d).fields[0].meaning.starts_with("permission fault"));
        assert!(fsr(0xa06).fields[0].meaning.starts_with("translation fault, level 2"));
    }
}
