//! Reports to text for people and to the JSON document for tools.
//!
//! The page's "copy as text" and the command print what is made here, to the byte. This module must never read: the
//! lines of the log are handed to it.

mod code;
mod facts;
mod json;
mod markdown;
mod symbols;
mod text;

use crate::lines::{Excerpt, Range};
use crate::log::Log;
use crate::symbols::annotated;
use oopscope_protocol::{Format, Problem};
use oopscope_report::{Link, LogFacts, Prose, Report};

/// The most lines of the log that are given with one report.
const REPORT_LINES: u64 = 400;

/// Bytes of log lines in one rendering: a thousand long reports fit.
pub(crate) const ROOM: usize = 64 << 20;

/// A report with the lines it was read from.
struct Item<'a> {
    /// Its index in the log.
    index: usize,
    report: &'a Report,
    lines: &'a Excerpt,
}

/// What the renderers are given.
struct Input<'a> {
    facts: &'a LogFacts,
    /// How many reports the log has; the items may be one of them.
    reports: usize,
    items: Vec<Item<'a>>,
}

/// The lines that [`render`] needs: one range a report, none for JSON.
pub(crate) fn needed(log: &Log, index: Option<u32>, format: Format) -> Vec<Range> {
    if format == Format::Json {
        return Vec::new();
    }
    chosen(log, index).map(|(_, report)| range(report)).collect()
}

/// The text of one report, or of all. `excerpts` are the lines of the ranges that [`needed`] gave.
pub(crate) fn render(
    log: &Log,
    index: Option<u32>,
    format: Format,
    excerpts: &[Excerpt],
) -> Result<(String, String), Problem> {
    let name = file_name(log, index, format);
    let text = match format {
        Format::Json => json::render(log, index)?,
        Format::Text => text::render(&input(log, index, excerpts)),
        Format::Markdown => markdown::render(&input(log, index, excerpts)),
    };
    Ok((text, name))
}

fn input<'a>(log: &'a Log, index: Option<u32>, excerpts: &'a [Excerpt]) -> Input<'a> {
    let items = chosen(log, index).zip(excerpts).map(|((index, report), lines)| Item { index, report, lines });
    Input { facts: &log.facts, reports: log.reports.len(), items: items.collect() }
}

fn chosen(log: &Log, index: Option<u32>) -> impl Iterator<Item = (usize, &Report)> {
    let only = index.and_then(|index| usize::try_from(index).ok());
    log.shown().enumerate().filter(move |(i, _)| only.is_none_or(|only| only == *i))
}

fn range(report: &Report) -> Range {
    let from = report.first_line.max(1);
    Range { from, to: report.last_line.max(from).min(from.saturating_add(REPORT_LINES - 1)) }
}

/// Which lines of the log are given: the first and the last; none where the room was used up.
fn given(item: &Item<'_>) -> Option<(u64, u64)> {
    let count = item.lines.lines.len() as u64;
    count.checked_sub(1).map(|more| (item.lines.from, item.lines.from + more))
}

/// The notices, and what ties the report to others of the log.
fn must_not_miss(report: &Report) -> Vec<Prose> {
    let see = |link: &Link| link.words.clone().text(format!(" See report {}.", u64::from(link.report) + 1));
    let links = report.links.iter().map(see);
    report.notices.iter().map(|notice| notice.prose.clone()).chain(links).collect()
}

/// What the kind means: its first paragraph, and those that do not list the kernel's headlines.
fn meaning(report: &Report) -> Vec<&str> {
    let about = report.explanation.about.iter().enumerate();
    about.filter(|(index, words)| *index == 0 || !words.contains('`')).map(|(_, words)| words.as_str()).collect()
}

/// How many lines of the report are not in its excerpt, with the number of the first of them.
fn left_out(item: &Item<'_>) -> Option<(u64, u64)> {
    let next = item.lines.from + item.lines.lines.len() as u64;
    let missing = (item.report.last_line + 1).saturating_sub(next);
    (missing > 0).then_some((missing, next))
}

/// The lines as text, with the source lines that files of symbols gave.
fn lines(item: &Item<'_>) -> Vec<String> {
    let annotated = annotated(item.report, item.lines.from, &item.lines.lines).into_iter();
    annotated.flat_map(|found| found.before.into_iter().chain([line(&found.line)])).collect()
}

/// A line as text, with a mark where it was cut.
fn line(line: &oopscope_protocol::LogLine) -> String {
    match line.cut {
        0 => line.text.trim_end().to_owned(),
        cut => format!("{} [{} more]", line.text, crate::words::plural(cut, "byte", "bytes")),
    }
}

/// Words that Oopscope infers, marked as such before their full stop.
fn inferred(text: &str) -> String {
    let words = text.trim_end_matches(['.', ' ']);
    format!("{words} (inferred){}", &text[words.len()..])
}

/// Why there is nothing to render, in a sentence, and what was looked for.
fn nothing_found(facts: &LogFacts) -> (String, Vec<String>) {
    let place = facts.name.as_deref().map(|name| format!(" in {name}")).unwrap_or_default();
    let lines = crate::words::plural(facts.lines, "line", "lines");
    let so_far = if facts.incomplete { " as far as it was read" } else { "" };
    (format!("No crash report found{place} ({lines}{so_far})."), oopscope_klog::looked_for())
}

fn file_name(log: &Log, index: Option<u32>, format: Format) -> String {
    let extension = match format {
        Format::Text => "txt",
        Format::Markdown => "md",
        Format::Json => "json",
    };
    file_name_of(log, index, extension)
}

/// A name for a file of a report, or of all: the log's own, made safe, with which report it is.
pub(crate) fn file_name_of(log: &Log, index: Option<u32>, extension: &str) -> String {
    let name = log.facts.name.as_deref().unwrap_or_default();
    let safe: String =
        name.chars().take(60).map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    let stem = match safe.trim_matches(['.', '-']) {
        "" => "kernel-log",
        stem => stem,
    };
    let which = index.map(|index| format!("-{}", u64::from(index) + 1)).unwrap_or_default();
    format!("{stem}.oops{which}.{extension}")
}
