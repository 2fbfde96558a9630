//! **An object was used against its life cycle** (debug objects). A timer, work item, RCU head or the like was freed or
//! initialized while it is active, or activated without having been initialized. When the memory of an active timer is
//! freed, the timer will run on whatever comes to lie there. The message says which object type, in which state, and
//! with which function (“hint”): that hint is the best trail.
//!
//! `ODEBUG: free active (active state 0) object: … object type: timer_list hint: f+0x0/0x10`, then the WARNING at
//! lib/debugobjects.c (CONFIG_DEBUG_OBJECTS).

use super::{Rule, warning};
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::explain::quoted;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "debug-objects",
    about: about::OBJECT_DEBUG,
    headers: &["WARNING: "],
    begins: |text| warning::is_at(text, "lib/debugobjects.c"),
    detail: |text| {
        let (_, hint) = text.split_once("ODEBUG: ")?;
        Some(("object", hint.to_owned()))
    },
    blame: |_| &USER,
    titles: |facts| Titles::blaming(facts, "WARNING: ODEBUG bug in {}", &[]),
    lead: |facts| quoted(Prose::default().claim("An active object was misused", Some(facts.header_line)), facts),
    ..Rule::BASE
};

static USER: Blame = Blame {
    steps: warning::STEPS,
    or: warning::OR,
    // All that tells debug objects of a change: the bug is in their caller.
    innocent: &[
        "debug_",
        "rcu",
        "hrtimer_",
        "timer_",
        "work_",
        "percpu_",
        "vunmap",
        "vfree",
        "__free_",
        "debug_check",
        "kobject_",
    ],
    pick: Pick::First,
};
