//! A triage as something to read or to hand on: text, JSON lines, HTML. Must never decide what belongs together.

mod html;
mod lines;
mod text;

pub use html::html;
pub use lines::json_lines;
pub use text::text;

use crate::wall_clock::shown;
use oopscope_report::Severity;
use oopscope_report::triage::{Group, Seen, SeenBy, Totals};

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Fatal => "fatal",
    }
}

/// `1 file`, `2 files`.
fn count(n: u64, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// What was read and what came of it, in one sentence.
fn summary(totals: &Totals) -> String {
    let mut text = format!(
        "{}: {} with reports, {} without, {} unreadable. {} in {}.",
        count(totals.files, "file"),
        totals.with_reports,
        totals.silent,
        totals.unreadable,
        count(totals.reports, "report"),
        count(totals.groups, "group"),
    );
    if totals.reports_not_kept > 0 {
        text += " ";
        text += &count(totals.reports_not_kept, "report");
        text += " beyond the limit of one log are in no group.";
    }
    if totals.incomplete {
        text += " It was cancelled before the end.";
    }
    text
}

/// `6.12.1, 6.1.0-56-amd64 and 3 older`.
fn kernels(group: &Group) -> Option<String> {
    let names = group.kernels.join(", ");
    match (group.kernels.is_empty(), group.older_kernels) {
        (true, _) => None,
        (false, 0) => Some(names),
        (false, older) => Some(format!("{names} and {older} older")),
    }
}

/// When the group was seen, and how that is known.
fn seen(group: &Group) -> Option<String> {
    let (first, last) = (group.first?, group.last?);
    let by = match (first.by, last.by) {
        (SeenBy::Log, SeenBy::Log) => "UTC, by the log's clock",
        (SeenBy::File, _) | (_, SeenBy::File) => "UTC, when the file was written",
        _ => "by the log's clock, zone unknown",
    };
    let minute = |seen: Seen| shown(seen.unix);
    Some(if minute(first) == minute(last) {
        format!("{} ({by})", minute(last))
    } else {
        format!("{} to {} ({by})", minute(first), minute(last))
    })
}

/// `ext4_writepages [ext4]`.
fn culprit(group: &Group) -> Option<String> {
    let function = group.culprit.as_ref()?;
    Some(match &group.module {
        Some(module) => format!("{function} [{module}]"),
        None => function.clone(),
    })
}

/// Why a group without a signature is one.
const UNSIGNED: &str = "too little is named to tell whether these are the same";
