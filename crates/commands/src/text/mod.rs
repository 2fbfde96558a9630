//! Rows as text, in the layouts that users of crash read at a glance. Must never read memory: everything is in the rows.

mod banner;
mod dump;
mod locals;
mod log;
mod memory;
mod modules;
mod stack;
mod symbols;
mod table;
mod tasks;
mod translation;
mod values;
mod when;
mod words;

pub use banner::system;
pub use dump::dump;
pub use stack::{backtrace, cpus, panic_backtrace};

pub(crate) use locals::{Shown as ShownLocals, locals};
pub(crate) use log::{LogStyle, log};
pub(crate) use memory::memory;
pub(crate) use modules::modules;
pub(crate) use stack::{Shown, backtrace_as};
pub(crate) use symbols::symbols;
pub(crate) use tasks::{families, list, summary, tasks, times};
pub(crate) use translation::{machine, translations};
pub(crate) use values::{Base, value, value_at};
pub(crate) use words::words;

use oopscope_report::vmcore::Unread;
use std::fmt::Write as _;

/// What could not be read, at the end of a list: it is never left out silently.
pub(crate) fn unread(unread: &[Unread]) -> String {
    let mut out = String::new();
    for Unread { what, why } in unread {
        // Writing to a String does not fail.
        let _ = writeln!(out, "not read: {what}: {why}");
    }
    out
}

/// An address as crash prints it: sixteen digits without a prefix.
pub(crate) fn bare(address: u64) -> String {
    format!("{address:016x}")
}
