//! The facts of a report that are not frames: registers, access, trap, taint, code, modules, panic.

use crate::{Listing, Prose};
use serde::{Deserialize, Serialize};

/// One register as printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// Name as printed, upper or lower case as that architecture does: `RAX`, `x29`, `r3`, `CR2`, `pstate`.
    pub name: String,
    /// Value, hex string of the register's width.
    pub value: String,
    /// What the value is known to be: "faulting address", "LIST_POISON1", "NULL".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Log line.
    pub line: u64,
}

/// The memory access that faulted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Read, write or instruction fetch.
    pub kind: AccessKind,
    /// The address, hex string. Absent where the trap does not give it (a general protection fault before 5.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What sort of address it is.
    pub class: AddressClass,
    /// In words: "inside the NULL page: offset 0x100 from a NULL pointer".
    pub meaning: String,
    /// How kind and class are known when the log does not state them outright.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guessed: Option<String>,
    /// Log line that gives the address.
    pub line: u64,
    /// Log line that gives the kind of access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind_line: Option<u64>,
}

/// What was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessKind {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An instruction fetch.
    Execute,
    /// The report does not tell.
    #[default]
    Unknown,
}

/// What sort of address was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AddressClass {
    /// In the first page: a NULL pointer, or a member of a structure at NULL.
    NullPage,
    /// Just below zero: an error number returned as a pointer (`ERR_PTR`), or a member before NULL.
    ErrorPointer,
    /// A poison value that the kernel writes on purpose (`LIST_POISON1`, slab's 0x6b…).
    Poison,
    /// Not canonical: no page table could map it.
    NonCanonical,
    /// In the range of user space.
    User,
    /// The guard page beside a kernel stack.
    StackGuard,
    /// KASAN's shadow memory: the checked address was wild or NULL.
    KasanShadow,
    /// An ordinary kernel address that is not mapped, or not so.
    Kernel,
    /// Not known.
    #[default]
    Unknown,
}

/// The trap's own code, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trap {
    /// As the kernel names it: `Oops`, `general protection fault`, `Internal error: Oops - BUG`.
    pub name: String,
    /// The error code, ESR or FSR, hex string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the code is called on that architecture: "error code", "ESR", "FSR".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_name: Option<String>,
    /// Its fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<DecodedField>,
    /// Log line.
    pub line: u64,
}

/// One field of a decoded word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodedField {
    /// The field's name in the architecture's manual: `P`, `W`, `EC`, `WnR`.
    pub name: String,
    /// Its value, as number or hex.
    pub value: String,
    /// What that means.
    pub meaning: String,
}

/// The kernel's taint at the time of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taint {
    /// As printed: `G           OE`, or `Not tainted`.
    pub text: String,
    /// The flags that are set.
    pub flags: Vec<TaintFlag>,
    /// Log line.
    pub line: u64,
}

/// One taint flag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaintFlag {
    /// The letter.
    pub letter: char,
    /// The kernel's name for it: `OOT_MODULE`.
    pub name: String,
    /// What it means for the reader.
    pub meaning: String,
}

/// The bytes around the trapping instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The units as printed, hex without marks: bytes on x86, words or halfwords elsewhere; `??` where unreadable.
    pub units: Vec<String>,
    /// Index in `units` of the one marked by the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trap: Option<u32>,
    /// Why there are no bytes, in the kernel's words: "Bad RIP value."
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The bytes as instructions, where that could be done without doubt about the trapping one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<Listing>,
    /// Why there is no listing, in words, where there are bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing_problem: Option<String>,
    /// Log line.
    pub line: u64,
}

/// A fact that only one kind of report has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// A short stable name in words: `access size`, `object`, `cache`, `waits for`, `stuck for`.
    pub name: String,
    /// Its value as the log gives it.
    pub value: String,
    /// What it means, where that is not plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
    /// Log line.
    pub line: u64,
}

/// One module of `Modules linked in:`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Name.
    pub name: String,
    /// Letters after it: taint (`OE`), `+` being loaded, `-` being unloaded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub flags: String,
    /// True when a frame of the report lies in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_trace: bool,
}

/// `Kernel panic - not syncing: …`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Panic {
    /// The reason as printed.
    pub reason: String,
    /// What that means, and what it adds to the report before it.
    pub meaning: Prose,
    /// Log line.
    pub line: u64,
}
