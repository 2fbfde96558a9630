//! **Double fault.** An exception happened while the processor was delivering another. In Linux that is most often a
//! kernel stack that overflowed: the page fault on the guard page could not be delivered, because its frame had to go
//! onto the same stack.

use super::{Rule, in_function};
use crate::read::Facts;
use oopscope_report::{Kind, Prose};

pub(crate) static RULE: Rule = Rule {
    kind: Kind::new("double-fault"),
    headers: &["PANIC: double fault"],
    begins,
    dies: true,
    is_panic: false,
    titles,
    lead,
};

fn begins(text: &str) -> bool {
    text.trim_start().trim_start_matches("traps: ").starts_with("PANIC: double fault")
}

fn titles(facts: &Facts) -> (String, Vec<String>) {
    let place = in_function(facts);
    (format!("PANIC: double fault{place}"), vec![format!("stack-overflow{place}")])
}

fn lead(facts: &Facts) -> Prose {
    Prose::default()
        .claim("A double fault", Some(facts.header_line))
        .text(" (an exception while the processor was delivering another; ")
        .guess("most often the kernel stack overflowed", None)
        .text("),")
}
