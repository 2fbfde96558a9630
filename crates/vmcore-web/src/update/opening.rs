//! The life of an opening: begun, reported on, ended, cancelled, and begun anew when the engine dies under it.
//! Must never drop what is open before something else is known as a dump.

use super::{Effect, Purpose, Tell, status};
use crate::format;
use crate::log_rows::Log;
use crate::same::Same;
use crate::state::{Death, Done, EngineStatus, Files, Found, Known, LogFound, OpenFrame, Opening, State, Whose};
use oopscope_protocol::{Problem, VmcoreEvent, VmcoreProgress, VmcoreRequest};
use oopscope_web_kit::browser::{files_name, folder_path};
use std::rc::Rc;

/// Starts of the engine in a row that may fail before the page stops trying.
const MAX_FALSE_STARTS: u32 = 3;

/// A death so soon after the engine had opened the dump again counts as a second death on the same dump.
const SOON: f64 = 10_000.0;

impl State {
    /// Starts the engine where there is none.
    pub(crate) fn prepare(&mut self) -> Vec<Effect> {
        if !matches!(self.engine, EngineStatus::Absent | EngineStatus::Dead(_)) {
            return Vec::new();
        }
        self.engine = EngineStatus::Loading;
        self.false_starts = 0;
        vec![Effect::StartEngine]
    }

    /// Begins to open files. What is open stays.
    pub(super) fn begin(&mut self, files: Files, restoring: bool, now: f64) -> Vec<Effect> {
        let id = self.next_serial();
        let names: Vec<String> = files.iter().map(|file| folder_path(file).unwrap_or_else(|| file.name())).collect();
        let mut effects = self.prepare();
        if !restoring {
            effects.push(Effect::Tell(Tell::Opening(files_name(&files))));
        }
        self.opening = Some(Opening {
            id,
            files: Rc::clone(&files),
            progress: VmcoreProgress::default(),
            started: now,
            cancelling: false,
            restoring,
            known: if restoring { Known::Yes } else { Known::No },
        });
        effects.push(Effect::Send { purpose: Purpose::Open(id), request: VmcoreRequest::Open { names }, files });
        effects
    }

    /// Brings back what is open into an engine that does not hold it.
    pub(super) fn restore(&mut self, now: f64) -> Vec<Effect> {
        match self.files.clone().filter(|_| self.detached) {
            Some(files) => self.begin(files, true, now),
            None => Vec::new(),
        }
    }

    pub(super) fn opening_answered(&mut self, id: u32, event: VmcoreEvent, now: f64) -> Vec<Effect> {
        let Some(opening) = self.opening.as_mut().filter(|opening| opening.id == id) else { return Vec::new() };
        let restoring = opening.restoring;
        match event {
            VmcoreEvent::Progress(progress) => {
                let words = (progress.cost.bytes > 0).then(|| status(progress.cost));
                opening.progress = progress;
                return words.map(|words| Effect::Tell(Tell::Status(words))).into_iter().collect();
            }
            VmcoreEvent::Failed(problem) => return self.opening_failed(problem, now),
            VmcoreEvent::Done { unread, incomplete, cost } => {
                self.cost = cost;
                return self.opening_done(Done { unread, incomplete }, now);
            }
            _ => {}
        }
        if let VmcoreEvent::Dump(facts) = &event
            && facts.format == "raw"
            && opening.known == Known::No
        {
            opening.known = Known::Supposed;
            return Vec::new();
        }
        let mut effects = self.known();
        match event {
            VmcoreEvent::Dump(facts) => self.found.dump = Some(Same::from(facts)),
            VmcoreEvent::Log { text, name, records, unread } => {
                let log = Same::new(Log::new(records));
                let lines = log.len();
                let is_new = self.found.log.is_none();
                self.found.log = Some(LogFound { log, unread });
                // A fresh engine reads the same log again, and the page has it.
                if lines > 0 && (is_new || !restoring) {
                    effects.push(Effect::Tell(Tell::Log(text, name)));
                    effects.push(Effect::Mark("oopscope-dump-log"));
                }
            }
            VmcoreEvent::System(system) => self.found.system = Some(Same::from(system)),
            VmcoreEvent::Panic(panic) => {
                // It comes twice: the message first, the stack as soon as there are symbols.
                if let Some(message) = panic.message.as_ref().filter(|_| self.found.panic.is_none()) {
                    effects.push(Effect::Tell(Tell::Say(format!("Panic: {message}"))));
                }
                let mark = if panic.backtrace.is_empty() { "oopscope-dump-message" } else { "oopscope-dump-panic" };
                effects.push(Effect::Mark(mark));
                self.found.panic = Some(Same::from(panic));
            }
            VmcoreEvent::Cpus { cpus } => {
                if self.found.panic.is_none()
                    && self.whose == Whose::Panic
                    && let Some(first) = cpus.first()
                {
                    self.whose = Whose::Cpu(first.number);
                }
                self.found.cpus = Some(Same::new(cpus));
            }
            VmcoreEvent::Tasks { tasks, unread } => {
                self.found.tasks = Some(Same::new(tasks));
                self.found.tasks_unread = unread;
                effects.push(Effect::Mark("oopscope-dump-tasks"));
            }
            VmcoreEvent::Modules { modules, unread } => {
                self.found.modules = Some(Same::new(modules));
                self.found.modules_unread = unread;
            }
            VmcoreEvent::Memory(memory) => self.found.memory = Some(Same::from(memory)),
            _ => {}
        }
        let count = |count: Option<usize>| count.map(|count| format::count(count as u64)).unwrap_or_default();
        let tasks = count(self.found.tasks.as_ref().map(|tasks| tasks.len()));
        let modules = count(self.found.modules.as_ref().map(|modules| modules.len()));
        let lines = count(self.found.log.as_ref().map(|found| found.log.len()));
        effects.push(Effect::Tell(Tell::Counts(tasks, modules, lines)));
        effects
    }

