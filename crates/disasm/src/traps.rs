//! Instructions that trap on purpose: what the kernel means by each.
//!
//! Must never guess from the report what an instruction is: its bytes alone say it. Numbers are those of the
//! kernel's headers, which are named beside them.

use oopscope_report::Arch;

/// UBSAN's checks by number: clang's `SanitizerHandler`, as the kernel has it in lib/ubsan.h (`enum ubsan_checks`).
const UBSAN: [&str; 25] = [
    "integer addition overflow",
    "unreachable code was reached",
    "CFI check",
    "integer division overflow",
    "dynamic type cache miss",
    "float-to-integer overflow",
    "function type mismatch",
    "implicit conversion",
    "invalid argument of a builtin",
    "invalid Objective-C cast",
    "load of a value that the type does not have",
    "missing return",
    "integer multiplication overflow",
    "integer negation overflow",
    "null passed where the attribute forbids it",
    "null returned where the attribute forbids it",
    "null passed as a nonnull argument",
    "null returned from a returns_nonnull function",
    "array index out of bounds",
    "pointer overflow",
    "shift out of bounds",
    "integer subtraction overflow",
    "misaligned or null pointer for the type",
    "alignment assumption",
    "variable-length array with a bound that is not positive",
];

/// BUG() and WARN() on most architectures.
const BUG: &str = "the trap that BUG() and WARN() compile to";

/// The meaning of an instruction that traps on purpose.
pub(crate) fn meaning(arch: Arch, bytes: &[u8]) -> Option<String> {
    match arch {
        Arch::X86_64 | Arch::I386 => x86(bytes),
        Arch::Arm64 => arm64(word(bytes)?),
        Arch::Arm => arm(bytes),
        Arch::Riscv => riscv(bytes),
        Arch::Ppc => ppc(word(bytes)?),
        Arch::Mips => mips(word(bytes)?),
        Arch::Loongarch => loongarch(word(bytes)?),
        // arch/sparc/include/asm/bug.h (`ta 5`), arch/parisc/include/asm/bug.h (`break 0x1f,0x1fff`).
        Arch::Sparc => (word(bytes)? == 0x91d0_2005).then(|| format!("ta 5: {BUG}")),
        Arch::Parisc => (word(bytes)? == 0x03ff_e01f).then(|| format!("break 0x1f,0x1fff: {BUG}")),
        Arch::S390x => None,
    }
}

fn word(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|word| u32::from_le_bytes(*word))
}

fn ubsan(number: u32) -> String {
    let check = usize::try_from(number).ok().and_then(|number| UBSAN.get(number));
    match check {
        Some(check) => format!("a UBSAN trap: {check}"),
        None => format!("a UBSAN trap, check number {number}"),
    }
}

/// arch/x86/include/asm/bug.h.
fn x86(bytes: &[u8]) -> Option<String> {
    Some(match bytes {
        [0x0f, 0x0b, ..] => format!("ud2: {BUG}"),
        [0xcc, ..] => {
            "int3: a breakpoint of kprobes, ftrace or kgdb, or filling between functions that was run into".to_owned()
        }
        // `ud1 number(%eax),%eax`, with a prefix for 32-bit addresses: "x86/traps: Enable UBSAN traps on x86".
        [0x67, 0x0f, 0xb9, 0x40, number, ..] => ubsan(u32::from(*number)),
        [0x67, 0x0f, 0xb9, 0x80, a, b, c, d, ..] => ubsan(u32::from_le_bytes([*a, *b, *c, *d])),
        [0x0f, 0xb9, ..] | [0x67, 0x0f, 0xb9, ..] | [0x67, 0x40..=0x4f, 0x0f, 0xb9, ..] => {
            "ud1: a trap whose operands tell its handler more: of WARN() with a message, or of a sanitizer".to_owned()
        }
        _ => return None,
    })
}

/// arch/arm64/include/asm/brk-imm.h.
fn arm64(word: u32) -> Option<String> {
    if word & 0xffe0_001f != 0xd420_0000 {
        return (word >> 16 == 0).then(|| "udf: permanently undefined; zeros are this, too".to_owned());
    }
    let immediate = word >> 5 & 0xffff;
    let meaning = match immediate {
        0x004 | 0x006 => "a kprobe".to_owned(),
        0x005 => "a uprobe".to_owned(),
        0x100 => "a fault made on purpose".to_owned(),
        0x400 | 0x401 => "a kgdb breakpoint".to_owned(),
        0x800 => BUG.to_owned(),
        0x900..=0x9ff => kasan(immediate & 0xff),
        0x5500..=0x55ff => ubsan(immediate & 0xff),
        0x8000..=0x83ff => format!(
            "a CFI check failed: the target of the call was in x{}, the expected type in w{}",
            immediate & 0x1f,
            immediate >> 5 & 0x1f
        ),
        _ => return None,
    };
    Some(format!("brk #{immediate:#x}: {meaning}"))
}

