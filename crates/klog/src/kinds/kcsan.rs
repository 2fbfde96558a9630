//! **KCSAN: a data race.** The Kernel Concurrency Sanitizer watched one access for a moment and saw another task or CPU
//! touch the same memory meanwhile, at least one of the two writing, without a lock or a marked access (`READ_ONCE`,
//! atomics) between them. Whether it does harm depends on the code: both sides are in the report, read them together.
//!
//! Headline: `BUG: KCSAN: data-race in f / g`, or `assert: race in f` where an `ASSERT_EXCLUSIVE_…` was broken
//! (kernel/kcsan/report.c). “Race at unknown origin” means that only one side was instrumented.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::explain::frame_words;
use crate::facts::Facts;
use crate::grammar::marks;
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
    evidence,
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
    let words = if rest(facts).starts_with("assert") {
        "KCSAN saw an access in parallel to one that is declared to be alone"
    } else {
        "KCSAN saw a data race"
    };
    Prose::default().claim(words, Some(facts.header_line))
}

/// Both sides, each with its place, and what the watched value did meanwhile.
fn evidence(facts: &Facts) -> Vec<Prose> {
    let mut evidence = Vec::new();
    let of = |line: u64| facts.report.stacks.iter().find(|stack| stack.line >= line && stack.line <= line + 2);
    for side in facts.report.details.iter().filter(|detail| detail.name == "side of the race").take(2) {
        let prose = Prose::default().claim(format!("One side: {}", without_address(&side.value)), Some(side.line));
        let frame = of(side.line).and_then(|stack| stack.frames.iter().find(|frame| frame.reliable));
        evidence.push(match frame {
            Some(frame) => prose.text(", in ").code(frame_words(frame), Some(frame.line)).text("."),
            None => prose.text("."),
        });
    }
    if let Some(change) = facts.report.details.iter().find(|detail| detail.name == "value changed") {
        let prose = match change.value.split_once(" -> ") {
            Some((from, to)) => Prose::default()
                .text("While the access was held back, the value changed from ")
                .code(from, Some(change.line))
                .text(" to ")
                .code(to, Some(change.line)),
            None => Prose::default().text("The value changed: ").claim(change.value.clone(), Some(change.line)),
        };
        evidence.push(prose.text(": the race is real, not only possible."));
    }
    evidence
}

/// `write to 0xffff8880b588efb2 of 2 bytes by task 19788 on cpu 0` without the address, which says nothing here.
fn without_address(side: &str) -> String {
    let words = side.split(' ').filter(|word| !word.starts_with("0x") && *word != "to");
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_in_words() {
        assert_eq!(
            without_address("write to 0xffff8880b588efb2 of 2 bytes by task 19788 on cpu 0"),
            "write of 2 bytes by task 19788 on cpu 0"
        );
    }
}
