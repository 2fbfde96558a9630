//! **General protection fault.** x86 refused an access whose address is not canonical, or an instruction that is not
//! allowed. In a kernel it is nearly always a pointer with a value that no pointer has: freed and poisoned memory,
//! a removed list entry, text or numbers read as a pointer.

use super::Rule;
use crate::about;
use crate::culprit;
use crate::explain;
use crate::facts::Facts;
use crate::grammar::die;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "gpf",
    about: about::GPF,
    headers: &["general protection fault"],
    begins,
    dies: true,
    blame: |_| &culprit::PC_THEN_TRACE,
    titles: |facts| Titles::blaming(facts, "general protection fault in {}", &["bad-access in {}"]),
    lead,
    ..Rule::BASE
};

fn begins(text: &str) -> bool {
    // `traps: x[1] general protection fault ip:… error:0 in libc.so` is a program's own segfault: no die line.
    die::parse(text).is_some_and(|die| die.what.contains("general protection fault"))
        || die::is_cut_off(text, &["general protection fault", "segment-related general protection fault"])
}

fn lead(facts: &Facts) -> Prose {
    explain::protection_fault(facts)
}
