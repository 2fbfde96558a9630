//! **UBSAN: undefined behaviour of C.** A check that the compiler built in found an operation whose result the language
//! does not define: an index beyond an array, a shift by more bits than the type has, a signed overflow, a value that
//! its type can't hold. The kernel goes on with whatever came out. An index out of bounds is a memory bug; a shift or
//! overflow may be harmless or may be how a size check is passed. Arrays at the end of structures that are declared with
//! one element give false index reports.
//!
//! Headline: `UBSAN: array-index-out-of-bounds in file.c:12:3` (lib/ubsan.c; `Undefined behaviour in` before 5.10), then
//! the values. Framed by `=` until 6.1, by `cut here` after.

use super::Rule;
use crate::about;
use crate::culprit::Blame;
use crate::facts::Facts;
use crate::grammar::marks;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "ubsan",
    about: about::UBSAN,
    headers: &["UBSAN: "],
    begins: |text| text.trim_start().starts_with("UBSAN: ") && text.contains(" in "),
    owns: |text| marks::is_fence(text.trim_start()),
    blame: |_| &TRACE,
    titles,
    lead,
    ..Rule::BASE
};

static TRACE: Blame = Blame::of_trace(&["ubsan", "overflow"]);

/// What was undefined.
fn bug(facts: &Facts) -> &str {
    let rest = facts.header.split_once("UBSAN: ").map_or("", |(_, rest)| rest);
    let bug = rest.split(" in").next().unwrap_or(rest);
    if bug == "Undefined behaviour" { "undefined-behaviour" } else { bug }
}

fn titles(facts: &Facts) -> Titles {
    let bug = bug(facts);
    let alts: &[&str] = if bug == "array-index-out-of-bounds" { &["bad-access in {}"] } else { &[] };
    Titles::blaming(facts, &format!("UBSAN: {bug} in {{}}"), alts)
}

fn lead(facts: &Facts) -> Prose {
    let prose = Prose::default()
        .text("UBSAN found ")
        .claim(bug(facts).replace("undefined-behaviour", "undefined behaviour"), Some(facts.header_line));
    match facts.message.iter().find(|(_, line)| *line > facts.header_line) {
        Some((text, line)) => {
            // `signed integer overflow:`, and its values in the line below.
            let values = text.ends_with(':').then(|| {
                facts.find_line(|text| text.contains(" cannot be represented in type ").then(|| text.trim().to_owned()))
            });
            let prose = prose.text(", “").claim(text.clone(), Some(*line));
            match values.flatten() {
                Some((values, line)) => prose.text(" ").claim(values, Some(line)),
                None => prose,
            }
            .text("”,")
        }
        None => prose.text(","),
    }
}
