//! arm64's registers out of what saves them: NT_PRSTATUS and `struct pt_regs`. Must never read memory: it is handed
//! bytes.

use crate::stack::registers::{File, Registers, fill};

pub(crate) const PC: usize = 0;
pub(crate) const LR: usize = 1;
pub(crate) const SP: usize = 2;
pub(crate) const PSTATE: usize = 3;
pub(crate) const X29: usize = 4;

/// The registers in the order in which an Oops prints them (arch/arm64/kernel/process.c, `__show_regs`).
pub static FILE: File = File {
    names: &[
        "pc", "lr", "sp", "pstate", "x29", "x28", "x27", "x26", "x25", "x24", "x23", "x22", "x21", "x20", "x19", "x18",
        "x17", "x16", "x15", "x14", "x13", "x12", "x11", "x10", "x9", "x8", "x7", "x6", "x5", "x4", "x3", "x2", "x1",
        "x0",
    ],
    pc: PC,
    sp: SP,
    fp: X29,
    link: Some(LR),
    // PSTATE.M is zero in its lowest four bits at EL0, in its 64-bit and its 32-bit form alike
    // (arch/arm64/include/asm/ptrace.h, `user_mode`).
    is_user: |registers| registers.get(PSTATE).is_some_and(|pstate| pstate.is_multiple_of(16)),
    dwarf: &DWARF,
    convention: &oopscope_dwarf::AARCH64,
};

/// Which register each number of DWARF's is (DWARF for the Arm 64-bit Architecture, "DWARF register names"): those of
/// `struct user_pt_regs` but the last.
pub(crate) const DWARF: [usize; 33] = {
    let mut order = [0; 33];
    let mut number = 0;
    while number < order.len() {
        order[number] = USER_PT_REGS[number];
        number += 1;
    }
    order
};

/// Order in `struct user_pt_regs`, with which `struct pt_regs` begins (arch/arm64/include/uapi/asm/ptrace.h).
const USER_PT_REGS: [usize; 34] = {
    let mut order = [0; 34];
    let mut x = 0;
    while x < 30 {
        order[x] = X29 + 29 - x;
        x += 1;
    }
    order[30] = LR;
    order[31] = SP;
    order[32] = PC;
    order[33] = PSTATE;
    order
};

/// Size of `struct user_pt_regs`, in bytes.
pub(crate) const USER_PT_REGS_SIZE: usize = 272;

/// Where `elf_prstatus.pr_reg` lies: after signal, pids and four times (include/linux/elfcore.h).
const PR_REG: usize = 112;

/// Registers of an NT_PRSTATUS note's description; absent where it is too short.
pub fn prstatus(description: &[u8], little_endian: bool) -> Option<Registers> {
    pt_regs(description.get(PR_REG..)?, little_endian)
}

/// Registers of a `struct pt_regs`; absent where the bytes are too few.
pub fn pt_regs(bytes: &[u8], little_endian: bool) -> Option<Registers> {
    let mut registers = Registers::new(&FILE);
    fill(&mut registers, bytes.get(..USER_PT_REGS_SIZE)?, &USER_PT_REGS, little_endian);
    Some(registers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registers_stand_in_the_order_of_their_numbers() {
        let mut note = vec![0; 392];
        for (index, word) in note[112..112 + 272].as_chunks_mut::<8>().0.iter_mut().enumerate() {
            *word = u64::try_from(index).unwrap().to_le_bytes();
        }
        let registers = prstatus(&note, true).unwrap();
        assert_eq!((registers.pc(), registers.sp(), registers.fp()), (Some(32), Some(31), Some(29)));
        assert_eq!(registers.link(), Some(30));
        let listed = registers.listed();
        assert_eq!((listed.last().unwrap().name.as_str(), listed.last().unwrap().value.0), ("x0", 0));
        assert!(!registers.is_user(), "pstate is 33: its mode is 1");
        assert!(prstatus(&note[..380], true).is_none());
    }
}
