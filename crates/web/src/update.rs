//! What happens when something happens: every change of [`State`], and what is to be done in the browser and asked of
//! the engine because of it. Must never do any of it by itself, so that all of it can be tested natively.

mod dumps;
mod opening;
mod symbols;
#[cfg(test)]
mod tests;
mod triage;

pub(crate) use dumps::{TABS, is_of_dump};
pub(crate) use triage::{modified, too_many};

use crate::dumps::Ask;
use crate::format;
use crate::same::Same;
use crate::stack_rows::{self, Fold};
use crate::state::{Dialog, EngineStatus, OpenLog, Origin, Selection, Sharing, Source, State, View};
use oopscope_protocol::{self as protocol, Event, Format, Problem, Request, TriageFile, TriageFormat};
use std::rc::Rc;
use web_sys::File;

/// Reports that are kept on the page; beyond it those furthest from the current one are dropped and asked for anew.
const MAX_REPORTS: usize = 64;

/// What a request was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To greet a fresh engine.
    Hello,
    /// The opening of this number.
    Open(u32),
    /// The triage of this number.
    Triage(u32),
    /// To show a report of the log that was open at this epoch.
    Report { epoch: u32, index: u32 },
    /// To copy.
    Copy,
    /// To save as a file.
    Save,
    /// For the share dialog: the request of this number.
    Share(u32),
    /// To give files of symbols.
    Symbols,
    /// To be told what became of them.
    SymbolFiles,
    /// To show the source of a frame (index of the stack, index of the frame) of the log that was open at this epoch.
    Source { epoch: u32, at: (usize, usize) },
    /// Lines to show. Their list takes them itself; what is told here is why there are none.
    Lines,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// The user gave something to open.
    Open(Source),
    /// The user gave files, with their paths: one log or many.
    Files {
        /// The browser's references.
        files: Vec<File>,
        /// Their paths, in the same order.
        paths: Vec<TriageFile>,
        /// Name of the folder, where they are of one.
        folder: Option<String>,
        /// What must be said of them.
        note: Option<String>,
    },
    /// The files that are open as one log are to be read each by itself.
    ReadApart,
    /// The files that were read each by itself are to be read as one log.
    ReadTogether,
    /// A report of one of many logs: number of the file, index of the report.
    OpenOne(u64, u32),
    /// Copy the groups, or save them.
    RenderTriage(TriageFormat),
    /// A folder is being looked through, in words, or no longer.
    Looking(Option<String>),
    /// The user gave something that the page itself can't take.
    Refuse(Problem),
    /// The engine answered.
    Answer(Purpose, Event),
    /// The engine ended, and why.
    EngineDied(String),
    /// The user wants a fresh engine after it did not start.
    RetryEngine,
    /// Cancel was pressed.
    Cancel,
    /// A second has passed since Cancel was pressed on the opening of this number.
    CancelOverdue(u32),
    /// The files of this name can be opened again after a reload.
    Kept(String),
    /// Another view.
    Show(View),
    /// Another report.
    ShowReport(u32),
    /// The report that many further.
    StepReport(i32),
    /// The frame that many further.
    StepFrame(isize),
    /// A log line was selected.
    Select(u64, Origin),
    /// A fold is to be opened, or closed.
    Fold(Fold, bool),
    /// Open the frame (index of the stack, index of the frame) to its source, or close it.
    Source(usize, usize),
    /// The user gave files of symbols.
    Symbols(Vec<File>),
    /// Forget all files of symbols; and, where true, what is kept of them between two visits.
    ForgetSymbols(bool),
    /// The user named a source browser.
    SourceLink(Rc<str>),
    /// Copy the report.
    Copy(Format),
    /// Copy a short text that is on the screen.
    CopyText(Rc<str>),
    /// Save the JSON document.
    Save,
    /// Open the share dialog.
    Share,
    /// Share with these redactions on.
    ShareWith(Vec<String>),
    /// Another dialog, or none.
    Dialog(Option<Dialog>),
    /// The messages and the selection go.
    Dismiss,
    /// A word on what the user has just done.
    Say(String),
    /// The word of this number has been shown long enough.
    Unsay(u32),
    /// The address has lost its fragment.
    AddressEmptied,
    /// Back to what was open before a link.
    Back,
    /// The part for dumps tells something.
    Told([String; 4]),
    /// The part for dumps could not be loaded, and why.
    NoDumps(String),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Ask the engine.
    Send { purpose: Purpose, request: Request, files: Rc<Vec<File>> },
    /// End the engine, if there is one, start a fresh one and greet it.
    StartEngine,
    /// Tell of it when a second has passed: [`Change::CancelOverdue`].
    WatchCancel(u32),
    /// Tell of it when the word of this number has been shown long enough: [`Change::Unsay`].
    Unsay(u32),
    /// Tell the engine to stop the opening.
    Cancel,
    /// Take the fragment out of the address bar: it no longer is what is open.
    ClearAddress,
    /// Ask the part for dumps, which is loaded where that is needed.
    Dumps(Ask),
    /// To the clipboard.
    CopyText(String),
    /// To a file.
    SaveFile { name: String, text: String },
}

