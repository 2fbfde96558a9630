//! What a user has opened: identifies files, reads them as one log, and answers the requests of the page and of the
//! command line.
//!
//! Design constraints, in this order:
//! - a log may have many gigabytes and is never held: it is scanned in blocks and read again by line;
//! - one thread does everything, so whatever reads is cut into steps ([`Session::step`]) between which a cancel or a
//!   newer request can be heard;
//! - what is open stays open until something else has been opened.
//!
//! This crate must never touch JS, the file system or the clock: bytes come through [`oopscope_source::ReadAt`].
#![forbid(unsafe_code)]

mod annotate;
mod disassembler;
mod examples;
mod find;
mod identify;
mod input;
mod intake;
mod keep;
mod lines;
mod log;
mod notes;
mod opening;
mod problem;
mod render;
mod share;
mod sorting;
mod summary;
mod symbols;
mod task;
mod triage;
mod words;

pub use disassembler::Disassembler;
pub use input::Input;
pub use keep::Keep;
pub use triage::read as read_for_triage;

use log::Log;
use oopscope_dwarf::NoStore;
use oopscope_protocol::{Event, LinkFacts, MAX_SYMBOL_FILES, Problem, Request};
use oopscope_report::triage::Triage;
use opening::{Opening, Step};
use serde::{Deserialize, Serialize};
use sorting::{Sorting, Then};
use std::collections::VecDeque;
use std::rc::Rc;
use symbols::{Looked, SymbolFiles};
use task::{Outcome, Task};
use triage::Triaging;

/// The most requests that may wait for their turn; a page that sends more has lost count.
const QUEUE: usize = 256;

/// An event with the number of the request that it answers: what crosses to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Number of the request.
    pub id: u64,
    /// What happened.
    pub event: Event,
}

/// What a user has opened.
pub struct Session {
    build_id: String,
    log: Option<Log>,
    symbols: SymbolFiles,
    /// Files that were given and of which it is not known yet what they are.
    sorting: VecDeque<Sorting>,
    opening: Option<Opening>,
    triaging: Option<Triaging>,
    /// The last one that is done.
    triage: Option<Triage>,
    tasks: VecDeque<Task>,
    disassembler: Box<dyn Disassembler>,
    /// Requests about reports, in their order, of which the first needs something that is not there yet.
    waiting: VecDeque<(u64, Request)>,
    /// What that is.
    needs: Option<Need>,
}

/// What a request about a report waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// The disassembler, to list its code.
    Disassembler,
    /// What is kept of files of symbols.
    Kept,
    /// Steps that look it up in files of symbols.
    Steps,
}

impl Session {
    /// A session with nothing open. `build_id` is what [`Event::Ready`] tells; `disassembler` lists the code of the
    /// reports that are handed out.
    pub fn new(build_id: impl Into<String>, disassembler: impl Disassembler + 'static) -> Self {
        Self {
            build_id: build_id.into(),
            log: None,
            symbols: SymbolFiles::new(Rc::new(NoStore)),
            sorting: VecDeque::new(),
            opening: None,
            triaging: None,
            triage: None,
            tasks: VecDeque::new(),
            disassembler: Box::new(disassembler),
            waiting: VecDeque::new(),
            needs: None,
        }
    }

    /// The same session, which keeps what takes long to make out of files of symbols. For one that has none yet.
    #[must_use]
    pub fn keeping(self, store: Rc<dyn Keep>) -> Self {
        Self { symbols: SymbolFiles::new(store), ..self }
    }

