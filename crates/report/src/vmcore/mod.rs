//! What was read out of a vmcore: plain data, shared by the engine that reads dumps, the page and the JSON document
//! `oopscope-vmcore/1`.
//!
//! This module must never read memory, format for people or decide anything. The rules of the log's document hold here
//! too: optional fields may be absent, addresses are hex strings, enumerations are open.

mod address;
mod answer;
mod backtrace;
mod dump;
mod memory;
mod module;
mod system;
mod task;
mod value;

pub use address::Address;
pub use answer::{Answer, LogRecord, MachineRow, SymbolRow, Translation, TranslationStep, WordRow};
pub use backtrace::{Backtrace, ExceptionFrame, Frame, Local, Locals, RegisterValue, StackKind, TaskRef, Trust};
pub use dump::{DumpFacts, PartFacts};
pub use memory::{MemoryRow, MemoryUsage};
pub use module::Module;
pub use system::{Cpu, Panic, System};
pub use task::Task;
pub use value::{Member, Value, ValueKind};

use serde::{Deserialize, Serialize};

/// Name and version of the JSON document. The number goes up when a reader that followed the rules could break.
pub const SCHEMA: &str = "oopscope-vmcore/1";

/// The whole answer about one vmcore: `oopscope core VMCORE --format json`, and "download JSON" on the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The file: its container and what it holds.
    pub dump: DumpFacts,
    /// The machine and its kernel.
    pub system: System,
    /// What ended it. Absent where the dump does not tell (a snapshot of a running machine).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panic: Option<Panic>,
    /// The CPUs with what each was doing, in the order of their numbers.
    pub cpus: Vec<Cpu>,
    /// Every task and thread, in the order in which `ps` lists them: idle tasks first, then by the kernel's list.
    pub tasks: Vec<Task>,
    /// Modules, in the kernel's order: the one loaded last first.
    pub modules: Vec<Module>,
    /// How memory was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryUsage>,
    /// The kernel's log, oldest record first.
    pub log: Vec<LogRecord>,
    /// What could not be read, each with the reason: nothing is left out silently.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
}

/// Something that could not be read. It costs its own place in the answer, never the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// What: "tasks after kworker/0:1 (PID 17)", "module symbols of ext4".
    pub what: String,
    /// Why, with the address: "page at physical 0x1234000 was excluded by makedumpfile (dump level 31)".
    pub why: String,
}
