//! What a permalink to a report holds, and what it is when it is opened again.
//!
//! The text is the report with its surroundings, and the few lines of its boot that tell which kernel on which machine
//! it was. This module must never let a line into a link that was not redacted and shown to the user first.

use crate::input::Input;
use crate::lines::{Excerpt, Range};
use crate::log::Log;
use crate::problem;
use crate::render::file_name_of;
use crate::symbols::annotated;
use crate::words::plural;
use oopscope_protocol::{LinkFacts, Piece, Problem, Redaction, Shared, View};
use oopscope_report::Report;
use oopscope_share::{Decoded, EncodeError, Kind, Link, Redacted};

/// Lines before and after the report that are shared with it.
const BEFORE: u64 = 40;
const AFTER: u64 = 15;

/// How far after its banner the other lines of a boot are looked for.
const BOOT_LINES: u64 = 300;

/// What the lines of a boot that are shared look like: command line, machine by DMI, machine by device tree.
const BOOT_MARKS: [&str; 3] = ["ommand line: ", "DMI: ", "Machine model: "];

/// The most lines that are shared. No link is so long: it would be offered as a file.
const MOST: u64 = 20_000;

/// A sharing under way: which lines, and how.
pub(crate) struct Plan {
    index: u32,
    view: View,
    on: Vec<Kind>,
    /// The report with its surroundings.
    body: Range,
    /// The beginning of its boot, where that lies before `body`.
    boot: Option<Range>,
}

impl Plan {
    /// A plan to share a report; `redactions` are the names of those that are on, absent for all.
    pub(crate) fn new(log: &Log, index: u32, redactions: Option<&[String]>, view: View) -> Result<Self, Problem> {
        let report = log.report(index).ok_or_else(|| problem::no_report(index, log.reports.len()))?;
        let on = match redactions {
            None => Kind::ALL.to_vec(),
            Some(names) => names.iter().map(|name| kind(name)).collect::<Result<_, _>>()?,
        };
        let body = body(log, report);
        Ok(Self { index, view, on, body, boot: boot(log, report, body) })
    }

    /// The lines that [`Plan::shared`] needs: the body, and the boot's where there are any.
    pub(crate) fn ranges(&self) -> Vec<Range> {
        std::iter::once(self.body).chain(self.boot).collect()
    }

    /// What the link would hold. `excerpts` are the lines of [`Plan::ranges`].
    pub(crate) fn shared(&self, log: &Log, excerpts: &[Excerpt]) -> Shared {
        let report = log.report(self.index);
        let (first, text, more) = self.text(report, excerpts);
        let redacted = oopscope_share::redact::redact(&text, &self.on);
        let redacted_text = redacted.text();
        let view = oopscope_share::View {
            first,
            line: self.view.line.map(|line| line + put_before(line, &more)),
            tab: self.view.tab.clone(),
            report: report.and_then(|report| find_again(report, first, &redacted_text)),
        };
        let (fragment, length) = match oopscope_share::encode(&Link { view, text: redacted_text }) {
            Ok(fragment) => {
                let length = fragment.len();
                (Some(fragment), length)
            }
            Err(EncodeError::LinkTooLong { length }) => (None, length),
            Err(EncodeError::TextTooLong { bytes }) => (None, bytes),
            Err(_) => (None, text.len()),
        };
        Shared {
            redactions: self.redactions(&redacted),
            pieces: redacted.pieces.into_iter().map(piece).collect(),
            fragment,
            length: length as u64,
            file_name: file_name_of(log, Some(self.index), "log"),
        }
    }

