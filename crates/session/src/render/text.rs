//! Plain text for a mail: what happened, the facts, and then the report's own lines as the kernel printed them.
//!
//! Maintainers want those lines whole, so nothing that stands in them is set a second time: no stack, no registers.
//! Oopscope's own words are wrapped for mail; the kernel's lines must never be wrapped or rewritten.

use super::facts::{self, Fact};
use super::{Input, Item};
use crate::words::{number, plural};
use oopscope_report::{Prose, Report};
use std::fmt::Write;

/// Columns of our own words: a quoted mail still fits 80.
const WIDTH: usize = 76;

/// Columns of the labels of facts.
const LABEL: usize = 13;

pub(super) fn render(input: &Input<'_>) -> String {
    let mut out = String::new();
    if input.items.is_empty() {
        let (sentence, looked_for) = super::nothing_found(input.facts);
        paragraph(&mut out, &sentence, "", "");
        if !looked_for.is_empty() {
            out.push_str("Looked for:\n");
            paragraph(&mut out, &looked_for.join(" | "), "  ", "  ");
        }
        return out;
    }
    for item in &input.items {
        if input.items.len() > 1 {
            separator(&mut out, item.index, input.reports);
        }
        report(&mut out, input, item);
    }
    out
}

fn separator(out: &mut String, index: usize, reports: usize) {
    if !out.is_empty() {
        out.push('\n');
    }
    let head = format!("==== Report {} of {reports} ", index + 1);
    let _ = writeln!(out, "{head}{}\n", "=".repeat(WIDTH.saturating_sub(head.len())));
}

fn report(out: &mut String, input: &Input<'_>, item: &Item<'_>) {
    let report = item.report;
    let _ = writeln!(out, "{}\n", report.title);
    if !report.verdict.is_empty() {
        paragraph(out, &plain(&report.verdict), "", "");
        out.push('\n');
    }
    for prose in super::must_not_miss(report) {
        paragraph(out, &plain(&prose), "* ", "  ");
    }
    if !report.notices.is_empty() || !report.links.is_empty() {
        out.push('\n');
    }
    explanation(out, report);
    for fact in facts::rows(item, input.facts) {
        row(out, &fact);
    }
    for (index, words) in super::meaning(report).into_iter().enumerate() {
        out.push('\n');
        paragraph(out, words, if index == 0 { "What it means: " } else { "" }, "");
    }
    if let Some((words, lines)) = super::code::listing(report) {
        out.push('\n');
        paragraph(out, &words, "", "");
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
    }
    let name = input.facts.name.as_deref().map(|name| format!(" of {name}")).unwrap_or_default();
    if let Some((first, last)) = super::given(item) {
        let with = super::symbols::with(report);
        let _ = writeln!(out, "\nLines {} to {}{name}{with}:\n", number(first), number(last));
    }
    for line in super::lines(item) {
        let _ = writeln!(out, "{line}");
    }
    if let Some((count, first)) = super::left_out(item) {
        let more = plural(count, "more line", "more lines");
        let _ = writeln!(out, "\n[{more} of this report, from line {} on, left out]", number(first));
    }
}

/// What the evidence says, who is innocent, and what to do next: before the facts, which are there to be looked up.
fn explanation(out: &mut String, report: &Report) {
    let explanation = &report.explanation;
    for (heading, sentences) in [("Evidence:", &explanation.evidence), ("Innocent:", &explanation.innocent)] {
        if sentences.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{heading}");
        for prose in sentences {
            paragraph(out, &plain(prose), "- ", "  ");
        }
        out.push('\n');
    }
    if explanation.next.is_empty() {
        return;
    }
    let _ = writeln!(out, "What to do next:");
    for (index, advice) in explanation.next.iter().enumerate() {
        paragraph(out, &plain(&advice.words), &format!("{}. ", index + 1), "   ");
        // To be copied as it is: not wrapped.
        if let Some(command) = &advice.command {
            let _ = writeln!(out, "       {command}");
        }
    }
    out.push('\n');
}

fn row(out: &mut String, fact: &Fact) {
    let first = format!("{:<LABEL$}", format!("{}:", fact.label));
    let rest = " ".repeat(LABEL);
    let text = match fact.remark.as_str() {
        "" => fact.value.clone(),
        remark => format!("{} - {remark}", fact.value),
    };
    paragraph(out, &text, &first, &rest);
}

/// The words of a sentence; what is inferred and not read in the log is marked.
fn plain(prose: &Prose) -> String {
    prose.0.iter().map(|span| if span.guess { super::inferred(&span.text) } else { span.text.clone() }).collect()
}

/// Writes words wrapped at [`WIDTH`], with `first` before the first line and `rest` before the others.
fn paragraph(out: &mut String, text: &str, first: &str, rest: &str) {
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        let width = line.chars().count() + 1 + word.chars().count();
        if !empty && width > WIDTH {
            let _ = writeln!(out, "{line}");
            rest.clone_into(&mut line);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_words_are_wrapped_and_long_ones_are_not_broken() {
        let mut out = String::new();
        let long = "x".repeat(90);
        paragraph(&mut out, &format!("{} {long} end", "word ".repeat(20)), "* ", "  ");
        assert!(out.lines().all(|line| line.len() <= WIDTH || line.trim() == long), "{out}");
        assert!(out.starts_with("* word word"));
        assert!(out.lines().skip(1).all(|line| line.starts_with("  ")));
    }
}
