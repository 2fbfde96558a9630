//! **Internal error** (arm, arm64). The kernel died of an exception that is no page fault: an undefined instruction,
//! an external abort from a device that did not answer, a failed pointer authentication, a misaligned stack.

use super::Rule;
use crate::about;
use crate::culprit;
use crate::facts::Facts;
use crate::grammar::{die, fault};
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "internal-error",
    about: about::INTERNAL_ERROR,
    headers: &["Internal error: ", "Bad mode in ", "SError Interrupt on CPU", " exception on CPU"],
    begins,
    dies: true,
    blame: |_| &culprit::PC_THEN_TRACE,
    // arm64 calls an external abort so where arm says “unable to handle”: one bug, one alternative title.
    titles: |facts| Titles::blaming(facts, "Internal error in {}", &["bad-access in {}"]),
    lead,
    ..Rule::BASE
};

/// What follows `Internal error: `, and what it means (arch/arm64/kernel/traps.c, arch/arm64/mm/fault.c and arm's).
const ERRORS: [(&str, &str); 15] = [
    ("Oops - BUG", "a check of the kernel's own, BUG()"),
    ("Oops - Undefined instruction", "an instruction that the processor does not know"),
    ("Oops - undefined instruction", "an instruction that the processor does not know"),
    ("Oops - BTI", "an indirect branch to no landing pad"),
    ("Oops - FPAC", "a pointer whose authentication failed: a return address or function pointer was overwritten"),
    ("Oops - CFI", "an indirect call to a function of another type"),
    ("Oops - bad mode", "an exception in a mode of the processor in which none may happen"),
    (
        "synchronous external abort",
        "a device or the memory answered an access with an error: look at that device's clock, power and address",
    ),
    ("SP/PC alignment exception", "a stack pointer or program counter that is not aligned"),
    ("ptrace BRK handler", "a breakpoint instruction that nobody owns"),
    (
        "SError",
        "an error that the hardware reports late: the instruction that is named need not be the one that caused it",
    ),
    ("Bad mode in Error handler", "an error that the hardware reports late, which no handler is there for"),
    ("Bad mode in ", "an exception in a mode of the processor in which none may happen"),
    ("Unhandled ", "an exception of a sort that the kernel does not expect of itself"),
    ("branch through zero", "a call through a NULL function pointer"),
];

fn begins(text: &str) -> bool {
    die::parse(text).is_some_and(|die| die.internal_error && die.what != "Oops") || fault::bad_exception(text).is_some()
}

fn lead(facts: &Facts) -> Prose {
    let what = facts.report.trap.as_ref().map_or("an exception", |trap| trap.name.as_str());
    let prose =
        Prose::default().text("The kernel died of ").claim(what, facts.report.trap.as_ref().map(|trap| trap.line));
    match ERRORS.iter().find(|(start, _)| what.starts_with(start)) {
        Some((_, meaning)) => prose.text(format!(" ({meaning}),")),
        None => prose.text(","),
    }
}