    /// The text before redaction, the number of its first line, and before which lines how many were put that are not in
    /// the log: the functions that files of symbols say are inlined there.
    ///
    /// The number is chosen so that the lines of the body keep theirs, but for those: what is put before the body takes the
    /// numbers of lines that were left out.
    fn text(&self, report: Option<&Report>, excerpts: &[Excerpt]) -> (u64, String, Vec<(u64, u64)>) {
        let mut lines = Vec::new();
        let mut more = Vec::new();
        let mut boot_lines = 0;
        if let [_, boot] = excerpts {
            let banner = boot.lines.iter().take(1);
            let others =
                boot.lines.iter().skip(1).filter(|line| BOOT_MARKS.iter().any(|mark| line.text.contains(mark)));
            lines.extend(banner.chain(others.take(BOOT_MARKS.len())).map(|line| line.text.clone()));
            boot_lines = lines.len() as u64;
            let between = self.body.from.saturating_sub(boot.from).saturating_sub(boot_lines);
            if between > 0 {
                lines.push(format!("[{} left out here]", plural(between, "line", "lines")));
                boot_lines += 1;
            }
        }
        if let [body, ..] = excerpts {
            match report {
                Some(report) => {
                    for (number, line) in (body.from..).zip(annotated(report, body.from, &body.lines)) {
                        if !line.before.is_empty() {
                            more.push((number, line.before.len() as u64));
                        }
                        lines.extend(line.before);
                        lines.push(line.line.text);
                    }
                }
                None => lines.extend(body.lines.iter().map(|line| line.text.clone())),
            }
            let missing = (self.body.to + 1).saturating_sub(body.from + body.lines.len() as u64);
            if missing > 0 {
                lines.push(format!("[{} left out here]", plural(missing, "line", "lines")));
            }
        }
        lines.push(String::new());
        (self.body.from.saturating_sub(boot_lines).max(1), lines.join("\n"), more)
    }

    fn redactions(&self, redacted: &Redacted) -> Vec<Redaction> {
        let row = |&(kind, found): &(Kind, u32)| Redaction {
            name: kind.name().to_owned(),
            label: kind.label().to_owned(),
            found,
            on: self.on.contains(&kind),
        };
        redacted.found.iter().map(row).collect()
    }
}

/// How many lines were put before a line and before those above it.
fn put_before(line: u64, more: &[(u64, u64)]) -> u64 {
    more.iter().take_while(|(number, _)| *number <= line).map(|(_, count)| count).sum()
}

fn kind(name: &str) -> Result<Kind, Problem> {
    Kind::from_name(name).ok_or_else(|| problem::no_redaction(name, &Kind::ALL.map(Kind::name)))
}

fn piece(piece: oopscope_share::Piece) -> Piece {
    Piece { text: piece.text, original: piece.original, redaction: piece.kind.map(|kind| kind.name().to_owned()) }
}

fn body(log: &Log, report: &Report) -> Range {
    let from = report.first_line.saturating_sub(BEFORE).max(1);
    let to = report.last_line.saturating_add(AFTER).min(log.facts.lines).max(report.first_line);
    Range { from, to: to.min(from.saturating_add(MOST - 1)) }
}

/// The beginning of the report's boot, if its banner lies before the body and no later boot began in between.
fn boot(log: &Log, report: &Report, body: Range) -> Option<Range> {
    let from = log.facts.boots.iter().find(|boot| boot.number == report.boot)?.line;
    (1..body.from).contains(&from).then(|| Range { from, to: (body.from - 1).min(from + BOOT_LINES) })
}

/// The index of the report among those that are found in the link's own text.
fn find_again(report: &Report, first: u64, text: &str) -> Option<u32> {
    let (reports, _) = oopscope_klog::parse(text.as_bytes());
    let line = report.first_line.checked_sub(first)?.checked_add(1)?;
    let index = reports.iter().position(|found| found.first_line == line)?;
    u32::try_from(index).ok()
}

/// What a permalink's fragment holds.
pub(crate) fn open(fragment: &str) -> Result<(LinkFacts, Input), Problem> {
    let Decoded { link: Link { view, text }, problem } = oopscope_share::decode(fragment);
    if text.trim().is_empty() {
        let why = problem.map_or_else(|| "this link holds no text".to_owned(), |problem| problem.to_string());
        return Err(problem::link(&why));
    }
    let facts = LinkFacts {
        first_line: view.first,
        report: view.report,
        view: View { line: view.line, tab: view.tab },
        problem: problem.map(|problem| problem.to_string()),
    };
    Ok((facts, Input::from_bytes("", text.into_bytes())))
}
