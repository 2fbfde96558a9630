//! **KASAN: a bad memory access, caught in the act.** The Kernel Address Sanitizer checks every load and store against a
//! map of what is allocated. Unlike an Oops, which is noticed only when an address happens to be unmapped, it reports
//! the first wrong access, with the object's history: where it was allocated and where it was freed.
//!
//! Use-after-free: compare the trace with “Freed by”; somebody kept a pointer. Out-of-bounds: compare the access with the
//! object's size. Invalid-free and double-free: look at both frees. The function at the top only touched the memory;
//! the mistake may be in whoever freed it too early.
//!
//! Headline: `BUG: KASAN: slab-use-after-free in f+0x1/0x2`, then `Read of size 8 at addr … by task comm/pid`
//! (mm/kasan/report.c). With hardware tags the access has no size.

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
    name: "kasan",
    about: about::KASAN,
    headers: &["BUG: KASAN: "],
    begins: |text| text.trim_start().starts_with("BUG: KASAN: "),
    owns: |text| owns(text.trim_start()),
    detail,
    blame: |facts| if is_free(facts) { &FREE } else { &ACCESS },
    titles,
    lead,
    evidence,
    innocent,
    next: |_| vec![next::symbols()],
    ..Rule::BASE
};

static ACCESS: Blame = Blame {
    steps: &[Step::Line(header), Step::Trace, Step::Frames],
    or: &[],
    // How a tag fault of the hardware comes in (arm64).
    innocent: &["kernel_fault", "tag_check", "mem_abort", "^el1_", "^el1h_"],
    pick: Pick::First,
};

static FREE: Blame = Blame {
    steps: &[Step::Line(header), Step::Trace, Step::Frames],
    or: &[],
    innocent: &["slab_", "kfree", "vunmap", "vfree"],
    pick: Pick::First,
};

fn header(text: &str) -> Option<Mark<'_>> {
    text.contains("BUG: KASAN: ").then(|| Mark::of(named::after_in(text)))
}

/// The sort of bug: `slab-out-of-bounds`.
fn bug(facts: &Facts) -> &str {
    let rest = facts.header.split_once("BUG: KASAN: ").map_or("", |(_, rest)| rest);
    rest.split(" in ").next().unwrap_or(rest)
}

/// `Read of size 8 at addr …`, `Write at addr …`: what was done, and the line.
fn access(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    [("Read", "Read"), ("Write", "Write")].into_iter().find_map(|(word, kind)| {
        let rest = text.strip_prefix(word)?;
        let rest = rest.strip_prefix(" of size ").or_else(|| rest.strip_prefix(" at addr "))?;
        rest.starts_with(|c: char| c.is_ascii_hexdigit()).then_some(kind)
    })
}

fn find_access(facts: &Facts) -> Option<(&'static str, u64)> {
    facts.find_line(access)
}

fn is_free(facts: &Facts) -> bool {
    find_access(facts).is_none() && matches!(bug(facts), "double-free or invalid-free" | "double-free" | "invalid-free")
}

fn titles(facts: &Facts) -> Titles {
    let names_function = named::after_in(&facts.header).is_some();
    match find_access(facts) {
        Some((access, _)) if names_function => {
            Titles::blaming(facts, &format!("KASAN: {} {access} in {{}}", bug(facts)), &["bad-access in {}"])
        }
        None if names_function && is_free(facts) => {
            Titles::blaming(facts, "KASAN: invalid-free in {}", &["invalid-free in {}"])
        }
        // The form of the first KASAN, 4.0: `BUG: KASAN: use after free on address …`.
        Some((access, _)) if facts.header.contains(" on address") => {
            let bug = bug(facts).split(" on address").next().unwrap_or_default();
            Titles::plain(format!("KASAN: {bug} {access}"))
        }
        _ => {
            let rest = facts.header.split_once("BUG: KASAN: ").map_or("", |(_, rest)| rest);
            Titles::plain(format!("KASAN: {rest}")).damaged("the line that says what was accessed is not in the report")
        }
    }
}

