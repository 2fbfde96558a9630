//! Reports to rows of a list.
//!
//! This module must never add anything that the report does not say.

use oopscope_protocol::{Summary, Tie};
use oopscope_report::Report;

/// Rows for all reports.
pub(crate) fn all(reports: &[Report]) -> Vec<Summary> {
    from(reports, 0)
}

/// Rows for the reports from index `first` on.
pub(crate) fn from(reports: &[Report], first: usize) -> Vec<Summary> {
    (0..).zip(reports).skip(first).map(|(index, report)| row(index, report)).collect()
}

fn row(index: u32, report: &Report) -> Summary {
    Summary {
        index,
        title: report.title.clone(),
        kind: report.kind.name().to_owned(),
        severity: report.severity,
        context: oopscope_klog::context_words(report.context).to_owned(),
        time: report.time,
        first_line: report.first_line,
        last_line: report.last_line,
        boot: report.boot,
        may_follow_from: report.may_follow_from,
        corrupted: report.corrupted,
        repeats: report.repeats,
        ties: report.links.iter().map(|link| Tie { kind: link.kind, report: link.report }).collect(),
    }
}
