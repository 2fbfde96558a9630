//! A crashed kernel as objects: addresses, names, types, per-CPU memory, lists, and what is told from them: its log,
//! tasks, stacks, modules. Must never print, test for a kernel's version, or know of a user interface.
//!
//! [`Kernel::open`] is the cheap first stage, enough for the log; [`Kernel::load_symbols`] gives names and types.
//! ```text
//! Dump ─► VMCOREINFO ─► Arch (page tables) ─► Kernel::read ─► kallsyms, BTF ─► Object ─► tasks, stacks, …
//! ```
#![forbid(unsafe_code)]

pub mod arch;
mod browse;
mod build_id;
mod debug;
mod debug_types;
mod error;
mod fields;
mod kernel;
mod list;
mod loaded;
pub mod log;
mod memory;
pub mod modules;
mod names;
mod object;
mod open;
mod percpu;
mod search;
mod sections;
pub mod stack;
pub mod system;
mod taint;
pub mod tasks;
mod tlb;
mod types;
pub mod usage;
pub mod vmcoreinfo;

pub use error::{KernelError, ListError, MemoryError, Mismatch, ObjectError, machine_name};
pub use kernel::Kernel;
pub use list::ListIter;
pub use loaded::Loaded;
pub use names::Named;
pub use object::Object;
pub use vmcoreinfo::VmcoreInfo;
