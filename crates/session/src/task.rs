//! A request that reads from the open log, cut into steps.
//!
//! This module must never block: each step reads a few megabytes at most.

use crate::find::Search;
use crate::input::PartError;
use crate::lines::{LineReader, Range, TEXT_LIMIT};
use crate::log::Log;
use crate::share::Plan;
use crate::{problem, render};
use oopscope_protocol::{Event, Format, MAX_LINES, Problem, Request};

/// A request under way.
pub(crate) struct Task {
    /// Number of the request.
    pub(crate) id: u64,
    work: Work,
}

enum Work {
    Lines(LineReader),
    Find(Search),
    Render { reader: LineReader, index: Option<u32>, format: Format },
    Share { reader: LineReader, plan: Plan },
}

/// What a step led to.
pub(crate) enum Outcome {
    /// There is more to do.
    More,
    /// The answer.
    Done(Event),
    /// There is none.
    Failed(Problem),
}

impl Task {
    /// Begins the answer to a request.
    pub(crate) fn new(id: u64, request: Request, log: &Log) -> Result<Self, Problem> {
        let work = match request {
            Request::Lines { from, count } => {
                let from = from.max(1);
                let to = from.saturating_add(count.min(MAX_LINES).into()) - 1;
                Work::Lines(LineReader::new([Range { from, to }], TEXT_LIMIT))
            }
            Request::Find { text, from, backwards } => {
                Work::Find(Search::new(log, &text, from, backwards).map_err(problem::bad_search)?)
            }
            Request::Render { index, format } => {
                exists(log, index)?;
                Work::Render {
                    reader: LineReader::new(render::needed(log, index, format), render::ROOM),
                    index,
                    format,
                }
            }
            Request::Share { index, redactions, view } => {
                let plan = Plan::new(log, index, redactions.as_deref(), view)?;
                Work::Share { reader: LineReader::new(plan.ranges(), TEXT_LIMIT), plan }
            }
            _ => return Err(problem::nothing_given()),
        };
        Ok(Self { id, work })
    }

    /// True for a search, of which there is only one at a time.
    pub(crate) const fn is_search(&self) -> bool {
        matches!(self.work, Work::Find(_))
    }

    /// Does the next part of the work.
    pub(crate) fn step(&mut self, log: &Log) -> Outcome {
        match self.work.step(log) {
            Ok(None) => Outcome::More,
            Ok(Some(event)) => Outcome::Done(event),
            Err(problem) => Outcome::Failed(problem),
        }
    }
}

impl Work {
    fn step(&mut self, log: &Log) -> Result<Option<Event>, Problem> {
        let reading = |failed: PartError| problem::reading(&failed);
        match self {
            Self::Find(search) => {
                Ok(search.step(log).map_err(reading)?.break_value().map(|line| Event::Found { line }))
            }
            Self::Lines(reader) => Ok(if reader.step(log).map_err(reading)? {
                let excerpt = reader.take().pop().unwrap_or_default();
                Some(Event::Lines { from: excerpt.from, lines: excerpt.lines })
            } else {
                None
            }),
            Self::Render { reader, index, format } => {
                if !reader.step(log).map_err(reading)? {
                    return Ok(None);
                }
                let (text, file_name) = render::render(log, *index, *format, &reader.take())?;
                Ok(Some(Event::Rendered { text, file_name }))
            }
            Self::Share { reader, plan } => {
                let done = reader.step(log).map_err(reading)?;
                Ok(done.then(|| Event::Shared(Box::new(plan.shared(log, &reader.take())))))
            }
        }
    }
}

fn exists(log: &Log, index: Option<u32>) -> Result<(), Problem> {
    match index {
        Some(index) if log.report(index).is_none() => Err(problem::no_report(index, log.reports.len())),
        _ => Ok(()),
    }
}
