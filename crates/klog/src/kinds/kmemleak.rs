//! **Memory leak.** kmemleak scanned all memory and found no pointer to an object that is still allocated: nobody can ever
//! free it. The backtrace is where it was allocated; look there for the path (most often an error path) that forgets it.
//! A pointer that is kept in a disguised form (shifted, in a device's register) gives a false report; scan twice before
//! believing a young object.
//!
//! `unreferenced object 0xffff888104a3c000 (size 32):`, from /sys/kernel/debug/kmemleak (mm/kmemleak.c); fuzzers print it
//! under `BUG: memory leak`. In the log itself stands only `kmemleak: 12 new suspected memory leaks`.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, NOBODY, Pick};
use crate::explain::next;
use crate::facts::Facts;
use crate::grammar::{decimal, marks};
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "kmemleak",
    about: about::KMEMLEAK,
    headers: &["BUG: memory leak", "unreferenced object 0x", " new suspected memory leaks"],
    begins: |text| {
        let text = text.trim_start();
        text.starts_with("BUG: memory leak") || text.starts_with("unreferenced object 0x") || is_summary(text)
    },
    absorbs: |text| text.trim_start().starts_with("unreferenced object 0x"),
    owns: |text| {
        let trimmed = text.trim_start();
        trimmed.starts_with("comm \"") || trimmed.starts_with("hex dump") || marks::is_any_trace_start(text)
    },
    detail: |text| {
        let text = text.trim();
        if let Some(object) = text.strip_prefix("unreferenced object ") {
            return Some(("object", object.trim_end_matches(':').to_owned()));
        }
        text.starts_with("comm \"").then(|| ("allocated by", text.to_owned()))
    },
    blame: |facts| if is_bare(facts) { &NOBODY } else { &ALLOCATION },
    titles: |facts| {
        if is_bare(facts) {
            return Titles::plain("kmemleak: new suspected memory leaks").traceless();
        }
        Titles::blaming(facts, "memory leak in {}", &[])
    },
    lead: |facts| {
        if is_bare(facts) {
            return super::headline(facts).text(" but the log does not have their traces");
        }
        Prose::default()
            .claim("An object that nobody points to any more", Some(facts.header_line))
            .text(" was allocated")
    },
    went_on: "",
    evidence: |facts| {
        let age = facts.find_line(|text| Some(text.split_once("(age ")?.1.split(')').next()?.to_owned()));
        age.map(|(age, line)| Prose::default().claim(format!("The object was {age} old"), Some(line)).text("."))
            .into_iter()
            .collect()
    },
    next: |_| {
        vec![next::advice(
            "Scan again before believing it: what is still listed after a second scan is a leak.",
            "echo scan > /sys/kernel/debug/kmemleak; cat /sys/kernel/debug/kmemleak",
        )]
    },
    ..Rule::BASE
};

/// `kmemleak: 12 new suspected memory leaks (see /sys/kernel/debug/kmemleak)`.
fn is_summary(text: &str) -> bool {
    text.strip_prefix("kmemleak: ")
        .and_then(decimal)
        .is_some_and(|(_, rest)| rest.starts_with(" new suspected memory leaks"))
}

/// The log has the summary alone, and no object.
fn is_bare(facts: &Facts) -> bool {
    is_summary(facts.header.trim_start())
        && facts.find_line(|text| text.trim_start().starts_with("unreferenced object 0x").then_some(())).is_none()
}

static ALLOCATION: Blame = Blame {
    steps: &[Step::Line(backtrace), Step::Frames],
    or: &[],
    innocent: &[
        "kmemleak",
        "mmap",
        "kmem",
        "slab",
        "alloc",
        "create_object",
        "idr_get",
        "list_lru_init",
        "kasprintf",
        "kvasprintf",
        "pcpu_create",
        "strdup",
        "strndup",
        "memdup",
    ],
    pick: Pick::First,
};

fn backtrace(text: &str) -> Option<Mark<'_>> {
    let (_, rest) = text.split_once("backtrace")?;
    (rest.starts_with(':') || rest.starts_with(" (crc ")).then_some(Mark::Here)
}
