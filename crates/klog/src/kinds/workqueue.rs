//! **Workqueue lockup.** Work that was queued to a pool of kworkers has not been started for long: every worker of that
//! pool is busy or asleep, or the CPU does not run them at all. The list that follows shows what the pools are doing: the
//! work that is “in-flight” there is the suspect. “Leaked lock or atomic” is another thing: a work function returned with
//! a lock held, preemption off or inside an RCU read section; the report names that function.
//!
//! Headlines: `BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 30s!`, `BUG: workqueue leaked …`
//! (kernel/workqueue.c).

use super::Rule;
use crate::about;
use crate::culprit::{Blame, NOBODY, Pick};
use crate::explain::next;
use crate::grammar::named;
use crate::read::Facts;
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "workqueue",
    about: about::WORKQUEUE,
    headers: &["BUG: workqueue "],
    begins: |text| text.contains("BUG: workqueue lockup") || text.contains("BUG: workqueue leaked "),
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
            "last function: ",
            "Showing backtraces of running workers",
        ]
        .iter()
        .any(|start| text.starts_with(start))
    },
    detail: |text| {
        let trimmed = text.trim();
        if let Some(function) = trimmed.strip_prefix("last function: ") {
            return Some(("work function", function.to_owned()));
        }
        let (_, rest) = trimmed.split_once("in-flight: ")?;
        Some(("in flight", rest.to_owned()))
    },
    blame: |facts| if is_leak(facts) { &LAST_FUNCTION } else { &NOBODY },
    titles,
    needs_trace: false,
    lead: |facts| {
        let line = Some(facts.header_line);
        if is_leak(facts) {
            return Prose::default()
                .claim("A work function returned and left a lock, preemption off or an RCU section behind", line)
                .text(",");
        }
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
    next: |facts| {
        let blocked = (!is_leak(facts)).then(next::blocked_tasks);
        blocked.into_iter().chain(next::prove_locking(facts)).collect()
    },
    ..Rule::BASE
};

static LAST_FUNCTION: Blame = Blame { steps: &[Step::Line(last_function)], or: &[], innocent: &[], pick: Pick::Named };

fn last_function(text: &str) -> Option<Mark<'_>> {
    let (_, rest) = text.split_once("last function: ")?;
    Some(Mark::of(rest.split(['+', ' ']).next()))
}

fn is_leak(facts: &Facts) -> bool {
    facts.header.contains("BUG: workqueue leaked ")
}

fn titles(facts: &Facts) -> Titles {
    if !is_leak(facts) {
        return Titles::plain("BUG: workqueue lockup");
    }
    // `leaked lock or atomic: …` until 6.11, `leaked atomic, lock or RCU: …` since.
    let (_, what) = facts.header.split_once("BUG: workqueue leaked ").unwrap_or_default();
    let what = what.split(':').next().unwrap_or(what);
    if facts.find_line(|text| last_function(text).map(|_| ())).is_none() {
        return Titles::of_header(facts, "BUG:", "the line that names the work function is not in the report");
    }
    Titles::blaming(facts, &format!("BUG: workqueue leaked {what} in {{}}"), &[])
}
