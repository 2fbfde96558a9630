//! Why something of a kernel could not be read. Must never lose where: each error carries the address, and the reader of
//! a message learns what to make of it.

use oopscope_dump::{Machine, PageError};

/// Why virtual memory could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// No page table maps the address.
    #[error("address {address:#x} is not mapped (no entry at level {level})")]
    NotMapped {
        /// The virtual address.
        address: u64,
        /// The level whose entry is not present: `PGD`, `P4D`, `PUD`, `PMD`, `PTE`.
        level: &'static str,
    },
    /// The address is none that the processor would accept.
    #[error("{address:#x} is no address (not canonical)")]
    NotCanonical {
        /// The virtual address.
        address: u64,
    },
    /// A page table on the way to it could not be read.
    #[error("address {address:#x}: its {level} table could not be read: {error}")]
    Table {
        /// The virtual address.
        address: u64,
        /// The level.
        level: &'static str,
        /// Why.
        error: PageError,
    },
    /// It is mapped, and the dump does not have the page.
    #[error("address {address:#x}: {error}")]
    Page {
        /// The virtual address.
        address: u64,
        /// Why.
        error: PageError,
    },
    /// What should be read goes past the end of the address space.
    #[error("{length} bytes at {address:#x} go past the end of the address space")]
    Wraps {
        /// Where it begins.
        address: u64,
        /// How many bytes.
        length: u64,
    },
    /// A string has no end where it must have one.
    #[error("the string at {address:#x} does not end within {limit} bytes")]
    Endless {
        /// Where it begins.
        address: u64,
        /// How long it may be.
        limit: u64,
    },
}

impl MemoryError {
    /// The same of another form of the address: with the tag that the tables do not know.
    pub(crate) const fn of(mut self, asked: u64) -> Self {
        match &mut self {
            Self::NotMapped { address, .. }
            | Self::NotCanonical { address }
            | Self::Table { address, .. }
            | Self::Page { address, .. }
            | Self::Wraps { address, .. }
            | Self::Endless { address, .. } => *address = asked,
        }
        self
    }

    /// The virtual address.
    pub const fn address(&self) -> u64 {
        match *self {
            Self::NotMapped { address, .. }
            | Self::NotCanonical { address }
            | Self::Table { address, .. }
            | Self::Page { address, .. }
            | Self::Wraps { address, .. }
            | Self::Endless { address, .. } => address,
        }
    }
}

/// Why a dump could not be opened as a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// No VMCOREINFO, neither as a note nor in memory.
    #[error(
        "no VMCOREINFO: the dump has no such note, and none was found in {searched} bytes of its memory; \
         it is no Linux kernel, or its memory is encrypted or not where the dump says"
    )]
    NoVmcoreinfo {
        /// How many bytes were searched.
        searched: u64,
    },
    /// The architecture cannot be read yet.
    #[error("memory of {name} kernels cannot be read yet (x86_64 and aarch64 can)", name = machine_name(*.0))]
    Architecture(Machine),
    /// The container and VMCOREINFO do not tell which architecture it is.
    #[error("the dump does not tell the architecture of its kernel")]
    UnknownArchitecture,
    /// The kernel's page tables were not found.
    #[error("the kernel's page tables were not found: {why}")]
    NoPageTables {
        /// What is missing.
        why: &'static str,
    },
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// The architecture's name, as `uname -m` has it.
pub const fn machine_name(machine: Machine) -> &'static str {
    match machine {
        Machine::X86_64 => "x86_64",
        Machine::Aarch64 => "aarch64",
        Machine::I386 => "i386",
        Machine::Arm => "arm",
        Machine::Riscv64 => "riscv64",
        Machine::Ppc64 => "ppc64",
        Machine::S390x => "s390x",
        Machine::Loongarch64 => "loongarch64",
        Machine::Other(_) => "unknown",
    }
}