    /// Takes a request and gives the answers that are ready at once. `inputs` belong to [`Request::Open`] and
    /// [`Request::Symbols`].
    ///
    /// Small questions are answered here. What takes longer goes on in [`Session::step`] while [`Session::is_busy`].
    pub fn request(&mut self, id: u64, request: Request, inputs: Vec<Input>) -> Vec<Answer> {
        let mut answers = Vec::new();
        match request {
            Request::Hello => {
                let event = Event::Ready { build_id: self.build_id.clone(), examples: examples::list() };
                answers.push(Answer { id, event });
            }
            Request::Open { name, text } => match text {
                Some(text) if inputs.is_empty() => {
                    let input = Input::from_bytes("", text.into_bytes());
                    self.open(Opening::new(id, name, None, vec![input]), &mut answers);
                }
                _ => self.sort(Sorting::new(id, Then::Open { name }, inputs), &mut answers),
            },
            Request::OpenExample { name } => match examples::log(&name) {
                Some(log) => {
                    let input = Input::from_bytes(name, log.to_vec());
                    self.open(Opening::new(id, None, None, vec![input]), &mut answers);
                }
                None => answers.push(failed(id, problem::no_example(&name))),
            },
            // The address of a panic screen's QR code, opened as a link to this page.
            Request::OpenLink { fragment } if oopscope_panicqr::find_address(&fragment).is_some() => {
                let input = Input::from_bytes("", fragment.into_bytes());
                self.open(Opening::new(id, None, Some(LinkFacts::default()), vec![input]), &mut answers);
            }
            Request::OpenLink { fragment } => match share::open(&fragment) {
                Ok((link, input)) => self.open(Opening::new(id, None, Some(link), vec![input]), &mut answers),
                Err(problem) => answers.push(failed(id, problem)),
            },
            Request::Cancel => self.cancel(&mut answers),
            Request::Symbols { report } if inputs.is_empty() => {
                self.symbols.changed();
                self.begin_anew();
                self.ask(id, Request::Symbols { report }, &mut answers);
            }
            Request::Symbols { report } => self.sort(Sorting::new(id, Then::LookUp { report }, inputs), &mut answers),
            Request::SymbolFiles => answers.push(self.told(id)),
            Request::ForgetSymbols { kept } => {
                self.symbols.forget(kept);
                self.begin_anew();
                self.hand_out(&mut answers);
                answers.push(self.told(id));
            }
            Request::Source { file, line, around, report } => {
                let report = self.log.as_ref().zip(report).and_then(|(log, report)| log.report(report));
                let release = report.and_then(|report| report.kernel.clone());
                let place = self.symbols.source(&file, line, around, release);
                answers.push(Answer { id, event: Event::Source(Box::new(place)) });
            }
            Request::Triage { files } => match Triaging::new(id, files, inputs) {
                Ok(triaging) => {
                    if let Some(old) = self.triaging.replace(triaging) {
                        answers.push(failed(old.id, problem::superseded("other files were given")));
                    }
                }
                Err(problem) => answers.push(failed(id, problem)),
            },
            Request::RenderTriage { format } => {
                let rendered = self.triage.as_ref().ok_or_else(problem::no_triage);
                answers.push(match rendered.and_then(|triage| triage::render(triage, format)) {
                    Ok(event) => Answer { id, event },
                    Err(problem) => failed(id, problem),
                });
            }
            Request::Report { .. } | Request::Render { .. } => self.ask(id, request, &mut answers),
            Request::Share { index, .. }
                if self.log.as_ref().is_some_and(|log| self.symbols.needs(log, Some(index))) =>
            {
                self.ask(id, request, &mut answers);
            }
            Request::Lines { .. } | Request::Find { .. } | Request::Share { .. } => {
                self.enqueue(id, request, &mut answers);
            }
        }
        answers
    }

    /// True while requests wait for the disassembler. All others are answered meanwhile.
    pub fn needs_disassembler(&self) -> bool {
        self.needs == Some(Need::Disassembler)
    }

    /// True while requests wait for what is kept of files of symbols ([`Keep::is_ready`]).
    pub fn needs_kept(&self) -> bool {
        self.needs == Some(Need::Kept)
    }

    /// Answers what waited for the disassembler or for what is kept: it is there now, or says why it won't come.
    pub fn resume(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        self.hand_out(&mut answers);
        answers
    }

    /// True while [`Session::step`] has something to do.
    pub fn is_busy(&self) -> bool {
        self.opening.is_some()
            || self.triaging.is_some()
            || !self.tasks.is_empty()
            || !self.sorting.is_empty()
            || self.needs == Some(Need::Steps)
    }

    /// Does the next part of what is under way: reads a few megabytes at most, and gives the answers that are ready.
    pub fn step(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        self.step_task(&mut answers);
        if let Some(sorting) = self.sorting.pop_front() {
            self.step_sorting(sorting, &mut answers);
        }
        if let Some(mut opening) = self.opening.take() {
            let step = opening.step();
            self.opened(opening, step, &mut answers);
        } else if let Some(mut triaging) = self.triaging.take() {
            if let Some(triage) = triaging.step() {
                self.triaged(triaging.id, triage, &mut answers);
            } else {
                answers.push(Answer { id: triaging.id, event: Event::TriageProgress(triaging.progress()) });
                self.triaging = Some(triaging);
            }
        }
        if self.needs == Some(Need::Steps) {
            self.hand_out(&mut answers);
        }
        answers
    }