    /// The engine has found something: from now on this is what is open.
    fn known(&mut self) -> Vec<Effect> {
        let Some(opening) = self.opening.as_mut().filter(|opening| !opening.is_known()) else { return Vec::new() };
        opening.known = Known::Yes;
        let files = Rc::clone(&opening.files);
        let bytes: u64 = files.iter().map(|file| oopscope_web_kit::num::to_u64(file.size())).sum();
        let name = files_name(&files);
        self.files = Some(files);
        self.found = Found::default();
        self.detached = false;
        self.reports = None;
        self.log_options = crate::log_rows::Options::default();
        self.whose = Whose::Panic;
        self.stacks.clear();
        self.frames.clear();
        self.chosen.clear();
        self.selected = None;
        vec![Effect::Tell(Tell::Known(name, format::bytes(bytes)))]
    }

    fn opening_done(&mut self, done: Done, now: f64) -> Vec<Effect> {
        let Some(opening) = self.opening.take() else { return Vec::new() };
        if !opening.is_known() {
            // Stopped before anything was found.
            return vec![Effect::Tell(Tell::Cancelled)];
        }
        let mut effects = Vec::new();
        if let Some(death) = self.death.as_mut().filter(|death| Rc::ptr_eq(&death.files, &opening.files)) {
            death.reopened = Some(now);
            let words = format!("{} A fresh one has opened {} again.", death.words, files_name(&opening.files));
            effects.push(Effect::Tell(Tell::Stopped(words)));
        }
        self.detached = false;
        let words = if done.incomplete {
            format!("{}: stopped before the end", files_name(&opening.files))
        } else {
            format!("{}: read in {}", files_name(&opening.files), format::duration(now - opening.started))
        };
        self.found.done = Some(done);
        effects.push(Effect::Tell(Tell::Status(format!(
            "{} · opened in {}",
            status(self.cost),
            format::duration(now - opening.started)
        ))));
        effects.push(Effect::Tell(Tell::Say(words)));
        effects.push(Effect::Tell(Tell::Opened));
        effects.push(Effect::Mark("oopscope-dump-done"));
        effects
    }

