//! Opening a log: identifies the inputs, joins them, and scans them block by block.
//!
//! Driven by [`Opening::step`], each of which reads about [`BLOCK`] bytes, so that one thread can stream a log of
//! any size, tell how far it is and be told to stop. This module must never hold more than one block.

use crate::identify::{Content, HEAD, identify, is_text};
use crate::input::{Input, Joined, PartError, clamp};
use crate::log::Log;
use crate::{notes, problem, summary, utf16};
use oopscope_klog::{Limits, Scanner};
use oopscope_protocol::{LinkFacts, LogSummary, Problem, Progress};
use oopscope_source::{Counted, ReadAt, ReadError};
use std::collections::VecDeque;

/// Bytes scanned by one step: some 20 ms natively and 70 ms in a browser, and a thousandth of a large log.
pub(crate) const BLOCK: usize = 4 << 20;

/// An opening under way.
pub(crate) struct Opening {
    /// Number of the request.
    pub(crate) id: u64,
    name: Option<String>,
    link: Option<LinkFacts>,
    waiting: VecDeque<Input>,
    left_out: Vec<Problem>,
    notes: Vec<String>,
    source: Joined,
    /// The first line of each file.
    starts: Vec<(String, u64)>,
    scanner: Scanner,
    offset: u64,
    reports_told: usize,
    block: Vec<u8>,
}

/// What a step led to.
pub(crate) enum Step {
    /// There is more to do.
    More(Progress),
    /// The log is open.
    Done(Box<(Log, LogSummary)>),
    /// It can't be opened.
    Failed(Problem),
}

impl Opening {
    /// An opening of `inputs` as one log, in this order, called `name` or after the inputs.
    pub(crate) fn new(id: u64, name: Option<String>, link: Option<LinkFacts>, inputs: Vec<Input>) -> Self {
        Self {
            id,
            name,
            link,
            waiting: inputs.into(),
            left_out: Vec::new(),
            notes: Vec::new(),
            source: Joined::default(),
            starts: Vec::new(),
            scanner: Scanner::new(Limits::default()),
            offset: 0,
            reports_told: 0,
            block: Vec::new(),
        }
    }

    /// Does the next part of the work.
    pub(crate) fn step(&mut self) -> Step {
        let mut budget = BLOCK;
        while budget > 0 {
            if let Some(input) = self.waiting.pop_front() {
                budget = budget.saturating_sub(HEAD);
                if let Err(failed) = self.admit(input) {
                    return Step::Failed(problem::reading(&failed));
                }
                continue;
            }
            if self.source.parts().is_empty() {
                let first = self.left_out.drain(..).next();
                return Step::Failed(first.unwrap_or_else(problem::nothing_given));
            }
            match self.scan(budget) {
                Ok(0) => return self.finish(false),
                Ok(n) => budget = budget.saturating_sub(n),
                Err(failed) => return self.broken(&failed),
            }
        }
        Step::More(self.progress())
    }

    /// Stops here: what was found until now is the answer.
    pub(crate) fn cancel(&mut self) -> Step {
        if self.offset == 0 {
            return Step::Failed(problem::superseded("it was cancelled"));
        }
        let total = self.total();
        self.notes.push(notes::cancelled(self.offset, total));
        self.finish(true)
    }

    /// Joins an input to the log if it is one, and remembers why not otherwise. An error ends the opening.
    fn admit(&mut self, input: Input) -> Result<(), PartError> {
        let Input { name, source } = input;
        let source = Counted::new(source);
        let content = match content(&source) {
            Ok(content) => content,
            Err(error) => {
                self.leave_out(&source, problem::reading(&PartError { name, error }));
                return Ok(());
            }
        };
        match content {
            Content::Text => return self.source.push(name, source),
            Content::Utf16 { big_endian } if source.len() <= utf16::LIMIT => {
                let text = match utf16::to_utf8(&source, big_endian) {
                    Ok(text) => text,
                    Err(error) => {
                        self.leave_out(&source, problem::reading(&PartError { name, error }));
                        return Ok(());
                    }
                };
                self.count(&source);
                self.notes.push(notes::converted(&name));
                return self.source.push(name, Counted::new(Box::new(text)));
            }
            Content::Utf16 { .. } => self.leave_out(&source, problem::utf16_too_large(&name)),
            Content::Empty => self.leave_out(&source, problem::empty(&name)),
            Content::Nuls => self.leave_out(&source, problem::only_nuls(&name)),
            Content::Known(known) => self.leave_out(&source, problem::known(&name, known)),
            Content::Binary => self.leave_out(&source, problem::binary(&name)),
        }
        Ok(())
    }

