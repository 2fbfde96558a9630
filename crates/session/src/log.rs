//! A log that is open: its facts, its reports, and its bytes by position.
//!
//! This module must never hold the text of a log: lines are read again from the source when they are asked for.

use crate::input::{Joined, PartError, clamp};
use oopscope_klog::LineIndex;
use oopscope_report::{LogFacts, Report};

/// A log that has been scanned.
pub(crate) struct Log {
    pub(crate) facts: LogFacts,
    pub(crate) reports: Vec<Report>,
    pub(crate) index: LineIndex,
    pub(crate) source: Joined,
    /// How far the log was scanned. Beyond lies what a cancelled opening never saw: no line of it has a number.
    pub(crate) end: u64,
}

impl Log {
    /// Fills `buf` from `offset`; fewer bytes only at the end of what was scanned.
    pub(crate) fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, PartError> {
        let wanted = clamp(self.end.saturating_sub(offset)).min(buf.len());
        self.source.read_at(offset, &mut buf[..wanted])
    }

    /// The report with that index.
    pub(crate) fn report(&self, index: u32) -> Option<&Report> {
        self.reports.get(usize::try_from(index).ok()?)
    }
}
