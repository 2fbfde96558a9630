//! What differs by architecture: trap codes and how to tell which architecture printed a report.
//!
//! One file an architecture. Must never know a kind of report.

pub(crate) mod arm;
pub(crate) mod arm64;
pub(crate) mod loongarch;
pub(crate) mod mips;
pub(crate) mod parisc;
pub(crate) mod ppc;
pub(crate) mod riscv;
pub(crate) mod s390;
pub(crate) mod sparc;
pub(crate) mod x86;

use oopscope_report::{AccessKind, Arch, DecodedField, Register};

/// A decoded trap code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// What the code is called.
    pub(crate) name: &'static str,
    pub(crate) fields: Vec<DecodedField>,
    pub(crate) access: AccessKind,
}

/// What is known of a trap, beside the registers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trapped {
    /// The code of the die line or of the announcement.
    pub(crate) code: Option<u64>,
    /// Tells x86's error code of a page fault from the others.
    pub(crate) page_fault: bool,
    /// The announcement says that it was an instruction fetch.
    pub(crate) fetch: bool,
    /// s390's translation-exception identification.
    pub(crate) teid: Option<u64>,
}

/// The trap's own code, decoded, and the code as a number where it is a register's; None where the report has none.
///
/// Some architectures print the code on the line on which they die, the others have it among the registers.
pub(crate) fn decode(arch: Arch, trapped: Trapped, registers: &[Register]) -> Option<(String, Decoded)> {
    let register = |names: &[&str]| registers.iter().find(|register| names.contains(&register.name.as_str()));
    let value = |names: &[&str]| register(names).and_then(number);
    let by_code = |decoded: fn(u64) -> Decoded| trapped.code.map(|code| (format!("{code:#x}"), decoded(code)));
    let by_register = |names: &[&str], decoded: &dyn Fn(u64, u32) -> Decoded| {
        let register = register(names)?;
        Some((register.value.clone(), decoded(number(register)?, bits(register))))
    };
    match arch {
        Arch::X86_64 | Arch::I386 if trapped.page_fault => by_code(x86::page_fault),
        Arch::X86_64 | Arch::I386 => by_code(x86::selector),
        // Before 5.18 `die()` was handed 0 where there was no syndrome; a real one has at least its IL bit.
        Arch::Arm64 => by_code(arm64::esr).filter(|_| trapped.code != Some(0)),
        // Only a fault has a status: `Oops - undefined instruction: 0` has none (arch/arm/kernel/traps.c).
        Arch::Arm if !trapped.page_fault => None,
        Arch::Arm if trapped.fetch => by_code(|code| arm::fsr(code | arm::PREFETCH)),
        Arch::Arm => by_code(arm::fsr),
        Arch::Riscv => by_register(&["cause"], &riscv::cause),
        Arch::Ppc => {
            let (dsisr, srr1) = (value(&["DSISR"]), value(&["MSR"]));
            by_register(&["TRAP"], &|vector, _| ppc::trap(vector, dsisr, srr1))
        }
        Arch::S390x => trapped.code.map(|code| (format!("{code:#06x}"), s390::program(code, trapped.teid))),
        Arch::Mips => {
            let fetch = value(&["BadVA"]).is_some_and(|address| value(&["epc"]) == Some(address));
            by_register(&["Cause"], &|cause, _| mips::cause(cause, fetch))
        }
        Arch::Loongarch => by_register(&["ESTAT", "estat"], &|estat, _| loongarch::estat(estat)),
        Arch::Parisc => trapped.code.map(|code| (code.to_string(), parisc::interruption(code, value(&["IIR"])))),
        Arch::Sparc => None,
    }
}

/// The register that holds the address of a faulting access, where the architecture prints one.
pub(crate) const fn fault_address(arch: Arch) -> &'static [&'static str] {
    match arch {
        Arch::X86_64 | Arch::I386 => &["CR2"],
        Arch::Riscv => &["badaddr"],
        Arch::Ppc => &["DAR", "DEAR"],
        Arch::Mips => &["BadVA"],
        Arch::Loongarch => &["BADV", "BadVA"],
        Arch::Parisc => &["IOR"],
        _ => &[],
    }
}

fn number(register: &Register) -> Option<u64> {
    crate::grammar::hex(&register.value)
}

/// Width of a register, by the digits that were printed.
fn bits(register: &Register) -> u32 {
    if register.value.len() > "0x12345678".len() { 64 } else { 32 }
}

fn field(name: &str, value: impl Into<String>, meaning: impl Into<String>) -> DecodedField {
    DecodedField { name: name.to_owned(), value: value.into(), meaning: meaning.into() }
}

