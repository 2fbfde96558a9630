//! Sentences whose claims lead to their evidence.

use serde::{Deserialize, Serialize};

/// A sentence or two, in pieces. Joined without separators the pieces are plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prose(pub Vec<Span>);

/// A piece of a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The words.
    pub text: String,
    /// The log line that is the evidence for these words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// True for a name out of the kernel: set in monospace.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub code: bool,
    /// True for the words that matter most.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strong: bool,
    /// True for a guess: Oopscope infers it, the log does not say it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guess: bool,
}

impl Prose {
    /// No words at all.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words without their marks.
    pub fn plain(&self) -> String {
        self.0.iter().map(|span| span.text.as_str()).collect()
    }

    /// Appends plain words.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span { text: text.into(), ..Span::default() });
        self
    }

    /// Appends a claim with the line that proves it.
    #[must_use]
    pub fn claim(mut self, text: impl Into<String>, line: Option<u64>) -> Self {
        self.0.push(Span { text: text.into(), line, ..Span::default() });
        self
    }

    /// Appends a name out of the kernel, with the line where it stands.
    #[must_use]
    pub fn code(mut self, text: impl Into<String>, line: Option<u64>) -> Self {
        self.0.push(Span { text: text.into(), line, code: true, ..Span::default() });
        self
    }

    /// Appends strong words, with the line that proves them.
    #[must_use]
    pub fn strong(mut self, text: impl Into<String>, line: Option<u64>) -> Self {
        self.0.push(Span { text: text.into(), line, strong: true, ..Span::default() });
        self
    }

    /// Appends an inference that the log does not state.
    #[must_use]
    pub fn guess(mut self, text: impl Into<String>, line: Option<u64>) -> Self {
        self.0.push(Span { text: text.into(), line, guess: true, ..Span::default() });
        self
    }
}

/// Something that a reader must not miss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// The words.
    pub prose: Prose,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoticeKind {
    /// The task on the report is the interrupted victim.
    Victim,
    /// An earlier report deserves the attention.
    NotFirst,
    /// The kernel says by its taint or die counter that something happened before this log begins.
    EarlierNotInLog,
    /// Why the machine stopped, or what the panic adds.
    Fatal,
    /// The report is truncated or mixed.
    Damaged,
    /// Lines in the report that belong to an earlier report (x86 prints the first Oops's registers again).
    Repeated,
    /// Something worth knowing that fits none of the others.
    Hint,
}
