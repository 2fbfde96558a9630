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

mod disassembler;
mod examples;
mod find;
mod identify;
mod input;
mod intake;
mod lines;
mod log;
mod notes;
mod opening;
mod problem;
mod render;
mod share;
mod summary;
mod task;
mod triage;
mod words;

pub use disassembler::Disassembler;
pub use input::Input;
pub use triage::read as read_for_triage;

use log::Log;
use oopscope_protocol::{Event, LinkFacts, Problem, Request};
use oopscope_report::triage::Triage;
use opening::{Opening, Step};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
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
    opening: Option<Opening>,
    triaging: Option<Triaging>,
    /// The last one that is done.
    triage: Option<Triage>,
    tasks: VecDeque<Task>,
    disassembler: Box<dyn Disassembler>,
    /// Requests for reports, in their order, of which the first needs the disassembler, which is not there yet.
    waiting: VecDeque<(u64, Request)>,
}

impl Session {
    /// A session with nothing open. `build_id` is what [`Event::Ready`] tells; `disassembler` lists the code of the
    /// reports that are handed out.
    pub fn new(build_id: impl Into<String>, disassembler: impl Disassembler + 'static) -> Self {
        Self {
            build_id: build_id.into(),
            log: None,
            opening: None,
            triaging: None,
            triage: None,
            tasks: VecDeque::new(),
            disassembler: Box::new(disassembler),
            waiting: VecDeque::new(),
        }
    }

    /// Takes a request and gives the answers that are ready at once. `inputs` belong to [`Request::Open`].
    ///
    /// Small questions are answered here. What takes longer goes on in [`Session::step`] while [`Session::is_busy`].
    pub fn request(&mut self, id: u64, request: Request, inputs: Vec<Input>) -> Vec<Answer> {
        let mut answers = Vec::new();
        match request {
            Request::Hello => {
                let event = Event::Ready { build_id: self.build_id.clone(), examples: examples::list() };
                answers.push(Answer { id, event });
            }
            Request::Open { name, text } => {
                let inputs = match text {
                    Some(text) if inputs.is_empty() => vec![Input::from_bytes("", text.into_bytes())],
                    _ => inputs,
                };
                self.open(Opening::new(id, name, None, inputs), &mut answers);
            }
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
            Request::Cancel => {
                if let Some(mut opening) = self.opening.take() {
                    let step = opening.cancel();
                    self.opened(opening, step, &mut answers);
                } else if let Some(mut triaging) = self.triaging.take() {
                    let triage = triaging.cancel();
                    self.triaged(triaging.id, triage, &mut answers);
                }
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
            Request::Report { .. } | Request::Render { .. } if self.waiting.len() >= QUEUE => {
                answers.push(failed(id, problem::superseded("too many requests are waiting")));
            }
            Request::Report { .. } | Request::Render { .. } => {
                self.waiting.push_back((id, request));
                self.hand_out(&mut answers);
            }
            Request::Lines { .. } | Request::Find { .. } | Request::Share { .. } => {
                self.enqueue(id, request, &mut answers);
            }
        }
        answers
    }

    /// True while requests wait for the disassembler. All others are answered meanwhile.
    pub fn needs_disassembler(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Answers what waited for the disassembler: it is there now, or says why it won't come.
    pub fn resume(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        self.hand_out(&mut answers);
        answers
    }

    /// True while [`Session::step`] has something to do.
    pub fn is_busy(&self) -> bool {
        self.opening.is_some() || self.triaging.is_some() || !self.tasks.is_empty()
    }

    /// Does the next part of what is under way: reads a few megabytes at most, and gives the answers that are ready.
    pub fn step(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        self.step_task(&mut answers);
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
        answers
    }

    fn triaged(&mut self, id: u64, triage: Triage, answers: &mut Vec<Answer>) {
        self.triage = Some(triage.clone());
        answers.push(Answer { id, event: Event::Triaged(Box::new(triage)) });
    }

    fn open(&mut self, opening: Opening, answers: &mut Vec<Answer>) {
        if let Some(old) = self.opening.replace(opening) {
            answers.push(failed(old.id, problem::superseded("something else was opened")));
        }
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
                let (log, summary) = *done;
                let old = self.tasks.drain(..).map(|task| task.id).chain(self.waiting.drain(..).map(|(id, _)| id));
                answers.extend(old.map(|id| failed(id, problem::superseded("another log was opened"))));
                self.log = Some(log);
                answers.push(Answer { id, event: Event::Opened(Box::new(summary)) });
            }
        }
    }

    /// Answers requests for reports whose code is listed, up to the first whose is not yet.
    fn hand_out(&mut self, answers: &mut Vec<Answer>) {
        while let Some((id, request)) = self.waiting.pop_front() {
            let index = match request {
                Request::Report { index } => Some(index),
                Request::Render { index, .. } => index,
                _ => None,
            };
            if let Some(log) = &mut self.log
                && disassembler::list(log, index, &*self.disassembler).is_break()
            {
                self.waiting.push_front((id, request));
                return;
            }
            match request {
                Request::Report { index } => answers.push(match self.report(index) {
                    Ok(event) => Answer { id, event },
                    Err(problem) => failed(id, problem),
                }),
                _ => self.enqueue(id, request, answers),
            }
        }
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
