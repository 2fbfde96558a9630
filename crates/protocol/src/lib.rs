//! The messages between the page and the engine: one request, then one or more events that carry its number.
//!
//! The page knows the engine by these types alone. This crate must never hold logic, and nothing in it may need
//! more than a few thousand rows: whatever can be long (the log itself) is asked for in pieces.
//!
//! On the wire (`postMessage`) a request is `{ id, request, files, paths }`: `files` are the `File` or `Blob` objects that
//! belong to [`Request::Open`] or [`Request::Symbols`], passed by structured clone, which copies a reference and never the
//! bytes; `paths` may be absent, and otherwise gives the path of each in the folder that it came out of (`""` for one that
//! was given by itself). An answer is `{ id, event }`. Both are made by serde-wasm-bindgen.

mod symbols;
mod triage;
mod vmcore;

pub use symbols::{Kept, MAX_SOURCE_AROUND, MAX_SYMBOL_FILES, MAX_SYMBOL_ROWS, SourcePlace, SymbolProgress, Symbols};
pub use triage::{MAX_TRIAGE_FILES, MAX_TRIAGE_ROWS, TriageFile, TriageFormat, TriageProgress};
pub use vmcore::{Cost, MAX_COMPLETIONS, VmcoreEvent, VmcoreProgress, VmcoreRequest};

use oopscope_report::triage::Triage;
use oopscope_report::{LinkKind, LogFacts, Report, Severity};
use serde::{Deserialize, Serialize};

/// What the page asks of the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Request {
    /// First message to a fresh engine. Answer: [`Event::Ready`].
    Hello,
    /// Read a log: the attached `files` in this order as one log, or `text` when there are none.
    /// Events: any number of [`Event::Progress`], then [`Event::Opened`] or [`Event::Failed`].
    /// What was open stays open until the new log has been opened.
    ///
    /// Files of symbols among them are kept beside the log, in whatever order they come; while many are looked at there is
    /// [`Event::SymbolProgress`]. Where all of them are such, nothing is opened, and [`Event::Symbols`] is the answer.
    Open {
        /// Name to show.
        name: Option<String>,
        /// Pasted text or a built-in example.
        text: Option<String>,
    },
    /// Read one of the examples that the engine carries. Events as for [`Request::Open`].
    OpenExample {
        /// [`Example::name`].
        name: String,
    },
    /// Open what a permalink's fragment holds (without the `#`). Events as for [`Request::Open`];
    /// [`LogSummary::link`] tells what the link said besides the text.
    OpenLink {
        /// The fragment.
        fragment: String,
    },
    /// Stop the opening that is under way: its [`Event::Opened`] comes with what was found until then,
    /// and `facts.incomplete`. So does a triage's [`Event::Triaged`], with `totals.incomplete`. Otherwise what is done with
    /// files of symbols ends: reports that wait for it come without source lines, and say so.
    Cancel,
    /// Read each of the attached `files` as a log of its own and group the reports of all of them.
    /// Events: any number of [`Event::TriageProgress`], then [`Event::Triaged`] or [`Event::Failed`].
    /// What is open stays open; a file is opened from its row by [`Request::Open`].
    Triage {
        /// What the page knows of the files, in the order in which they are attached; at most
        /// [`MAX_TRIAGE_FILES`].
        files: Vec<TriageFile>,
    },
    /// The last triage as text to copy or to save. Answer: [`Event::Rendered`].
    RenderTriage {
        /// In which form.
        format: TriageFormat,
    },
    /// Take the attached `files` as files of symbols or source (a vmlinux, modules, System.map, kernel images, a tree of
    /// source) beside what is open and what will be opened. Without files: try again what was cancelled.
    /// Events: any number of [`Event::SymbolProgress`], then [`Event::Symbols`]; reports are then to be asked for again.
    Symbols {
        /// The report that is shown: it is looked up before the answer, all others when they are asked for.
        report: Option<u32>,
    },
    /// What became of the files of symbols until now. Answer: [`Event::Symbols`].
    SymbolFiles,
    /// Forget all files of symbols and source. Answer: [`Event::Symbols`]; reports are then to be asked for again.
    ForgetSymbols {
        /// Forget, too, what is kept of such files between two visits ([`Kept`]).
        kept: bool,
    },
    /// Lines of a source file around a place, and what a link to it needs. Answer: [`Event::Source`].
    Source {
        /// As in [`Frame::file`](oopscope_report::Frame::file).
        file: String,
        /// As in [`Frame::file_line`](oopscope_report::Frame::file_line).
        line: u32,
        /// Lines wanted before and after it, at most [`MAX_SOURCE_AROUND`].
        around: u32,
        /// The report that the place is of, whose kernel's release is then told.
        report: Option<u32>,
    },
    /// The whole of one report. Answer: [`Event::Report`]. Where files of symbols are at hand it comes with what they say
    /// ([`Report::symbols`]); [`Event::SymbolProgress`] comes first where that takes long.
    Report {
        /// Index in [`LogSummary::reports`].
        index: u32,
    },
    /// Lines of the log. Answer: [`Event::Lines`].
    Lines {
        /// First line wanted, counting from 1.
        from: u64,
        /// How many; at most [`MAX_LINES`] are given, and fewer where they are so long that the answer would be.
        count: u32,
    },
    /// The next line that contains the text, ignoring ASCII case. Answer: [`Event::Found`].
    Find {
        /// What to look for.
        text: String,
        /// Line at which to start, counting from 1; it is searched too.
        from: u64,
        /// Search towards the beginning.
        backwards: bool,
    },
    /// Text to copy or to save. Answer: [`Event::Rendered`].
    Render {
        /// Index of the report; absent for all of them.
        index: Option<u32>,
        /// In which form.
        format: Format,
    },
    /// What a permalink to the report would hold. Answer: [`Event::Shared`].
    Share {
        /// Index of the report.
        index: u32,
        /// Kinds of redaction that are on, by their names ([`Redaction::name`]); absent for all of them.
        redactions: Option<Vec<String>>,
        /// View state to put into the link.
        view: View,
    },
}

