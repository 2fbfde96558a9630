//! **Kernel stack overflow.** A kernel stack is small (16 KiB on x86-64 and arm64, 8 KiB on 32 bits) and has a guard
//! page below it. Endless recursion, a deep chain of calls or large local variables run into that page. The trace
//! shows which: look for functions that repeat.
//!
//! x86: `BUG: TASK stack guard page was hit at …`, older `kernel stack overflow (page fault): 0000 [#1]`; arm64, arm and
//! riscv: `Insufficient stack space to handle exception!`, then the panic or die line `kernel stack overflow`; s390:
//! `Kernel stack overflow.`; powerpc: `Oops: Kernel stack overflow, sig: 11 [#1]`.

use super::{Rule, in_function};
use crate::grammar::die;
use crate::read::Facts;
use oopscope_report::{Kind, Prose};
use std::collections::BTreeMap;

pub(crate) static RULE: Rule = Rule {
    kind: Kind::new("stack-overflow"),
    headers: &[
        "stack guard page was hit at ",
        "Insufficient stack space to handle exception",
        "kernel stack overflow",
        "Kernel stack overflow",
    ],
    begins,
    dies: true,
    is_panic: false,
    titles,
    lead,
};

fn begins(text: &str) -> bool {
    let trimmed = text.trim_start();
    (trimmed.starts_with("BUG: ") && trimmed.contains("stack guard page was hit at "))
        || trimmed.starts_with("Insufficient stack space to handle exception")
        || trimmed.trim_end() == "Kernel stack overflow."
        || trimmed.starts_with("Kernel stack overflow in process ")
        || die::parse(text).is_some_and(|die| {
            die.what.to_ascii_lowercase().starts_with("kernel stack overflow") || die.what == "stack guard page"
        })
}

fn titles(facts: &Facts) -> (String, Vec<String>) {
    let place = in_function(facts);
    let what = if facts.report.arch.is_none_or(|arch| matches!(arch.name(), "x86-64" | "i386")) {
        "BUG: stack guard page was hit"
    } else {
        "kernel stack overflow"
    };
    (format!("{what}{place}"), vec![format!("stack-overflow{place}")])
}

fn lead(facts: &Facts) -> Prose {
    let mut prose = Prose::default().claim("A kernel stack overflowed", Some(facts.header_line));
    if let Some(repeating) = recursion(facts) {
        prose = prose
            .text(": ")
            .code(repeating.0, Some(repeating.2))
            .text(format!(" is in the trace {} times, a recursion", repeating.1));
    }
    prose.text(", noticed")
}

/// The function that is in the trace most often, from four times on: how often, and the first line.
fn recursion(facts: &Facts) -> Option<(String, usize, u64)> {
    let mut seen: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for frame in facts.report.stacks.iter().flat_map(|stack| &stack.frames).filter(|frame| frame.reliable) {
        if let Some(name) = &frame.function {
            seen.entry(name).or_insert((0, frame.line)).0 += 1;
        }
    }
    seen.into_iter()
        .filter(|(_, (count, _))| *count >= 4)
        .max_by_key(|(_, (count, line))| (*count, std::cmp::Reverse(*line)))
        .map(|(name, (count, line))| (name.to_owned(), count, line))
}