    fn opening_failed(&mut self, problem: Problem, now: f64) -> Vec<Effect> {
        let Some(opening) = self.opening.take() else { return Vec::new() };
        if opening.is_known() && !opening.restoring {
            // Part of it is there, and stays.
            let unread = oopscope_report::vmcore::Unread {
                what: "the rest of the dump".to_owned(),
                why: problem.message.clone(),
            };
            self.found.done = Some(Done { unread: vec![unread], incomplete: true });
            return vec![Effect::Tell(Tell::Problem(problem)), Effect::Tell(Tell::Opened)];
        }
        if opening.restoring {
            return vec![Effect::Tell(Tell::Problem(problem)), Effect::Tell(Tell::Opened)];
        }
        let mut effects = vec![Effect::Tell(Tell::Failed(problem))];
        effects.extend(self.restore(now));
        effects
    }

    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        match &mut self.opening {
            Some(opening) if !opening.cancelling => {
                opening.cancelling = true;
                vec![Effect::Cancel, Effect::WatchCancel(opening.id)]
            }
            _ => Vec::new(),
        }
    }

    /// The engine did not see the wish to cancel: it is replaced. What was found of the dump stays; what was open before a
    /// dump that is not even known is opened in the fresh one.
    pub(super) fn cancel_overdue(&mut self, id: u32, now: f64) -> Vec<Effect> {
        let Some(opening) = self.opening.take_if(|opening| opening.id == id) else { return Vec::new() };
        self.lose_engine("it was cancelled", now);
        let mut effects = vec![Effect::StartEngine];
        if opening.is_known() {
            if self.found.done.is_none() {
                self.found.done = Some(Done { unread: Vec::new(), incomplete: true });
            }
            effects.push(Effect::Tell(Tell::Say("Cancelled.".to_owned())));
            effects.push(Effect::Tell(Tell::Opened));
        } else {
            effects.push(Effect::Tell(Tell::Cancelled));
            effects.extend(self.restore(now));
        }
        effects
    }

    /// The engine ended by itself. A fresh one is started and opens the same again, unless it has died on it before.
    pub(super) fn engine_died(&mut self, reason: &str, now: f64) -> Vec<Effect> {
        let opening = self.opening.take();
        let known = opening.as_ref().is_some_and(Opening::is_known);
        let restoring = known || opening.is_none();
        let files = opening.map(|opening| opening.files).or_else(|| self.files.clone());
        if files.is_none() && self.false_starts == 0 {
            // It was started ahead, and nobody waits for it: the next dump starts another.
            self.engine = EngineStatus::Absent;
            return Vec::new();
        }
        let words = format!("The engine for dumps stopped: {reason}.");
        if self.engine == EngineStatus::Loading {
            self.false_starts += 1;
        }
        self.lose_engine(reason, now);
        if self.false_starts >= MAX_FALSE_STARTS {
            self.engine = EngineStatus::Dead(reason.to_owned());
            let problem = Problem {
                code: "engine".to_owned(),
                message: format!("The engine for dumps does not start: {reason}."),
                advice: "Reload the page while the network is on, or use the native command: oopscope core FILE."
                    .to_owned(),
            };
            let tell = if known { Tell::Problem(problem) } else { Tell::Failed(problem) };
            let mut effects = vec![Effect::Tell(tell)];
            if known {
                effects.push(Effect::Tell(Tell::Opened));
            }
            return effects;
        }
        let mut effects = vec![Effect::StartEngine];
        let Some(files) = files else { return effects };
        let again = self.death.take().is_some_and(|death| {
            Rc::ptr_eq(&death.files, &files) && death.reopened.is_none_or(|reopened| now - reopened < SOON)
        });
        let name = files_name(&files);
        if again {
            let problem = Problem {
                code: "engine".to_owned(),
                message: format!("The engine for dumps stopped twice on {name}: {reason}."),
                advice: "It is not opened a third time. Try the native command: oopscope core FILE.".to_owned(),
            };
            effects.push(Effect::Tell(Tell::Stopped(String::new())));
            if restoring {
                if self.found.done.is_none() {
                    self.found.done = Some(Done { unread: Vec::new(), incomplete: true });
                }
                effects.push(Effect::Tell(Tell::Problem(problem)));
                effects.push(Effect::Tell(Tell::Opened));
            } else {
                effects.push(Effect::Tell(Tell::Failed(problem)));
                effects.extend(self.restore(now));
            }
            return effects;
        }
        effects.push(Effect::Tell(Tell::Stopped(format!("{words} A fresh one is opening {name} again."))));
        self.death = Some(Death { files: Rc::clone(&files), words, reopened: None });
        effects.extend(self.begin(files, restoring, now));
        effects
    }

    pub(super) fn lose_engine(&mut self, reason: &str, now: f64) {
        self.engine = EngineStatus::Loading;
        self.console.fail_waiting(&format!("No answer: the engine ended ({reason})."), now);
        self.stacks.retain(|_, asked| !matches!(asked, crate::state::Asked::Waiting));
        self.frames.retain(|_, open| !matches!(open, OpenFrame::Waiting));
        self.detached = self.files.is_some();
    }
}
