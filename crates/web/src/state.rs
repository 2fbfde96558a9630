//! What the page knows: the one place that every component draws from. Must never touch the browser or the
//! engine: [`crate::update`] changes it and says what is to be done.

use crate::same::Same;
use crate::stack_rows::Folds;
use oopscope_protocol::{
    Example, LogSummary, Problem, Progress, Shared, SourcePlace, Summary, SymbolProgress, Symbols, TriageProgress,
};
use oopscope_report::Report;
use oopscope_report::triage::Triage;
use oopscope_web_kit::browser::files_name;
use oopscope_web_kit::few::Few;
use std::rc::Rc;
use web_sys::File;

/// Where a log comes from, kept so that it can be opened again in a fresh engine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// Files, read as one log in this order.
    Files {
        /// The browser's references; no bytes are held.
        files: Rc<Vec<File>>,
        /// True when the browser keeps handles by which they can be opened after a reload.
        kept: bool,
    },
    /// Pasted text.
    Text(Rc<str>),
    /// A built-in example.
    Example(Example),
    /// A permalink's fragment.
    Link(Rc<str>),
    /// The log that was read out of the dump that is open.
    DumpLog {
        /// Its name.
        name: Rc<str>,
        /// All of it.
        text: Rc<str>,
    },
}

impl Source {
    /// A name for people, before the engine has given one.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Files { files, .. } => files_name(files),
            Self::Text(_) => "pasted text".to_owned(),
            Self::Example(example) => format!("example {}", example.name),
            Self::Link(_) => "a link".to_owned(),
            Self::DumpLog { name, .. } => name.to_string(),
        }
    }

    /// True when a reload of the page does not lose it: a link stands in the address bar, an example is built in,
    /// a file's handle is kept.
    pub(crate) fn survives_reload(&self) -> bool {
        match self {
            Self::Files { kept, .. } => *kept,
            Self::Text(_) => false,
            // Whether a dump is lost is its own affair.
            Self::Example(_) | Self::Link(_) | Self::DumpLog { .. } => true,
        }
    }
}

/// How the engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EngineStatus {
    /// It is being loaded.
    Loading,
    /// It answers.
    Ready,
    /// It does not start, and why.
    Dead(String),
}

/// Which view is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// The start page.
    Start,
    /// The current report.
    Report,
    /// The whole log.
    Log,
    /// Many logs, grouped.
    Triage,
    /// A view of the dump, by its name.
    Dump(&'static str),
}

/// Where a selection was made, which decides what scrolls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In the stack: the log follows.
    Stack,
    /// In the log: the stack follows.
    Log,
    /// A claim, a fact or a register: the log is brought into sight.
    Evidence,
}

/// The selected log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Line number, from 1.
    pub(crate) line: u64,
    /// Where it was made.
    pub(crate) origin: Origin,
    /// Differs for every selection, so that selecting the same line again scrolls again.
    pub(crate) serial: u32,
}

/// The log that is open.
#[derive(Clone, Debug)]
pub(crate) struct OpenLog {
    /// Where it came from.
    pub(crate) source: Source,
    /// What the engine says of it.
    pub(crate) summary: Same<LogSummary>,
    /// Index of the report that is shown.
    pub(crate) current: u32,
    /// Reports that the engine has given so far.
    pub(crate) reports: Few<u32, Same<Report>>,
    /// The selected line.
    pub(crate) selection: Option<Selection>,
    /// What was folded and unfolded in the current report.
    pub(crate) folds: Rc<Folds>,
    /// The frames of the current report that are opened to their source.
    pub(crate) sources: Rc<Vec<OpenSource>>,
    /// Milliseconds from the input to the answer.
    pub(crate) took: f64,
    /// Changes whenever the engine has opened it anew: what was asked for before must be asked for again.
    pub(crate) epoch: u32,
    /// True while no engine holds it: what is on the screen stays, nothing more can be asked.
    pub(crate) detached: bool,
}

impl OpenLog {
    /// The report that is shown, when the engine has given it.
    pub(crate) fn report(&self) -> Option<&Same<Report>> {
        self.reports.get(&self.current)
    }

    /// The log's name for people.
    pub(crate) fn name(&self) -> String {
        self.summary.facts.name.clone().unwrap_or_else(|| self.source.name())
    }
}