/// The most lines that one [`Request::Lines`] gives.
pub const MAX_LINES: u32 = 2000;

/// What the engine answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// The engine is up.
    Ready {
        /// Version of the engine: must be the page's own.
        build_id: String,
        /// Built-in logs to look at: real crashes, carried by the engine so that no request is needed.
        examples: Vec<Example>,
    },
    /// An opening is under way.
    Progress(Progress),
    /// A log is open.
    Opened(Box<LogSummary>),
    /// One report.
    Report(Box<Report>),
    /// Files of symbols are being worked on.
    SymbolProgress(SymbolProgress),
    /// The files of symbols that are at hand.
    Symbols(Box<Symbols>),
    /// A place in the source.
    Source(Box<SourcePlace>),
    /// Lines of the log.
    Lines {
        /// Number of the first line given.
        from: u64,
        /// The lines.
        lines: Vec<LogLine>,
    },
    /// Result of a search.
    Found {
        /// The line; absent when there is none.
        line: Option<u64>,
    },
    /// Text to copy or to save.
    Rendered {
        /// The text.
        text: String,
        /// A name for a file of it.
        file_name: String,
    },
    /// What a permalink would hold.
    Shared(Box<Shared>),
    /// A triage is under way.
    TriageProgress(TriageProgress),
    /// A triage is done.
    Triaged(Box<Triage>),
    /// The request could not be answered. What was open stays open.
    Failed(Problem),
}

/// A built-in log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Stable name.
    pub name: String,
    /// One line on what it shows.
    pub title: String,
}

/// How far an opening has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes scanned.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
    /// Lines seen.
    pub lines: u64,
    /// Reports that were found since the last progress.
    pub new_reports: Vec<Summary>,
}

