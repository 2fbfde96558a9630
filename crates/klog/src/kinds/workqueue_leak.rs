//! **A work function that left something behind.** It returned to its kworker with a lock held, with preemption off or
//! inside an RCU read section; whoever needs that lock next will hang, and the worker may sleep where it must not (the
//! “scheduling while atomic” that often follows is only the consequence). The report names the function: look for a way
//! out of it that forgets to unlock. The trace is the worker's and shows nothing.
//!
//! `BUG: workqueue leaked atomic, lock or RCU: kworker/0:1[11]` with `workfn=f` in the next line (kernel/workqueue.c), until
//! 6.11 `BUG: workqueue leaked lock or atomic: kworker/0:1/0x00000001/11` with `last function: f`.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::explain::next;
use crate::facts::Facts;
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

const WORDS: &str = "BUG: workqueue leaked ";

pub(crate) static RULE: Rule = Rule {
    name: "workqueue-leak",
    about: about::WORKQUEUE_LEAK,
    headers: &[WORDS],
    begins: |text| text.contains(WORDS),
    owns: |text| {
        work_function(text).is_some()
            || text.contains("locks held by ")
            || text.contains("lock held by ")
            || text.starts_with(" #")
    },
    detail: |text| {
        let text = text.trim();
        text.contains("workfn=").then(|| ("left behind", text.to_owned())).or_else(|| {
            let function = text.strip_prefix("last function: ")?;
            Some(("work function", function.to_owned()))
        })
    },
    blame: |_| &WORK_FUNCTION,
    titles,
    lead: |facts| {
        Prose::default()
            .claim(
                "A work function returned and left a lock, preemption off or an RCU section behind",
                Some(facts.header_line),
            )
            .text(",")
    },
    next: |facts| next::prove_locking(facts).into_iter().collect(),
    needs_trace: false,
    ..Rule::BASE
};

static WORK_FUNCTION: Blame = Blame { steps: &[Step::Line(work_function)], or: &[], innocent: &[], pick: Pick::Named };

fn work_function(text: &str) -> Option<Mark<'_>> {
    let (_, rest) = text.split_once("last function: ").or_else(|| text.split_once(" workfn="))?;
    Some(Mark::of(rest.split(['+', ' ']).next()))
}

fn titles(facts: &Facts) -> Titles {
    let (_, what) = facts.header.split_once(WORDS).unwrap_or_default();
    let what = what.split(':').next().unwrap_or(what);
    if facts.find_line(|text| work_function(text).map(|_| ())).is_none() {
        return Titles::of_header(facts, "BUG:", "the line that names the work function is not in the report");
    }
    Titles::blaming(facts, &format!("{WORDS}{what} in {{}}"), &[])
}
