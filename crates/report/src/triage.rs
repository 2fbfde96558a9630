//! Many logs at once: their reports in groups of the same bug, the plain data that the page shows and
//! `oopscope triage` prints. Must never hold logic, nor the reports themselves.

use crate::{Kind, Severity, Subsystem};
use serde::{Deserialize, Serialize};

/// Name and version of the JSON lines of a triage. The number goes up when a reader that followed the rules could break.
pub const SCHEMA: &str = "oopscope-triage/1";

/// What many logs hold, in groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Triage {
    /// Facts about all of it.
    pub totals: Totals,
    /// The groups, the most urgent first.
    pub groups: Vec<Group>,
    /// Files that could not be read, in the order given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Unreadable>,
}

/// Facts about a triage as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Files that were given, the unreadable among them.
    pub files: u64,
    /// Files that hold a report.
    pub with_reports: u64,
    /// Files that could be read and hold none.
    pub silent: u64,
    /// Files that could not be read.
    pub unreadable: u64,
    /// Reports, repeats of the same in one log among them.
    pub reports: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Groups, also those that are not listed.
    pub groups: u64,
    /// Reports that were found beyond the limit of what is kept of one log: they are in no group.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reports_not_kept: u64,
    /// True when it was cancelled: files that were not reached are not counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// Reports with the same coarse signature.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The coarse signature. Absent for reports that name too little for one: they are together for their title
    /// alone, which does not make them the same bug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coarse: Option<String>,
    /// The recipe of the signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Title of the report that most of the group have.
    pub title: String,
    /// What sort of report.
    pub kind: Kind,
    /// The worst that was seen.
    pub severity: Severity,
    /// The function to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub culprit: Option<String>,
    /// Its module, where it is not in vmlinux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// The part of the kernel, as inferred from the example; its line is one of the example's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsystem: Option<Subsystem>,
    /// How many reports, with repeats.
    pub reports: u64,
    /// In how many files.
    pub files: u64,
    /// How many of the reports are damaged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub corrupted: u64,
    /// The newest kernels that had it, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<String>,
    /// How many other, older kernels had it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub older_kernels: u64,
    /// The first time it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Seen>,
    /// The last time it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Seen>,
    /// A report to look at: the first whole one in the order of the files.
    pub example: Example,
    /// The strict signatures in it, the most frequent first: ways to the same place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// How many further strict signatures there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_variants: u64,
}

/// Reports with the same strict signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// The strict signature.
    pub strict: String,
    /// What went into it, part by part.
    pub parts: Vec<String>,
    /// How many reports, with repeats.
    pub reports: u64,
    /// In how many files.
    pub files: u64,
    /// A report to look at.
    pub example: Example,
}

/// Where a report stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The file, as it was given or found.
    pub path: String,
    /// Number of the file in the order given, counting from 0.
    pub file: u64,
    /// Index of the report in its log.
    pub report: u32,
    /// The report's first line.
    pub line: u64,
}

/// When a report was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seen {
    /// Seconds since 1970-01-01T00:00:00 UTC.
    pub unix: i64,
    /// From what the time is known.
    pub by: SeenBy,
}

/// From what the time of a report is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SeenBy {
    /// The log's own wall clock, which tells its time zone.
    Log,
    /// The log's own wall clock, which tells no time zone: taken as UTC. A year that it does not tell is the file's.
    LogWithoutZone,
    /// When the file was last written: the report is older than that.
    #[default]
    File,
}

/// A file that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// The file, as it was given or found.
    pub path: String,
    /// Number of the file in the order given, counting from 0.
    pub file: u64,
    /// Why, in one sentence.
    pub reason: String,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference; on wasm32 a u64 is not trivial and the lint is silent"
)]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}
