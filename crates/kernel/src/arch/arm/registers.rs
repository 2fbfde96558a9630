//! 32-bit arm's registers out of what saves them: NT_PRSTATUS and `struct pt_regs`. Must never read memory: it is handed
//! bytes.

use crate::stack::registers::{File, Registers};

pub(crate) const PC: usize = 0;
pub(crate) const LR: usize = 1;
pub(crate) const PSR: usize = 2;
pub(crate) const SP: usize = 3;
pub(crate) const FP: usize = 5;

/// The registers in the order in which an Oops prints them (arch/arm/kernel/process.c, `__show_regs`).
pub static FILE: File = File {
    names: &["pc", "lr", "psr", "sp", "ip", "fp", "r10", "r9", "r8", "r7", "r6", "r5", "r4", "r3", "r2", "r1", "r0"],
    pc: PC,
    sp: SP,
    fp: FP,
    link: Some(LR),
    // The mode's lowest four bits are zero in user mode, in its 32-bit and its 26-bit form alike
    // (arch/arm/include/asm/ptrace.h, `user_mode`).
    is_user: |registers| registers.get(PSR).is_some_and(|psr| psr.is_multiple_of(16)),
    dwarf: &NUMBERED,
    convention: &oopscope_dwarf::ARM,
};

/// Where r0 to r15 stand in [`FILE`]: DWARF numbers them so too.
pub(crate) const NUMBERED: [usize; 16] = [16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, FP, 4, SP, LR, PC];

/// Size of `struct pt_regs`, in bytes: r0 to r15, CPSR, and r0 as it was (arch/arm/include/asm/ptrace.h).
pub(crate) const PT_REGS_SIZE: usize = 72;

/// Where `elf_prstatus.pr_reg` lies: after signal, pids and four times of eight bytes (include/linux/elfcore.h).
const PR_REG: usize = 72;

/// Where `elf_prstatus.pr_pid` lies.
pub(crate) const PR_PID: usize = 24;

/// Modes in which code of the kernel or of user space runs: User, Supervisor, System, and User of 26-bit code (Arm ARM, B1.3.1). In all others, which
/// only take exceptions, the stack pointer is the mode's own, of a stack of three words.
const MODES: [u64; 4] = [0, 0x10, 0x13, 0x1f];

/// Registers of an NT_PRSTATUS note's description; absent where it is too short. The stack pointer is absent in a mode that
/// has its own: that of the interrupted code is not told.
pub fn prstatus(description: &[u8], little_endian: bool) -> Option<Registers> {
    let all = pt_regs(description.get(PR_REG..)?, little_endian)?;
    if all.get(PSR).is_some_and(|psr| MODES.contains(&(psr & 0x1f))) {
        return Some(all);
    }
    let mut registers = Registers::new(&FILE);
    for index in (0..FILE.names.len()).filter(|&index| index != SP) {
        if let Some(value) = all.get(index) {
            registers.set(index, value);
        }
    }
    Some(registers)
}

/// Registers of a `struct pt_regs`; absent where the bytes are too few.
pub fn pt_regs(bytes: &[u8], little_endian: bool) -> Option<Registers> {
    let words = bytes.get(..PT_REGS_SIZE)?.as_chunks::<4>().0;
    let mut registers = Registers::new(&FILE);
    for (word, &index) in words.iter().zip(NUMBERED.iter().chain([&PSR])) {
        let value = if little_endian { u32::from_le_bytes(*word) } else { u32::from_be_bytes(*word) };
        registers.set(index, value.into());
    }
    Some(registers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registers_stand_in_the_order_of_their_numbers() {
        let mut note = vec![0; 148];
        for (word, number) in note[72..144].as_chunks_mut::<4>().0.iter_mut().zip(0_u32..) {
            *word = number.to_le_bytes();
        }
        let registers = prstatus(&note, true).unwrap();
        assert_eq!(
            (registers.pc(), registers.sp(), registers.fp(), registers.link()),
            (Some(15), Some(13), Some(11), Some(14))
        );
        assert_eq!((registers.by_dwarf(4), registers.by_dwarf(12)), (Some(4), Some(12)));
        assert!(registers.is_user(), "psr is 16");
        let listed = registers.listed();
        assert_eq!((listed[4].name.as_str(), listed[4].value.0), ("ip", 12));
        assert_eq!((listed[16].name.as_str(), listed[16].value.0), ("r0", 0));
        assert!(prstatus(&note[..143], true).is_none());
        note[136] = 0x92;
        let registers = prstatus(&note, true).unwrap();
        assert_eq!((registers.pc(), registers.sp()), (Some(15), None), "the mode that takes interrupts");
    }
}