/// The bits of a tag-based KASAN trap (arch/arm64/kernel/traps.c, `KASAN_ESR_*`).
fn kasan(bits: u32) -> String {
    let access = if bits & 0x10 == 0 { "read" } else { "write" };
    let size = match bits & 0xf {
        power @ 0..=4 => format!(" of {} bytes", 1 << power),
        _ => String::new(),
    };
    format!("software tag-based KASAN found a bad {access}{size}: the address is in x0")
}

/// arch/arm/include/asm/bug.h.
fn arm(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0x02, 0xde, ..] => Some(format!("udf #2: {BUG}")),
        [0xf2, 0x01, 0xf0, 0xe7, ..] => Some(format!("udf #18: {BUG}")),
        [_, 0xde] | [_, 0xde, ..] if bytes.len() < 4 => Some("udf: permanently undefined".to_owned()),
        [low, _, top, 0xe7, ..] if low & 0xf0 == 0xf0 && top & 0xf0 == 0xf0 => {
            Some("udf: permanently undefined".to_owned())
        }
        _ => None,
    }
}

/// arch/riscv/include/asm/bug.h.
fn riscv(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0x02, 0x90, ..] | [0x73, 0x00, 0x10, 0x00, ..] => Some(format!("ebreak: {BUG}, and a breakpoint")),
        [0x00, 0x00, ..] => Some("zeros are defined to be illegal: no code lies here".to_owned()),
        _ => None,
    }
}

/// arch/powerpc/include/asm/bug.h: BUG is `twi 31,0,0`; BUG_ON and WARN_ON trap when a register is not zero.
fn ppc(word: u32) -> Option<String> {
    match (word >> 26, word >> 21 & 31) {
        (3, 31) => Some(format!("an unconditional trap: {BUG}")),
        (2 | 3, 24) => Some("traps when the register is not the number: how BUG_ON() and WARN_ON() compile".to_owned()),
        (2 | 3, _) => Some("a conditional trap".to_owned()),
        // `trap` is `tw 31,r0,r0`.
        (31, 31) if word & 0x7ff == 0x008 => Some("an unconditional trap".to_owned()),
        _ => None,
    }
}

/// arch/mips/include/asm/bug.h: `break 512`, and `tne $0,reg,512` for BUG_ON (uapi/asm/break.h, BRK_BUG).
fn mips(word: u32) -> Option<String> {
    if word & 0xfc00_003f == 0x0000_000d {
        return Some(match word >> 16 & 0x3ff {
            512 => format!("break 512: {BUG}"),
            7 => "break 7: division by zero".to_owned(),
            6 => "break 6: overflow".to_owned(),
            code => format!("break {code}: a breakpoint"),
        });
    }
    match (word & 0xfc00_003f, word >> 6 & 0x3ff) {
        (0x36, 512) => Some("tne with code 512: how BUG_ON() compiles".to_owned()),
        (0x34, 7) => Some("teq with code 7: division by zero".to_owned()),
        _ => None,
    }
}

/// arch/loongarch/include/asm/bug.h (uapi/asm/break.h, BRK_BUG is 1).
fn loongarch(word: u32) -> Option<String> {
    (word & 0xffff_8000 == 0x002a_0000).then(|| match word & 0x7fff {
        1 => format!("break 1: {BUG}"),
        7 => "break 7: division by zero".to_owned(),
        6 => "break 6: overflow".to_owned(),
        code => format!("break {code}: a breakpoint"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arch: Arch, bytes: &[u8], has: &str) {
        let meaning = meaning(arch, bytes);
        assert!(meaning.as_deref().is_some_and(|meaning| meaning.contains(has)), "{meaning:?} has no {has}");
    }

    #[test]
    fn traps_by_their_bytes() {
        check(Arch::X86_64, &[0x0f, 0x0b], "BUG()");
        check(Arch::X86_64, &[0x67, 0x0f, 0xb9, 0x40, 0x12], "out of bounds");
        check(Arch::Arm64, &0xd421_0000_u32.to_le_bytes(), "BUG()");
        check(Arch::Arm64, &(0xd420_0000_u32 | 0x5514 << 5).to_le_bytes(), "shift out of bounds");
        check(Arch::Arm64, &(0xd420_0000_u32 | 0x8228 << 5).to_le_bytes(), "x8, the expected type in w17");
        check(Arch::Arm64, &(0xd420_0000_u32 | 0x910 << 5).to_le_bytes(), "bad write of 1 bytes");
        check(Arch::Arm, &0xe7f0_01f2_u32.to_le_bytes(), "BUG()");
        check(Arch::Arm, &[0x02, 0xde], "BUG()");
        check(Arch::Riscv, &[0x02, 0x90], "BUG()");
        check(Arch::Ppc, &0x0fe0_0000_u32.to_le_bytes(), "unconditional");
        check(Arch::Ppc, &0x0b09_0000_u32.to_le_bytes(), "not the number");
        check(Arch::Mips, &0x0200_000d_u32.to_le_bytes(), "BUG()");
        check(Arch::Loongarch, &0x002a_0001_u32.to_le_bytes(), "BUG()");
        assert_eq!(meaning(Arch::X86_64, &[0x90]), None);
        assert_eq!(meaning(Arch::Arm64, &0xf940_0000_u32.to_le_bytes()), None);
    }
}
