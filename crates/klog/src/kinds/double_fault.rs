//! **Double fault.** An exception happened while the processor was delivering another. In Linux that is most often a
//! kernel stack that overflowed: the page fault on the guard page could not be delivered, because its frame had to go
//! onto the same stack.

use super::Rule;
use crate::about;
use crate::culprit;
use crate::facts::Facts;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "double-fault",
    about: about::DOUBLE_FAULT,
    headers: &["PANIC: double fault"],
    begins,
    dies: true,
    blame: |_| &culprit::PC_ALONE,
    titles: |facts| Titles::blaming(facts, "PANIC: double fault in {}", &[]),
    lead,
    ..Rule::BASE
};

fn begins(text: &str) -> bool {
    text.trim_start().trim_start_matches("traps: ").starts_with("PANIC: double fault")
}

fn lead(facts: &Facts) -> Prose {
    Prose::default()
        .claim("A double fault", Some(facts.header_line))
        .text(" (an exception while the processor was delivering another; ")
        .guess("most often the kernel stack overflowed", None)
        .text("),")
}
