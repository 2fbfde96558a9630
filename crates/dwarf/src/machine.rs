//! What a frame has when it stands still: registers by DWARF's numbers, and memory. Must never give a register a value
//! that was not saved.

use oopscope_symbols::Unreadable;

/// A frame's registers and memory.
pub trait Machine {
    /// A register by the number that the architecture's DWARF gives it; none where its value is not known.
    fn register(&self, number: u16) -> Option<u64>;

    /// Fills `buf` with what lies at an address of the running program.
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable>;
}

/// What calls do to registers, and how DWARF numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convention {
    /// The stack pointer.
    pub sp: u16,
    /// Registers that a function leaves as they were, which call frame information need not say.
    pub saved: &'static [u16],
    /// Whose extensions of call frame information it uses.
    pub vendor: gimli::Vendor,
}

/// x86-64 (System V ABI, AMD64 supplement, figures 3.4 and 3.36): rbx, rbp, r12 to r15.
pub static X86_64: Convention = Convention { sp: 7, saved: &[3, 6, 12, 13, 14, 15], vendor: gimli::Vendor::Default };

/// arm64 (DWARF for the Arm 64-bit Architecture, "DWARF register names"; AAPCS64): x19 to x29, and the link register
/// in functions that have not saved it.
pub static AARCH64: Convention =
    Convention { sp: 31, saved: &[19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30], vendor: gimli::Vendor::AArch64 };

/// 32-bit arm (DWARF for the Arm Architecture; AAPCS32): r4 to r11, and the link register in functions that have not
/// saved it.
pub static ARM: Convention =
    Convention { sp: 13, saved: &[4, 5, 6, 7, 8, 9, 10, 11, 14], vendor: gimli::Vendor::Default };
