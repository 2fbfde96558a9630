//! The kinds of reports: one file a kind. Its doc comment explains the kind to the reader of a report; its rule
//! tells by which lines it is found, what it is called and what it says.
//!
//! To add a kind: write its file, add its rule to [`RULES`], add fixtures (CONTRIBUTING.md has the checklist).

pub(crate) mod bug;
pub(crate) mod double_fault;
pub(crate) mod gpf;
pub(crate) mod internal_error;
pub(crate) mod oops;
pub(crate) mod panic;
pub(crate) mod stack_overflow;
pub(crate) mod trap;
pub(crate) mod warning;

use crate::read::Facts;
use oopscope_report::{Kind, Prose};

/// How reports of one kind are found and described.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) kind: Kind,
    /// Literals, one of which stands in every line that begins a report of this kind. The scan looks for these
    /// alone; they are also what a reader is told was looked for.
    pub(crate) headers: &'static [&'static str],
    /// Whether a line begins a report of this kind.
    pub(crate) begins: fn(&str) -> bool,
    /// A die line (`Oops: 0002 [#1]`) that follows belongs to the report.
    pub(crate) dies: bool,
    /// `Kernel panic` is the report itself.
    pub(crate) is_panic: bool,
    /// The title and the alternative titles.
    pub(crate) titles: fn(&Facts) -> (String, Vec<String>),
    /// What happened, up to the place: "A write to 0x100, inside the NULL page,".
    pub(crate) lead: fn(&Facts) -> Prose,
}

/// All kinds, more specific ones first: the first whose `begins` holds takes the line.
pub(crate) static RULES: [&Rule; 9] = [
    &stack_overflow::RULE,
    &double_fault::RULE,
    &oops::RULE,
    &bug::RULE,
    &warning::RULE,
    &gpf::RULE,
    &trap::RULE,
    &internal_error::RULE,
    &panic::RULE,
];

/// The rule whose report a line begins.
pub(crate) fn begins(text: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| (rule.begins)(text))
}

/// Literals besides the headers that the scan must see: what frames a report, and the die counter, which every die
/// line has whatever the exception's name is. With its first digit, because three bytes make a search for many
/// literals twice as fast as two.
pub(crate) const MARKS: [&str; 11] =
    ["[ cut here ]", "8<--- cut here", "[#1", "[#2", "[#3", "[#4", "[#5", "[#6", "[#7", "[#8", "[#9"];

/// ` in f`, or syzkaller's ` in corrupted` when no function could be found.
pub(crate) fn in_function(facts: &Facts) -> String {
    format!(" in {}", facts.report.culprit.as_ref().map_or("corrupted", |culprit| culprit.function.as_str()))
}