fn send(purpose: Purpose, request: Request) -> Effect {
    Effect::Send { purpose, request, files: Rc::default() }
}

impl State {
    /// Takes a change at the time `now` (milliseconds since the page began) and says what is to be done.
    pub(crate) fn apply(&mut self, change: Change, now: f64) -> Vec<Effect> {
        match change {
            Change::Open(source) => {
                self.stopped = None;
                self.begin(source, false, now)
            }
            Change::Files { files, paths, folder, note } => self.take_files(files, paths, folder, note, now),
            Change::ReadApart => self.read_apart(now),
            Change::ReadTogether => self.read_together(now),
            Change::OpenOne(file, report) => self.open_one(file, report, now),
            Change::RenderTriage(format) => self.render_triage(format),
            Change::Looking(words) => {
                self.looking = words;
                Vec::new()
            }
            Change::Refuse(problem) => {
                self.looking = None;
                self.said.clone_from(&problem.message);
                self.problem = Some(problem);
                self.opening_failed = true;
                Vec::new()
            }
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
            Change::Kept(name) => {
                let opening = self.opening.as_mut().map(|opening| &mut opening.source);
                let open = self.open.as_mut().map(|open| &mut open.source);
                // Something else may have been opened in the meantime, and that is not kept.
                if let Some(dump) = self.dump.as_mut().filter(|dump| dump.name == name) {
                    dump.kept = true;
                }
                for source in opening.into_iter().chain(open).filter(|source| source.name() == name) {
                    if let Source::Files { kept, .. } = source {
                        *kept = true;
                    }
                }
                Vec::new()
            }
            Change::Show(view) => {
                let dump = self.known_dump().is_some();
                let view = if dump && view == View::Log { View::Dump("log") } else { view };
                let there = match view {
                    View::Triage => self.many.is_some(),
                    View::Dump(_) => dump,
                    _ => self.open.is_some(),
                };
                self.view = if there { view } else { View::Start };
                Vec::new()
            }
            Change::ShowReport(index) => self.show_report(index),
            Change::StepReport(step) => {
                let Some(open) = &self.open else { return Vec::new() };
                let last = open.summary.reports.len().saturating_sub(1);
                let last = u32::try_from(last).unwrap_or(u32::MAX);
                let next = open.current.saturating_add_signed(step).min(last);
                self.show_report(next)
            }
            Change::StepFrame(step) => {
                if matches!(self.view, View::Dump(_)) {
                    return Vec::new();
                }
                if let Some(line) = self.open.as_ref().and_then(|open| {
                    let stacks = &open.report()?.stacks;
                    let selected = open.selection.map(|selection| selection.line);
                    let rows = stack_rows::rows(stacks, &open.folds, selected);
                    stack_rows::step(stacks, &rows, selected, step)
                }) {
                    self.select(line, Origin::Stack);
                }
                Vec::new()
            }
            Change::Select(line, origin) => {
                self.select(line, origin);
                Vec::new()
            }
            Change::Fold(fold, wanted) => {
                if let Some(open) = &mut self.open {
                    Rc::make_mut(&mut open.folds).insert(fold, wanted);
                    if !wanted {
                        // A selected line would hold open what the user has just closed.
                        open.selection = None;
                    }
                }
                Vec::new()
            }
            Change::Source(stack, frame) => self.open_source((stack, frame)),
            Change::Symbols(files) => self.give_symbols(files),
            Change::ForgetSymbols(kept) => self.forget_symbols(kept),
            Change::SourceLink(template) => {
                self.source_link = template;
                Vec::new()
            }
            Change::Copy(format) => self.render(Purpose::Copy, format),
            Change::CopyText(text) => vec![Effect::CopyText(text.to_string())],
            Change::Save => self.render(Purpose::Save, Format::Json),
            Change::Share => self.share(None),
            Change::ShareWith(redactions) => self.share(Some(redactions)),
            Change::Dialog(dialog) => {
                self.dialog = dialog;
                Vec::new()
            }
            Change::Dismiss => {
                if self.problem.is_some() || self.stopped.is_some() {
                    self.problem = None;
                    self.stopped = None;
                    self.opening_failed = false;
                } else if let Some(open) = &mut self.open {
                    open.selection = None;
                }
                Vec::new()
            }
            Change::Say(words) => {
                let serial = self.next_serial();
                self.said.clone_from(&words);
                self.flash = Some((serial, words));
                vec![Effect::Unsay(serial)]
            }
            Change::Unsay(serial) => {
                self.flash.take_if(|(shown, _)| *shown == serial);
                Vec::new()
            }
            Change::AddressEmptied => {
                let from_link = self.open.as_ref().is_some_and(|open| matches!(open.source, Source::Link(_)));
                if from_link { self.back(now) } else { Vec::new() }
            }
            Change::Back => self.back(now),
            Change::Told(what) => self.told(what, now),
            Change::NoDumps(reason) => self.no_dumps(&reason),
        }
    }

