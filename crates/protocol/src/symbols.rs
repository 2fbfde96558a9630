//! The messages about files of symbols: a vmlinux, modules, System.map, kallsyms, a tree of kernel source. Must never hold
//! logic.
//!
//! # How the page uses them
//!
//! Dropped together, in any order: `Open` with all the files. Those of symbols are told from logs by the engine.
//!
//! ```text
//! Open [console.log, vmlinux]     → Progress…, Opened (symbols: the files), and as ever
//! Report {0}                      → SymbolProgress… (only where an index has to be made), Report with its source lines
//! Open [vmlinux]                  → Symbols: nothing was opened; the file is kept for what is opened next, and notes say
//!                                   what is needed. With a log open it belongs to that: ask for the report again
//! ```
//!
//! Added to what is open, or a whole folder (`paths` of the message then give each file's path in it):
//!
//! ```text
//! Symbols {report: 0} [vmlinux]   → SymbolProgress…, Symbols, when report 0 has been looked up
//! Report {0}                      → Report, at once
//! Report {1}                      → SymbolProgress…, Report: any other is looked up when it is asked for
//! SymbolFiles                     → Symbols: what became of each file until now
//! Cancel                          → what is under way ends: the report comes without source lines and says so; Symbols
//!                                   ends with the files. Symbols {} without files tries again
//! ForgetSymbols {kept: false}     → Symbols, empty; ask for the report again: it comes as the log alone tells it
//! Source {file, line}             → Source
//! ```
//!
//! A folder of source for the source view comes by the same [`Request::Symbols`](crate::Request::Symbols). Where a dump
//! is open, too, files of symbols go to both engines: each answers for its own.

use oopscope_report::SymbolFile;
use serde::{Deserialize, Serialize};

/// The most files that one request takes. A tree of the kernel's source has 90,000.
pub const MAX_SYMBOL_FILES: usize = 200_000;

/// The most files of symbols that are told one by one.
pub const MAX_SYMBOL_ROWS: usize = 200;

/// Lines before and after a place that [`Request::Source`](crate::Request::Source) gives at most.
pub const MAX_SOURCE_AROUND: u32 = 200;

/// How far the work on files of symbols is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolProgress {
    /// What is being done, for people: "looking at the files", "vmlinux: making the index of its debug information".
    pub stage: String,
    /// How much of the stage is done, in [`Self::total`]'s unit: files, or bytes.
    pub done: u64,
    /// How much there is; 0 where that is not known.
    pub total: u64,
}

/// The files of symbols that are at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbols {
    /// The files, with what became of each until now: `used` and `mismatch` are known once a report has been looked up. At
    /// most [`MAX_SYMBOL_ROWS`]; of a folder only those that matter.
    pub files: Vec<SymbolFile>,
    /// Files beyond those.
    #[serde(default)]
    pub more: u64,
    /// What must be known about them, in words: what was left out, that a log or a dump is needed.
    pub notes: Vec<String>,
    /// Whether any of them has source lines.
    pub with_lines: bool,
    /// How often the engine read from them.
    pub reads: u64,
    /// How many bytes that gave.
    pub bytes_read: u64,
    /// What is kept in the browser's private files so that it need not be made again.
    #[serde(default)]
    pub kept: Kept,
}

/// What is kept of files of symbols between two visits: indexes, by build-id; never a file itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// How many bytes it has; absent where that is not known (nothing has needed it yet) or nothing can be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Why nothing can be kept, in words: the browser's private mode, a page that is not a secure one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A place in the source, with the lines around it where its file was given.
///
/// For a link to a source browser: the page fills its user's template with `path`, `line`, and `release` or `version`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePlace {
    /// The file, relative to the top of the kernel's tree where that can be told: `fs/ext4/inode.c`.
    pub path: String,
    /// The line that was asked for.
    pub line: u32,
    /// The release of the kernel that was compiled of it, where it is known: `6.1.0-50-amd64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// That release as kernel.org numbers it, where it is so named: `6.1`, `6.1.0-rc3` is `6.1-rc3`. A distribution's number
    /// may say less than its kernel is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Name of the file that the lines are out of; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Number of the first of `lines`.
    pub first: u32,
    /// The lines; none where no file of that name was given.
    pub lines: Vec<String>,
    /// What must be known about them: that it can't be told whether they are those that were compiled; why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
