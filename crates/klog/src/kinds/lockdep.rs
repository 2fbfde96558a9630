//! **A locking rule was broken.** lockdep watches in which order locks are taken and in which contexts, and reports an
//! order that *could* deadlock the first time it is seen, long before it does. So the machine is well; the bug is in the
//! order. “Possible circular locking”: the chain shows how A came before B elsewhere, and the stack how B comes before A
//! here: one of the two must change. “Inconsistent lock state” and the inversions: a lock is taken with interrupts on
//! that an interrupt also takes. “Recursive locking”: twice the same class, perhaps two objects that need a nesting
//! annotation. “Suspicious RCU usage”: a pointer was read outside the read-side section that protects it.
//!
//! After the first such report, and after any Oops, lockdep is off: later deadlocks go unseen.
//!
//! Headlines (kernel/locking/lockdep.c): `WARNING: possible circular locking dependency detected`, in brackets as
//! `[ INFO: … ]` until 4.10, `[ BUG: Invalid wait context ]`; between rows of `=`.

use super::{Rule, warning};
use crate::about;
use crate::culprit::{self, Blame, NOBODY, Pick};
use crate::explain::next as advice;
use crate::facts::Facts;
use crate::grammar::{marks, named};
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "lockdep",
    about: about::LOCKDEP,
    headers: &["WARNING: ", "INFO: ", "BUG: "],
    begins: |text| form(text).is_some(),
    owns: |text| owns(text.trim_start()),
    detail,
    blame: |facts| form(&facts.header).map_or(&NOBODY, |form| form.blame),
    titles,
    lead,
    went_on: "Nothing hangs for it yet.",
    evidence,
    next: |_| vec![advice::symbols()],
    ..Rule::BASE
};

/// One of lockdep's complaints.
struct Form {
    /// Words of the headline.
    words: &'static str,
    /// The headline's marker: `WARNING`, until 4.10 `INFO`, for some `BUG`. Empty for any.
    marker: &'static str,
    title: &'static str,
    /// What must follow in the report for it to be whole.
    needs: &'static [&'static str],
    blame: &'static Blame,
    /// For the verdict.
    meaning: &'static str,
}

const ORDER: &str = "two code paths take the same locks in opposite orders: they can deadlock";
const INVERSION: &str = "a lock that interrupts take is held where an interrupt may come: they can deadlock";

