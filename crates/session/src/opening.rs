//! Opening a log: identifies the inputs, joins them, and scans them block by block.
//!
//! Driven by [`Opening::step`], each of which reads about [`BLOCK`] bytes, so that one thread can stream a log of
//! any size, tell how far it is and be told to stop. This module must never hold more than one block.

use crate::identify::HEAD;
use crate::input::{Input, Joined, PartError, clamp};
use crate::intake::{Intake, Ready};
use crate::log::Log;
use crate::{notes, problem, summary};
use oopscope_capture::{Ordered, Piece, TAIL, goes_on, order};
use oopscope_klog::{Limits, Scanner};
use oopscope_protocol::{LinkFacts, LogSummary, Problem, Progress};
use oopscope_source::ReadError;
use std::collections::{BTreeMap, VecDeque};

/// Bytes scanned by one step: some 20 ms natively and 70 ms in a browser, and a thousandth of a large log.
pub(crate) const BLOCK: usize = 4 << 20;

/// An opening under way.
pub(crate) struct Opening {
    /// Number of the request.
    pub(crate) id: u64,
    name: Option<String>,
    link: Option<LinkFacts>,
    waiting: VecDeque<Input>,
    /// What was taken in, and in the order in which it is read.
    taken: Vec<Ready>,
    queue: VecDeque<Ready>,
    /// `goes_on` of the queue's first, and so on.
    goes_on: VecDeque<bool>,
    /// How many of the queue's first say themselves where they belong.
    parts: usize,
    /// The end of what was scanned, and whether the file after it goes on from there.
    tail: Vec<u8>,
    is_sequel: bool,
    left_out: Vec<Problem>,
    notes: Vec<String>,
    source: Joined,
    /// The first line of each file.
    starts: Vec<(String, u64)>,
    scanner: Scanner,
    offset: u64,
    reports_told: usize,
    /// A file ended before its end.
    damaged: bool,
    /// Bytes of the inputs: in all, and those of the files that have been read.
    total: u64,
    read: u64,
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
            total: inputs.iter().map(|input| input.source.len()).sum(),
            read: 0,
            waiting: inputs.into(),
            taken: Vec::new(),
            queue: VecDeque::new(),
            goes_on: VecDeque::new(),
            parts: 0,
            tail: Vec::new(),
            is_sequel: false,
            damaged: false,
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
                self.admit(input);
                continue;
            }
            if let Some(at) = self.left_out.iter().position(|problem| problem.code == problem::DUMP) {
                // Whatever came with it: nobody has a dump among logs by mistake.
                return Step::Failed(self.left_out.swap_remove(at));
            }
            if !self.taken.is_empty() {
                self.put_in_order();
            }
            if self.source.parts().is_empty() && self.queue.is_empty() {
                let first = self.left_out.drain(..).next();
                return Step::Failed(first.unwrap_or_else(problem::nothing_given));
            }
            match self.scan(budget) {
                Ok(0) => return self.finish(self.damaged),
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
        self.notes.push(notes::cancelled(self.done(), self.total));
        self.finish(true)
    }

    /// Takes an input in, and remembers why not otherwise.
    fn admit(&mut self, input: Input) {
        let (intake, source) = Intake::take(input);
        let Intake { ready, mut notes, mut left_out } = intake;
        self.notes.append(&mut notes);
        self.left_out.append(&mut left_out);
        if ready.is_empty() {
            self.source.count(source);
        }
        self.taken.extend(ready);
    }

    /// Puts what was taken in into the order in which it was written.
    fn put_in_order(&mut self) {
        let pieces = self.taken.iter().map(|ready| Piece { name: last_part(&ready.name), head: &ready.head });
        let Ordered { order, goes_on, parts, mut notes } = order(&pieces.collect::<Vec<_>>());
        self.notes.append(&mut notes);
        self.goes_on = goes_on.into();
        self.parts = parts;
        let mut taken: Vec<_> = std::mem::take(&mut self.taken).into_iter().map(Some).collect();
        self.queue = order.into_iter().filter_map(|index| taken.get_mut(index)?.take()).collect();
    }

    /// Scans up to `budget` bytes of one file; 0 at the end of the log.
    fn scan(&mut self, budget: usize) -> Result<usize, PartError> {
        loop {
            self.note_start();
            let rest = self.source.part_end(self.offset).saturating_sub(self.offset);
            let wanted = clamp(rest).min(budget);
            self.block.resize(wanted, 0);
            let n = self.source.read_at(self.offset, &mut self.block)?;
            if let Some(damage) = self.source.settle()
                && let Some(part) = self.source.parts().last()
            {
                self.notes.push(notes::damaged(&part.name, damage));
                self.damaged = true;
            }
            if n > 0 {
                self.scanner.push(&self.block[..n]);
                self.tail.extend_from_slice(&self.block[n.saturating_sub(TAIL)..n]);
                self.tail.drain(..self.tail.len().saturating_sub(TAIL));
                self.offset += n as u64;
                return Ok(n);
            }
            if !self.next_file()? {
                return Ok(0);
            }
        }
    }

    /// Goes on to the next file; false when there is none.
    fn next_file(&mut self) -> Result<bool, PartError> {
        let Some(next) = self.queue.pop_front() else { return Ok(false) };
        self.read = self.source.inputs_len();
        // Pstore's parts and rotated logs have told already what they follow.
        self.is_sequel = self.source.parts().len() > self.parts && goes_on(&self.tail, &next.head);
        self.tail.clear();
        self.source.push(next)?;
        Ok(true)
    }

    /// Remembers at which line the next file begins, when the scan stands at its beginning.
    fn note_start(&mut self) {
        let next = self.source.parts().get(self.starts.len());
        if let Some(part) = next.filter(|part| part.start == self.offset) {
            let goes_on = self.goes_on.pop_front().unwrap_or(false);
            if !goes_on && !self.is_sequel && !self.starts.is_empty() {
                self.scanner.begin_file();
            }
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
        self.notes.push(notes::broken(&why, self.done(), self.total));
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
            symbols: None,
            reads,
            bytes_read,
        };
        let source = std::mem::take(&mut self.source);
        let log = Log { facts, reports, symbolized: BTreeMap::new(), index, source, end: self.offset };
        Step::Done(Box::new((log, summary)))
    }

    /// How many bytes of the inputs have been read.
    fn done(&self) -> u64 {
        let start = self.source.parts().last().map_or(0, |part| part.start);
        let within = self.source.position().unwrap_or_else(|| self.offset.saturating_sub(start));
        (self.read + within).min(self.total)
    }

    fn progress(&mut self) -> Progress {
        let reports = self.scanner.reports();
        let new_reports = summary::from(reports, self.reports_told);
        self.reports_told = reports.len();
        Progress { done: self.done(), total: self.total, lines: self.scanner.facts().lines, new_reports }
    }
}

/// A name without the folders that an archive puts before it.
fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
