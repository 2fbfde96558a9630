//! What files of symbols and debug information gave to a report or a dump. Must never say that a file matches without
//! saying by what.

use serde::{Deserialize, Serialize};

/// A file of symbols, debug information or source that was given beside a log or a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolFile {
    /// Its name, with its path where it came out of a folder.
    pub name: String,
    /// What it is: `vmlinux`, `module`, `kernel-image`, `system-map`, `kallsyms`, `modules-list`, `split-dwarf`, `source`, `other`.
    pub kind: String,
    /// Which module it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Its build-id, as hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// The kernel's release that it is of, where it says one: `6.1.0-50-amd64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Whether it has source lines (DWARF).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_lines: bool,
    /// What became of it.
    pub status: SymbolStatus,
    /// By what it is known to match: `build-id`, `banner`, `sizes`, `address`, `name`. Absent unless it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_by: Option<String>,
    /// In words, what must be known about it: why it is not used, what it lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What became of a file of symbols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SymbolStatus {
    /// Frames were looked up in it.
    Used,
    /// It matches or may match, and nothing needed it.
    #[default]
    Unneeded,
    /// It is of another build: nothing was looked up in it.
    Mismatch,
    /// It could not be read.
    Unreadable,
    /// It is nothing that symbols could be read from.
    Ignored,
}

/// What symbolization added to one report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbolized {
    /// The files that frames were looked up in; [`crate::Frame::symbols`] is an index into these.
    pub files: Vec<SymbolFile>,
    /// How many frames have a source line from these files.
    pub with_lines: u32,
    /// How many have none, user mode's aside.
    pub without_lines: u32,
    /// Whether the bytes of `Code:` are those of the file at that address: `equal`, or in words how they differ
    /// (alternatives and static calls are patched while the kernel runs). Absent where that could not be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What could not be looked up, and why, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// Another place that the same frame may mean: a function of the same name and size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// Source file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_line: Option<u32>,
    /// Address in the symbol file, hex string.
    pub address: String,
}
