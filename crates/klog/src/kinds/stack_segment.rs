//! **Stack segment fault.** An access through the stack or frame pointer (RSP, RBP) to an address that is not canonical:
//! the same as a general protection fault, for the registers that hold stacks. With RBP used as a general register it is a
//! wild pointer like any other; with RSP the stack itself is lost.
//!
//! `stack segment: 0000 [#1]` (x86).

use super::{Rule, trap};
use crate::about;
use crate::culprit;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "stack-segment",
    about: about::STACK_SEGMENT,
    headers: &["stack segment: "],
    begins: |text| trap::is_die(text, &["stack segment"]),
    dies: true,
    blame: |_| &culprit::PC_THEN_TRACE,
    titles: |facts| Titles::blaming(facts, "stack segment fault in {}", &[]),
    lead: trap::lead,
    ..Rule::BASE
};
