//! s390: the program interruption code of the die line, and the translation-exception identification that says which
//! access it was (z/Architecture Principles of Operation, "Program Interruptions"; arch/s390/kernel/traps.c).
//!
//! Must never take the failing address for more than the number of a page: its lower twelve bits are the TEID's.

use super::{Decoded, field};
use oopscope_report::AccessKind;

const CODES: [(u64, &str); 35] = [
    (0x01, "operation: an instruction that the processor does not know"),
    (0x02, "privileged operation"),
    (0x03, "execute"),
    (0x04, "protection: mapped, but not for this"),
    (0x05, "addressing: no memory is there"),
    (0x06, "specification: an operand that the instruction does not take, such as an odd address"),
    (0x07, "data: also a compare-and-trap, or a floating point exception"),
    (0x08, "fixed-point overflow"),
    (0x09, "fixed-point divide: a division by zero, or one whose quotient does not fit"),
    (0x0a, "decimal overflow"),
    (0x0b, "decimal divide"),
    (0x0c, "hexadecimal floating point: exponent overflow"),
    (0x0d, "hexadecimal floating point: exponent underflow"),
    (0x0e, "hexadecimal floating point: significance"),
    (0x0f, "hexadecimal floating point: divide"),
    (0x10, "segment translation: nothing is mapped there"),
    (0x11, "page translation: nothing is mapped there"),
    (0x12, "translation specification: a page table is corrupt"),
    (0x13, "special operation"),
    (0x15, "operand"),
    (0x16, "trace table"),
    (0x18, "transaction constraint"),
    (0x1b, "vector processing"),
    (0x1c, "space switch"),
    (0x1d, "hexadecimal floating point: square root"),
    (0x38, "ASCE type: outside of the address space"),
    (0x39, "region first translation: nothing is mapped there"),
    (0x3a, "region second translation: nothing is mapped there"),
    (0x3b, "region third translation: nothing is mapped there"),
    (0x3d, "secure storage access: a page of a protected guest"),
    (0x3e, "non-secure storage access: a page that is not a protected guest's"),
    (0x3f, "secure storage violation"),
    (0x40, "monitor event: BUG() or WARN()"),
    (0x80, "PER event: a breakpoint of the hardware"),
    (0x119, "vector processing, in a transaction"),
];

/// The code, with the TEID where the report has one.
pub(crate) fn program(code: u64, teid: Option<u64>) -> Decoded {
    // Bit 0x80 is a PER event beside another exception.
    let main = if code == 0x80 { code } else { code & !0x80 };
    let meaning = CODES.iter().find(|(number, _)| *number == main).map_or("another exception", |c| c.1);
    let mut fields = vec![field("code", format!("{code:#06x}"), meaning)];
    let mut access = AccessKind::Unknown;
    if let Some(teid) = teid.filter(|_| is_access(main)) {
        // Access-exception fetch/store indication, bits 52 and 53: both zero where the machine does not tell.
        match teid >> 10 & 3 {
            1 => {
                access = AccessKind::Write;
                fields.push(field("FSI", "1", "a store"));
            }
            2 => {
                access = AccessKind::Read;
                fields.push(field("FSI", "2", "a fetch"));
            }
            _ => {}
        }
        let space = match teid & 3 {
            0 => "the primary space",
            1 => "by access register",
            2 => "the secondary space",
            _ => "the home space, which is the kernel's",
        };
        fields.push(field("AS", (teid & 3).to_string(), space));
    }
    Decoded { name: "interruption code", fields, access }
}

/// True for exceptions of an access: those with a TEID.
const fn is_access(code: u64) -> bool {
    matches!(code, 0x04 | 0x10 | 0x11 | 0x38..=0x3b | 0x3d | 0x3e)
}

/// True where the PSW points at the instruction itself: translation exceptions are nullified, and the kernel steps back
/// for protection exceptions (arch/s390/mm/fault.c `do_protection_exception`). After all others it points behind it.
pub(crate) const fn psw_is_at_instruction(code: u64) -> bool {
    is_access(code & !0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        let write = program(0x11, Some(0x483 | 1 << 10));
        assert_eq!(write.access, AccessKind::Write);
        assert!(write.fields[0].meaning.starts_with("page translation"));
        assert_eq!(program(0x3b, Some(0x883)).access, AccessKind::Read);
        assert_eq!(program(0x04, Some(0x003)).access, AccessKind::Unknown);
        assert_eq!(program(0x40, Some(0x483)).fields.len(), 1);
        assert!(program(0x81, None).fields[0].meaning.starts_with("operation"));
        assert!(psw_is_at_instruction(0x10) && !psw_is_at_instruction(0x40));
    }
}
