//! The machine and what ended it. Must never give a fact without its source.

use crate::Kernel;
use oopscope_report::vmcore::{LogRecord, Panic, System};

/// The machine and its kernel.
pub fn system(kernel: &Kernel, _log: &[LogRecord]) -> System {
    System { release: kernel.info().text("OSRELEASE").map(str::to_owned), ..System::default() }
}

/// What ended it, without its backtrace.
pub fn panic(_kernel: &Kernel, _log: &[LogRecord]) -> Option<Panic> {
    None
}
