//! What unwinding asks of a kernel, and what it answers, whatever the architecture. Must never go round: a stack
//! pointer only grows within a stack, and no stack is entered twice.

use crate::MemoryError;
use crate::stack::registers::Registers;
use oopscope_report::vmcore::{Address, ExceptionFrame, StackKind, Trust};
use oopscope_symbols::orc::Entry;

/// Most frames of one walk: more than a stack of 32 KiB has room for.
pub const MOST_FRAMES: usize = 2048;

/// Most frames on what is none of the stacks that are known.
const MOST_UNKNOWN: u32 = 64;

/// What unwinding reads.
pub trait View {
    /// Fills `buf` with what lies at a kernel address.
    fn fill(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError>;
    /// The unwind entry that covers an instruction; absent where no table does.
    fn orc(&self, ip: u64) -> Result<Option<Entry>, MemoryError>;
    /// Whether code of the kernel or of a module lies there.
    fn is_text(&self, address: u64) -> bool;
    /// The function that covers an address: its name, and where it begins.
    fn function(&self, address: u64) -> Option<(String, u64)>;
    /// Byte order of the kernel.
    fn little_endian(&self) -> bool;

    /// The registers of an instruction's caller, by call frame information; none where there is none for it.
    fn caller(&self, _at: u64, _registers: &Registers) -> Option<Registers> {
        None
    }

    /// An address without authentication code and tag.
    fn strip(&self, address: u64) -> u64 {
        address
    }

    /// Bytes of a word: 8 or 4.
    fn word_size(&self) -> u64 {
        8
    }

    /// A word at a kernel address.
    fn word(&self, address: u64) -> Result<u64, MemoryError> {
        if self.word_size() == 4 {
            let mut bytes = [0; 4];
            self.fill(address, &mut bytes)?;
            return Ok(if self.little_endian() { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }.into());
        }
        let mut bytes = [0; 8];
        self.fill(address, &mut bytes)?;
        Ok(if self.little_endian() { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
    }
}

/// A stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Which.
    pub kind: StackKind,
    /// Its lowest address.
    pub from: u64,
    /// The address behind its highest byte.
    pub to: u64,
}

/// Where a walk begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// The instruction pointer; absent where nothing tells: then the stack is searched from `sp` on.
    pub pc: Option<u64>,
    /// The stack pointer there.
    pub sp: u64,
    /// The frame pointer there.
    pub fp: Option<u64>,
    /// All registers, where they were saved.
    pub registers: Option<Registers>,
    /// Those that a call leaves as they are, where a task that sleeps has saved them.
    pub kept: Option<Registers>,
    /// False when `pc` is the address of the next instruction to be executed, true when it is a return address.
    pub call: bool,
    /// How the first frame was found.
    pub trust: Trust,
    /// Where it was read, in words.
    pub begins: String,
}

/// A frame that has no name yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The instruction pointer or return address.
    pub address: u64,
    /// Whether it is a return address, so that the call lies before it.
    pub call: bool,
    /// The stack pointer there.
    pub sp: Option<u64>,
    /// The frame pointer there, where the walk has it.
    pub fp: Option<u64>,
    /// How it was found.
    pub trust: Trust,
    /// On which stack.
    pub stack: StackKind,
    /// Registers that were saved here.
    pub exception: Option<ExceptionFrame>,
}

/// Frames, and why there are no more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Walk {
    /// Innermost first.
    pub steps: Vec<Step>,
    /// Why it ends.
    pub ends: String,
    /// True when it ends where it should.
    pub complete: bool,
}

impl Walk {
    /// Puts saved registers to the last frame.
    pub fn except(&mut self, at: u64, what: Option<&str>, registers: &Registers) {
        if let Some(last) = self.steps.last_mut() {
            last.exception = Some(ExceptionFrame {
                at: Address(at),
                what: what.map(str::to_owned),
                user: registers.is_user(),
                registers: registers.listed(),
            });
        }
    }
}

/// Why a walk cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The stack pointer does not grow.
    #[error("the stack is damaged: its pointer went from {from:#x} back to {to:#x}")]
    Back {
        /// The frame's stack pointer.
        from: u64,
        /// Its caller's.
        to: u64,
    },
    /// A stack is entered twice.
    #[error("the stack is damaged: at {at:#x} it leads back to a stack that was left before")]
    Again {
        /// The stack pointer.
        at: u64,
    },
    /// It has left every stack.
    #[error("{at:#x} lies on no stack that is known")]
    Nowhere {
        /// The stack pointer.
        at: u64,
    },
    /// What should be a return address is none.
    #[error("{address:#x}, found at {at:#x}, is no code of the kernel or of a module")]
    NoText {
        /// What was found.
        address: u64,
        /// Where.
        at: u64,
    },
    /// No unwind entry covers the instruction.
    #[error("no unwind information covers {address:#x}")]
    NoEntry {
        /// The instruction.
        address: u64,
    },
    /// An unwind entry counts from a register that is not known.
    #[error("the unwind information of {address:#x} counts from a register that is not known there")]
    NoRegister {
        /// The instruction.
        address: u64,
    },
    /// Nothing tells where to begin.
    #[error("no registers were saved for it")]
    NoStart,
    /// A frame record or pointer is not aligned.
    #[error("the stack is damaged: {address:#x} is no aligned frame")]
    Misaligned {
        /// The pointer.
        address: u64,
    },
    /// Memory could not be read.
    #[error("{0}")]
    Memory(#[from] MemoryError),
}

