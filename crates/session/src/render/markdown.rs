//! Markdown for an issue tracker: the same content as the text, with the log folded into a fenced block.
//!
//! Nothing that comes out of a log may become markup: the kernel's words stand in code, and all others are escaped.

use super::facts;
use super::{Input, Item};
use crate::words::{number, plural};
use oopscope_report::{Prose, Report, Span};
use std::fmt::Write;

pub(super) fn render(input: &Input<'_>) -> String {
    let mut out = String::new();
    if input.items.is_empty() {
        let (sentence, looked_for) = super::nothing_found(input.facts);
        let _ = writeln!(out, "{}", escape(&sentence));
        if !looked_for.is_empty() {
            out.push_str("\nLooked for:\n\n");
            for text in looked_for {
                let _ = writeln!(out, "- {}", code(&text));
            }
        }
        return out;
    }
    for item in &input.items {
        report(&mut out, input, item);
    }
    out
}

fn report(out: &mut String, input: &Input<'_>, item: &Item<'_>) {
    let report = item.report;
    if !out.is_empty() {
        out.push('\n');
    }
    let which =
        if input.items.len() > 1 { format!("{} of {}: ", item.index + 1, input.reports) } else { String::new() };
    let _ = writeln!(out, "### {which}{}\n", escape(&report.title));
    if !report.verdict.is_empty() {
        let _ = writeln!(out, "{}\n", prose(&report.verdict));
    }
    for words in super::must_not_miss(report) {
        let _ = writeln!(out, "> {}\n", prose(&words));
    }
    explanation(out, report);
    out.push_str("| | |\n|---|---|\n");
    for fact in facts::rows(item, input.facts) {
        let remark = if fact.remark.is_empty() { String::new() } else { format!(" - {}", escape(&fact.remark)) };
        let _ = writeln!(out, "| {} | {}{remark} |", cell(&escape(&fact.label)), cell(&code(&fact.value)));
    }
    // These are Oopscope's own words, and Markdown as they stand.
    for (index, words) in super::meaning(report).into_iter().enumerate() {
        let heading = if index == 0 { "**What it means:** " } else { "" };
        let _ = writeln!(out, "\n{heading}{words}");
    }
    if let Some((words, lines)) = super::code::listing(report) {
        let _ = writeln!(out, "\n{}", escape(&words));
        if !lines.is_empty() {
            out.push('\n');
            fenced(out, &lines);
        }
    }
    let name = input.facts.name.as_deref().map(|name| format!(" of {}", code(name))).unwrap_or_default();
    if let Some((first, last)) = super::given(item) {
        let with = super::symbols::with(report);
        let _ = writeln!(out, "\nLines {} to {}{name}{with}:\n", number(first), number(last));
        fenced(out, &super::lines(item));
    }
    if let Some((count, first)) = super::left_out(item) {
        let more = plural(count, "more line", "more lines");
        let _ = writeln!(out, "\n{more} of this report, from line {} on, left out.", number(first));
    }
}

/// What the evidence says, who is innocent, and what to do next.
fn explanation(out: &mut String, report: &Report) {
    let explanation = &report.explanation;
    for (heading, sentences) in [("Evidence", &explanation.evidence), ("Innocent", &explanation.innocent)] {
        if sentences.is_empty() {
            continue;
        }
        let _ = writeln!(out, "**{heading}**\n");
        for words in sentences {
            let _ = writeln!(out, "- {}", prose(words));
        }
        out.push('\n');
    }
    if explanation.next.is_empty() {
        return;
    }
    out.push_str("**What to do next**\n\n");
    for (index, advice) in explanation.next.iter().enumerate() {
        let command = advice.command.as_deref().map(|command| format!(" {}", code(command))).unwrap_or_default();
        let _ = writeln!(out, "{}. {}{command}", index + 1, prose(&advice.words));
    }
    out.push('\n');
}

/// Lines in a block whose fence is longer than any that stands in them.
fn fenced(out: &mut String, lines: &[String]) {
    let fence = "`".repeat(lines.iter().map(|line| longest_run(line)).max().unwrap_or(0).max(2) + 1);
    let _ = writeln!(out, "{fence}text");
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "{fence}");
}

fn prose(prose: &Prose) -> String {
    prose.0.iter().map(span).collect()
}

fn span(span: &Span) -> String {
    let text = if span.code { code(&span.text) } else { escape(&span.text) };
    let text = if span.strong && !span.text.trim().is_empty() { strong(&text) } else { text };
    if span.guess { super::inferred(&text) } else { text }
}

/// Bold, with the blanks at both ends left outside, where Markdown wants them.
fn strong(text: &str) -> String {
    let body = text.trim();
    let start = &text[..text.len() - text.trim_start().len()];
    let end = &text[text.trim_end().len()..];
    format!("{start}**{body}**{end}")
}

/// A code span with as many backticks as its contents need.
fn code(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return text;
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    if ticks.len() > 1 { format!("{ticks} {text} {ticks}") } else { format!("{ticks}{text}{ticks}") }
}

/// A cell of a table: a bar would end it, even inside code.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Words that must not become markup, HTML, a mention or a link to an issue.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' => out.extend(['\\', c]),
            // A zero-width space after it keeps a name from being called.
            '@' => out.push_str("@\u{200b}"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(escape("<img onerror> @name __x__ #1"), "\\<img onerror\\> @\u{200b}name \\_\\_x\\_\\_ \\#1");
        assert_eq!(code("a `b` c"), "`` a `b` c ``");
        assert_eq!(strong(" it matters "), " **it matters** ");
        assert_eq!(cell(&code("a|b")), "`a\\|b`");
    }
}
