//! **Control flow integrity: a call through a pointer to the wrong sort of function.** Before every indirect call the
//! kernel (built with clang and CONFIG_CFI_CLANG) compares the called function's type with the one that the caller
//! expects. They differed. Either the pointer was overwritten (a use-after-free, an overflow, an attack), or the code
//! casts a function to another type, which was always wrong and is now caught.
//!
//! Look at the target: a function of the right name but of another signature means a cast; anything else, or no function
//! at all, means memory corruption. The function that made the call holds the pointer.
//!
//! `CFI failure at f+0x1/0x2 (target: g+0x0/0x2; expected type: 0x12345678)` (kernel/cfi.c), then the die: `invalid opcode`
//! on x86, `Internal error: Oops - CFI` on arm64; with CONFIG_CFI_PERMISSIVE only a WARNING.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::grammar::named;
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

const WORDS: &str = "CFI failure at ";

pub(crate) static RULE: Rule = Rule {
    name: "cfi",
    about: about::CFI,
    headers: &[WORDS],
    begins: |text| text.trim_start().starts_with(WORDS),
    dies: true,
    absorbs: |text| super::warning::header(text).is_some(),
    detail: |text| {
        let (_, rest) = text.split_once(WORDS)?;
        let (_, target) = rest.split_once(" (target: ")?;
        Some(("target", target.trim_end().trim_end_matches(')').to_owned()))
    },
    blame: |_| &CALLER,
    titles: |facts| Titles::blaming(facts, "CFI failure in {}", &[]),
    lead: |facts| {
        Prose::default()
            .claim("A call through a pointer to a function of another type", Some(facts.header_line))
            .text(" was stopped,")
    },
    ..Rule::BASE
};

static CALLER: Blame = Blame { steps: &[Step::Line(caller)], or: &[], innocent: &[], pick: Pick::Named };

fn caller(text: &str) -> Option<Mark<'_>> {
    let (_, rest) = text.split_once(WORDS)?;
    Some(Mark::of(named::function(rest)))
}
