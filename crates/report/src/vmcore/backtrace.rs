//! Stacks. Must never say of a frame more than how it was found.

use super::{Address, Value};
use serde::{Deserialize, Serialize};

/// How a frame was found, from the most to the least reliable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// The instruction pointer in registers that were saved: by the dump's notes, or by an exception.
    Registers,
    /// What a sleeping task left on its stack when it was switched away from.
    Switched,
    /// By the kernel's own unwind tables: ORC, or those of 32-bit arm (`.ARM.exidx`).
    Orc,
    /// By DWARF call frame information.
    Cfi,
    /// By the chain of frame pointers.
    FramePointer,
    /// An address of kernel text that lies on the stack: it may be left over from an earlier call.
    #[default]
    Scan,
}

/// Which stack a frame lies on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StackKind {
    /// The task's own.
    #[default]
    Task,
    /// The CPU's stack for interrupts.
    Irq,
    /// Where soft interrupts have one of their own.
    Softirq,
    /// One of the CPU's exception stacks by its name: `NMI`, `#DF`, `#DB`, `#MC`, `#VC`, `ENTRY`, `OVERFLOW`, `SDEI`.
    Exception(String),
    /// A stack that is none of those known.
    Unknown,
}

/// A register with its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterValue {
    /// As the kernel names it: `RIP`, `RSP`, `x0`, `pc`.
    pub name: String,
    /// Its value.
    pub value: Address,
}

/// Registers that an exception or interrupt saved on the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionFrame {
    /// Where it lies.
    pub at: Address,
    /// What it was, where that can be told: "page fault", "NMI", "system call", "interrupt".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// True when user space was interrupted: the last frame of a task's stack.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub user: bool,
    /// The registers, in the kernel's order of printing.
    pub registers: Vec<RegisterValue>,
}

/// One frame, innermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Function's name; absent where no symbol covers the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Offset of the address in the function.
    pub offset: u64,
    /// Size of the function, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The instruction pointer or return address.
    pub address: Address,
    /// Stack pointer of the frame: where its return address was found lies just below its caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp: Option<Address>,
    /// Module of the function; absent for the kernel itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// How it was found.
    pub trust: Trust,
    /// On which stack.
    pub stack: StackKind,
    /// True for a function that the compiler put into its caller: needs debug information.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inlined: bool,
    /// Source file: needs debug information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Registers that were saved here: what ran before, the frames after this one, was interrupted at this point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<ExceptionFrame>,
}

/// Which task a stack belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRef {
    /// Its `task_struct`.
    pub address: Address,
    /// Its PID, as the first namespace has it.
    pub pid: i32,
    /// Its name.
    pub comm: String,
    /// CPU on which it ran, or ran last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
}

/// The stack of a task or CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backtrace {
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskRef>,
    /// Registers that it begins with, where the task was on a CPU.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registers: Vec<RegisterValue>,
    /// Where those come from, or how the beginning was found without: "NT_PRSTATUS of CPU 1", "thread.sp".
    pub begins: String,
    /// The frames, innermost first.
    pub frames: Vec<Frame>,
    /// Why it ends where it ends: "user mode", "end of the stack", or what went wrong.
    pub ends: String,
    /// True when it ends where it should: at user mode or at the stack's end.
    pub complete: bool,
}

/// A parameter or a local variable of a function.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Local {
    /// Its name.
    pub name: String,
    /// True for a parameter.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parameter: bool,
    /// Its type in C: `struct task_struct *`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its value; absent where there is none to be had, for which [`Self::why`] has the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Where that was found: "register RBX", "memory at 0xffffc900001b3d80", "constant".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Why it has no value: "optimized out", "the page at … was excluded …".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// True where the compiler says that it may be uninitialized.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uninitialized: bool,
    /// Line on which it is declared, in the function's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Parameters and local variables of a frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Locals {
    /// Whose stack it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskRef>,
    /// Number of the frame in the stack's list, from 0, inlined ones counted.
    pub number: u32,
    /// The frame.
    pub frame: Frame,
    /// The parameters and the variables, in the order of the source: those of an inner block after those of the one around it.
    pub variables: Vec<Local>,
    /// The registers as far as they are known in this frame: saved, or recovered by call frame information.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registers: Vec<RegisterValue>,
    /// What is to be known of all of them: why there are none, or why they may be wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
