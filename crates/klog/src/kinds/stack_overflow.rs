//! **Kernel stack overflow.** A kernel stack is small (16 KiB on x86-64 and arm64, 8 KiB on 32 bits) and has a guard
//! page below it. Endless recursion, a deep chain of calls or large local variables run into that page. The trace
//! shows which: look for functions that repeat.
//!
//! x86: `BUG: TASK stack guard page was hit at …`, older `kernel stack overflow (page fault): 0000 [#1]`; arm64, arm and
//! riscv: `Insufficient stack space to handle exception!`, then the panic or die line `kernel stack overflow`; s390:
//! `Kernel stack overflow.`; powerpc: `Oops: Kernel stack overflow, sig: 11 [#1]`.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::facts::Facts;
use crate::grammar::die;
use crate::title::Titles;
use crate::walk::Step;
use oopscope_report::Prose;
use std::collections::BTreeMap;

pub(crate) static RULE: Rule = Rule {
    name: "stack-overflow",
    about: about::STACK_OVERFLOW,
    headers: &[
        "stack guard page was hit at ",
        "Insufficient stack space to handle exception",
        "kernel stack overflow",
        "Kernel stack overflow",
    ],
    begins,
    dies: true,
    absorbs: |text| text.contains("kernel stack overflow"),
    blame: |_| &ANCHORED,
    titles,
    lead,
    ..Rule::BASE
};

static ANCHORED: Blame = Blame {
    steps: &[Step::Pc, Step::Trace, Step::Frames],
    or: &[Step::Trace, Step::Frames],
    innocent: &["bad_stack"],
    pick: Pick::Recursing,
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

fn titles(facts: &Facts) -> Titles {
    let title = if facts.report.arch.is_none_or(|arch| matches!(arch.name(), "x86-64" | "i386")) {
        "BUG: stack guard page was hit in {}"
    } else {
        "kernel stack overflow in {}"
    };
    Titles::blaming(facts, title, &["stack-overflow in {}"])
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
