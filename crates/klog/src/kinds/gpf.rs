//! **General protection fault.** x86 refused an access whose address is not canonical, or an instruction that is not
//! allowed. In a kernel it is nearly always a pointer with a value that no pointer has: freed and poisoned memory,
//! a removed list entry, text or numbers read as a pointer.

use super::{Rule, in_function};
use crate::explain;
use crate::grammar::die;
use crate::read::Facts;
use oopscope_report::{Kind, Prose};

pub(crate) static RULE: Rule = Rule {
    kind: Kind::new("gpf"),
    headers: &["general protection fault"],
    begins,
    dies: true,
    is_panic: false,
    titles,
    lead,
};

fn begins(text: &str) -> bool {
    // `traps: x[1] general protection fault ip:… error:0 in libc.so` is a program's own segfault: no die line.
    die::parse(text).is_some_and(|die| die.what.contains("general protection fault"))
}

fn titles(facts: &Facts) -> (String, Vec<String>) {
    let place = in_function(facts);
    (format!("general protection fault{place}"), vec![format!("bad-access{place}")])
}

fn lead(facts: &Facts) -> Prose {
    explain::protection_fault(facts)
}
