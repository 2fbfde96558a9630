//! Stacks and their frames.

use crate::{Alternative, Context, Register};
use serde::{Deserialize, Serialize};

/// One stack of a report: the frames that ran in one context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// Context in which these frames ran.
    pub context: Context,
    /// The kernel's own tag (`IRQ`, `NMI`, `TASK`, `#DF`), where it printed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What this stack is to the report.
    pub role: StackRole,
    /// A heading for people: "Hard interrupt — where it crashed".
    pub title: String,
    /// How the context is known when the kernel printed no tag for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guessed: Option<String>,
    /// Frames, innermost first.
    pub frames: Vec<Frame>,
    /// Registers printed inside the trace, of the exception frame by which this stack was left
    /// (user mode's registers at the bottom, with the system call's number in `ORIG_RAX`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registers: Vec<Register>,
    /// Line where the stack begins.
    pub line: u64,
}

/// What a stack is to the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StackRole {
    /// Where it crashed.
    #[default]
    Crash,
    /// What was interrupted.
    Interrupted,
    /// The panic's own way into `panic()`, after the report.
    Panic,
    /// Where the object in question was allocated.
    Allocated,
    /// Where the object in question was freed.
    Freed,
    /// Where the value in question came from, or was last handed on (KMSAN, work items, kmemleak).
    Origin,
    /// Another party: the other side of a data race, the owner of a lock, another CPU's backtrace.
    OtherParty,
    /// How a lock of the chain was taken before (lockdep).
    Lock,
    /// Another trace printed with the report.
    Other,
}

/// One frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Function as printed, with compiler suffixes. Absent where the kernel printed a bare address.
    pub function: Option<String>,
    /// Offset in the function, in bytes.
    pub offset: Option<u64>,
    /// Size of the function, in bytes.
    pub size: Option<u64>,
    /// Module, where the function is not in vmlinux.
    pub module: Option<String>,
    /// Build-id that the kernel printed with the module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// Address as printed, hex string.
    pub address: Option<String>,
    /// False for frames that the kernel's unwinder marked (`?`, `(unreliable)`): found on the stack, not unwound.
    pub reliable: bool,
    /// What the address is.
    pub role: FrameRole,
    /// Source file and line, where the log itself has them (a log that went through decode_stacktrace.sh) or
    /// [`Self::symbols`] says where they come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_line: Option<u32>,
    /// True for a frame of an inlined function: it has no address of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inlined: bool,
    /// Which of [`Symbolized::files`](crate::Symbolized::files) its source line comes from; absent where the log itself has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbols: Option<u32>,
    /// Other functions of the same name and size that it may be instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
    /// Log line.
    pub line: u64,
}

/// What a frame's address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FrameRole {
    /// A return address: the call is just before it.
    #[default]
    Return,
    /// The instruction pointer itself: the instruction that trapped or was interrupted.
    Pc,
    /// The link register: a caller, when the trapping function has not saved it yet.
    Lr,
    /// An instruction pointer in user mode.
    User,
}
