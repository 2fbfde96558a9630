//! A log that is open: its facts, its reports, and its bytes by position.
//!
//! This module must never hold the text of a log: lines are read again from the source when they are asked for.

use crate::input::{Joined, PartError, clamp};
use oopscope_klog::LineIndex;
use oopscope_report::{LogFacts, Report};
use std::collections::BTreeMap;

/// A log that has been scanned.
pub(crate) struct Log {
    pub(crate) facts: LogFacts,
    /// The reports as the log alone tells them.
    pub(crate) reports: Vec<Report>,
    /// Those that were looked up in files of symbols, by their indexes.
    pub(crate) symbolized: BTreeMap<usize, Report>,
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

    /// The report with that index, with what files of symbols say where it was looked up in such.
    pub(crate) fn report(&self, index: u32) -> Option<&Report> {
        let index = usize::try_from(index).ok()?;
        self.symbolized.get(&index).or_else(|| self.reports.get(index))
    }

    /// All reports, as [`Log::report`] gives them.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Report> {
        self.reports.iter().enumerate().map(|(index, report)| self.symbolized.get(&index).unwrap_or(report))
    }

    /// The `Linux version` line of a boot.
    pub(crate) fn banner(&self, boot: u32) -> Option<&str> {
        self.facts.boots.iter().find(|known| known.number == boot).map(|known| known.banner.as_str())
    }
}