static FORMS: &[Form] = &[
    Form {
        words: "possible circular locking dependency detected",
        marker: "WARNING: ",
        title: "possible deadlock in {}",
        needs: &["is trying to acquire lock"],
        blame: &CIRCULAR,
        meaning: ORDER,
    },
    Form {
        words: "possible circular locking dependency detected",
        marker: "INFO: ",
        title: "possible deadlock in {}",
        needs: &["is trying to acquire lock", "at: "],
        blame: &TRYING,
        meaning: ORDER,
    },
    Form {
        words: "possible irq lock inversion dependency detected",
        marker: "",
        title: "possible deadlock in {}",
        needs: &["just changed the state of lock", "at: "],
        blame: &CHANGED,
        meaning: INVERSION,
    },
    Form {
        words: "-unsafe lock order detected",
        marker: "WARNING: ",
        title: "possible deadlock in {}",
        needs: &[],
        blame: &BECAME,
        meaning: INVERSION,
    },
    Form {
        words: "-unsafe lock order detected",
        marker: "INFO: ",
        title: "possible deadlock in {}",
        needs: &["is trying to acquire", "at: "],
        blame: &TRYING,
        meaning: INVERSION,
    },
    Form {
        words: "possible recursive locking detected",
        marker: "",
        title: "possible deadlock in {}",
        needs: &["is trying to acquire lock", "at: "],
        blame: &TRYING,
        meaning: "a task takes a lock of a class of which it holds one already",
    },
    Form {
        words: "inconsistent lock state",
        marker: "WARNING: ",
        title: "inconsistent lock state in {}",
        needs: &["takes", "at: "],
        blame: &culprit::TRACE,
        meaning: INVERSION,
    },
    Form {
        words: "inconsistent lock state",
        marker: "INFO: ",
        title: "inconsistent lock state in {}",
        needs: &["takes", "at: "],
        blame: &TAKES,
        meaning: INVERSION,
    },
    Form {
        words: "suspicious RCU usage",
        marker: "WARNING: ",
        title: "WARNING: suspicious RCU usage in {}",
        needs: &[".c:|.h:"],
        blame: &RCU,
        meaning: "a pointer that RCU protects was read, or something done that may sleep, outside what its rules allow",
    },
    Form {
        words: "suspicious RCU usage",
        marker: "INFO: ",
        title: "INFO: suspicious RCU usage in {}",
        needs: &[".c:|.h:"],
        blame: &RCU,
        meaning: "a pointer that RCU protects was read, or something done that may sleep, outside what its rules allow",
    },
    Form {
        words: "still has locks held!",
        marker: "WARNING: ",
        title: "WARNING: still has locks held in {}",
        needs: &["at: "],
        blame: &HELD_AT,
        meaning: "a task went to sleep for good, or ended, with locks that it never released",
    },
    Form {
        words: "still has locks held!",
        marker: "BUG: ",
        title: "BUG: still has locks held in {}",
        needs: &["["],
        blame: &HELD_ADDRESS,
        meaning: "a task went to sleep for good, or ended, with locks that it never released",
    },
    Form {
        words: "Nested lock was not taken",
        marker: "WARNING: ",
        title: "WARNING: nested lock was not taken in {}",
        needs: &[],
        blame: &warning::ANY,
        meaning: "a lock was taken as nested in another one that is not held",
    },
    Form {
        words: "lock held when returning to user space",
        marker: "WARNING: ",
        title: "WARNING: lock held when returning to user space in {}",
        needs: &["leaving the kernel with locks still held", "at: "],
        blame: &LEAVING,
        meaning: "a system call returned and forgot to release a lock",
    },
    Form {
        words: "lock held when returning to user space",
        marker: "BUG: ",
        title: "BUG: lock held when returning to user space in {}",
        needs: &["leaving the kernel with locks still held", "at: "],
        blame: &LEAVING,
        meaning: "a system call returned and forgot to release a lock",
    },
    Form {
        words: "bad unlock balance detected!",
        marker: "WARNING: ",
        title: "WARNING: bad unlock balance in {}",
        needs: &[],
        blame: &UNLOCK,
        meaning: "a lock was released that was not held",
    },
    Form {
        words: "bad unlock balance detected!",
        marker: "BUG: ",
        title: "BUG: bad unlock balance in {}",
        needs: &[],
        blame: &UNLOCK,
        meaning: "a lock was released that was not held",
    },
    Form {
        words: "held lock freed!",
        marker: "WARNING: ",
        title: "WARNING: held lock freed in {}",
        needs: &["at:"],
        blame: &FREED_AT,
        meaning: "memory was freed that holds a lock which is still held",
    },
    Form {
        words: "held lock freed!",
        marker: "BUG: ",
        title: "BUG: held lock freed in {}",
        needs: &["["],
        blame: &HELD_ADDRESS,
        meaning: "memory was freed that holds a lock which is still held",
    },
    Form {
        words: "trying to register non-static key",
        marker: "INFO: ",
        title: "INFO: trying to register non-static key in {}",
        needs: &[],
        blame: &KEY,
        meaning: "a lock was taken that nobody had initialized, or whose memory was overwritten",
    },
    Form {
        // x86 prints it in brackets as a BUG, arm and arm64 as well; one bug has one title.
        words: "Invalid wait context",
        marker: "BUG: ",
        title: "WARNING: locking bug in {}",
        needs: &[],
        blame: &SOCKET,
        meaning: "a lock that may sleep was taken where nothing may sleep",
    },
];

