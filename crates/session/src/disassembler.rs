//! Who makes instructions of a report's code: given to the session by whoever makes one.
//!
//! Reports are listed when they are first handed out, not when they are found. Must never know a decoder.

use crate::log::Log;
use oopscope_klog::{put_listing, wants_listing};
use oopscope_report::{Listing, Report};
use std::ops::ControlFlow;

/// Makes instructions of a report's code.
///
/// A function from a report to its listing is one that is always there.
pub trait Disassembler {
    /// The listing of the report's code, or in words why there is none; `None` while the disassembler is not there yet.
    fn list(&self, report: &Report) -> Option<Result<Listing, String>>;
}

impl<F: Fn(&Report) -> Result<Listing, String>> Disassembler for F {
    fn list(&self, report: &Report) -> Option<Result<Listing, String>> {
        Some(self(report))
    }
}

/// Lists the code of a report of the log, or of all of them; breaks off where the disassembler is not there yet.
pub(crate) fn list(log: &mut Log, index: Option<u32>, disassembler: &dyn Disassembler) -> ControlFlow<()> {
    let only = index.map(|index| usize::try_from(index).unwrap_or(usize::MAX));
    for (index, report) in log.reports.iter_mut().enumerate() {
        if only.is_none_or(|only| only == index) && wants_listing(report) {
            match disassembler.list(report) {
                Some(found) => put_listing(report, found),
                None => return ControlFlow::Break(()),
            }
        }
    }
    ControlFlow::Continue(())
}
