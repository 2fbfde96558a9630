//! **Sleeping where nothing may sleep.** Code that may sleep (takes a mutex, allocates with GFP_KERNEL, copies from user
//! space) ran with preemption or interrupts off, inside a spinlock or an interrupt. “Sleeping function called from invalid
//! context” is the check that says so each time (CONFIG_DEBUG_ATOMIC_SLEEP); “scheduling while atomic” means that it
//! really went to sleep. Look outwards in the trace for the lock that is held, and at “Preemption disabled at”.
//!
//! Headlines: `BUG: sleeping function called from invalid context at file.c:12` with `in_atomic(): 1, irqs_disabled(): 0,
//! non_block: 0, pid: 1, name: comm`, `BUG: scheduling while atomic: comm/1/0x00000002` (kernel/sched/core.c).

use super::Rule;
use crate::about;
use crate::culprit::{self, Blame};
use crate::facts::Facts;
use crate::grammar::named;
use crate::title::Titles;
use oopscope_report::Prose;

const SLEEPING: &str = "BUG: sleeping function called from invalid context at ";
const SCHEDULING: &str = "BUG: scheduling while atomic";

pub(crate) static RULE: Rule = Rule {
    name: "atomic-sleep",
    about: about::ATOMIC_SLEEP,
    headers: &[SLEEPING, SCHEDULING],
    begins: |text| text.contains(SLEEPING) || text.contains(SCHEDULING),
    owns: |text| {
        let text = text.trim_start();
        [
            "in_atomic(): ",
            "preempt_count: ",
            "RCU nest depth: ",
            "Preemption disabled at:",
            "INFO: lockdep is turned off",
        ]
        .iter()
        .any(|start| text.starts_with(start))
            || text.contains("locks held by ")
            || text.contains("lock held by ")
            || text.starts_with('#') && text.contains(" at: ")
    },
    detail: |text| {
        let trimmed = text.trim();
        if trimmed.starts_with("in_atomic(): ") {
            return Some(("state", trimmed.to_owned()));
        }
        if let Some(count) = trimmed.strip_prefix("preempt_count: ") {
            return Some(("preempt_count, expected", count.to_owned()));
        }
        let held = trimmed.strip_prefix('#').filter(|rest| rest.contains(" at: "))?;
        Some(("held lock", held.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':').trim().to_owned()))
    },
    blame: |facts| if is_sleeping(facts) { &culprit::TRACE } else { &SCHEDULED },
    titles: |facts| {
        if is_sleeping(facts) {
            Titles::blaming(facts, "BUG: sleeping function called from invalid context in {}", &[])
        } else {
            Titles::blaming(facts, "BUG: scheduling while atomic in {}", &[])
        }
    },
    lead,
    evidence,
    ..Rule::BASE
};

static SCHEDULED: Blame = Blame::of_trace(&["schedule"]);

fn is_sleeping(facts: &Facts) -> bool {
    facts.header.contains(SLEEPING)
}

fn lead(facts: &Facts) -> Prose {
    let prose = Prose::default();
    match facts.header.split_once(SLEEPING) {
        Some((_, place)) => prose
            .claim("A function that may sleep was called where nothing may sleep", Some(facts.header_line))
            .text(", checked at ")
            .code(place.trim().to_owned(), Some(facts.header_line))
            .text(","),
        None => prose
            .claim("A task went to sleep with preemption off", Some(facts.header_line))
            .text(" (a spinlock held, or in an interrupt),"),
    }
}

/// Why nothing may sleep there: the kernel's own state at the check, and the locks that are held.
fn evidence(facts: &Facts) -> Vec<Prose> {
    let details = &facts.report.details;
    let state = details.iter().find(|detail| detail.name == "state").and_then(|state| {
        let is_set = |name: &str| named::number_after(&state.value, name).is_some_and(|number| number != "0");
        let why = match (is_set("in_atomic(): "), is_set("irqs_disabled(): ")) {
            (true, true) => "preemption and interrupts were off",
            (true, false) => "preemption was off: a spinlock held, or in an interrupt",
            (false, true) => "interrupts were off",
            (false, false) => return None,
        };
        Some(Prose::default().claim(format!("At the check {why}"), Some(state.line)).text("."))
    });
    let held = details.iter().find(|detail| detail.name == "held lock").map(|lock| {
        Prose::default().text("Held then, among others: ").code(lock.value.clone(), Some(lock.line)).text(".")
    });
    state.into_iter().chain(held).collect()
}
