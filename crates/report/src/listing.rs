//! The instructions around the trap.

use serde::{Deserialize, Serialize};

/// `Code:` disassembled. Only ever a listing in which an instruction begins exactly at the trapping byte.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The instructions, in order of address.
    pub instructions: Vec<Instruction>,
    /// Bytes left out at the beginning, because no instruction could be found to begin there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped: u32,
    /// True when the bytes before the trap could be decoded in more than one way and the listing there is the best
    /// guess. Always false where instructions have a fixed length.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guessed: bool,
}

/// One instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// Where it begins, in bytes from the trapping instruction: negative before it, 0 at it.
    pub offset: i32,
    /// Its bytes as hex, as the `Code:` line has them: in the order of memory on x86, as numbers of the unit's width
    /// elsewhere.
    pub bytes: String,
    /// Text in the syntax of the kernel's tools (AT&T on x86, as objdump writes it).
    pub text: String,
    /// Text in Intel's syntax; x86 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intel: Option<String>,
    /// True for the trapping instruction.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trap: bool,
    /// What is known of its operands, from the registers that the report gives: "rdi = 0x0",
    /// "0x100(%rdi) = 0x100, the faulting address".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference; the lint depends on the target's word size"
)]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}