static CIRCULAR: Blame = Blame {
    steps: &[Step::Line(lock_at), Step::Line(lock_at), Step::Frames],
    or: &[],
    // These take the locks that stand for work items: what matters is whose work it is.
    innocent: &["process_one_work", "flush_workqueue", "drain_workqueue", "destroy_workqueue"],
    pick: Pick::First,
};
static TRYING: Blame = named_after(&[Step::Line(trying), Step::Line(lock_at)]);
static CHANGED: Blame = named_after(&[Step::Line(changed), Step::Line(lock_at)]);
static TAKES: Blame = named_after(&[Step::Line(takes), Step::Line(lock_at)]);
static LEAVING: Blame = named_after(&[Step::Line(leaving), Step::Line(lock_at)]);
static HELD_AT: Blame = named_after(&[Step::Line(lock_at)]);
static HELD_ADDRESS: Blame = named_after(&[Step::Line(after_address)]);
static FREED_AT: Blame = named_after(&[Step::Line(freed_at)]);
static BECAME: Blame = Blame { steps: &[Step::Line(became), Step::Frames], or: &[], innocent: &[], pick: Pick::First };
static RCU: Blame = Blame::of_trace(&["rcu", "kmem", "slab"]);
static UNLOCK: Blame =
    Blame { steps: &[Step::Line(after_address), Step::Trace, Step::Frames], or: &[], innocent: &[], pick: Pick::First };
static KEY: Blame = Blame::of_trace(&["stack", "lock", "IRQ"]);
static SOCKET: Blame = Blame::of_trace(&["lock_sock", "release_sock"]);

/// lockdep itself names the place: nothing is to be passed over.
const fn named_after(steps: &'static [Step]) -> Blame {
    Blame { steps, or: &[], innocent: &[], pick: Pick::Named }
}

fn lock_at(text: &str) -> Option<Mark<'_>> {
    named::lock_at(text).map(Mark::Named)
}

fn after_address(text: &str) -> Option<Mark<'_>> {
    named::after_address(text).map(Mark::Named)
}

fn freed_at(text: &str) -> Option<Mark<'_>> {
    text.contains("at:").then(|| named::lock_at(text).or_else(|| named::after_address(text)))?.map(Mark::Named)
}

fn trying(text: &str) -> Option<Mark<'_>> {
    text.contains("is trying to acquire").then_some(Mark::Here)
}

fn changed(text: &str) -> Option<Mark<'_>> {
    text.contains("just changed the state of lock").then_some(Mark::Here)
}

fn takes(text: &str) -> Option<Mark<'_>> {
    text.contains("takes").then_some(Mark::Here)
}

fn leaving(text: &str) -> Option<Mark<'_>> {
    text.contains("leaving the kernel with locks still held").then_some(Mark::Here)
}

fn became(text: &str) -> Option<Mark<'_>> {
    let (_, rest) = text.split_once("which became ")?;
    rest.contains(" at:").then_some(Mark::Here)
}

fn form(text: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| {
        text.find(form.words).is_some_and(|at| {
            let before = &text[..at];
            // `CPU: 1 PID: …` cannot stand between: the headline is the message.
            if form.marker.is_empty() {
                before.ends_with(": ")
            } else {
                before.contains(form.marker) && before.len() < 80
            }
        })
    })
}

fn titles(facts: &Facts) -> Titles {
    let Some(form) = form(&facts.header) else { return Titles::plain(facts.header.as_str()) };
    let mut after = facts.texts_from_header();
    let whole = form.needs.iter().all(|words| after.any(|text| words.split('|').any(|word| text.contains(word))));
    let marker = ["WARNING:", "INFO:", "BUG:"].into_iter().find(|marker| facts.header.contains(marker)).unwrap_or("");
    if !whole {
        return Titles::of_header(facts, marker, "the lines that say which lock was taken where are not in the report");
    }
    let titles = Titles::blaming(facts, form.title, &[]);
    // It names the locks that are held and where they were taken, and no stack.
    if form.words == "lock held when returning to user space" { titles.traceless() } else { titles }
}

