//! **Workqueue lockup.** Work that was queued to a pool of kworkers has not been started for long: every worker of that
//! pool is busy or asleep, or the CPU does not run them at all. The list that follows shows what the pools are doing: the
//! work that is “in-flight” there is the suspect.
//!
//! Headline: `BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 30s!` (kernel/workqueue.c
//! `wq_watchdog_timer_fn`).

use super::Rule;
use crate::about;
use crate::culprit::{Blame, NOBODY, Pick};
use crate::explain::next;
use crate::grammar::named;
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "workqueue-lockup",
    about: about::WORKQUEUE,
    headers: &["BUG: workqueue lockup"],
    begins: |text| text.contains("BUG: workqueue lockup"),
    owns: |text| {
        let text = text.trim_start();
        [
            "Showing busy workqueues",
            "workqueue ",
            "pwq ",
            "in-flight:",
            "pending:",
            "inactive:",
            "delayed:",
            "pool ",
            "Showing backtraces of running workers",
        ]
        .iter()
        .any(|start| text.starts_with(start))
    },
    detail: |text| {
        let (_, rest) = text.trim().split_once("in-flight: ")?;
        Some(("in flight", rest.to_owned()))
    },
    blame: |facts| if facts.find_line(|text| in_flight(text).map(|_| ())).is_some() { &IN_FLIGHT } else { &NOBODY },
    titles: |_| Titles::plain("BUG: workqueue lockup"),
    needs_trace: false,
    lead: |facts| {
        let line = Some(facts.header_line);
        let pool = facts.header.split_once("pool ").and_then(|(_, rest)| rest.split(' ').next()).unwrap_or("?");
        let seconds = named::number_after(&facts.header, "stuck for ").unwrap_or("?");
        Prose::default()
            .claim(format!("Work that was queued to the kworkers of {pool} has not been started for {seconds} s"), line)
    },
    names_task: true,
    went_on: "",
    evidence: |facts| {
        let busy = facts.report.details.iter().filter(|detail| detail.name == "in flight").take(3);
        busy.map(|detail| {
            Prose::default()
                .text("In flight, and so keeping the others waiting: ")
                .claim(detail.value.clone(), Some(detail.line))
                .text(".")
        })
        .collect()
    },
    next: |facts| std::iter::once(next::blocked_tasks()).chain(next::prove_locking(facts)).collect(),
    ..Rule::BASE
};

/// The work that keeps the pool's worker busy.
static IN_FLIGHT: Blame = Blame { steps: &[Step::Line(in_flight)], or: &[], innocent: &[], pick: Pick::Named };

/// `    in-flight: 46:guest_work_spins [hang_guest]`, several separated by commas; `BAR(…)` marks a flush.
fn in_flight(text: &str) -> Option<Mark<'_>> {
    let (_, rest) = text.split_once("in-flight: ")?;
    let (_, name) = rest.split([' ', ',']).next()?.split_once(':')?;
    Some(Mark::of(
        Some(name).filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))),
    ))
}
