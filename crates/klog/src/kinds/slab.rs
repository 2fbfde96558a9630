//! **A slab object was written when it must not be.** The allocator's own checks (slub_debug) found an object's poison,
//! red zone or free list changed: somebody wrote after freeing it, or beyond its end. It is noticed at the next
//! allocation or free, long after; the task and trace in the report are those of the finder. “Allocated in” and “Freed in”
//! say whose object it was, the bytes that changed and their offset how it was hit.
//!
//! Headline: `BUG kmalloc-32 (Tainted: G B): Poison overwritten`, between `=====` and `-----` (mm/slub.c `slab_bug`); then
//! `Allocated in f age=… cpu=… pid=…`, `Object …:` rows, `FIX …`.

use super::Rule;
use crate::about;
use crate::context::task_words;
use crate::culprit::{self, Blame, NOBODY, Pick};
use crate::explain::next;
use crate::facts::Facts;
use crate::grammar::{frame, marks, named};
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "slab",
    about: about::SLAB,
    headers: &["BUG "],
    begins: |text| parts(text).is_some(),
    owns: |text| owns(text.trim_start()),
    detail: |text| {
        let text = text.trim();
        for (words, name) in [
            ("Allocated in ", "allocated"),
            ("Freed in ", "freed"),
            ("Slab 0x", "slab"),
            ("Object 0x", "object"),
            ("FIX ", "repaired"),
        ] {
            if text.starts_with(words) || text.strip_prefix("INFO: ").is_some_and(|rest| rest.starts_with(words)) {
                return Some((name, text.strip_prefix("INFO: ").unwrap_or(text).to_owned()));
            }
        }
        (text.contains("First byte 0x") || text.starts_with("0x") && text.contains(" @offset="))
            .then(|| ("changed", text.to_owned()))
    },
    absorbs: |text| text.contains("WARNING: ") && text.contains(" mm/slub.c:"),
    blame: |facts| {
        if facts.find_line(frees).is_some() {
            &culprit::TRACE
        } else if facts.find_line(|text| owner(text).map(|_| ())).is_some() {
            &OWNER
        } else {
            &NOBODY
        }
    },
    titles,
    lead,
    evidence,
    innocent: |facts| finder(facts, "checked the object").into_iter().collect(),
    next: |_| vec![next::kasan(), next::slab_debug()],
    ..Rule::BASE
};

/// Whose object it was, where SLUB keeps that (`slub_debug=U`).
static OWNER: Blame =
    Blame { steps: &[Step::Line(owner), Step::Frames], or: &[], innocent: &["alloc"], pick: Pick::First };

/// The trace goes through a free: who frees the object is who had it.
fn frees(text: &str) -> Option<()> {
    let frame = frame::parse(text).filter(|frame| frame.reliable)?;
    let name = frame.place.function?;
    (name.starts_with("kfree") || name.starts_with("kmem_cache_free") || name.starts_with("kmem_cache_destroy"))
        .then_some(())
}

fn owner(text: &str) -> Option<Mark<'_>> {
    let (_, rest) = text.split_once("Allocated in ")?;
    rest.contains(" age=").then(|| Mark::of(named::function(rest)))
}

/// The cache and what is wrong with it.
fn parts(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start().strip_prefix("BUG ")?;
    let (cache, rest) = rest
        .split_once(' ')
        .filter(|(cache, _)| !cache.ends_with(':'))
        .or_else(|| rest.split_once(": ").map(|(cache, _)| (cache, &rest[cache.len()..])))?;
    if cache.is_empty() || rest.starts_with("at ") {
        return None;
    }
    // `(Tainted: G    B)`, `(Not tainted)`; before 3.10 nothing stood between.
    let what = match rest.strip_prefix('(') {
        Some(rest) => rest.split_once("): ")?.1,
        None => rest.strip_prefix(": ")?,
    };
    // KASAN used SLUB's headline for a while (4.0 to 4.9); the report is KASAN's.
    (!what.is_empty() && !what.starts_with("kasan: ")).then_some((cache, what.trim()))
}

