//! A dump that a user has opened: sorts the files that were given, works through the stages of an opening, answers the
//! requests of the page and of the command line, and makes the document `oopscope-vmcore/1`.
//!
//! What is found is told as soon as it is there, to a `post` that the caller gives: reading a dump can take long in one
//! piece (the index of a flattened file), and progress must be seen meanwhile.
//!
//! This crate must never touch JS, the file system or the clock, and must never read memory itself: that is the kernel
//! crate's work.
#![forbid(unsafe_code)]

mod document;
mod files;
mod opening;
mod problem;
mod summary;
mod symbols;

pub use files::{Files, sort as sort_files};
pub use opening::{Found, Opening, Stage};

use oopscope_commands::Context;
use oopscope_dump::Part;
use oopscope_dwarf::{NoStore, Store};
use oopscope_protocol::{MAX_COMPLETIONS, Problem, VmcoreEvent, VmcoreRequest};
use serde::Serialize;
use std::rc::Rc;

/// An event with the number of the request that it answers: what crosses to the page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// Number of the request.
    pub id: u64,
    /// What happened.
    pub event: VmcoreEvent,
}

/// What a user has opened.
pub struct Session {
    build_id: String,
    open: Option<Found>,
    /// The opening under way, with the number of its request.
    opening: Option<(u64, Opening)>,
    store: Rc<dyn Store>,
}

impl Session {
    /// A session with nothing open. `build_id` is what [`VmcoreEvent::Ready`] tells.
    pub fn new(build_id: impl Into<String>) -> Self {
        Self { build_id: build_id.into(), open: None, opening: None, store: Rc::new(NoStore) }
    }

    /// Takes a place in which indexes of debug information are kept.
    pub fn use_store(&mut self, store: Rc<dyn Store>) {
        self.store = store;
    }

    /// What is open.
    pub fn found(&self) -> Option<&Found> {
        self.opening.as_ref().map(|(_, opening)| opening.found()).or(self.open.as_ref())
    }

    /// Takes a request and posts the answers. `parts` belong to [`VmcoreRequest::Open`].
    ///
    /// An opening goes on in [`Session::step`] while [`Session::is_busy`]; questions are answered here, from what an opening
    /// under way has found so far, too.
    pub fn request(&mut self, id: u64, request: VmcoreRequest, parts: Vec<Part>, post: &mut dyn FnMut(Answer)) {
        let event = match request {
            VmcoreRequest::Hello => VmcoreEvent::Ready { build_id: self.build_id.clone(), commands: command_list() },
            VmcoreRequest::Open { .. } => {
                if let Some((old, _)) = self.opening.replace((id, Opening::with_store(parts, Rc::clone(&self.store)))) {
                    let problem = problem::superseded("another dump was opened");
                    post(Answer { id: old, event: VmcoreEvent::Failed(problem) });
                }
                return;
            }
            VmcoreRequest::Cancel => {
                if let Some((id, mut opening)) = self.opening.take() {
                    opening.cancel(&mut |event| post(Answer { id, event }));
                    self.open = Some(opening.into_found());
                }
                return;
            }
            other => match self.answer(other) {
                Ok(event) => event,
                Err(problem) => VmcoreEvent::Failed(problem),
            },
        };
        post(Answer { id, event });
    }

    /// True while [`Session::step`] has something to do.
    pub fn is_busy(&self) -> bool {
        self.opening.is_some()
    }

    /// Does the next stage of the opening that is under way.
    pub fn step(&mut self, post: &mut dyn FnMut(Answer)) {
        let Some((id, mut opening)) = self.opening.take() else { return };
        match opening.step(&mut |event| post(Answer { id, event })) {
            Ok(true) => self.opening = Some((id, opening)),
            Ok(false) => self.open = Some(opening.into_found()),
            Err(problem) => post(Answer { id, event: VmcoreEvent::Failed(problem) }),
        }
    }

    fn answer(&self, request: VmcoreRequest) -> Result<VmcoreEvent, Problem> {
        let found = self.found().ok_or_else(problem::no_dump)?;
        Ok(match request {
            VmcoreRequest::Document => {
                let document = found.document();
                let text = serde_json::to_string_pretty(&document).map_err(|error| problem::document(&error))?;
                VmcoreEvent::Rendered { text: text + "\n", file_name: format!("{}.json", found.name()) }
            }
            VmcoreRequest::Summary => {
                VmcoreEvent::Rendered { text: found.summary(), file_name: format!("{}.txt", found.name()) }
            }
            VmcoreRequest::Command { line } => {
                let kernel = found.kernel().ok_or_else(problem::no_kernel)?;
                let before = found.cost();
                let output = oopscope_commands::run(kernel, &found.context(), &line);
                VmcoreEvent::Output {
                    line,
                    text: output.text,
                    answer: output.answer.map(Box::new),
                    problem: output.problem,
                    cost: found.cost_since(before),
                }
            }
            VmcoreRequest::Complete { line } => {
                let kernel = found.kernel().ok_or_else(problem::no_kernel)?;
                let (from, words) = oopscope_commands::complete(kernel, &line, MAX_COMPLETIONS);
                VmcoreEvent::Completions { from, words }
            }
            VmcoreRequest::Backtrace { task } => {
                let kernel = found.kernel().ok_or_else(problem::no_kernel)?;
                VmcoreEvent::Backtrace(Box::new(oopscope_kernel::stack::task_backtrace(kernel, task.0)))
            }
            VmcoreRequest::Locals { task, frame } => {
                let kernel = found.kernel().ok_or_else(problem::no_kernel)?;
                let locals = oopscope_commands::locals(kernel, task.0, frame);
                VmcoreEvent::Locals(Box::new(locals.ok_or_else(|| problem::no_frame(frame))?))
            }
            VmcoreRequest::Hello | VmcoreRequest::Open { .. } | VmcoreRequest::Cancel => return Err(problem::no_dump()),
        })
    }
}

/// The console's commands with a line on each.
fn command_list() -> Vec<(String, String)> {
    oopscope_commands::list().map(|(name, about)| (name.to_owned(), about.to_owned())).collect()
}

impl Found {
    /// What commands know besides the kernel.
    pub fn context(&self) -> Context<'_> {
        Context { records: self.records() }
    }
}
