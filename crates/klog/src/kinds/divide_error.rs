//! **Division by zero.** An integer division by zero, or one whose quotient does not fit its register. The instruction
//! pointer is the division; which value was zero is in the registers: look at the divisor's. Most often it is a size, rate
//! or count that came from a device, a file system image or user space and was not checked.
//!
//! `divide error: 0000 [#1]` (x86; `divide_error` in some kernels about 5.8), `Oops: divide error: 0000` since 6.12.

use super::{Rule, trap};
use crate::about;
use crate::culprit;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "divide-error",
    about: about::DIVIDE_ERROR,
    headers: &["divide error: ", "divide_error: "],
    begins: |text| trap::is_die(text, &["divide error", "divide_error"]),
    dies: true,
    blame: |_| &culprit::PC_ALONE,
    titles: |facts| Titles::blaming(facts, "divide error in {}", &[]),
    lead: trap::lead,
    ..Rule::BASE
};