fn detail(text: &str) -> Option<(&'static str, String)> {
    let trimmed = text.trim();
    if trimmed.contains(" is trying to acquire lock") {
        return Some(("wants a lock", trimmed.trim_end_matches(':').to_owned()));
    }
    if trimmed.contains("already holding lock") || trimmed.contains("which lock already depends on") {
        return Some(("order", trimmed.trim_end_matches(':').to_owned()));
    }
    // `(&mm->mmap_lock){++++}-{3:3}, at: do_x+0x1/0x2`
    let is_lock = trimmed.contains("){") && trimmed.contains(", at: ") && !trimmed.starts_with('#');
    if is_lock {
        return Some(("lock", trimmed.to_owned()));
    }
    let held = trimmed.strip_prefix('#').filter(|rest| rest.contains(", at: "))?;
    Some(("held lock", held.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':').trim().to_owned()))
}

fn owns(text: &str) -> bool {
    const WORDS: [&str; 28] = [
        "inconsistent {",
        "is trying to acquire",
        "is trying to lock",
        "but task is already holding lock",
        "which lock already depends on the new lock",
        "the existing dependency chain",
        "other info that might help us debug this",
        "Possible unsafe locking scenario",
        "Chain exists of",
        "*** DEADLOCK ***",
        "locks held by ",
        "lock held by ",
        "stack backtrace:",
        "which became ",
        "just changed the state of lock",
        "but this lock ",
        "and interrupts could create inverse lock ordering",
        "the shortest dependencies between",
        "May be due to missing lock nesting notation",
        "} state was registered at:",
        "irq event stamp:",
        " takes:",
        "is trying to release lock",
        "is freeing memory ",
        "is leaving the kernel with locks still held",
        "suspicious rcu_dereference",
        "rcu_scheduler_active",
        "is exiting with locks still held",
    ];
    WORDS.iter().any(|word| text.contains(word))
        || text.starts_with("-> #")
        || text.starts_with("...")
        || text.starts_with('#') && text.contains("at: ")
        || text.contains("){") && (text.contains("at: ") || text.contains("ops: "))
        || text.starts_with("lock(")
        || text.starts_with("CPU0 ")
        || text.starts_with("INITIAL USE at:")
        || text.contains("-ON-") && text.contains(" at:")
        || text.split(' ').next().is_some_and(|word| warning::source(word).is_some())
        || marks::is_fence(text)
}

fn lead(facts: &Facts) -> Prose {
    let header = facts.header.trim().trim_matches(['[', ']', ' ']);
    let header =
        ["WARNING: ", "INFO: ", "BUG: "].iter().find_map(|marker| header.strip_prefix(marker)).unwrap_or(header);
    let meaning = form(&facts.header).map_or("a locking rule was broken", |form| form.meaning);
    Prose::default()
        .text("lockdep: ")
        .claim(header.trim_end_matches(['!', '.']).to_owned(), Some(facts.header_line))
        .text(" — ")
        .text(meaning)
        .text("; noticed")
}

/// A lock as lockdep prints it: `(&mm->mmap_lock){++++}-{3:3}, at: do_x+0x1/0x2`: its class and where it was taken.
fn lock_and_place(text: &str) -> Option<(&str, Option<&str>)> {
    let (_, rest) = text.split_once('(')?;
    let (name, rest) = rest.split_once("){")?;
    let place = rest.split_once(" at: ").map(|(_, place)| place.trim());
    // Until 4.15 an address in brackets stood before the function.
    let place = place.map(|place| place.split_once("] ").map_or(place, |(_, place)| place));
    let place = place.and_then(|place| place.split(' ').next());
    (!name.is_empty() && name.len() <= 128).then_some((name, place))
}

