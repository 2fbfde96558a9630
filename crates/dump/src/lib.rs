//! Dump containers: physical memory out of the files that hold it, page by page, each page typed.
//!
//! This crate must never know what a kernel is (VMCOREINFO and the CPUs' notes are handed on as bytes), never hold a
//! bitmap or a table of descriptors whole, and never use `usize` for a position in a file or an address.
//!
//! A dump is opened with [`Dump::open`] from one file or several; physical memory is read with [`Dump::read`].
#![forbid(unsafe_code)]

mod avml;
mod bytes;
mod codec;
mod dump;
mod elf;
mod error;
mod file;
mod flat;
mod format;
mod hash;
mod images;
mod intervals;
mod kdump;
mod mapped;
mod notes;
mod open;
mod pages;
mod types;

pub use dump::Dump;
pub use error::{Codec, Corruption, Loss, OpenError, PageError};
pub use format::{Format, identify};
pub use notes::{CpuNote, Note, NoteKind, Notes};
pub use types::{Counters, Layout, Machine, PageState, Part, Progress, Segment, Uts};
