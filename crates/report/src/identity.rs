//! By what a report is known again, to which part of the kernel it belongs, and what ties it to others.

use crate::Prose;
use serde::{Deserialize, Serialize};

/// A part of the kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subsystem {
    /// Its name as kernel people say it: `ext4`, `networking (TCP)`, `memory management`.
    pub name: String,
    /// From what it was inferred, in words: "the culprit's module is ext4".
    pub reason: String,
    /// Log line of that evidence.
    pub line: u64,
}

/// By what the same bug is known again. Free of addresses, offsets, line numbers, PIDs, CPUs, taint and host names.
/// Two reports with the same `strict` are the same bug as far as their text tells; the same `coarse` means a likely
/// relation (same kind at the same place, by another way).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The recipe's name and version: signatures of different versions can't be compared.
    pub version: String,
    /// 16 hex digits, from kind, culprit and the frames that matter.
    pub strict: String,
    /// 16 hex digits, from kind and culprit.
    pub coarse: String,
    /// What went into `strict`, part by part, to see why two are equal or not.
    pub parts: Vec<String>,
}

/// What ties a report to another one of the same log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The sort of tie.
    pub kind: LinkKind,
    /// Index of the other report in `reports`.
    pub report: u32,
    /// In words, with the lines that prove it.
    pub words: Prose,
}

/// The sort of tie between two reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LinkKind {
    /// The other report may have caused this one.
    #[default]
    CausedBy,
    /// The other report may be a consequence of this one.
    Causes,
    /// This task waits for something that the other report's task holds.
    WaitsFor,
    /// The other report is about the same task.
    SameTask,
    /// The other report is about the same object, lock or address.
    SameObject,
}
