//! What a decoder says of one instruction: its text, and what it does to registers and memory as far as that is
//! needed to put the report's values beside it.
//!
//! Must never hold a value of a report: instructions are the same whatever the registers were.

/// One architecture's instruction set.
pub(crate) trait Decoder {
    /// Bytes between two places where an instruction may begin: 1 on x86, 2 with compressed instructions, else 4.
    fn step(&self) -> usize;

    /// Bytes of the longest instruction.
    fn longest(&self) -> usize {
        4
    }

    /// Length of the instruction at the beginning of `bytes`. None where there is none.
    fn length(&self, bytes: &[u8]) -> Option<usize>;

    /// The instruction at the beginning of `bytes`, which lies at address `at`. None exactly where
    /// [`Decoder::length`] gives none.
    fn decode(&self, bytes: &[u8], at: u64) -> Option<Decoded>;

    /// True for an instruction that no compiler writes: a sign of bytes that are read out of step.
    fn is_odd(&self, _bytes: &[u8]) -> bool {
        false
    }

    /// How the architecture's tools write bytes that are no instruction, and how many of them at once.
    fn unknown(&self, bytes: &[u8]) -> (usize, String);
}

/// An instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) length: usize,
    /// As objdump writes it.
    pub(crate) text: String,
    /// Intel's syntax; x86 only.
    pub(crate) intel: Option<String>,
    pub(crate) effect: Effect,
}

/// What an instruction reads and writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Registers that it names as sources, addresses aside.
    pub(crate) reads: Vec<Operand>,
    /// Registers that it names as destinations and certainly writes.
    pub(crate) sets: Vec<Operand>,
    /// Every register that it may change, named or not.
    pub(crate) clobbers: Vec<String>,
    pub(crate) memory: Vec<Memory>,
    pub(crate) flow: Flow,
    /// Where it may go, or a fixed address that it names; printed in `text` as `0x…`.
    pub(crate) target: Option<u64>,
}

/// A register as an operand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Operand {
    /// As the text names it, without sigils: `al`, `w0`, `a5`.
    pub(crate) name: String,
    /// The whole register, in lower case: `rax`, `x0`, `a5`.
    pub(crate) register: String,
    /// Which bits of the whole register it is: how many, from which on.
    pub(crate) bits: (u32, u32),
}

/// A memory operand: `segment + base + index * scale + displacement`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// As in the text: `0x10(%rdi)`, `[x0, #8]`.
    pub(crate) text: String,
    /// Segment with a base of its own: `fs`, `gs`.
    pub(crate) segment: Option<&'static str>,
    pub(crate) base: Option<Operand>,
    pub(crate) index: Option<(Operand, Scale)>,
    pub(crate) displacement: i64,
    /// Width of an address, in bits.
    pub(crate) width: u32,
    /// Bytes touched, where that is known; 0 otherwise.
    pub(crate) size: u64,
    /// Relative to the instruction's own address: `displacement` is the target then.
    pub(crate) pc_relative: bool,
}

/// What becomes of an index register before it is added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scale {
    pub(crate) shift: u32,
    /// Sign-extended from the operand's own bits.
    pub(crate) signed: bool,
    /// Subtracted instead of added.
    pub(crate) negative: bool,
}

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flow {
    /// On to the next instruction.
    #[default]
    Next,
    /// There or on.
    Branch,
    /// Elsewhere and back: what the registers hold after it is the callee's business.
    Call,
    /// Elsewhere for good: what stands after it was reached in another way.
    Leaves,
}

impl Operand {
    /// A whole register of 64 bits, or of all that there are.
    pub(crate) fn whole(name: &str) -> Self {
        Self { name: name.to_owned(), register: name.to_owned(), bits: (64, 0) }
    }
}
