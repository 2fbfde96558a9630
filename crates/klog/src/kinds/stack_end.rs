//! **The end of a task's stack was overwritten.** The kernel puts a magic word at the far end of every task's stack and
//! looks at it when the task is scheduled. It had changed: the stack grew over its end (deep recursion, large local
//! variables, a deep stack of file systems and drivers), or something else wrote there. Without VMAP_STACK there is no
//! guard page, and the damage is noticed only now.
//!
//! The task is the one whose stack it is, and its trace shows who stands on it; the innermost functions are the
//! scheduler's and innocent. CONFIG_VMAP_STACK would catch an overflow where it happens.
//!
//! `Kernel panic - not syncing: corrupted stack end detected inside scheduler` (kernel/sched/core.c `schedule_debug`);
//! `corrupted shadow stack …` of arm64's shadow call stack.

use super::{Rule, panic};
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::grammar::marks;
use crate::title::Titles;
use crate::walk::Step;

pub(crate) static RULE: Rule = Rule {
    name: "stack-end",
    about: about::STACK_END,
    begins: |text| {
        marks::panic_reason(text).is_some_and(|reason| {
            reason.starts_with(panic::STACK_END)
                || reason.starts_with("corrupted shadow stack detected inside scheduler")
        })
    },
    blame: |_| &OWNER,
    titles: |facts| {
        if panic::reason(facts).starts_with(panic::STACK_END) {
            Titles::blaming(facts, "kernel panic: corrupted stack end in {}", &["stack-overflow in {}"])
        } else {
            Titles::plain(format!("kernel panic: {}", panic::reason(facts)))
        }
    },
    ..panic::BASE
};

static OWNER: Blame = Blame {
    steps: &[Step::Trace, Step::Frames],
    or: &[],
    innocent: &["schedule", "retint_kernel"],
    pick: Pick::Anchored,
};