    fn answered(&mut self, purpose: Purpose, event: Event, now: f64) -> Vec<Effect> {
        match (purpose, event) {
            (Purpose::Hello, Event::Ready { build_id, examples }) => {
                if *build_id == *self.build_id {
                    self.engine = EngineStatus::Ready;
                    self.false_starts = 0;
                } else {
                    self.engine = EngineStatus::Dead(format!(
                        "the engine is of build {build_id}, this page of build {}; reload the page",
                        self.build_id
                    ));
                }
                self.examples = Rc::new(examples);
                Vec::new()
            }
            (Purpose::Open(id), event) => self.opening_answered(id, event, now),
            (Purpose::Triage(id), event) => self.triage_answered(id, event, now),
            (Purpose::Report { epoch, index }, Event::Report(report)) => {
                self.symbols.work = None;
                let Some(open) = self.open.as_mut().filter(|open| open.epoch == epoch) else { return Vec::new() };
                let looked_up = report.symbols.is_some();
                open.reports.insert(index, Same::from(report));
                if open.reports.len() > MAX_REPORTS {
                    let current = open.current;
                    if let Some(furthest) = open.reports.keys().copied().max_by_key(|other| other.abs_diff(current)) {
                        open.reports.remove(&furthest);
                    }
                }
                // The neighbours are fetched ahead, so that stepping through the reports is instant.
                let mut effects = if index == open.current { self.fetch(index.checked_add(1)) } else { Vec::new() };
                if looked_up {
                    effects.push(send(Purpose::SymbolFiles, Request::SymbolFiles));
                }
                effects
            }
            (purpose @ (Purpose::Report { .. } | Purpose::Symbols | Purpose::SymbolFiles), event)
                if !matches!(event, Event::Failed(_)) =>
            {
                self.symbols_answered(&purpose, event)
            }
            (Purpose::Source { epoch, at }, Event::Source(place)) => {
                self.source_answered(epoch, at, place);
                Vec::new()
            }
            (Purpose::Copy, Event::Rendered { text, .. }) => vec![Effect::CopyText(text)],
            (Purpose::Save, Event::Rendered { text, file_name }) => vec![Effect::SaveFile { name: file_name, text }],
            (Purpose::Share(serial), event) => {
                if let Some(Dialog::Share(sharing)) = &mut self.dialog
                    && sharing.serial == serial
                {
                    let sharing = Rc::make_mut(sharing);
                    sharing.pending = false;
                    match event {
                        Event::Shared(shared) => sharing.shared = Some(Rc::from(shared)),
                        Event::Failed(problem) => sharing.problem = Some(problem),
                        _ => {}
                    }
                }
                Vec::new()
            }
            (purpose, Event::Failed(problem)) => {
                if matches!(purpose, Purpose::Report { .. } | Purpose::Symbols) {
                    self.symbols.work = None;
                }
                self.said.clone_from(&problem.message);
                self.problem = Some(problem);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn select(&mut self, line: u64, origin: Origin) {
        let serial = self.next_serial();
        if let Some(open) = &mut self.open {
            open.selection = Some(Selection { line, origin, serial });
        }
    }

    fn show_report(&mut self, index: u32) -> Vec<Effect> {
        let Some(open) = &mut self.open else { return Vec::new() };
        let Some(summary) = open.summary.reports.get(index as usize) else { return Vec::new() };
        self.said = format!("Report {} of {}: {}", index + 1, open.summary.reports.len(), summary.title);
        if open.current != index {
            open.current = index;
            open.selection = None;
            open.folds = Rc::default();
            open.sources = Rc::default();
        }
        self.view = View::Report;
        if self.open.as_ref().is_some_and(|open| open.report().is_some()) {
            return self.fetch(index.checked_add(1));
        }
        self.fetch(Some(index))
    }

    /// Asks for a report unless it is there or can't be had.
    fn fetch(&self, index: Option<u32>) -> Vec<Effect> {
        let wanted = self.open.as_ref().zip(index).filter(|(open, index)| {
            !open.detached && (*index as usize) < open.summary.reports.len() && !open.reports.has(index)
        });
        wanted.map_or_else(Vec::new, |(open, index)| {
            vec![send(Purpose::Report { epoch: open.epoch, index }, Request::Report { index })]
        })
    }

    fn render(&self, purpose: Purpose, format: Format) -> Vec<Effect> {
        if self.view == View::Triage {
            return self.render_triage(TriageFormat::Text);
        }
        if matches!(self.view, View::Dump(_)) {
            return vec![Effect::Dumps(Ask::Copy)];
        }
        let Some(open) = self.open.as_ref().filter(|open| !open.detached) else { return Vec::new() };
        // The document is always the whole answer; the texts are of the report on the screen.
        let index = match format {
            Format::Json => None,
            Format::Text | Format::Markdown if open.summary.reports.is_empty() => return Vec::new(),
            Format::Text | Format::Markdown => Some(open.current),
        };
        vec![send(purpose, Request::Render { index, format })]
    }

    fn share(&mut self, redactions: Option<Vec<String>>) -> Vec<Effect> {
        let serial = self.next_serial();
        let there = |open: &&OpenLog| {
            !open.detached && !open.summary.reports.is_empty() && matches!(self.view, View::Report | View::Log)
        };
        let Some(open) = self.open.as_ref().filter(there) else {
            return Vec::new();
        };
        let (index, shared) = match (&self.dialog, &redactions) {
            (Some(Dialog::Share(sharing)), Some(names)) => {
                let mut shared = sharing.shared.clone();
                if let Some(shared) = &mut shared {
                    for redaction in &mut Rc::make_mut(shared).redactions {
                        redaction.on = names.contains(&redaction.name);
                    }
                }
                (sharing.index, shared)
            }
            _ => (open.current, None),
        };
        let view = protocol::View {
            line: open.selection.map(|selection| selection.line),
            tab: Some(if self.view == View::Log { "log" } else { "report" }.to_owned()),
        };
        self.dialog = Some(Dialog::Share(Rc::new(Sharing { index, shared, pending: true, problem: None, serial })));
        vec![send(Purpose::Share(serial), Request::Share { index, redactions, view })]
    }

    fn back(&mut self, now: f64) -> Vec<Effect> {
        match self.previous.take() {
            Some(source) => self.begin(source, false, now),
            None => Vec::new(),
        }
    }
}

/// What is said when a log has been opened.
fn opened_words(summary: &protocol::LogSummary, name: &str) -> String {
    let reports = summary.reports.len() as u64;
    if reports == 0 {
        format!("{name}: no report found in {}", format::counted(summary.facts.lines, "line"))
    } else {
        format!("{name}: {}", format::counted(reports, "report"))
    }
}
