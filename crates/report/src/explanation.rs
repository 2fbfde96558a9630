//! What a report means, in words for the person who has to act on it.

use crate::Prose;
use serde::{Deserialize, Serialize};

/// The explanation of a report. Every sentence about this report carries the lines that prove it, or is marked as a
/// guess; [`Explanation::about`] is about the kind alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What this kind of report means: paragraphs, the kind's own documentation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// What the evidence in this report says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Prose>,
    /// Who or what is in the report and innocent: the victim task, the watchdog's own frames.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub innocent: Vec<Prose>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<Advice>,
}

impl Explanation {
    /// True when there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.about.is_empty() && self.evidence.is_empty() && self.innocent.is_empty() && self.next.is_empty()
    }
}

/// One thing to do next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// What to do and what it would tell.
    pub words: Prose,
    /// A command, boot parameter or kernel option to copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}
