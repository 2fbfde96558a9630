//! A part of a report that is made of the report alone. One component for all of them: each component of its own costs the page
//! four kilobytes. It is made anew only when the report is another, not with every selected line.

use super::{access, environment, explanation, facts, identity, registers};
use crate::same::Same;
use crate::update::Change;
use oopscope_protocol::LogSummary;
use oopscope_report::Report;
use yew::prelude::*;

/// Which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The strip of facts.
    Facts,
    /// What the evidence says and what to do next.
    Explanation,
    /// What its kind means.
    About,
    /// The access that faulted, and the trap.
    Fault,
    /// Culprit, subsystem, signature.
    Identity,
    /// The registers.
    Registers,
    /// Modules and environment.
    Environment,
}

/// What is shown.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// Which part of it.
    pub(crate) which: Which,
    /// The report.
    pub(crate) report: Same<Report>,
    /// Its log.
    pub(crate) summary: Same<LogSummary>,
    /// Where to tell what the user did.
    pub(crate) change: Callback<Change>,
}

/// The part.
#[component]
pub(crate) fn Part(props: &Props) -> Html {
    let (report, change) = (&*props.report, &props.change);
    match props.which {
        Which::Facts => facts::facts(report, change),
        Which::Explanation => explanation::explanation(report, change),
        Which::About => explanation::about_kind(report),
        Which::Fault => access::fault(report, change),
        Which::Identity => identity::identity(report, change),
        Which::Registers => registers::registers(report, change),
        Which::Environment => environment::environment(report, &props.summary, change),
    }
}
