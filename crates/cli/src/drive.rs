//! Drives the session: opens inputs to the end, and waits for answers.
//!
//! This module must never look into a report.

use crate::args::DebugOptions;
use crate::help::BUILD_ID;
use crate::progress::ProgressLine;
use crate::{Failure, note};
use crate::{cache, core, debug, input};
use oopscope_protocol::{Event, LogSummary, Request};
use oopscope_session::{Answer, Session};
use std::ffi::OsString;

/// A log that is open.
pub(crate) struct Opened {
    pub(crate) session: Session,
    pub(crate) summary: LogSummary,
}

/// Opens files as one log, with its notes and its progress on stderr; with files of symbols beside it.
pub(crate) fn open(files: &[OsString], debug: &DebugOptions) -> Result<Opened, Failure> {
    let (named, paths) =
        if files.is_empty() { debug::logs(&debug.paths) } else { (files.to_vec(), debug.paths.clone()) };
    let inputs = core::logs(input::all(&named)?)?;
    let mut session = Session::new(BUILD_ID, oopscope_disasm::list);
    if !paths.is_empty() {
        session = session.keeping(cache::store(!debug.no_cache));
        debug::attach(&mut session, &paths)?;
    }
    let mut progress = ProgressLine::new();
    let mut answers = session.request(1, Request::Open { name: None, text: None }, inputs);
    loop {
        for Answer { event, .. } in answers {
            match event {
                Event::Progress(step) => progress.show(&step),
                Event::Opened(summary) => {
                    progress.clear();
                    summary.notes.iter().for_each(|text| note(text));
                    return Ok(Opened { session, summary: *summary });
                }
                Event::Failed(problem) => {
                    progress.clear();
                    return Err(problem.into());
                }
                _ => {}
            }
        }
        answers = step(&mut session)?;
    }
}

impl Opened {
    /// Asks for something that has one answer.
    pub(crate) fn ask(&mut self, request: Request) -> Result<Event, Failure> {
        let mut answers = self.session.request(2, request, Vec::new());
        loop {
            match answers.pop() {
                Some(Answer { event: Event::Failed(problem), .. }) => return Err(problem.into()),
                Some(Answer { event: Event::SymbolProgress(_), .. }) => {}
                Some(Answer { event, .. }) => return Ok(event),
                None => answers = step(&mut self.session)?,
            }
        }
    }
}

fn step(session: &mut Session) -> Result<Vec<Answer>, Failure> {
    if session.is_busy() {
        return Ok(session.step());
    }
    Err(Failure::Message("the engine gave no answer; please report this as a bug".into()))
}
