//! x86-64's registers out of what saves them: NT_PRSTATUS, QEMU's note, `struct pt_regs`, the CPU's own interrupt
//! frame. Must never read memory: it is handed bytes.

use crate::stack::registers::{File, Registers, fill};

pub(crate) const RIP: usize = 0;
pub(crate) const CS: usize = 1;
pub(crate) const RSP: usize = 2;
pub(crate) const SS: usize = 3;
pub(crate) const EFLAGS: usize = 4;
pub(crate) const ORIG_RAX: usize = 5;
pub(crate) const RAX: usize = 6;
pub(crate) const RBX: usize = 7;
pub(crate) const RCX: usize = 8;
pub(crate) const RDX: usize = 9;
pub(crate) const RSI: usize = 10;
pub(crate) const RDI: usize = 11;
pub(crate) const RBP: usize = 12;
pub(crate) const R8: usize = 13;
pub(crate) const R9: usize = 14;
pub(crate) const R10: usize = 15;
pub(crate) const R11: usize = 16;
pub(crate) const R12: usize = 17;
pub(crate) const R13: usize = 18;
pub(crate) const R14: usize = 19;
pub(crate) const R15: usize = 20;
const FS: usize = 21;
const GS: usize = 22;
const CR0: usize = 23;
const CR2: usize = 24;
const CR3: usize = 25;
const CR4: usize = 26;

/// The registers in the order in which an Oops prints them (arch/x86/kernel/process_64.c, `__show_regs`).
pub static FILE: File = File {
    names: &[
        "RIP", "CS", "RSP", "SS", "EFLAGS", "ORIG_RAX", "RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP", "R08", "R09",
        "R10", "R11", "R12", "R13", "R14", "R15", "FS", "GS", "CR0", "CR2", "CR3", "CR4",
    ],
    pc: RIP,
    sp: RSP,
    fp: RBP,
    link: None,
    // The two lowest bits of CS are the privilege level.
    is_user: |registers| registers.get(CS).is_some_and(|cs| cs & 3 != 0),
    dwarf: &DWARF,
    convention: &oopscope_dwarf::X86_64,
};

/// Which register each number of DWARF's is (System V ABI, AMD64 supplement, figure 3.36).
pub(crate) const DWARF: [usize; 17] =
    [RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, RIP];

/// Order in `struct pt_regs` (arch/x86/include/asm/ptrace.h), with which `struct user_regs_struct` begins too.
const PT_REGS: [usize; 21] =
    [R15, R14, R13, R12, RBP, RBX, R11, R10, R9, R8, RAX, RCX, RDX, RSI, RDI, ORIG_RAX, RIP, CS, EFLAGS, RSP, SS];

/// What the CPU itself pushes: the end of `struct pt_regs`.
const INTERRUPT: [usize; 5] = [RIP, CS, EFLAGS, RSP, SS];

/// Size of `struct pt_regs`, in bytes.
pub(crate) const PT_REGS_SIZE: u64 = 168;

/// Where `elf_prstatus.pr_reg` lies: after signal, pids and four times (include/linux/elfcore.h).
const PR_REG: usize = 112;

/// Registers of an NT_PRSTATUS note's description; absent where it is too short.
pub fn prstatus(description: &[u8], little_endian: bool) -> Option<Registers> {
    let saved = description.get(PR_REG..PR_REG + 27 * 8)?;
    let mut registers = Registers::new(&FILE);
    fill(&mut registers, saved, &PT_REGS, little_endian);
    fill(&mut registers, &saved[21 * 8..], &[FS, GS], little_endian);
    Some(registers)
}

/// Registers of a QEMU note's description (QEMU's `struct QEMUCPUState`): version, size, general registers, ten
/// segments of selector, limit, flags, padding and base, the control registers.
pub fn qemu(description: &[u8], little_endian: bool) -> Option<Registers> {
    const GENERAL: [usize; 18] =
        [RAX, RBX, RCX, RDX, RSI, RDI, RSP, RBP, R8, R9, R10, R11, R12, R13, R14, R15, RIP, EFLAGS];
    const SEGMENTS: usize = 8 + 18 * 8;
    const SEGMENT: usize = 24;
    let mut registers = Registers::new(&FILE);
    fill(&mut registers, description.get(8..SEGMENTS)?, &GENERAL, little_endian);
    // In the order cs ds es fs gs ss ldt tr gdt idt: the selectors of cs and ss, the bases of fs and gs.
    for (index, register) in [(0, CS), (5, SS)] {
        let selector = description.get(SEGMENTS + index * SEGMENT..)?.first_chunk::<4>()?;
        let selector = if little_endian { u32::from_le_bytes(*selector) } else { u32::from_be_bytes(*selector) };
        registers.set(register, u64::from(selector));
    }
    for (index, register) in [(3, FS), (4, GS)] {
        fill(&mut registers, description.get(SEGMENTS + index * SEGMENT + 16..)?, &[register], little_endian);
    }
    let control = description.get(SEGMENTS + 10 * SEGMENT..)?;
    fill(&mut registers, control.get(..8)?, &[CR0], little_endian);
    fill(&mut registers, control.get(16..40)?, &[CR2, CR3, CR4], little_endian);
    Some(registers)
}

/// Registers of a `struct pt_regs`.
pub fn pt_regs(bytes: &[u8; 168]) -> Registers {
    let mut registers = Registers::new(&FILE);
    fill(&mut registers, bytes, &PT_REGS, true);
    registers
}

/// Registers of what the CPU pushed at an interrupt.
pub fn interrupt_frame(bytes: &[u8; 40]) -> Registers {
    let mut registers = Registers::new(&FILE);
    fill(&mut registers, bytes, &INTERRUPT, true);
    registers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prstatus_note_has_its_registers_after_the_times() {
        let mut note = vec![0; 336];
        for (index, word) in note[112..112 + 216].as_chunks_mut::<8>().0.iter_mut().enumerate() {
            *word = (u64::try_from(index).unwrap() + 1).to_le_bytes();
        }
        let registers = prstatus(&note, true).unwrap();
        assert_eq!((registers.pc(), registers.sp(), registers.fp()), (Some(17), Some(20), Some(5)));
        assert_eq!((registers.get(FS), registers.get(GS)), (Some(22), Some(23)));
        assert!(registers.is_user(), "CS is 18");
        assert!(prstatus(&note[..300], true).is_none());
    }

    #[test]
    fn a_qemu_note_tells_the_control_registers_too() {
        let mut note = vec![0; 440];
        note[8 + 16 * 8..8 + 17 * 8].copy_from_slice(&7_u64.to_le_bytes());
        note[152..156].copy_from_slice(&0x10_u32.to_le_bytes());
        note[392 + 16..392 + 24].copy_from_slice(&9_u64.to_le_bytes());
        let registers = qemu(&note, true).unwrap();
        assert_eq!((registers.pc(), registers.get(CR2), registers.get(CS)), (Some(7), Some(9), Some(0x10)));
        assert!(!registers.is_user());
        assert!(qemu(&note[..400], true).is_none());
    }
}