    fn cancel(&mut self, answers: &mut Vec<Answer>) {
        let opening = self.sorting.iter().position(|sorting| matches!(sorting.then, Then::Open { .. }));
        if let Some(mut opening) = self.opening.take() {
            let step = opening.cancel();
            self.opened(opening, step, answers);
        } else if let Some(sorting) = opening.and_then(|at| self.sorting.remove(at)) {
            answers.push(failed(sorting.id, problem::superseded("it was cancelled")));
        } else if let Some(mut triaging) = self.triaging.take() {
            let triage = triaging.cancel();
            self.triaged(triaging.id, triage, answers);
        } else {
            while let Some(sorting) = self.sorting.pop_front() {
                self.symbols.note(notes::sorting_stopped());
                self.waiting.push_back((sorting.id, Request::Symbols { report: None }));
            }
            self.symbols.stop();
            self.hand_out(answers);
        }
    }

    fn triaged(&mut self, id: u64, triage: Triage, answers: &mut Vec<Answer>) {
        self.triage = Some(triage.clone());
        answers.push(Answer { id, event: Event::Triaged(Box::new(triage)) });
    }

    /// Begins to sort files that were given.
    fn sort(&mut self, sorting: Sorting, answers: &mut Vec<Answer>) {
        if sorting.count() > MAX_SYMBOL_FILES {
            answers.push(failed(sorting.id, problem::too_many_symbols(sorting.count(), MAX_SYMBOL_FILES)));
            return;
        }
        if let Then::Open { .. } = sorting.then {
            self.drop_opening(answers);
        }
        if self.sorting.len() >= QUEUE {
            answers.push(failed(sorting.id, problem::superseded("too many requests are waiting")));
            return;
        }
        self.sorting.push_back(sorting);
    }

    fn step_sorting(&mut self, mut sorting: Sorting, answers: &mut Vec<Answer>) {
        let id = sorting.id;
        if let Some(progress) = sorting.step(&mut self.symbols) {
            self.sorting.push_front(sorting);
            answers.push(Answer { id, event: Event::SymbolProgress(progress) });
            return;
        }
        sorting.leave_alone(&mut self.symbols);
        if sorting.taken > 0 {
            self.begin_anew();
        }
        let no_use = self.symbols.no_use(&sorting);
        let none = sorting.taken == 0;
        match sorting.end() {
            (Then::Open { name }, logs) if none || !logs.is_empty() => {
                self.open(Opening::new(id, name, None, logs), answers);
            }
            (Then::Open { .. }, _) if no_use.is_some() => answers.extend(no_use.map(|problem| failed(id, problem))),
            // Nothing to open: they belong to what is open already.
            (Then::Open { .. }, _) => self.ask(id, Request::Symbols { report: Some(0) }, answers),
            (Then::LookUp { report }, _) => self.ask(id, Request::Symbols { report }, answers),
        }
    }

    /// The files of symbols are others: every report is to be looked up anew.
    fn begin_anew(&mut self) {
        if let Some(log) = &mut self.log {
            log.symbolized.clear();
        }
    }

    fn drop_opening(&mut self, answers: &mut Vec<Answer>) {
        let sorting = self.sorting.iter().position(|sorting| matches!(sorting.then, Then::Open { .. }));
        let sorting = sorting.and_then(|at| self.sorting.remove(at)).map(|sorting| sorting.id);
        for old in self.opening.take().map(|opening| opening.id).into_iter().chain(sorting) {
            answers.push(failed(old, problem::superseded("something else was opened")));
        }
    }

    fn open(&mut self, opening: Opening, answers: &mut Vec<Answer>) {
        self.drop_opening(answers);
        self.opening = Some(opening);
    }

    fn opened(&mut self, opening: Opening, step: Step, answers: &mut Vec<Answer>) {
        let id = opening.id;
        match step {
            Step::More(progress) => {
                self.opening = Some(opening);
                answers.push(Answer { id, event: Event::Progress(progress) });
            }
            Step::Failed(problem) => answers.push(failed(id, problem)),
            Step::Done(done) => {
                let (log, mut summary) = *done;
                let (symbols, waiting): (Vec<_>, Vec<_>) =
                    self.waiting.drain(..).partition(|(_, request)| matches!(request, Request::Symbols { .. }));
                let old = self.tasks.drain(..).map(|task| task.id).chain(waiting.into_iter().map(|(id, _)| id));
                answers.extend(old.map(|id| failed(id, problem::superseded("another log was opened"))));
                answers.extend(symbols.into_iter().map(|(id, _)| self.told(id)));
                self.needs = None;
                self.log = Some(log);
                if !self.symbols.is_empty() {
                    summary.symbols = Some(self.symbols.told(true));
                    summary.notes.extend(self.symbols.notes());
                }
                answers.push(Answer { id, event: Event::Opened(Box::new(summary)) });
            }
        }
    }

