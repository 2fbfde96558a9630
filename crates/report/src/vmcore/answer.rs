//! What a command answers: typed rows. Their text is made elsewhere, from these alone.

use super::{Address, Backtrace, Cpu, Locals, MemoryUsage, Module, Panic, System, Task, Unread, Value};
use serde::{Deserialize, Serialize};

/// A command's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rows", rename_all = "kebab-case")]
pub enum Answer {
    /// `sys`.
    System {
        /// The machine.
        system: Box<System>,
        /// What ended it.
        panic: Option<Box<Panic>>,
    },
    /// `log`.
    Log {
        /// The records.
        records: Vec<LogRecord>,
        /// What could not be read.
        unread: Vec<Unread>,
    },
    /// `bt`.
    Backtraces {
        /// One a task.
        backtraces: Vec<Backtrace>,
    },
    /// `bt -a`.
    Cpus {
        /// The CPUs.
        cpus: Vec<Cpu>,
    },
    /// `locals`.
    Locals {
        /// One a frame.
        locals: Vec<Locals>,
    },
    /// `ps`.
    Tasks {
        /// The tasks.
        tasks: Vec<Task>,
        /// What could not be read.
        unread: Vec<Unread>,
    },
    /// `mod`.
    Modules {
        /// The modules.
        modules: Vec<Module>,
        /// What could not be read.
        unread: Vec<Unread>,
    },
    /// `sym`.
    Symbols {
        /// The symbols.
        symbols: Vec<SymbolRow>,
    },
    /// `rd`.
    Words {
        /// Lines of the dump.
        words: Vec<WordRow>,
    },
    /// `struct`, `union`, `p`.
    Values {
        /// The values.
        values: Vec<Value>,
    },
    /// `kmem -i`.
    Memory {
        /// The totals.
        memory: MemoryUsage,
    },
    /// `vtop`.
    Translations {
        /// One an address.
        translations: Vec<Translation>,
    },
    /// `mach`.
    Machine {
        /// Names and values.
        machine: Vec<MachineRow>,
    },
    /// Text that has no rows: `help`, a type's definition.
    Text,
}

/// A record of the kernel's log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// Seconds since boot; absent for a log older than Linux 3.5, which is only bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<f64>,
    /// Level, 0 (emergency) to 7 (debug).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Who wrote it: `T17` for a task, `C1` for a CPU in interrupt context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// The text; a record of several lines has line ends in it.
    pub text: String,
}

/// A symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolRow {
    /// Its address, or the address that was asked for.
    pub address: Address,
    /// `nm`'s letter: `T`, `t`, `D`, …
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Offset of the address that was asked for.
    #[serde(default, skip_serializing_if = "crate::is_zero")]
    pub offset: u64,
    /// Size, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its module; absent for the kernel itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Where it comes from: `kallsyms`, `module kallsyms`, `vmlinux`, `VMCOREINFO`.
    pub from: String,
}

/// A line of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordRow {
    /// Where it begins.
    pub address: Address,
    /// The values.
    pub words: Vec<Address>,
    /// Size of each, in bytes.
    pub size: u8,
    /// The bytes as characters, those that are none as dots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Symbols or objects that the values point to, one a value, where asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<Option<String>>,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A virtual address's way to a physical one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    /// The virtual address.
    #[serde(rename = "virtual")]
    pub virtual_address: Address,
    /// The physical one; absent where it is not mapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical: Option<Address>,
    /// How: "page tables", "direct map", "kernel image".
    pub how: String,
    /// Entries of the page tables, from the root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<TranslationStep>,
    /// Why it has no physical address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// State of the physical page in the dump: "data", "zero", "excluded", …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// An entry of a page table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranslationStep {
    /// The level's name: `PGD`, `P4D`, `PUD`, `PMD`, `PTE`.
    pub level: String,
    /// Physical address of the entry.
    pub at: Address,
    /// The entry.
    pub entry: Address,
    /// Its flags by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

/// A fact of `mach`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineRow {
    /// Its name: `MACHINE TYPE`, `PAGE SIZE`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it was read.
    pub from: String,
}
