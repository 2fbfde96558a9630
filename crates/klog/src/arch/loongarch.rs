//! loongarch: the exception status, ESTAT (LoongArch Reference Manual, Volume 1, 7.4.6; arch/loongarch/include/asm/loongarch.h).
//!
//! Must never read a cause out of the interrupt bits.

use super::{Decoded, field};
use oopscope_report::AccessKind;

const CODES: [(u64, &str, &str, AccessKind); 22] = [
    (0, "INT", "interrupt", AccessKind::Unknown),
    (1, "PIL", "nothing is mapped there, on a load", AccessKind::Read),
    (2, "PIS", "nothing is mapped there, on a store", AccessKind::Write),
    (3, "PIF", "nothing is mapped there, on a fetch", AccessKind::Execute),
    (4, "PME", "a store to a page that is mapped for reading", AccessKind::Write),
    (5, "PNR", "mapped, but not for reading", AccessKind::Read),
    (6, "PNX", "mapped, but not for execution", AccessKind::Execute),
    (7, "PPI", "mapped, but not for this privilege level", AccessKind::Unknown),
    (8, "ADE", "address error: not in any range that is translated", AccessKind::Unknown),
    (9, "ALE", "misaligned access", AccessKind::Unknown),
    (10, "BCE", "bounds check", AccessKind::Unknown),
    (11, "SYS", "system call", AccessKind::Unknown),
    (12, "BRK", "break instruction: BUG(), WARN() or a debugger's", AccessKind::Unknown),
    (13, "INE", "instruction that does not exist", AccessKind::Unknown),
    (14, "IPE", "privileged instruction", AccessKind::Unknown),
    (15, "FPD", "floating point disabled", AccessKind::Unknown),
    (16, "SXD", "128-bit vector unit disabled", AccessKind::Unknown),
    (17, "ASXD", "256-bit vector unit disabled", AccessKind::Unknown),
    (18, "FPE", "floating point exception", AccessKind::Unknown),
    (19, "WPE", "watchpoint", AccessKind::Unknown),
    (20, "BTD", "binary translation disabled", AccessKind::Unknown),
    (21, "BTE", "binary translation exception", AccessKind::Unknown),
];

/// ESTAT.
pub(crate) fn estat(estat: u64) -> Decoded {
    let (code, subcode) = (estat >> 16 & 0x3f, estat >> 22 & 0x1ff);
    let (name, meaning, mut access) = CODES
        .iter()
        .find(|(number, ..)| *number == code)
        .map_or(("?", "another exception", AccessKind::Unknown), |c| (c.1, c.2, c.3));
    let mut fields = vec![field("ECode", format!("{code} ({name})"), meaning)];
    if code == 8 {
        let fetch = subcode == 0;
        access = if fetch { AccessKind::Execute } else { AccessKind::Unknown };
        fields.push(field("EsubCode", subcode.to_string(), if fetch { "on a fetch" } else { "on a load or store" }));
    }
    Decoded { name: "ESTAT", fields, access }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        assert_eq!(estat(0x1_0000).access, AccessKind::Read);
        assert_eq!(estat(0x2_0000).access, AccessKind::Write);
        assert_eq!(estat(0x2_0004).fields[0].value, "2 (PIS)");
        assert_eq!(estat(0x8_0000).access, AccessKind::Execute);
        assert_eq!(estat(0x48_0000).access, AccessKind::Unknown);
        assert!(estat(0xc_0000).fields[0].meaning.starts_with("break"));
    }
}