    /// Puts a request about reports behind the others.
    fn ask(&mut self, id: u64, request: Request, answers: &mut Vec<Answer>) {
        if self.waiting.len() >= QUEUE {
            answers.push(failed(id, problem::superseded("too many requests are waiting")));
            return;
        }
        self.waiting.push_back((id, request));
        if self.needs != Some(Need::Steps) {
            self.hand_out(answers);
        }
    }

    /// Answers requests about reports, up to the first that needs something more. Does a step of looking up at most.
    fn hand_out(&mut self, answers: &mut Vec<Answer>) {
        self.needs = None;
        let mut stepped = false;
        while let Some((id, request)) = self.waiting.pop_front() {
            self.needs = self.need(id, &request, &mut stepped, answers);
            if self.needs.is_some() {
                self.waiting.push_front((id, request));
                return;
            }
            match request {
                Request::Report { index } => answers.push(match self.report(index) {
                    Ok(event) => Answer { id, event },
                    Err(problem) => failed(id, problem),
                }),
                Request::Symbols { .. } => answers.push(self.told(id)),
                _ => self.enqueue(id, request, answers),
            }
        }
    }

    /// What a request about reports needs before it can be answered; does a step of it.
    fn need(&mut self, id: u64, request: &Request, stepped: &mut bool, answers: &mut Vec<Answer>) -> Option<Need> {
        let log = self.log.as_mut()?;
        let (index, is_listed) = match request {
            Request::Report { index } => (Some(*index), true),
            Request::Render { index, .. } => (*index, true),
            Request::Share { index, .. } => (Some(*index), false),
            // Nobody waits for a report: the files are told as they are.
            Request::Symbols { report } => (Some((*report)?), false),
            _ => return None,
        };
        if is_listed && disassembler::list(log, index, &*self.disassembler).is_break() {
            return Some(Need::Disassembler);
        }
        while self.symbols.needs(log, index) {
            if std::mem::replace(stepped, true) {
                return Some(Need::Steps);
            }
            match self.symbols.step(log, index) {
                Looked::Waiting => return Some(Need::Kept),
                Looked::Done => {}
                Looked::More(progress) => {
                    answers.push(Answer { id, event: Event::SymbolProgress(progress) });
                    return Some(Need::Steps);
                }
            }
        }
        None
    }

    /// The files of symbols, as they are now.
    fn told(&self, id: u64) -> Answer {
        Answer { id, event: Event::Symbols(Box::new(self.symbols.told(self.log.is_some()))) }
    }

    fn report(&self, index: u32) -> Result<Event, Problem> {
        let log = self.log.as_ref().ok_or_else(problem::no_log)?;
        let report = log.report(index).ok_or_else(|| problem::no_report(index, log.reports.len()))?;
        Ok(Event::Report(Box::new(report.clone())))
    }

    fn enqueue(&mut self, id: u64, request: Request, answers: &mut Vec<Answer>) {
        let task = match &self.log {
            None => Err(problem::no_log()),
            Some(_) if self.tasks.len() >= QUEUE => Err(problem::superseded("too many requests are waiting")),
            Some(log) => Task::new(id, request, log),
        };
        match task {
            Ok(task) => {
                if task.is_search() {
                    let old = self.tasks.iter().filter(|old| old.is_search());
                    answers.extend(old.map(|old| failed(old.id, problem::superseded("a newer search was begun"))));
                    self.tasks.retain(|old| !old.is_search());
                }
                self.tasks.push_back(task);
                if self.tasks.len() == 1 {
                    self.step_task(answers);
                }
            }
            Err(problem) => answers.push(failed(id, problem)),
        }
    }

    /// Does a part of the task whose turn it is.
    fn step_task(&mut self, answers: &mut Vec<Answer>) {
        let (Some(mut task), Some(log)) = (self.tasks.pop_front(), &self.log) else { return };
        match task.step(log) {
            Outcome::More => self.tasks.push_back(task),
            Outcome::Done(event) => answers.push(Answer { id: task.id, event }),
            Outcome::Failed(problem) => answers.push(failed(task.id, problem)),
        }
    }
}

fn failed(id: u64, problem: Problem) -> Answer {
    Answer { id, event: Event::Failed(problem) }
}
