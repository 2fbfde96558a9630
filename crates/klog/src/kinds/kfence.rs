//! **KFENCE: a bad memory access, caught by sampling.** KFENCE puts a few allocations, chosen by time, onto pages of their
//! own between guard pages, so cheaply that production kernels have it on. What it reports is real; that it was this
//! object is luck. Out-of-bounds and use-after-free are noticed at the access, memory corruption beside an object only
//! when it is freed: then the culprit is somebody who wrote before.
//!
//! Headline: `BUG: KFENCE: use-after-free read in f+0x1/0x2` (mm/kfence/report.c), then the address, the object
//! (`kfence-#12: 0x…-0x…, size=32, cache=kmalloc-32`) and its allocation and free traces.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::explain::{history, next};
use crate::facts::Facts;
use crate::grammar::{marks, named};
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "kfence",
    about: about::KFENCE,
    headers: &["BUG: KFENCE: "],
    begins: |text| text.trim_start().starts_with("BUG: KFENCE: "),
    owns: |text| {
        let text = text.trim_start();
        [
            "Out-of-bounds ",
            "Use-after-free ",
            "Corrupted memory at ",
            "Invalid ",
            "kfence-#",
            "allocated by task ",
            "freed by task ",
        ]
        .iter()
        .any(|start| text.starts_with(start))
            || marks::is_fence(text)
    },
    detail: |text| {
        let text = text.trim();
        if text.starts_with("kfence-#") {
            return Some(("object", text.to_owned()));
        }
        [
            "Out-of-bounds ",
            "Use-after-free ",
            "Corrupted memory at ",
            "Invalid read at ",
            "Invalid write at ",
            "Invalid free of ",
        ]
        .iter()
        .any(|start| text.starts_with(start))
        .then(|| ("access", text.trim_end_matches(':').to_owned()))
    },
    blame: |_| &HEADER_THEN_FRAMES,
    titles,
    lead,
    evidence: |facts| history(facts, "object").into_iter().collect(),
    next: |_| vec![next::kasan()],
    ..Rule::BASE
};

static HEADER_THEN_FRAMES: Blame =
    Blame { steps: &[Step::Line(header), Step::Frames], or: &[], innocent: &[], pick: Pick::First };

fn header(text: &str) -> Option<Mark<'_>> {
    text.contains("BUG: KFENCE: ").then(|| Mark::of(named::after_in(text)))
}

fn bug(facts: &Facts) -> &str {
    let rest = facts.header.split_once("BUG: KFENCE: ").map_or("", |(_, rest)| rest);
    rest.split(" in ").next().unwrap_or(rest)
}

fn titles(facts: &Facts) -> Titles {
    if named::after_in(&facts.header).is_none() {
        return Titles::of_header(facts, "BUG:", "the headline does not name a function");
    }
    let bug = bug(facts);
    let alts: &[&str] = match bug {
        "invalid free" => &["invalid-free in {}"],
        "memory corruption" => &[],
        _ => &["bad-access in {}"],
    };
    // The stack follows the line of the address without a heading.
    Titles::blaming(facts, &format!("KFENCE: {bug} in {{}}"), alts).traceless()
}

fn lead(facts: &Facts) -> Prose {
    let bug = bug(facts);
    let article = match bug.as_bytes().first() {
        _ if bug.ends_with("corruption") => "",
        Some(b'o' | b'i') => "an ",
        _ => "a ",
    };
    Prose::default().text(format!("KFENCE caught {article}")).claim(bug.to_owned(), Some(facts.header_line)).text(",")
}
