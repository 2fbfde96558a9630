//! **A spinlock or rwlock is in a state that it can't be in.** The lock's own check found it held by a task that takes it
//! again (recursion), released by another than its holder, without its magic number (never initialized, or its memory
//! freed and reused), or not released for so long that it won't be (lockup suspected: the holder's CPU is the one to
//! look at).
//!
//! Headline: `BUG: spinlock bad magic on CPU#1, comm/pid`, then the lock's fields
//! (kernel/locking/spinlock_debug.c, CONFIG_DEBUG_SPINLOCK).

use super::Rule;
use crate::about;
use crate::culprit::Blame;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "spinlock",
    about: about::SPINLOCK,
    headers: &["BUG: spinlock ", "BUG: rwlock "],
    begins: |text| what(text).is_some(),
    owns: |text| text.trim_start().starts_with("lock: ") && text.contains(".magic: "),
    detail: |text| text.trim().strip_prefix("lock: ").map(|lock| ("lock", lock.to_owned())),
    blame: |_| &HOLDER,
    titles: |facts| {
        let (lock, what) = what(&facts.header).unwrap_or_default();
        Titles::blaming(facts, &format!("BUG: {lock} {what} in {{}}"), &[])
    },
    ..Rule::BASE
};

static HOLDER: Blame = Blame::of_trace(&["spin_", "_lock", "_unlock"]);

/// kernel/locking/spinlock_debug.c: all that it can complain of.
const COMPLAINTS: [&str; 8] = [
    "lockup suspected",
    "already unlocked",
    "cpu recursion",
    "recursion",
    "bad magic",
    "wrong owner",
    "wrong CPU",
    "trylock failure on UP",
];

fn what(text: &str) -> Option<(&'static str, &'static str)> {
    [("spinlock", "BUG: spinlock "), ("rwlock", "BUG: rwlock ")].into_iter().find_map(|(lock, words)| {
        let (_, rest) = text.split_once(words)?;
        COMPLAINTS.iter().find(|complaint| rest.starts_with(**complaint)).map(|complaint| (lock, *complaint))
    })
}
