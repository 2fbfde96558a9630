//! **Oops: a bad memory access.** The kernel touched an address that is not mapped, or not for that kind of access.
//! Near zero it is a NULL pointer (the address is the member's offset); a poison value means memory that was already
//! freed or a list entry already removed; anything else is a wild or stale pointer.
//!
//! x86: `BUG: kernel NULL pointer dereference, address: …` and `BUG: unable to handle …`; powerpc: `BUG: Kernel NULL
//! pointer dereference on read at …` and `BUG: Unable to handle …`; parisc: `Kernel Fault: Code=15 (…) at addr …`; all
//! others: `Unable to handle kernel … at virtual address …`; without the announcement, the die line alone.

use super::Rule;
use crate::about;
use crate::culprit;
use crate::explain;
use crate::facts::Facts;
use crate::grammar::{die, fault};
use crate::title::Titles;
use oopscope_report::{AddressClass, Prose};

pub(crate) static RULE: Rule = Rule {
    name: "oops",
    about: about::OOPS,
    headers: &[
        "BUG: unable to handle ",
        "BUG: kernel NULL pointer dereference",
        "Unable to handle kernel ",
        "Oops: ",
        "Unhandled fault: ",
        "Unhandled prefetch abort: ",
        "BUG: Unable to handle ",
        "BUG: Kernel NULL pointer dereference",
        "Kernel Fault: Code=",
    ],
    begins,
    dies: true,
    blame: |_| &culprit::PC_THEN_TRACE,
    titles,
    lead,
    ..Rule::BASE
};

fn begins(text: &str) -> bool {
    fault::announce(text).is_some()
        || fault::unhandled(text).is_some()
        || die::parse(text).is_some_and(|die| is_page_fault(die.what))
}

/// The die line's words for a page fault: of most architectures, arm, powerpc, parisc.
pub(crate) fn is_page_fault(what: &str) -> bool {
    matches!(what, "Oops" | "Kernel access of bad area" | "Kernel Fault") || what.starts_with("Unhandled fault")
}

fn is_null(facts: &Facts) -> bool {
    facts.report.access.as_ref().is_some_and(|access| access.class == AddressClass::NullPage)
}

fn titles(facts: &Facts) -> Titles {
    let alts = &["bad-access in {}"];
    if facts.fault_unhandled {
        return Titles::blaming(facts, "Unhandled fault in {}", alts);
    }
    // arm and arm64 without the announcement.
    if facts.header.trim_start().starts_with("Internal error: ") {
        return Titles::blaming(facts, "Internal error in {}", alts);
    }
    let what = match facts.fault.as_deref() {
        Some("NULL pointer dereference") => "NULL pointer dereference",
        // Old kernels printed it in two pieces, between which other output can come.
        Some("") => {
            return Titles::plain("BUG: unable to handle kernel")
                .damaged("the headline is cut off before it says what was accessed");
        }
        Some(what) if what.starts_with("access to user memory") => "access to user memory",
        // arm64's faults of permission: their headline says it all.
        Some(what) if ["write to", "execute from", "read from"].iter().any(|start| what.starts_with(start)) => {
            return Titles { damage: None, ..Titles::of_header(facts, "Unable to handle kernel", "") };
        }
        // s390 announces both the same way, parisc neither; powerpc names the pointer only with the instruction's address.
        None | Some("pointer dereference" | "instruction fetch") if is_null(facts) => "NULL pointer dereference",
        // One bug gives several of these, by the value that the pointer happens to have.
        _ => "paging request",
    };
    Titles::blaming(facts, &format!("BUG: unable to handle kernel {what} in {{}}"), alts)
}

fn lead(facts: &Facts) -> Prose {
    explain::access(facts)
}
