//! What this part of the page knows: the one place that every view draws from. Must never touch the browser or the engine:
//! [`crate::update`] changes it and says what is to be done.

use crate::console::Console;
use crate::log_rows::{self, Log, Reports};
use crate::same::Same;
use crate::task_rows::Options;
use oopscope_protocol::{Cost, VmcoreProgress};
use oopscope_report::vmcore::{Backtrace, Cpu, DumpFacts, Locals, MemoryUsage, Module, Panic, System, Task, Unread};
use oopscope_web_kit::few::Few;
use std::rc::Rc;
use web_sys::File;

/// Which view is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    /// The machine, its end, the dump.
    Overview,
    /// The kernel's log.
    Log,
    /// Stacks.
    Backtraces,
    /// Tasks.
    Tasks,
    /// Modules.
    Modules,
    /// How memory was used.
    Memory,
    /// Commands.
    Console,
}

impl Tab {
    /// The view of a name, as the page knows it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "overview" => Self::Overview,
            "log" | "find" => Self::Log,
            "backtraces" => Self::Backtraces,
            "tasks" => Self::Tasks,
            "modules" => Self::Modules,
            "memory" => Self::Memory,
            "console" => Self::Console,
            _ => return None,
        })
    }
}

/// How the engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EngineStatus {
    /// Nobody has needed it yet.
    Absent,
    /// It is being loaded.
    Loading,
    /// It answers.
    Ready,
    /// It does not start, and why.
    Dead(String),
}

/// The files of a dump: the browser's references; no bytes are held.
pub(crate) type Files = Rc<Vec<File>>;

/// What was read of the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LogFound {
    /// Its lines.
    pub(crate) log: Same<Log>,
    /// What could not be read.
    pub(crate) unread: Vec<Unread>,
}

/// How an opening ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Done {
    /// What could not be read.
    pub(crate) unread: Vec<Unread>,
    /// It was stopped: there may be more.
    pub(crate) incomplete: bool,
}

/// What was found in a dump, as far as it has been read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// The container.
    pub(crate) dump: Option<Same<DumpFacts>>,
    /// The log.
    pub(crate) log: Option<LogFound>,
    /// The machine.
    pub(crate) system: Option<Same<System>>,
    /// What ended it.
    pub(crate) panic: Option<Same<Panic>>,
    /// The CPUs.
    pub(crate) cpus: Option<Same<Vec<Cpu>>>,
    /// The tasks.
    pub(crate) tasks: Option<Same<Vec<Task>>>,
    /// What of the tasks could not be read.
    pub(crate) tasks_unread: Vec<Unread>,
    /// The modules.
    pub(crate) modules: Option<Same<Vec<Module>>>,
    /// What of the modules could not be read.
    pub(crate) modules_unread: Vec<Unread>,
    /// How memory was used.
    pub(crate) memory: Option<Same<MemoryUsage>>,
    /// How it ended.
    pub(crate) done: Option<Done>,
}

/// An opening that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// Differs for every opening.
    pub(crate) id: u32,
    /// What is being opened.
    pub(crate) files: Files,
    /// How far it is.
    pub(crate) progress: VmcoreProgress,
    /// When it began.
    pub(crate) started: f64,
    /// True once Cancel was pressed.
    pub(crate) cancelling: bool,
    /// True when it brings back what was open into a fresh engine: what is on the screen stays.
    pub(crate) restoring: bool,
    /// Whether it is a dump.
    pub(crate) known: Known,
}

/// Whether something is a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// The engine has not said so.
    No,
    /// Nothing but its size makes it one: of a file without a magic number only a kernel in it does.
    Supposed,
    /// It is: it has taken the place of what was open.
    Yes,
}

impl Opening {
    /// True once it has taken the place of what was open.
    pub(crate) fn is_known(&self) -> bool {
        self.known == Known::Yes
    }
}

/// Whose stack is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The panicking task's.
    #[default]
    Panic,
    /// A CPU's, by its number.
    Cpu(u32),
    /// A task's, by the address of its `task_struct`.
    Task(u64),
}

/// The stack of a task that was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// The engine has not answered yet.
    Waiting,
    /// It is there.
    There(Same<Backtrace>),
    /// It can't be had, and why.
    Failed(String),
}

/// The variables of a frame that was opened.
#[derive(Clone, Debug)]
pub(crate) enum OpenFrame {
    /// The engine has not answered yet.
    Waiting,
    /// They are there.
    There(Same<Locals>),
    /// They can't be had, and why.
    Failed(String),
}

/// The last death of the engine, for the guard against dying on the same dump over and over.
#[derive(Clone, Debug)]
pub(crate) struct Death {
    /// What the engine was opening or held.
    pub(crate) files: Files,
    /// What was said of it.
    pub(crate) words: String,
    /// When a fresh engine had opened the same again.
    pub(crate) reopened: Option<f64>,
}

/// Everything.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// The page's own version.
    pub(crate) build_id: Rc<str>,
    /// How the engine is.
    pub(crate) engine: EngineStatus,
    /// The console's commands with a line on each.
    pub(crate) commands: Rc<Vec<(String, String)>>,
    /// Which view is on; none while the page shows something else.
    pub(crate) tab: Option<Tab>,
    /// What is open.
    pub(crate) files: Option<Files>,
    /// What was found in it.
    pub(crate) found: Found,
    /// True while no engine holds it: what is on the screen stays, nothing more can be asked.
    pub(crate) detached: bool,
    /// What is being opened.
    pub(crate) opening: Option<Opening>,
    /// The work of the last opening.
    pub(crate) cost: Cost,
    /// The log's reports, once the page has looked for them.
    pub(crate) reports: Option<Rc<Reports>>,
    /// How the log is looked at.
    pub(crate) log_options: log_rows::Options,
    /// Whose stack is shown.
    pub(crate) whose: Whose,
    /// Stacks of tasks that were asked for, by the tasks' addresses.
    pub(crate) stacks: Few<u64, Asked>,
    /// Frames that are opened to their variables: address of the task, number of the frame.
    pub(crate) frames: Few<(u64, u32), OpenFrame>,
    /// Tasks that were chosen, in that order, by their addresses.
    pub(crate) chosen: Vec<u64>,
    /// How the tasks are listed.
    pub(crate) task_options: Options,
    /// The selected task, by its address.
    pub(crate) selected: Option<u64>,
    /// The console.
    pub(crate) console: Console,
    /// The last death.
    pub(crate) death: Option<Death>,
    /// Deaths in a row before the engine was ready.
    pub(crate) false_starts: u32,
    /// Source of numbers that must differ.
    pub(crate) serial: u32,
}

impl State {
    /// Before anything was opened.
    pub(crate) fn new(build_id: &str) -> Self {
        Self {
            build_id: Rc::from(build_id),
            engine: EngineStatus::Absent,
            commands: Rc::default(),
            tab: None,
            files: None,
            found: Found::default(),
            detached: false,
            opening: None,
            cost: Cost::default(),
            reports: None,
            log_options: log_rows::Options::default(),
            whose: Whose::Panic,
            stacks: Few::default(),
            frames: Few::default(),
            chosen: Vec::new(),
            task_options: Options::default(),
            selected: None,
            console: Console::default(),
            death: None,
            false_starts: 0,
            serial: 0,
        }
    }

    /// A number that was not given before.
    pub(crate) fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    /// True while more may come of what is shown.
    pub(crate) fn reading(&self) -> bool {
        self.found.done.is_none() && self.opening.as_ref().is_some_and(Opening::is_known)
    }
}
