//! Which report of a boot came first, and which may be a consequence of which.
//!
//! An Oops leaves the kernel damaged: what comes after it may follow from it. A warning is tied to what comes after
//! only by a task or a module that both name. Must never tie reports of different boots.

use crate::explain::Surroundings;
use oopscope_report::{Report, Severity};
use std::collections::BTreeMap;

/// How a boot ended in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BootEnd {
    /// Its last line.
    pub(crate) line: u64,
    /// The last time stamp in it, with its line.
    pub(crate) time: Option<(u64, f64)>,
}

/// The ends of boots, by number.
pub(crate) type BootEnds = BTreeMap<u32, BootEnd>;

/// The surroundings of the report at `at`. `reports` are in the order of the log.
pub(crate) fn surroundings(reports: &[Report], at: usize, ends: &BootEnds) -> Surroundings {
    let own = &reports[at];
    let mut around = Surroundings { end_of_boot: ends.get(&own.boot).copied(), ..Surroundings::default() };
    let mut warning = None;
    for (index, earlier) in reports[..at].iter().enumerate().filter(|(_, report)| report.boot == own.boot) {
        let found = u32::try_from(index).ok().map(|index| (index, earlier.first_line));
        around.first = around.first.or(found);
        if earlier.severity == Severity::Warning {
            around.warned_before = true;
            if warning.is_none() && own.severity > Severity::Warning && are_tied(earlier, own) {
                warning = found;
            }
        } else {
            around.died_before = true;
            around.cause = around.cause.or(found);
        }
    }
    around.cause = around.cause.or(warning);
    around
}

/// Both reports name the same task, or blame the same module.
fn are_tied(a: &Report, b: &Report) -> bool {
    let module = |report: &Report| report.culprit.as_ref().and_then(|culprit| culprit.module.clone());
    let same_task = a.pid.is_some() && a.pid != Some(0) && (a.pid, &a.comm) == (b.pid, &b.comm);
    same_task || module(a).is_some_and(|name| module(b).as_ref() == Some(&name))
}
