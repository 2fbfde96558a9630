//! **KMSAN: a value that nobody has set.** The Kernel Memory Sanitizer follows every uninitialized bit, and reports when
//! one decides a branch, is used as an address, or leaves the kernel for user space or a device (an information leak).
//! The first trace is where the value was used, “Uninit was stored to memory at” how it got there, and “Uninit was
//! created at” or “Local variable … created at” where it came from: the mistake is most often a member that nobody
//! filled in between these.
//!
//! Headline: `BUG: KMSAN: uninit-value in f+0x1/0x2` (mm/kmsan/report.c); the frames follow without `Call Trace:`.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::explain::frame_words;
use crate::facts::Facts;
use crate::grammar::frame::base_name;
use crate::grammar::{marks, named};
use crate::skip;
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::{Prose, StackRole};

pub(crate) static RULE: Rule = Rule {
    name: "kmsan",
    about: about::KMSAN,
    headers: &["BUG: KMSAN: "],
    begins: |text| text.trim_start().starts_with("BUG: KMSAN: "),
    owns: |text| {
        let text = text.trim_start();
        ["Uninit was ", "Local variable ", "Byte", "Memory access of size ", "Data copied to "]
            .iter()
            .any(|start| text.starts_with(start))
            || marks::is_fence(text)
    },
    detail,
    blame: |facts| if is_usb(facts) { &USB } else { &USE },
    titles,
    lead,
    needs_trace: false,
    evidence,
    ..Rule::BASE
};

static USE: Blame = Blame {
    steps: &[Step::Frames, Step::Line(created), Step::Frames],
    or: &[],
    // Buffers are filled by others than those who allocate them, and ciphers work on what they are handed.
    innocent: &["alloc_skb", "netlink_ack", "netlink_rcv_skb", "_encrypt$", "^crypto_", "^cipher_", "^drbg_", "^rng_"],
    pick: Pick::First,
};

static USB: Blame = Blame {
    steps: &[Step::Frames, Step::Line(created), Step::Frames],
    or: &[],
    innocent: &[
        "alloc_skb",
        "usb_submit_urb",
        "usb_start_wait_urb",
        "usb_bulk_msg",
        "usb_interrupt_msg",
        "usb_control_msg",
    ],
    pick: Pick::First,
};

fn created(text: &str) -> Option<Mark<'_>> {
    let is = text.contains("Uninit was created at:")
        || text.split_once("Local variable ").is_some_and(|(_, rest)| rest.contains(" created at:"));
    is.then_some(Mark::Here)
}

fn bug(facts: &Facts) -> &str {
    let rest = facts.header.split_once("BUG: KMSAN: ").map_or("", |(_, rest)| rest);
    rest.split(" in ").next().unwrap_or(rest)
}

fn is_usb(facts: &Facts) -> bool {
    bug(facts) == "kernel-usb-infoleak"
}

fn titles(facts: &Facts) -> Titles {
    if named::after_in(&facts.header).is_none() {
        return Titles::of_header(facts, "BUG:", "the headline does not name a function");
    }
    let title = format!("KMSAN: {} in {{}}", bug(facts));
    if is_usb(facts) {
        // What leaks through USB leaks at one place: where the value came from tells the bugs apart.
        Titles::blaming(facts, &title, &["KMSAN origin in {1}"])
    } else {
        Titles::blaming(facts, &title, &["bad-access in {}"])
    }
}

fn detail(text: &str) -> Option<(&'static str, String)> {
    let text = text.trim();
    if text.starts_with("Byte") && text.contains("uninitialized") {
        return Some(("uninitialized", text.to_owned()));
    }
    let (_, variable) = text.split_once("Local variable ")?;
    Some(("local variable", variable.split(" created at").next().unwrap_or(variable).to_owned()))
}

fn lead(facts: &Facts) -> Prose {
    Prose::default()
        .text("KMSAN saw uninitialized memory being used (")
        .claim(bug(facts).to_owned(), Some(facts.header_line))
        .text(")")
}

/// Where the value came from, and how much of it nobody had set.
fn evidence(facts: &Facts) -> Vec<Prose> {
    let bytes = facts
        .report
        .details
        .iter()
        .find(|detail| detail.name == "uninitialized")
        .map(|detail| Prose::default().claim(detail.value.clone(), Some(detail.line)).text("."));
    let origins = facts.report.stacks.iter().filter(|stack| stack.role == StackRole::Origin);
    let origins = origins.filter_map(|stack| {
        let frame = stack.frames.iter().find(|frame| {
            frame.reliable && frame.function.as_deref().is_some_and(|name| !skip::is_innocent(base_name(name)))
        })?;
        Some(
            Prose::default()
                .claim(stack.title.trim_end_matches(" at").trim_end_matches(" at:").to_owned(), Some(stack.line))
                .text(" in ")
                .code(frame_words(frame), Some(frame.line))
                .text("."),
        )
    });
    let mut evidence: Vec<Prose> = bytes.into_iter().collect();
    for origin in origins {
        // A value that was handed on in a loop came the same way each time.
        if evidence.len() < 4 && evidence.last().is_none_or(|last| last.plain() != origin.plain()) {
            evidence.push(origin);
        }
    }
    evidence
}