/// Beginnings of lines that one architecture alone prints. The first that fits counts.
const LINES: [(&str, Arch); 33] = [
    ("RIP: ", Arch::X86_64),
    ("RAX: ", Arch::X86_64),
    ("RSP: ", Arch::X86_64),
    ("EIP: ", Arch::I386),
    ("EAX: ", Arch::I386),
    ("EIP is at ", Arch::I386),
    ("pstate: ", Arch::Arm64),
    ("pstate : ", Arch::Arm64),
    ("x29: ", Arch::Arm64),
    ("epc : ", Arch::Riscv),
    ("NIP: ", Arch::Ppc),
    ("NIP [", Arch::Ppc),
    ("GPR00: ", Arch::Ppc),
    ("Faulting instruction address: ", Arch::Ppc),
    ("Krnl PSW : ", Arch::S390x),
    ("Krnl GPRS: ", Arch::S390x),
    ("Failing address: ", Arch::S390x),
    ("epc   : ", Arch::Mips),
    ("ERA: ", Arch::Loongarch),
    ("era   : ", Arch::Loongarch),
    ("CSR crmd: ", Arch::Loongarch),
    ("ESTAT: ", Arch::Loongarch),
    ("CRMD: ", Arch::Loongarch),
    ("TSTATE: ", Arch::Sparc),
    ("TPC: <", Arch::Sparc),
    ("PSR: ", Arch::Sparc),
    ("tsk->{mm,active_mm}->", Arch::Sparc),
    ("current->{active_,}mm->", Arch::Sparc),
    ("IAOQ[0]: ", Arch::Parisc),
    ("IASQ: ", Arch::Parisc),
    ("YZrvWESTHLNXBCVMcbcbcbcbOGFRQPDI", Arch::Parisc),
    ("< Your System ate a SPARC! Gah! >", Arch::Parisc),
    ("Mem abort info:", Arch::Arm64),
];

/// The architecture by the names of registers and the form of a line; None when the line does not tell.
pub(crate) fn of_line(text: &str) -> Option<Arch> {
    let text = text.trim_start();
    let known = LINES.iter().find_map(|(start, arch)| text.starts_with(start).then_some(*arch));
    known.or_else(|| {
        // Before 4.12 arm64 had `PC is at` too, and `pc : [<…>]` with addresses of 16 digits.
        let (address, _) = text.strip_prefix("pc : [<")?.split_once(">]")?;
        (text.contains("psr: ") || text.contains("pstate: ")).then_some(if address.len() == 16 {
            Arch::Arm64
        } else {
            Arch::Arm
        })
    })
}

/// Beginnings of lines that architectures print inside a report and that no grammar of its own reads.
const BODY: [&str; 41] = [
    // arm64, arm and riscv
    "Task stack:",
    "IRQ stack:",
    "Overflow stack:",
    "Alignment trap:",
    "Code: Unable",
    "xPSR: ",
    // powerpc
    "LE PAGE_SIZE=",
    "BE PAGE_SIZE=",
    "Faulting instruction address: ",
    "Thread overran stack",
    "Kernel attempted to ",
    "TASK = ",
    "TASK: ",
    "--- interrupt: ",
    "--- Exception: ",
    "REGS: ",
    "NIP [",
    "LR [",
    "MSR: ",
    // s390
    "Failing address: ",
    "Fault in ",
    "AS:",
    "R:0 ",
    "R:1 ",
    "Krnl ",
    "Last Breaking-Event-Address:",
    // mips and loongarch
    "Stack : ",
    "*HwTLS: ",
    "ExcCode : ",
    "syscall restart flag: ",
    "Call Trace:",
    // sparc
    "tsk->{mm,active_mm}->",
    "current->{active_,}mm->",
    "at virtual address ",
    "I7: <",
    "%G: ",
    "%O: ",
    "%L: ",
    "%I: ",
    // parisc
    "IAOQ[1]: ",
    "YZrvWESTHLNXBCVMcbcbcbcbOGFRQPDI",
];

/// True for the last line of a die report that no end mark follows: sparc's code, i386's summary before 2.6.25.
pub(crate) fn is_last_line(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("Instruction DUMP:") || text.starts_with("EIP: [<") && text.contains(" SS:ESP ")
}

/// True for a line that an architecture prints inside a report.
pub(crate) fn belongs(text: &str) -> bool {
    let text = text.trim_start();
    BODY.iter().any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_by_their_lines() {
        let check = |text, arch| assert_eq!(of_line(text), arch, "{text}");
        check("pc : [<8015df40>]    lr : [<801559ec>]    psr: 60000093", Some(Arch::Arm));
        check("pc : [<ffffff8008123456>] lr : [<ffffff8008123450>] pstate: 60000145", Some(Arch::Arm64));
        check("pc : f+0x1/0x2", None);
        check("epc : f+0x1/0x2", Some(Arch::Riscv));
        check("epc   : 80012344 f+0x1/0x2", Some(Arch::Mips));
        check("  ERA: 9000000000200b2c f+0x2c/0x120", Some(Arch::Loongarch));
        check(" IAOQ[0]: f+0x1/0x2", Some(Arch::Parisc));
        check("Krnl PSW : 0704c00180000000 000003ff800123ac (f+0x2c/0x120)", Some(Arch::S390x));
        check("Call Trace:", None);
    }

    #[test]
    fn codes_in_registers() {
        let register =
            |name: &str, value: &str| Register { name: name.into(), value: value.into(), ..Register::default() };
        let registers = [register("cause", "0x000000000000000f"), register("badaddr", "0x0000000000000100")];
        let (code, decoded) = decode(Arch::Riscv, Trapped::default(), &registers).unwrap();
        assert_eq!((code.as_str(), decoded.access), ("0x000000000000000f", AccessKind::Write));
        assert_eq!(decode(Arch::Sparc, Trapped { code: Some(1), ..Trapped::default() }, &registers), None);
    }
}
