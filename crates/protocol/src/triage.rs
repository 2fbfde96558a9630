//! The messages about many logs at once. Must never hold logic.

use serde::{Deserialize, Serialize};

/// The most files that one triage on the page takes: its request and its answer hold a row for each at worst.
pub const MAX_TRIAGE_FILES: usize = 10_000;

/// The most groups, and the most unreadable files, that the page is given; further ones are only counted.
pub const MAX_TRIAGE_ROWS: usize = 2_000;

/// What the page knows of a file besides its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriageFile {
    /// Its path in the folder that was dropped (`webkitRelativePath`), or its name.
    pub path: String,
    /// When it was last written (`lastModified`): milliseconds since 1970 UTC.
    pub modified: Option<i64>,
}

/// How far a triage has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriageProgress {
    /// Files read.
    pub files: u64,
    /// Files in all.
    pub total_files: u64,
    /// Bytes read.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
    /// Reports found until now.
    pub reports: u64,
    /// Groups until now.
    pub groups: u64,
}

/// In which form a triage is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TriageFormat {
    /// Plain text for a terminal or a mail.
    Text,
    /// JSON lines, `oopscope-triage/1`.
    JsonLines,
    /// One self-contained page of HTML.
    Html,
}