/// A log that is open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogSummary {
    /// Facts about the whole log.
    pub facts: LogFacts,
    /// All reports in the order of the log.
    pub reports: Vec<Summary>,
    /// Things about the log that a reader should know, in words: bytes that are not UTF-8, lines that were cut,
    /// files that were left out.
    pub notes: Vec<String>,
    /// When there is no report: what was looked for, in the kernel's words.
    pub looked_for: Vec<String>,
    /// Set when the log came out of a permalink.
    pub link: Option<LinkFacts>,
    /// The files of symbols that are at hand, whether they came with this log or before; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbols: Option<Symbols>,
    /// How often the engine read from the files.
    pub reads: u64,
    /// How many bytes that gave.
    pub bytes_read: u64,
}

/// What a permalink said besides its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFacts {
    /// View state.
    pub view: View,
    /// Line number, in the log it was made from, of the link's first line.
    pub first_line: u64,
    /// Index of the report that the link is about, among those of the link's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<u32>,
    /// Why not everything could be read (damaged, cut off, made by a newer Oopscope); absent when all is well.
    pub problem: Option<String>,
}

/// One report in a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Index of the report.
    pub index: u32,
    /// Its title.
    pub title: String,
    /// Its kind's short name.
    pub kind: String,
    /// How bad.
    pub severity: Severity,
    /// In which context, for people: "hard interrupt".
    pub context: String,
    /// Time stamp, in seconds since boot.
    pub time: Option<f64>,
    /// First line.
    pub first_line: u64,
    /// Last line.
    pub last_line: u64,
    /// Which boot, counting from 0.
    pub boot: u32,
    /// Index of the earlier report of which this one may be a consequence.
    pub may_follow_from: Option<u32>,
    /// Truncated or mixed.
    pub corrupted: bool,
    /// Same report again later.
    pub repeats: u64,
    /// What ties it to other reports of the log: [`Report::links`] without the words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<Tie>,
}

/// That a report is tied to another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// The sort of tie.
    pub kind: LinkKind,
    /// Index of the other report.
    pub report: u32,
}

/// One line of the log, ready to be shown as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The line without escape sequences and carriage returns; control characters as visible pictures (U+2400…).
    pub text: String,
    /// printk level 0 to 7, where the line tells it.
    pub level: Option<u8>,
    /// Bytes of the line that are not shown because it is too long.
    pub cut: u64,
}

/// In which form a report is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Plain text: what the command prints.
    Text,
    /// Markdown for an issue tracker.
    Markdown,
    /// The JSON document.
    Json,
}

/// View state that a permalink carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Selected line, as a number of the log that the link was made from; in a link, where source lines were put between
    /// the log's own lines, counted with those, so that it is the same line of the link's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Which view: `report` or `log`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tab: Option<String>,
}

/// What a permalink would hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// The text, in pieces: what stays as it is and what was put in the place of something private.
    pub pieces: Vec<Piece>,
    /// The kinds of redaction there are, with what each found.
    pub redactions: Vec<Redaction>,
    /// The fragment for the link, without `#`. Absent when the text is too long for a link.
    pub fragment: Option<String>,
    /// Length of the fragment in characters, or what it would be.
    pub length: u64,
    /// The redacted text with the link's view state, as a file to send instead.
    pub file_name: String,
}

/// A piece of the text to be shared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// What the link will hold.
    pub text: String,
    /// What stood there before, when this piece is a redaction. Shown to the owner, never put into the link.
    pub original: Option<String>,
    /// Name of the kind of redaction.
    pub redaction: Option<String>,
}

/// One kind of redaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// Stable name: `ip`, `mac`, `host`, `serial`, `uuid`, `email`, `user-path`.
    pub name: String,
    /// For people: "IP addresses".
    pub label: String,
    /// How many it found.
    pub found: u32,
    /// Whether it is on.
    pub on: bool,
}

/// Why a request could not be answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable short code: `empty`, `binary`, `dump`, `elf`, `packed`, `picture`, `directory`, `changed`, `read`, `link`, `symbols`, `no-log`, `bad-request`, `superseded`,
    /// `engine`. `superseded` is no fault: a newer request of the same sort took this one's place.
    pub code: String,
    /// What happened, in one sentence, with the name of the file.
    pub message: String,
    /// What to do next.
    pub advice: String,
}
