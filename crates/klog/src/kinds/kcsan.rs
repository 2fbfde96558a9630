//! **KCSAN: a data race.** The Kernel Concurrency Sanitizer watched one access for a moment and saw another task or CPU
//! touch the same memory meanwhile, at least one of the two writing, without a lock or a marked access (`READ_ONCE`,
//! atomics) between them. Whether it does harm depends on the code: both sides are in the report, read them together.
//!
//! Headline: `BUG: KCSAN: data-race in f / g`, or `assert: race in f` where an `ASSERT_EXCLUSIVE_…` was broken
//! (kernel/kcsan/report.c). “Race at unknown origin” means that only one side was instrumented.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::grammar::marks;
use crate::read::Facts;
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "kcsan",
    about: about::KCSAN,
    headers: &["BUG: KCSAN: "],
    begins: |text| text.trim_start().starts_with("BUG: KCSAN: "),
    owns: |text| {
        let text = text.trim_start();
        [
            "read ",
            "write ",
            "race at unknown origin",
            "value changed: ",
            "Reported by Kernel Concurrency Sanitizer",
            "assert no ",
        ]
        .iter()
        .any(|start| text.starts_with(start))
            || marks::is_fence(text)
    },
    detail: |text| {
        let text = text.trim();
        if let Some(change) = text.strip_prefix("value changed: ") {
            return Some(("value changed", change.to_owned()));
        }
        let is_side = (text.starts_with("read ") || text.starts_with("write ")) && text.contains(" bytes by ");
        is_side.then(|| ("side of the race", text.trim_end_matches(':').to_owned()))
    },
    blame: |_| &HEADER,
    titles: |facts| Titles::plain(format!("KCSAN: {}", rest(facts))),
    lead,
    needs_trace: false,
    ..Rule::BASE
};

static HEADER: Blame = Blame { steps: &[Step::Line(header)], or: &[], innocent: &[], pick: Pick::First };

fn header(text: &str) -> Option<Mark<'_>> {
    let (_, rest) = text.split_once("BUG: KCSAN: ")?;
    let (_, functions) = rest.split_once(" in ")?;
    Some(Mark::of(functions.split([' ', '+']).next()))
}

fn rest(facts: &Facts) -> &str {
    facts.header.split_once("BUG: KCSAN: ").map_or("", |(_, rest)| rest)
}

fn lead(facts: &Facts) -> Prose {
    Prose::default().text("KCSAN saw a race: ").claim(rest(facts).to_owned(), Some(facts.header_line)).text(",")
}
