//! What is kept of a log: a few words of each report. Must never keep the reports themselves: there may be
//! thousands of logs.

use crate::wall_clock;
use oopscope_report::triage::{Seen, SeenBy};
use oopscope_report::{Kind, LogFacts, Report, Severity, Signature, Subsystem};

/// A file of a triage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// As it was given or found, for people.
    pub path: String,
    /// Its number in the order given, counting from 0. The members of an archive share their archive's.
    pub number: u64,
    /// When it was last written: seconds since 1970 UTC.
    pub modified: Option<i64>,
}

/// What is kept of a file.
#[derive(Clone, Debug)]
pub struct Digest {
    pub(crate) file: File,
    pub(crate) bytes: u64,
    /// The reports, or why there are none.
    pub(crate) outcome: Result<Vec<Item>, String>,
    pub(crate) reports_not_kept: u64,
}

impl Digest {
    /// How many reports there are in the file, with repeats.
    pub fn reports(&self) -> u64 {
        self.outcome.iter().flatten().map(|item| item.times).sum()
    }

    /// The coarse signatures of its reports.
    pub fn coarse_signatures(&self) -> impl Iterator<Item = &str> {
        self.outcome.iter().flatten().filter_map(|item| Some(item.signature.as_ref()?.coarse.as_str()))
    }

    /// Number of the file, for putting digests in order.
    pub const fn number(&self) -> u64 {
        self.file.number
    }

    /// Size of the log in bytes.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// What is kept of a report.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) index: u32,
    pub(crate) line: u64,
    pub(crate) title: String,
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    pub(crate) culprit: Option<String>,
    pub(crate) module: Option<String>,
    pub(crate) subsystem: Option<Subsystem>,
    pub(crate) signature: Option<Signature>,
    pub(crate) kernel: Option<String>,
    pub(crate) corrupted: bool,
    /// It and its repeats.
    pub(crate) times: u64,
    pub(crate) seen: Option<Seen>,
}

/// Boils down a log that was read.
pub fn digest(file: File, reports: &[Report], log: &LogFacts) -> Digest {
    let items = (0..).zip(reports).map(|(index, report)| item(index, report, log, &file)).collect();
    Digest { file, bytes: log.bytes, outcome: Ok(items), reports_not_kept: log.reports_not_kept }
}

/// A file that could not be read, and why, in one sentence.
pub fn unreadable(file: File, reason: impl Into<String>) -> Digest {
    Digest { file, bytes: 0, outcome: Err(reason.into()), reports_not_kept: 0 }
}

fn item(index: u32, report: &Report, log: &LogFacts, file: &File) -> Item {
    let boot = log.boots.iter().find(|boot| boot.number == report.boot);
    let culprit = report.culprit.as_ref();
    let written = file.modified.map(|unix| Seen { unix, by: SeenBy::File });
    Item {
        index,
        line: report.first_line,
        title: report.title.clone(),
        kind: report.kind.clone(),
        severity: report.severity,
        culprit: culprit.map(|culprit| culprit.function.clone()),
        module: culprit.and_then(|culprit| culprit.module.clone()),
        subsystem: report.subsystem.clone(),
        signature: report.signature.clone(),
        kernel: report.kernel.clone().or_else(|| boot.map(|boot| boot.kernel.clone())),
        corrupted: report.corrupted,
        times: report.repeats.saturating_add(1),
        seen: report.wall_clock.as_deref().and_then(|text| wall_clock::parse(text, file.modified)).or(written),
    }
}