/// Watches that a walk goes on.
#[derive(Clone, Debug)]
pub struct Guard<'a> {
    areas: &'a [Area],
    left: u64,
    current: Option<usize>,
    last: Option<u64>,
    unknown: u32,
}

impl<'a> Guard<'a> {
    /// No stack has been entered yet. At most 64 areas count.
    pub fn new(areas: &'a [Area]) -> Self {
        Self { areas: areas.get(..64).unwrap_or(areas), left: 0, current: None, last: None, unknown: 0 }
    }

    /// The stack on which an address lies. A stack pointer may be the very end of its stack, when nothing is on it.
    fn find(&self, sp: u64) -> Option<usize> {
        let within = |area: &Area| area.from <= sp && sp < area.to;
        self.areas.iter().position(within).or_else(|| self.areas.iter().position(|area| area.to == sp))
    }

    /// The stack pointer that the walk has come to.
    pub fn last(&self) -> Option<u64> {
        self.last
    }

    /// On which stack an address lies; where it lies on none, that which the walk is on.
    pub fn kind_at(&self, sp: u64) -> StackKind {
        self.area_at(sp).map_or_else(|| self.kind(), |area| area.kind.clone())
    }

    /// The stack on which an address lies.
    pub fn area_at(&self, sp: u64) -> Option<&'a Area> {
        self.areas.get(self.find(sp)?)
    }

    /// Which stack the walk is on.
    pub fn kind(&self) -> StackKind {
        self.area().map_or(StackKind::Unknown, |area| area.kind.clone())
    }

    /// The stack that the walk is on.
    pub fn area(&self) -> Option<&'a Area> {
        self.areas.get(self.current?)
    }

    /// Begins at a stack pointer, at which a frame may still begin.
    pub fn enter(&mut self, sp: u64) -> Result<StackKind, Lost> {
        let kind = self.advance(sp)?;
        self.last = sp.checked_sub(1);
        Ok(kind)
    }

    /// Goes to a stack pointer: it must be beyond the last one, or on a stack that was not entered before.
    pub fn advance(&mut self, sp: u64) -> Result<StackKind, Lost> {
        let found = self.find(sp);
        let mut left = self.left;
        if let Some(last) = self.last {
            if found == self.current {
                if sp <= last {
                    return Err(Lost::Back { from: last, to: sp });
                }
            } else if let Some(index) = self.current {
                left |= 1 << index;
            }
        }
        match found {
            Some(index) if left >> index & 1 == 1 => return Err(Lost::Again { at: sp }),
            Some(_) => {}
            None if self.unknown >= MOST_UNKNOWN => return Err(Lost::Nowhere { at: sp }),
            None => self.unknown += 1,
        }
        self.left = left;
        self.current = found;
        self.last = Some(sp);
        Ok(self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn areas() -> Vec<Area> {
        vec![
            Area { kind: StackKind::Task, from: 0x1000, to: 0x2000 },
            Area { kind: StackKind::Irq, from: 0x8000, to: 0x9000 },
        ]
    }

    #[test]
    fn a_stack_is_entered_once_and_goes_up() {
        let areas = areas();
        let mut guard = Guard::new(&areas);
        assert_eq!(guard.advance(0x8010), Ok(StackKind::Irq));
        assert_eq!(guard.advance(0x8020), Ok(StackKind::Irq));
        assert_eq!(guard.clone().advance(0x8020), Err(Lost::Back { from: 0x8020, to: 0x8020 }));
        assert_eq!(guard.advance(0x1000), Ok(StackKind::Task));
        assert_eq!(guard.advance(0x8030), Err(Lost::Again { at: 0x8030 }));
        assert_eq!(guard.advance(0x2000), Ok(StackKind::Task), "nothing is on it");
    }

    #[test]
    fn what_is_no_known_stack_is_left_soon() {
        let areas = areas();
        let mut guard = Guard::new(&areas);
        let ways = (0..100).map(|step| guard.advance(0x4000 + step * 8)).collect::<Vec<_>>();
        assert_eq!(ways.iter().filter(|way| way.is_ok()).count(), 64);
        assert_eq!(ways[64], Err(Lost::Nowhere { at: 0x4200 }));
    }
}