fn titles(facts: &Facts) -> Titles {
    let Some((cache, what)) = parts(&facts.header) else { return Titles::plain(facts.header.as_str()) };
    if what == "Object already free" {
        return Titles::plain("BUG: Object already free");
    }
    Titles::plain(format!("BUG {cache}: {what}"))
}

fn owns(text: &str) -> bool {
    [
        "Allocated in ",
        "Freed in ",
        "INFO: Allocated in ",
        "INFO: Freed in ",
        "INFO: Slab ",
        "INFO: Object ",
        "INFO: 0x",
        "Slab 0x",
        "Object ",
        "Redzone ",
        "Padding ",
        "Bytes b4 ",
        "FIX ",
        "0x",
        "-----",
        "Disabling lock debugging",
        "Left Redzone ",
        "Right Redzone ",
    ]
    .iter()
    .any(|start| text.starts_with(start))
        || marks::is_fence(text)
}

fn lead(facts: &Facts) -> Prose {
    match parts(&facts.header) {
        Some((cache, what)) => Prose::default()
            .text("An object of the cache ")
            .code(cache.to_owned(), Some(facts.header_line))
            .text(" is damaged (")
            .claim(what.to_owned(), Some(facts.header_line))
            .text("),"),
        None => super::headline(facts),
    }
}

/// Who allocated and freed it and how long before, and what the first wrong byte looks like.
fn evidence(facts: &Facts) -> Vec<Prose> {
    let mut evidence = Vec::new();
    for detail in facts.report.details.iter().filter(|d| matches!(d.name.as_str(), "allocated" | "freed")).take(2) {
        let Some((_, rest)) = detail.value.split_once(" in ") else { continue };
        let function = rest.split(' ').next().unwrap_or(rest);
        let prose = Prose::default().text(format!("It was last {} in ", detail.name)).code(function, Some(detail.line));
        let prose = match named::number_after(rest, " pid=") {
            Some(pid) => prose.text(" by ").claim(format!("PID {pid}"), Some(detail.line)),
            None => prose,
        };
        evidence.push(match named::number_after(rest, " age=") {
            Some(age) => prose.text(", ").claim(format!("{age} jiffies before this"), Some(detail.line)).text("."),
            None => prose.text("."),
        });
    }
    let changed = facts.report.details.iter().find(|detail| detail.value.contains("First byte 0x"));
    if let Some((found, wanted, line)) = changed.and_then(|d| first_byte(&d.value).map(|(a, b)| (a, b, d.line))) {
        let prose = Prose::default()
            .text("The first wrong byte is ")
            .claim(format!("{found:#04x} instead of {wanted:#04x}"), Some(line));
        evidence.push(match found.wrapping_sub(wanted) {
            0xff => prose.text(": ").guess("something was counted down in an object that had been freed.", None),
            1 => prose.text(": ").guess("something was counted up in an object that had been freed.", None),
            _ => prose.text("."),
        });
    }
    evidence
}

/// `First byte 0x6a instead of 0x6b`.
fn first_byte(text: &str) -> Option<(u8, u8)> {
    let (_, rest) = text.split_once("First byte 0x")?;
    let (found, rest) = rest.split_once(" instead of 0x")?;
    let wanted = rest.get(..2)?;
    Some((u8::from_str_radix(found, 16).ok()?, u8::from_str_radix(wanted, 16).ok()?))
}

/// The task of a report that somebody else's write is to blame for.
pub(super) fn finder(facts: &Facts, deed: &str) -> Option<Prose> {
    facts.report.comm.as_ref()?;
    Some(
        Prose::default()
            .claim(task_words(&facts.report), facts.report.task_line)
            .text(format!(" only {deed}: the damage was done before, by whoever wrote there.")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wrong_byte() {
        assert_eq!(first_byte("0xffff-0xffff @offset=8. First byte 0x6a instead of 0x6b"), Some((0x6a, 0x6b)));
        assert_eq!(first_byte("First byte 0x6a instead of 0x"), None);
    }
}
