//! **Reference count out of range.** A `refcount_t` was about to go below zero, come back from zero, or overflow; the
//! kernel pins it at a value where it can do no more harm (the object leaks instead of being freed too early) and warns.
//! “Underflow; use-after-free”: one put too many. “Addition on 0; use-after-free”: a get on an object that is already
//! being freed. “Saturated; leaking memory”: gets without puts. The function named does the count that failed; the
//! missing or extra one may be elsewhere.
//!
//! `refcount_t: underflow; use-after-free.`, then the WARNING at lib/refcount.c.

use super::{Rule, warning};
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::explain::{next, quoted};
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "refcount",
    about: about::REFCOUNT,
    headers: &["WARNING: "],
    begins: |text| warning::is_at(text, "lib/refcount.c"),
    blame: |_| &COUNTER,
    titles: |facts| Titles::blaming(facts, "WARNING: refcount bug in {}", &[]),
    lead: |facts| quoted(Prose::default().claim("A reference count went out of range", Some(facts.header_line)), facts),
    next: |_| vec![next::kasan()],
    ..Rule::BASE
};

static COUNTER: Blame =
    Blame { steps: warning::STEPS, or: warning::OR, innocent: &["refcount", "kobject_"], pick: Pick::First };
