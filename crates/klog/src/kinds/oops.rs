//! **Oops: a bad memory access.** The kernel touched an address that is not mapped, or not for that kind of access.
//! Near zero it is a NULL pointer (the address is the member's offset); a poison value means memory that was already
//! freed or a list entry already removed; anything else is a wild or stale pointer.
//!
//! x86: `BUG: kernel NULL pointer dereference, address: …` and `BUG: unable to handle …`; arm and arm64:
//! `Unable to handle kernel … at virtual address …`; without the announcement, the die line `Oops: 0002 [#1]` alone.

use super::{Rule, in_function};
use crate::explain;
use crate::grammar::{die, fault};
use crate::read::Facts;
use oopscope_report::{Kind, Prose};

pub(crate) static RULE: Rule = Rule {
    kind: Kind::new("oops"),
    headers: &[
        "BUG: unable to handle ",
        "BUG: kernel NULL pointer dereference",
        "Unable to handle kernel ",
        "Oops: ",
        "Unhandled fault: ",
        "Unhandled prefetch abort: ",
    ],
    begins,
    dies: true,
    is_panic: false,
    titles,
    lead,
};

fn begins(text: &str) -> bool {
    fault::announce(text).is_some()
        || fault::unhandled(text).is_some()
        || die::parse(text).is_some_and(|die| is_page_fault(die.what))
}

/// The die line's words for a page fault, on x86 and on arm.
pub(crate) fn is_page_fault(what: &str) -> bool {
    what == "Oops" || what.starts_with("Unhandled fault")
}

fn titles(facts: &Facts) -> (String, Vec<String>) {
    let what = match facts.fault.as_deref() {
        Some("NULL pointer dereference") => "NULL pointer dereference",
        // One bug gives several of these, by the value that the pointer happens to have.
        _ => "paging request",
    };
    let place = in_function(facts);
    if facts.fault_unhandled {
        return (format!("Unhandled fault{place}"), vec![format!("bad-access{place}")]);
    }
    (format!("BUG: unable to handle kernel {what}{place}"), vec![format!("bad-access{place}")])
}

fn lead(facts: &Facts) -> Prose {
    explain::access(facts)
}
