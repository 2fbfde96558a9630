//! **A function wrote over its own stack.** The compiler puts a random word, the canary, between a function's local
//! variables and its return address, and checks it before the function returns. It had changed: a local array was
//! written beyond its end, by the function that is named or by one that it handed a pointer to. The kernel can't return
//! from there and panics.
//!
//! The function named is where it was noticed, and mostly where the array is: look there for arrays and for the lengths
//! of what is copied into them. The trace below it can be damaged. A hardware fault looks the same, but rarely twice.
//!
//! `Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: f+0x1/0x2` (kernel/panic.c
//! `__stack_chk_fail`).

use super::{Rule, panic};
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::grammar::{marks, named};
use crate::title::Titles;
use crate::walk::{Mark, Step};

pub(crate) static RULE: Rule = Rule {
    name: "stack-protector",
    about: about::STACK_PROTECTOR,
    begins: |text| marks::panic_reason(text).is_some_and(|reason| reason.starts_with(panic::STACK_PROTECTOR)),
    blame: |facts| if canary(&facts.header).is_some() { &CANARY } else { &CANARY_TRACE },
    titles: |facts| {
        // The kernel may fail to unwind a stack that was overwritten.
        let titles = Titles::blaming(facts, "kernel panic: stack is corrupted in {}", &[]);
        if canary(&facts.header).is_some() { titles.traceless() } else { titles }
    },
    ..panic::BASE
};

/// The function that found its own canary overwritten.
static CANARY: Blame = Blame { steps: &[Step::Line(canary)], or: &[], innocent: &[], pick: Pick::Named };
/// The same where the kernel could print no name.
static CANARY_TRACE: Blame = Blame::of_trace(&["stack_chk"]);

fn canary(text: &str) -> Option<Mark<'_>> {
    let (_, rest) = text.split_once("stack-protector: Kernel stack is corrupted in: ")?;
    named::function(rest).map(Mark::Named)
}