/// The order that was broken, in one sentence.
fn evidence(facts: &Facts) -> Vec<Prose> {
    let details = &facts.report.details;
    let wants = details.iter().find(|detail| detail.name == "wants a lock");
    let holds = details.iter().find(|detail| detail.name == "order" && detail.value.contains("already holding"));
    let after = |line: u64| {
        let lock = details.iter().find(|detail| detail.name == "lock" && detail.line > line)?;
        lock_and_place(&lock.value).map(|(name, place)| (name, place, lock.line))
    };
    let (Some(wants), Some(holds)) = (wants, holds) else { return usage(facts).into_iter().collect() };
    let (Some(wanted), Some(held)) = (after(wants.line), after(holds.line)) else { return Vec::new() };
    let mut prose = Prose::default().text("Here ").code(wanted.0, Some(wanted.2));
    if let Some(place) = wanted.1 {
        prose = prose.text(" is taken in ").code(place, Some(wanted.2));
    } else {
        prose = prose.text(" is taken");
    }
    prose = prose.text(" while ").code(held.0, Some(held.2)).text(" is held");
    if let Some(place) = held.1 {
        prose = prose.text(" (since ").code(place, Some(held.2)).text(")");
    }
    let chain: Vec<_> = facts.report.stacks.iter().filter(|stack| stack.title.starts_with("-> #")).collect();
    if wanted.0 == held.0 {
        return vec![prose.text(": two locks of one class, or the same lock twice.")];
    }
    prose = prose.text(", and elsewhere ").code(held.0, None).text(" while ").code(wanted.0, None).text(" is held");
    let between = chain.len().saturating_sub(2);
    prose = match (chain.first(), between) {
        (Some(first), 0) => prose.text(", as ").claim("the chain", Some(first.line)).text(" shows."),
        (Some(first), n) => prose
            .text(", by way of ")
            .claim(format!("{n} more {} of the chain", if n == 1 { "lock" } else { "locks" }), Some(first.line))
            .text("."),
        (None, _) => prose.text(" (that part is not in the log)."),
    };
    vec![prose]
}

/// `inconsistent {SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W} usage.`: in which two ways the lock is used that exclude each other.
fn usage(facts: &Facts) -> Option<Prose> {
    let ((from, to), line) = facts.find_line(|text| {
        let (_, rest) = text.split_once("inconsistent {")?;
        let (from, rest) = rest.split_once("} -> {")?;
        Some((from.to_owned(), rest.split_once('}')?.0.to_owned()))
    })?;
    let lock = facts.report.details.iter().find(|detail| detail.name == "lock");
    let (name, lock_line) = lock.and_then(|lock| Some((lock_and_place(&lock.value)?.0, lock.line)))?;
    Some(
        Prose::default()
            .text("The lock ")
            .code(name, Some(lock_line))
            .text(" is used in two ways that exclude each other: before, ")
            .claim(usage_words(&from)?, Some(line))
            .text("; now, ")
            .claim(usage_words(&to)?, Some(line))
            .text(". An interrupt that comes in the one and wants the lock waits for ever."),
    )
}

/// `IN-SOFTIRQ-W`: taken in one; `SOFTIRQ-ON-W`: held while one may come (kernel/locking/lockdep_states.h).
fn usage_words(state: &str) -> Option<String> {
    let what = |word: &str| match word {
        "HARDIRQ" => Some("hard interrupt"),
        "SOFTIRQ" => Some("soft interrupt"),
        _ => None,
    };
    let parts: Vec<&str> = state.trim_matches('?').split('-').collect();
    match parts[..] {
        ["IN", irq, _] => Some(format!("taken in a {}", what(irq)?)),
        [irq, "ON", _] => Some(format!("held with {}s on", what(irq)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_and_usages() {
        assert_eq!(
            lock_and_place("ffff8880 (&mm->mmap_lock){++++}-{3:3}, at: do_x+0x1/0x2 mm/x.c:1"),
            Some(("&mm->mmap_lock", Some("do_x+0x1/0x2")))
        );
        assert_eq!(
            lock_and_place("(&buf->lock){+.+...}, at: [<ffffffff9edb41bb>] tty_flush+0xbb/0x3a0"),
            Some(("&buf->lock", Some("tty_flush+0xbb/0x3a0")))
        );
        assert_eq!(lock_and_place("(x) y"), None);
        assert_eq!(usage_words("IN-SOFTIRQ-W").as_deref(), Some("taken in a soft interrupt"));
        assert_eq!(usage_words("HARDIRQ-ON-W").as_deref(), Some("held with hard interrupts on"));
        assert_eq!(usage_words("IN-RECLAIM_FS-W"), None);
    }
}