/// A frame that is opened to its source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenSource {
    /// Index of the stack, index of the frame in it.
    pub(crate) at: (usize, usize),
    /// The place, once the engine has told it.
    pub(crate) place: Option<Same<SourcePlace>>,
}

/// What is known of files of symbols, and what is being done with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct AtHand {
    /// The files, as the engine told them last; nothing where there are none.
    pub(crate) told: Option<Same<Symbols>>,
    /// Those that were given beside what is open, to give them to a fresh engine again.
    pub(crate) given: Vec<Rc<Vec<File>>>,
    /// What takes long.
    pub(crate) work: Option<SymbolWork>,
}

/// Work on files of symbols that takes long.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SymbolWork {
    /// Differs for every work.
    pub(crate) id: u32,
    /// How far it is.
    pub(crate) progress: SymbolProgress,
    /// True once Cancel was pressed.
    pub(crate) cancelling: bool,
}

/// The dump that is open, or being opened, in its own part of the page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dump {
    /// Its name.
    pub(crate) name: String,
    /// Its size, for people.
    pub(crate) size: String,
    /// True once it is known as a dump.
    pub(crate) known: bool,
    /// True while more of it is read, or another one is being opened.
    pub(crate) opening: bool,
    /// True when the browser keeps handles by which it can be opened after a reload.
    pub(crate) kept: bool,
    /// What was read of it, in words.
    pub(crate) status: String,
    /// How many tasks it has.
    pub(crate) tasks: String,
    /// How many modules.
    pub(crate) modules: String,
    /// How many lines its log has.
    pub(crate) lines: String,
}

/// An opening that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// Differs for every opening.
    pub(crate) id: u32,
    /// What is being opened.
    pub(crate) source: Source,
    /// How far it is.
    pub(crate) progress: Progress,
    /// What is done with the files of symbols among them.
    pub(crate) symbols: Option<SymbolProgress>,
    /// The first reports that were found.
    pub(crate) found: Vec<Summary>,
    /// How many were found.
    pub(crate) found_count: u64,
    /// When it began.
    pub(crate) started: f64,
    /// True once Cancel was pressed.
    pub(crate) cancelling: bool,
    /// True when it brings back what was open into a fresh engine: the view stays as it is.
    pub(crate) restoring: bool,
    /// The report to show first, where the user has asked for one.
    pub(crate) wanted: Option<u32>,
}

/// Many logs that are read each by itself.
#[derive(Clone, Debug)]
pub(crate) struct ManyLogs {
    /// Differs for every triage.
    pub(crate) id: u32,
    /// What they are called together.
    pub(crate) name: Rc<str>,
    /// The browser's references, in the order in which the engine got them.
    pub(crate) files: Rc<Vec<File>>,
    /// What must be said of the files: that there were more.
    pub(crate) note: Option<String>,
    /// How far it is.
    pub(crate) stage: Stage,
}

/// How far a triage is.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// The engine reads.
    Reading {
        /// How far it is.
        progress: TriageProgress,
        /// When it began.
        started: f64,
        /// True once Cancel was pressed.
        cancelling: bool,
    },
    /// It is done.
    Done {
        /// What came out.
        triage: Same<Triage>,
        /// Milliseconds from the input to the answer.
        took: f64,
        /// True when the engine that holds it is gone: it can be read, and no longer be rendered.
        detached: bool,
    },
}

impl ManyLogs {
    /// What came out, once it is there.
    pub(crate) fn triage(&self) -> Option<&Same<Triage>> {
        match &self.stage {
            Stage::Done { triage, .. } => Some(triage),
            Stage::Reading { .. } => None,
        }
    }
}

/// The last death of the engine, for the guard against dying on the same input over and over.
#[derive(Clone, Debug)]
pub(crate) struct Death {
    /// What the engine was opening or held.
    pub(crate) source: Source,
    /// What was said of it.
    pub(crate) words: String,
    /// When a fresh engine had opened the same again.
    pub(crate) reopened: Option<f64>,
}