    fn leave_out(&mut self, source: &Counted<Box<dyn ReadAt>>, why: Problem) {
        self.count(source);
        self.left_out.push(why);
    }

    fn count(&mut self, source: &Counted<Box<dyn ReadAt>>) {
        self.source.other_reads += source.reads();
        self.source.other_bytes += source.bytes();
    }

    /// Scans up to `budget` bytes of one file; 0 at the end of the log.
    fn scan(&mut self, budget: usize) -> Result<usize, PartError> {
        self.note_start();
        let rest = self.source.part_end(self.offset).saturating_sub(self.offset);
        let wanted = clamp(rest).min(budget);
        self.block.resize(wanted, 0);
        let n = self.source.read_at(self.offset, &mut self.block)?;
        self.scanner.push(&self.block[..n]);
        self.offset += n as u64;
        Ok(n)
    }

    /// Remembers at which line the next file begins, when the scan stands at its beginning.
    fn note_start(&mut self) {
        let next = self.source.parts().get(self.starts.len());
        if let Some(part) = next.filter(|part| part.start == self.offset) {
            self.starts.push((part.name.clone(), self.scanner.facts().lines + 1));
        }
    }

    /// A read failed. The reports that were found before a damaged place are worth more than none; but where the
    /// file has changed no line number could be trusted.
    fn broken(&mut self, failed: &PartError) -> Step {
        let why = problem::reading(failed);
        if matches!(failed.error, ReadError::Changed { .. }) {
            return Step::Failed(why);
        }
        self.scanner.finish();
        if self.scanner.reports().is_empty() {
            return Step::Failed(why);
        }
        self.notes.push(notes::broken(&why, self.offset, self.total()));
        self.finish(true)
    }

    fn finish(&mut self, incomplete: bool) -> Step {
        self.scanner.finish();
        let scanner = std::mem::take(&mut self.scanner);
        let mut facts = scanner.facts();
        facts.name = self.name.take().or_else(|| notes::name_of(&self.starts));
        facts.incomplete = incomplete;
        let mut all_notes = notes::about_files(&self.starts, &self.left_out);
        all_notes.append(&mut self.notes);
        all_notes.extend(notes::about_facts(&facts));
        let (reads, bytes_read) = self.source.counters();
        let index = scanner.index().clone();
        let reports = scanner.into_reports();
        let summary = LogSummary {
            facts: facts.clone(),
            reports: summary::all(&reports),
            notes: all_notes,
            looked_for: if reports.is_empty() { oopscope_klog::looked_for() } else { Vec::new() },
            link: self.link.take(),
            reads,
            bytes_read,
        };
        let source = std::mem::take(&mut self.source);
        let log = Log { facts, reports, index, source, end: self.offset };
        Step::Done(Box::new((log, summary)))
    }

    fn total(&self) -> u64 {
        self.source.len() + self.waiting.iter().map(|input| input.source.len()).sum::<u64>()
    }

    fn progress(&mut self) -> Progress {
        let reports = self.scanner.reports();
        let new_reports = summary::from(reports, self.reports_told);
        self.reports_told = reports.len();
        Progress { done: self.offset, total: self.total(), lines: self.scanner.facts().lines, new_reports }
    }
}

/// What a source is: by its beginning, and by its end where the beginning is dirt without a known form.
fn content(source: &dyn ReadAt) -> Result<Content, ReadError> {
    // Asks for a byte even of an empty source: one that is gone fails only when it is read.
    let mut sample = vec![0; clamp(source.len()).clamp(1, HEAD)];
    let n = source.read_at(0, &mut sample)?;
    let content = identify(&sample[..n]);
    let cut_short = source.len() > HEAD as u64;
    if cut_short && matches!(content, Content::Binary | Content::Nuls | Content::Empty) {
        let n = source.read_at(source.len() - HEAD as u64, &mut sample)?;
        if is_text(&sample[..n]) {
            return Ok(Content::Text);
        }
    }
    Ok(content)
}