fn detail(text: &str) -> Option<(&'static str, String)> {
    let trimmed = text.trim_start();
    if access(text).is_some() {
        return Some(("access", trimmed.to_owned()));
    }
    [
        ("The buggy address belongs to the object at ", "object"),
        (" which belongs to the cache ", "cache"),
        ("The buggy address is located ", "place in the object"),
        ("The buggy address belongs to the variable:", "variable"),
        ("The buggy address belongs to stack of task ", "stack of task"),
        ("The buggy address belongs to the virtual mapping at", "mapping"),
        ("Pointer tag: ", "tags"),
        ("Free of addr ", "freed address"),
    ]
    .into_iter()
    .find_map(|(words, name)| {
        let at = text.find(words)?;
        let value = text[at + words.len()..].trim();
        Some((name, if value.is_empty() { trimmed.to_owned() } else { value.to_owned() }))
    })
}

fn owns(text: &str) -> bool {
    const STARTS: [&str; 23] = [
        "Read of size ",
        "Write of size ",
        "Read at addr ",
        "Write at addr ",
        "Free of addr ",
        "Pointer tag: ",
        "Allocated by task ",
        "Freed by task ",
        "Allocated:",
        "Freed:",
        "Last potentially related work creation:",
        "Second to last potentially related work creation:",
        "The buggy address ",
        "which belongs to the cache ",
        "This frame has ",
        "Memory state around the buggy address:",
        "page:",
        "raw: ",
        "page dumped because: ",
        "PID = ",
        "(stack is not available)",
        "Object at ",
        "Disabling lock debugging due to kernel taint",
    ];
    STARTS.iter().any(|start| text.starts_with(start)) || is_memory_row(text) || marks::is_fence(text)
}

/// ` ffff88801d0a0f80: fb fb fb fb`, `>ffff…: 00 00`, and the `^` under it.
fn is_memory_row(text: &str) -> bool {
    if text == "^" {
        return true;
    }
    let text = text.trim_start_matches('>');
    text.split_once(": ").is_some_and(|(address, bytes)| {
        address.len() >= 8
            && address.bytes().all(|b| b.is_ascii_hexdigit())
            && bytes.split(' ').all(|byte| byte.len() == 2 && byte.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

fn lead(facts: &Facts) -> Prose {
    let bug = bug(facts);
    let article = if bug.starts_with(['a', 'i', 'o', 'u']) && !bug.starts_with("us") { "an" } else { "a" };
    let prose =
        Prose::default().text(format!("KASAN caught {article} ")).claim(bug.to_owned(), Some(facts.header_line));
    match find_access(facts) {
        Some((access, line)) => {
            let size = named::number_after(facts.line_text(line), " of size ");
            let size = size.map_or_else(String::new, |size| format!(" of {}", bytes(size)));
            prose.text(", ").claim(format!("a {}{size}", access.to_lowercase()), Some(line)).text(",")
        }
        None => prose.text(","),
    }
}

/// "1 byte", "8 bytes".
fn bytes(size: &str) -> String {
    if size == "1" { "1 byte".to_owned() } else { format!("{size} bytes") }
}

/// Where in which object the access hit, and the object's history.
fn evidence(facts: &Facts) -> Vec<Prose> {
    place(facts).into_iter().chain(history(facts, "object")).collect()
}

/// "The address lies 28 bytes inside an object of kmalloc-128."
fn place(facts: &Facts) -> Option<Prose> {
    let find = |name: &str| facts.report.details.iter().find(|detail| detail.name == name);
    let place = find("place in the object")?;
    let object = find("cache").map(|cache| (format!("an object of the cache {}", cache.value), cache.line));
    let (object, line) = object.unwrap_or_else(|| ("the object".to_owned(), place.line));
    // Newer kernels say it all: `28 bytes inside of freed 128-byte region [ffff…, ffff…)`.
    let place_words = place.value.split(" [").next().unwrap_or_default();
    let place_words = place_words.trim_end_matches(" of").trim_end_matches(':');
    Some(
        Prose::default()
            .text("The address lies ")
            .claim(place_words, Some(place.line))
            .text(if place_words.ends_with("region") { ", " } else { " of " })
            .claim(object, Some(line))
            .text("."),
    )
}

/// The sanitizer's own way to its report.
fn innocent(facts: &Facts) -> Vec<Prose> {
    let Some(frame) = facts
        .report
        .stacks
        .iter()
        .filter(|stack| stack.role == oopscope_report::StackRole::Crash)
        .flat_map(|stack| &stack.frames)
        .find(|frame| frame.reliable && frame.function.as_deref().is_some_and(|name| name.contains("kasan_report")))
    else {
        return Vec::new();
    };
    vec![
        Prose::default()
            .text("The frames down to ")
            .code(frame.function.clone().unwrap_or_default(), Some(frame.line))
            .text(" are KASAN's own, on the way to this report."),
    ]
}