/// A dialog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Dialog {
    /// The keys.
    Help,
    /// What the page has requested.
    Requests,
    /// The files of symbols, and where source is looked at.
    Symbols,
    /// What a link would hold.
    Share(Rc<Sharing>),
    /// Text to copy by hand, where the clipboard is refused.
    CopyByHand(Rc<str>),
    /// Whether to reload although something would be lost.
    ConfirmUpdate,
}

/// The share dialog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sharing {
    /// Index of the report.
    pub(crate) index: u32,
    /// The engine's last answer, with the switches as the user has set them since; absent before the first.
    pub(crate) shared: Option<Rc<Shared>>,
    /// An answer is awaited: the text shown is not the one that the switches ask for, and must not be copied.
    pub(crate) pending: bool,
    /// Why there is none.
    pub(crate) problem: Option<Problem>,
    /// Number of the last request: answers to earlier ones are dropped.
    pub(crate) serial: u32,
}

/// Everything.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// The page's own version.
    pub(crate) build_id: Rc<str>,
    /// How the engine is.
    pub(crate) engine: EngineStatus,
    /// What it carries to look at.
    pub(crate) examples: Rc<Vec<Example>>,
    /// Which view is on.
    pub(crate) view: View,
    /// What is open.
    pub(crate) open: Option<OpenLog>,
    /// What is being opened.
    pub(crate) opening: Option<Opening>,
    /// The dump.
    pub(crate) dump: Option<Dump>,
    /// The files of symbols.
    pub(crate) symbols: AtHand,
    /// The template of links to the user's source browser.
    pub(crate) source_link: Rc<str>,
    /// Many logs, beside what is open.
    pub(crate) many: Option<ManyLogs>,
    /// That a folder is being looked through, in words.
    pub(crate) looking: Option<String>,
    /// Why the last input or wish could not be fulfilled.
    pub(crate) problem: Option<Problem>,
    /// True when the problem is that of an opening.
    pub(crate) opening_failed: bool,
    /// That the engine stopped, and what was done.
    pub(crate) stopped: Option<String>,
    /// What was open before a link replaced it.
    pub(crate) previous: Option<Source>,
    /// The dialog that is open.
    pub(crate) dialog: Option<Dialog>,
    /// The last thing said in the live region.
    pub(crate) said: String,
    /// A word on what the user has just done, shown for a moment, with its number.
    pub(crate) flash: Option<(u32, String)>,
    /// The last death.
    pub(crate) death: Option<Death>,
    /// Deaths in a row before the engine was ready.
    pub(crate) false_starts: u32,
    /// Source of numbers that must differ.
    pub(crate) serial: u32,
}

impl State {
    /// The page as it starts.
    pub(crate) fn new(build_id: &str) -> Self {
        Self {
            build_id: Rc::from(build_id),
            engine: EngineStatus::Loading,
            examples: Rc::default(),
            view: View::Start,
            open: None,
            opening: None,
            dump: None,
            symbols: AtHand::default(),
            source_link: Rc::from(""),
            many: None,
            looking: None,
            problem: None,
            opening_failed: false,
            stopped: None,
            previous: None,
            dialog: None,
            said: String::new(),
            flash: None,
            death: None,
            false_starts: 0,
            serial: 0,
        }
    }

    /// The dump that is open.
    pub(crate) fn known_dump(&self) -> Option<&Dump> {
        self.dump.as_ref().filter(|dump| dump.known)
    }

    /// A number that was not given before.
    pub(crate) fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    /// The page's state in one word, for `document.body.dataset.state`.
    pub(crate) fn word(&self) -> &'static str {
        let reading = self.many.as_ref().is_some_and(|many| many.triage().is_none());
        let reading = reading || self.dump.as_ref().is_some_and(|dump| dump.opening);
        if self.opening.is_some() || self.looking.is_some() || reading {
            "opening"
        } else if self.opening_failed {
            "failed"
        } else if self.view == View::Triage {
            "triage"
        } else if self.open.is_some() || self.dump.is_some() {
            "open"
        } else if self.engine == EngineStatus::Ready {
            "ready"
        } else {
            "loading"
        }
    }

    /// The engine's state in one word, for `document.body.dataset.engine`.
    pub(crate) fn engine_word(&self) -> &'static str {
        match self.engine {
            EngineStatus::Loading => "loading",
            EngineStatus::Ready => "ready",
            EngineStatus::Dead(_) => "dead",
        }
    }
}