/// A vmlinux that does not belong to the dump.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// It is of another build.
    #[error("the vmlinux is of another build: its build-id is {file}, the kernel's is {kernel}")]
    BuildId {
        /// The file's.
        file: String,
        /// The kernel's.
        kernel: String,
    },
    /// It is for another architecture.
    #[error("the vmlinux is for another architecture than the dump")]
    Architecture,
    /// It has no symbols.
    #[error("the vmlinux has no symbol table")]
    NoSymbols,
    /// Its symbols do not lie where the kernel's do.
    #[error("the vmlinux is of another build: its {symbol} would lie at {file:#x}, the kernel's is at {kernel:#x}")]
    Symbol {
        /// The symbol that was compared.
        symbol: &'static str,
        /// Where the file has it, KASLR's offset added.
        file: u64,
        /// Where the kernel has it.
        kernel: u64,
    },
}

/// Why an object could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The kernel's types are not known (no BTF).
    #[error(
        "{wanted}: the kernel's types are not known (it has no BTF, or that could not be read, and no vmlinux with debug information was given)"
    )]
    NoTypes {
        /// What was asked for.
        wanted: String,
    },
    /// There is no such type.
    #[error("this kernel has no type {name}")]
    NoType {
        /// Its name.
        name: String,
    },
    /// There is no such member.
    #[error("{type_name} of this kernel has no member {member}")]
    NoMember {
        /// The structure.
        type_name: String,
        /// The member.
        member: String,
    },
    /// There is no such symbol.
    #[error("this kernel has no symbol {name}")]
    NoSymbol {
        /// Its name.
        name: String,
    },
    /// Nothing tells the type of a symbol.
    #[error(
        "nothing tells the type of {name} (BTF has per-CPU variables only; a vmlinux with debug information has all)"
    )]
    UntypedSymbol {
        /// Its name.
        name: String,
    },
    /// It is of another sort than what was asked of it.
    #[error("{what} is of type {type_name}, which is no {wanted}")]
    Kind {
        /// What it is: where it lies.
        what: String,
        /// Its type.
        type_name: String,
        /// What was expected: "number", "pointer", "array", "structure".
        wanted: &'static str,
    },
    /// A pointer that leads nowhere.
    #[error("{what} is NULL")]
    Null {
        /// The pointer.
        what: String,
    },
    /// No such CPU.
    #[error("CPU {cpu} has no per-CPU memory")]
    NoCpu {
        /// Its number.
        cpu: u32,
    },
    /// The types themselves are damaged.
    #[error("the kernel's types are damaged at {name}: {why}")]
    Types {
        /// What was looked at.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// Memory could not be read.
    #[error("{what}: {error}")]
    Memory {
        /// What was being read.
        what: String,
        /// Why not.
        error: MemoryError,
    },
}

/// Why a list ended before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// An entry could not be read.
    #[error("the list at {head:#x} breaks off after {count} entries: {error}")]
    Memory {
        /// The list's head.
        head: u64,
        /// How many entries there were before.
        count: u64,
        /// Why.
        error: MemoryError,
    },
    /// A pointer is NULL or a poison.
    #[error("the list at {head:#x} is damaged after {count} entries: {at:#x} points to {value:#x}")]
    Damaged {
        /// The list's head.
        head: u64,
        /// How many entries there were before.
        count: u64,
        /// The entry.
        at: u64,
        /// What its pointer holds.
        value: u64,
    },
    /// It runs in a circle that does not go through its head.
    #[error("the list at {head:#x} runs in a circle that does not lead back to its head, after {count} entries")]
    Circle {
        /// The list's head.
        head: u64,
        /// How many entries there were before.
        count: u64,
    },
    /// It is longer than any list may be.
    #[error("the list at {head:#x} has more than {count} entries")]
    TooLong {
        /// The list's head.
        head: u64,
        /// The bound.
        count: u64,
    },
    /// Its entries' type is not known.
    #[error("the list at {head:#x}: {error}")]
    Object {
        /// The list's head.
        head: u64,
        /// Why.
        error: ObjectError,
    },
}
