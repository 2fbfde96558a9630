//! **Trap.** The processor refused an instruction: an integer division by zero, an undefined instruction, a breakpoint
//! nobody had set. x86 names the exception on the die line; `invalid opcode` after `kernel BUG at` is a BUG, alone it
//! is code that was overwritten or jumped into, or a sanitizer's trap.

use super::{Rule, oops};
use crate::about;
use crate::culprit;
use crate::facts::Facts;
use crate::grammar::die;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "trap",
    about: about::TRAP,
    headers: &["double fault: ", "Alignment trap: ", " (code "],
    begins,
    dies: true,
    blame: |_| &culprit::PC_THEN_TRACE,
    titles,
    lead,
    ..Rule::BASE
};

/// True for a die line of x86 whose exception has one of these names.
pub(super) fn is_die(text: &str, names: &[&str]) -> bool {
    die::parse(text).is_some_and(|die| !die.internal_error && names.iter().any(|name| die.what.starts_with(name)))
        || die::is_cut_off(text, names)
}

/// Exceptions and what they mean (Intel SDM volume 3, 6.15; the names of arch/x86/kernel/traps.c).
const TRAPS: [(&str, &str, &str); 12] = [
    ("divide error", "divide error", "an integer division by zero, or one whose quotient does not fit"),
    ("divide_error", "divide error", "an integer division by zero, or one whose quotient does not fit"),
    (
        "invalid opcode",
        "invalid opcode",
        "an instruction that the processor does not know, or a trap of the compiler's own (ud2)",
    ),
    (
        "int3",
        "int3",
        "a breakpoint instruction that no debugger or tracer owns: padding or code that is being patched was run",
    ),
    ("stack segment", "stack segment fault", "an access through the stack pointer to an address that is not canonical"),
    ("alignment check", "alignment check", "a misaligned access where alignment is checked"),
    (
        "double fault",
        "PANIC: double fault",
        "an exception while the processor was delivering another: most often the stack had overflowed",
    ),
    (
        "control protection",
        "control protection fault",
        "an indirect branch to no valid target, or a return that does not match the shadow stack",
    ),
    ("Split lock detected", "split lock", "an atomic access across two cache lines"),
    ("Bad pagetable", "bad page table", "a page table with reserved bits set: it is corrupt"),
    ("kernel stack overflow", "kernel stack overflow", "the kernel's stack overflowed"),
    ("simd exception", "simd exception", "a floating point exception of the vector unit in the kernel"),
];

fn begins(text: &str) -> bool {
    if text.trim_start().starts_with("Alignment trap: ") {
        return true;
    }
    die::parse(text).is_some_and(|die| {
        !die.internal_error && !oops::is_page_fault(die.what) && !die.what.contains("general protection fault")
    })
}

fn what(facts: &Facts) -> &str {
    facts.report.trap.as_ref().map_or("trap", |trap| trap.name.as_str())
}

fn titles(facts: &Facts) -> Titles {
    if facts.header.contains("Alignment trap: ") {
        return Titles::blaming(facts, "Alignment trap in {}", &[]);
    }
    let what = what(facts);
    let name = TRAPS.iter().find(|(start, ..)| what.starts_with(start)).map_or(what, |t| t.1);
    Titles::blaming(facts, &format!("{} in {{}}", name.replace(['{', '}'], "")), &[])
}

pub(super) fn lead(facts: &Facts) -> Prose {
    let what = what(facts);
    let line = facts.report.trap.as_ref().map(|trap| trap.line);
    let prose = Prose::default().text("A trap of the processor, ").claim(what, line);
    match TRAPS.iter().find(|(start, ..)| what.starts_with(start)) {
        Some((.., meaning)) => prose.text(format!(" ({meaning}),")),
        None => prose.text(","),
    }
}
