//! What happens when something happens: every change of [`State`], and what is to be done in the browser, asked of the engine
//! and told to the page because of it. Must never do any of it by itself, so that all of it can be tested natively.

mod log;
mod opening;
#[cfg(test)]
mod tests;

pub(crate) use log::Act;

use crate::format;
use crate::log_rows::Reports;
use crate::same::Same;
use crate::state::{Asked, EngineStatus, Files, OpenFrame, State, Tab, Whose};
use crate::task_rows::Options;
use oopscope_protocol::{Problem, VmcoreEvent, VmcoreRequest};
use oopscope_report::vmcore::Address;
use std::rc::Rc;
use web_sys::File;

/// Stacks of tasks that are kept; beyond it the one chosen first goes.
const MAX_CHOSEN: usize = 64;

/// What a request was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To greet a fresh engine.
    Hello,
    /// The opening of this number.
    Open(u32),
    /// The command of this number.
    Command(u32),
    /// What may stand at the end of this line.
    Complete(String),
    /// The stack of the task at this address.
    Backtrace(u64),
    /// The variables of the frame of this number, of the task at this address.
    Locals(u64, u32),
    /// To copy.
    Copy,
    /// To save as a file.
    Save,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Files to open as one dump, instead of what is open or in addition to it.
    Open { files: Vec<File>, add: bool },
    /// What is open is to be opened again.
    Reopen,
    /// Forget what is open.
    Close,
    /// Another view, or none.
    Show(Option<Tab>),
    /// The page has looked for reports in the dump's log.
    Reports(Reports),
    /// Something was done in the log.
    Log(Act),
    /// The engine answered.
    Answer(Purpose, VmcoreEvent),
    /// The engine ended, and why.
    EngineDied(String),
    /// The user wants a fresh engine after it did not start.
    RetryEngine,
    /// Cancel was pressed.
    Cancel,
    /// A second has passed since Cancel was pressed on the opening of this number.
    CancelOverdue(u32),
    /// The page is to show another of its views.
    Goto(&'static str),
    /// Whose stack to show.
    ShowStack(Whose),
    /// Open the frame of this number, of the task at this address, to its variables; or close it.
    OpenFrame(u64, u32),
    /// A task was selected.
    Select(u64),
    /// How the tasks are to be listed.
    TaskOptions(Options),
    /// Something was typed into the console.
    Type(String),
    /// The typed line is to be run.
    Submit,
    /// The running command is to end.
    StopCommand,
    /// What may stand at the end of the typed line?
    Complete,
    /// The line before in the history, or after.
    History { older: bool },
    /// Esc in the console.
    Escape,
    /// An empty console.
    Clear,
    /// Copy what the view shows.
    Copy,
    /// Copy the stack that is shown.
    CopyStack,
    /// Copy the summary.
    CopySummary,
    /// Save the document.
    Save,
    /// Save the answer to the command of this number.
    SaveAnswer(u32),
    /// Copy the answer to the command of this number.
    CopyAnswer(u32),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Ask the engine.
    Send { purpose: Purpose, request: VmcoreRequest, files: Files },
    /// End the engine, if there is one, start a fresh one and greet it.
    StartEngine,
    /// End the engine.
    StopEngine,
    /// Tell the engine to stop the opening.
    Cancel,
    /// Tell of it when a second has passed: [`Change::CancelOverdue`].
    WatchCancel(u32),
    /// Tell the page.
    Tell(Tell),
    /// A mark on the browser's time line.
    Mark(&'static str),
}

/// What the page is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tell {
    /// Something is being opened: its name.
    Opening(String),
    /// It is known as a dump and has taken the place of what was open: its name, its size.
    Known(String, String),
    /// All of it has been read, or as much as was wanted.
    Opened,
    /// It could not be opened.
    Failed(Problem),
    /// The opening was cancelled before it was known as a dump.
    Cancelled,
    /// Something else could not be done.
    Problem(Problem),
    /// The engine stopped, and what is done about it; nothing when that is over.
    Stopped(String),
    /// The dump's log: text, name.
    Log(String, String),
    /// The work so far, for the bar at the bottom.
    Status(String),
    /// Numbers of tasks, modules and the log's lines.
    Counts(String, String, String),
    /// Show another of its views.
    Show(&'static str),
    /// Show the report of this index.
    Report(usize),
    /// To the clipboard.
    Copy(String),
    /// To a file: text, name.
    Save(String, String),
    /// For the live region.
    Say(String),
}

fn send(purpose: Purpose, request: VmcoreRequest) -> Effect {
    Effect::Send { purpose, request, files: Rc::default() }
}

impl State {
    /// Takes a change at the time `now` (milliseconds since the page began) and says what is to be done.
    pub(crate) fn apply(&mut self, change: Change, now: f64) -> Vec<Effect> {
        match change {
            Change::Open { files, add } => {
                let mut all =
                    if add { self.files.as_ref().map_or_else(Vec::new, |open| (**open).clone()) } else { Vec::new() };
                all.extend(files);
                self.begin(Rc::new(all), false, now)
            }
            Change::Reopen => self.restore(now),
            Change::Close => {
                let fresh = Self { commands: Rc::clone(&self.commands), ..Self::new(&self.build_id) };
                *self = Self { serial: self.serial, ..fresh };
                vec![Effect::StopEngine]
            }
            Change::Show(tab) => {
                self.tab = tab;
                self.log_options.focus = 0;
                Vec::new()
            }
            Change::Reports(reports) => {
                self.reports = Some(Rc::new(reports));
                Vec::new()
            }
            Change::Log(act) => self.act_in_log(act),
            Change::Answer(purpose, event) => self.answered(purpose, event, now),
            Change::EngineDied(reason) => self.engine_died(&reason, now),
            Change::RetryEngine => {
                self.false_starts = 0;
                self.engine = EngineStatus::Loading;
                let mut effects = vec![Effect::StartEngine];
                effects.extend(self.restore(now));
                effects
            }
            Change::Cancel => self.cancel(),
            Change::CancelOverdue(id) => self.cancel_overdue(id, now),
            Change::Goto(tab) => vec![Effect::Tell(Tell::Show(tab))],
            Change::ShowStack(whose) => self.show_stack(whose),
            Change::OpenFrame(task, frame) => self.open_frame(task, frame),
            Change::Select(task) => {
                self.selected = Some(task);
                Vec::new()
            }
            Change::TaskOptions(options) => {
                self.task_options = options;
                Vec::new()
            }
            Change::Type(draft) => {
                self.console.edit(draft);
                Vec::new()
            }
            Change::Submit => self.submit(now),
            Change::StopCommand => self.stop_command(now),
            Change::Complete => {
                let line = self.console.draft.clone();
                if self.files.is_none() || self.detached || self.engine != EngineStatus::Ready {
                    return Vec::new();
                }
                vec![send(Purpose::Complete(line.clone()), VmcoreRequest::Complete { line })]
            }
            Change::History { older: true } => {
                self.console.older();
                Vec::new()
            }
            Change::History { older: false } => {
                self.console.newer();
                Vec::new()
            }
            Change::Escape => {
                self.console.escape();
                Vec::new()
            }
            Change::Clear => {
                self.console.clear();
                Vec::new()
            }
            Change::Copy => match self.tab {
                Some(Tab::Log) => self.copy_log(),
                Some(Tab::Backtraces) => self.copy_stack(),
                Some(Tab::Tasks) => self.ask(Purpose::Copy, VmcoreRequest::Command { line: "ps".to_owned() }),
                Some(Tab::Modules) => self.ask(Purpose::Copy, VmcoreRequest::Command { line: "mod".to_owned() }),
                Some(Tab::Memory) => self.ask(Purpose::Copy, VmcoreRequest::Command { line: "kmem -i".to_owned() }),
                Some(Tab::Overview) => self.ask(Purpose::Copy, VmcoreRequest::Summary),
                Some(Tab::Console) => {
                    let last = self.console.entries.iter().rev().find_map(|entry| entry.answer.as_ref());
                    last.map_or_else(Vec::new, |answer| vec![Effect::Tell(Tell::Copy(answer.text.to_string()))])
                }
                None => Vec::new(),
            },
            Change::CopyStack => self.copy_stack(),
            Change::CopySummary => self.ask(Purpose::Copy, VmcoreRequest::Summary),
            Change::Save => self.ask(Purpose::Save, VmcoreRequest::Document),
            Change::SaveAnswer(id) => {
                self.answer_text(id, |text, line| Tell::Save(text, format!("{}.txt", file_stem(line))))
            }
            Change::CopyAnswer(id) => self.answer_text(id, |text, _| Tell::Copy(text)),
        }
    }

    fn answered(&mut self, purpose: Purpose, event: VmcoreEvent, now: f64) -> Vec<Effect> {
        match (purpose, event) {
            (Purpose::Hello, VmcoreEvent::Ready { build_id, commands }) => {
                if *build_id == *self.build_id {
                    self.engine = EngineStatus::Ready;
                    self.false_starts = 0;
                } else {
                    self.engine = EngineStatus::Dead(format!(
                        "the engine is of build {build_id}, this page of build {}; reload the page",
                        self.build_id
                    ));
                }
                self.commands = Rc::new(commands);
                Vec::new()
            }
            (Purpose::Open(id), event) => self.opening_answered(id, event, now),
            (Purpose::Command(id), VmcoreEvent::Output { text, problem, .. }) => {
                self.console.answered(id, text, problem, now);
                Vec::new()
            }
            (Purpose::Command(id), VmcoreEvent::Failed(problem)) => {
                self.console.answered(id, String::new(), Some(format!("{} {}", problem.message, problem.advice)), now);
                Vec::new()
            }
            (Purpose::Complete(line), VmcoreEvent::Completions { from, words }) => {
                self.console.complete(&line, from, words);
                Vec::new()
            }
            (Purpose::Backtrace(task), VmcoreEvent::Backtrace(backtrace)) => {
                self.stacks.insert(task, Asked::There(Same::from(backtrace)));
                Vec::new()
            }
            (Purpose::Backtrace(task), VmcoreEvent::Failed(problem)) => {
                self.stacks.insert(task, Asked::Failed(problem.message));
                Vec::new()
            }
            (Purpose::Locals(task, frame), event) => {
                let answer = match event {
                    VmcoreEvent::Locals(locals) => OpenFrame::There(Same::from(locals)),
                    VmcoreEvent::Failed(problem) => OpenFrame::Failed(problem.message),
                    _ => return Vec::new(),
                };
                // It may have been closed meanwhile.
                if self.frames.has(&(task, frame)) {
                    self.frames.insert((task, frame), answer);
                }
                Vec::new()
            }
            (Purpose::Copy, VmcoreEvent::Rendered { text, .. } | VmcoreEvent::Output { text, problem: None, .. }) => {
                vec![Effect::Tell(Tell::Copy(text))]
            }
            (Purpose::Copy, VmcoreEvent::Output { problem: Some(message), line, .. }) => {
                let advice = format!("It can be tried in the console: {line}");
                vec![Effect::Tell(Tell::Problem(Problem { code: "command".to_owned(), message, advice }))]
            }
            (Purpose::Save, VmcoreEvent::Rendered { text, file_name }) => {
                vec![Effect::Tell(Tell::Save(text, file_name))]
            }
            (_, VmcoreEvent::Failed(problem)) => vec![Effect::Tell(Tell::Problem(problem))],
            _ => Vec::new(),
        }
    }

    /// Asks, where there is an engine that holds what is open.
    fn ask(&self, purpose: Purpose, request: VmcoreRequest) -> Vec<Effect> {
        if self.files.is_none() || self.detached {
            return Vec::new();
        }
        vec![send(purpose, request)]
    }

    fn show_stack(&mut self, whose: Whose) -> Vec<Effect> {
        self.whose = whose;
        let mut effects = Vec::new();
        if self.tab != Some(Tab::Backtraces) {
            effects.push(Effect::Tell(Tell::Show("backtraces")));
        }
        if let Whose::Task(task) = whose {
            if !self.chosen.contains(&task) {
                self.chosen.push(task);
                if self.chosen.len() > MAX_CHOSEN {
                    let gone = self.chosen.remove(0);
                    self.stacks.remove(&gone);
                }
            }
            let there = matches!(self.stacks.get(&task), Some(Asked::There(_) | Asked::Waiting));
            if !there && !self.detached && self.files.is_some() {
                self.stacks.insert(task, Asked::Waiting);
                effects.push(send(Purpose::Backtrace(task), VmcoreRequest::Backtrace { task: Address(task) }));
            }
        }
        effects
    }

    fn open_frame(&mut self, task: u64, frame: u32) -> Vec<Effect> {
        if self.frames.remove(&(task, frame)).is_some() || self.detached || self.files.is_none() {
            return Vec::new();
        }
        self.frames.insert((task, frame), OpenFrame::Waiting);
        vec![send(Purpose::Locals(task, frame), VmcoreRequest::Locals { task: Address(task), frame })]
    }

    /// The text of a stack is the command's, so that it is the same wherever it comes from.
    fn copy_stack(&self) -> Vec<Effect> {
        let line = match self.whose {
            Whose::Panic => match self.found.panic.as_ref().and_then(|panic| panic.task) {
                Some(task) => format!("bt {task}"),
                None => "bt".to_owned(),
            },
            Whose::Cpu(number) => format!("bt -c {number}"),
            Whose::Task(task) => format!("bt {}", Address(task)),
        };
        self.ask(Purpose::Copy, VmcoreRequest::Command { line })
    }

    fn submit(&mut self, now: f64) -> Vec<Effect> {
        let id = self.next_serial();
        let Some(line) = self.console.submit(id, now) else { return Vec::new() };
        if self.files.is_none() || self.detached {
            self.console.answered(
                id,
                String::new(),
                Some("No dump is open in the engine. Open it again first.".to_owned()),
                now,
            );
            return Vec::new();
        }
        vec![send(Purpose::Command(id), VmcoreRequest::Command { line })]
    }

    /// A command that runs can be ended only with its engine.
    fn stop_command(&mut self, now: f64) -> Vec<Effect> {
        if !self.console.waiting() {
            return Vec::new();
        }
        self.lose_engine("it was stopped", now);
        let mut effects = vec![Effect::StartEngine];
        effects.extend(self.restore(now));
        effects
    }

    fn answer_text(&self, id: u32, tell: impl FnOnce(String, &str) -> Tell) -> Vec<Effect> {
        let entry = self.console.entries.iter().find(|entry| entry.id == id);
        let answer = entry.and_then(|entry| Some((entry.answer.as_ref()?, &entry.line)));
        answer.map_or_else(Vec::new, |(answer, line)| vec![Effect::Tell(tell(answer.text.to_string(), line))])
    }
}

/// A command's line as the name of a file.
fn file_stem(line: &str) -> String {
    let name: String =
        line.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).take(40).collect();
    format!("oopscope-{}", name.trim_matches('-'))
}

/// The work so far, in words.
fn status(cost: oopscope_protocol::Cost) -> String {
    if cost.reads == 0 {
        return format::bytes(cost.bytes);
    }
    format!(
        "{} of {} read in {}",
        format::bytes(cost.bytes_read),
        format::bytes(cost.bytes),
        format::counted(cost.reads, "read")
    )
}
