//! What a person must learn from a report, in words: the verdict, the notices that must not be missed, what the evidence
//! says, who is innocent, and what to do next.
//!
//! Speaks from the report's facts, each claim with the line that proves it; what is inferred is marked as a guess.
//! Must never say more than the log shows, nor the same thing twice.

mod evidence;
mod innocent;
mod lead;
pub(crate) mod next;
mod notices;
mod verdict;

pub(crate) use evidence::{add_instruction, history, is_virtual_machine};
pub(crate) use lead::{access, at_source, folded, protection_fault, quoted};

use crate::facts::Facts;
use crate::sequence::BootEnd;
use oopscope_report::{Frame, Prose};

/// What the rest of the log tells about a report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// Index and first line of the first report of the same boot, when it is not this one.
    pub(crate) first: Option<(u32, u64)>,
    /// Index and first line of the earlier report of which this one may be a consequence.
    pub(crate) cause: Option<(u32, u64)>,
    /// An earlier report of this boot was an Oops or BUG.
    pub(crate) died_before: bool,
    /// An earlier report of this boot was a warning.
    pub(crate) warned_before: bool,
    /// How this boot ended.
    pub(crate) end_of_boot: Option<BootEnd>,
}

/// Writes what depends on the report alone, while its lines are there.
pub(crate) fn prepare(facts: &mut Facts) {
    facts.lead = (facts.rule.lead)(facts);
    let (evidence, innocent, next) = (evidence::of(facts), innocent::of(facts), next::of(facts));
    let explanation = &mut facts.report.explanation;
    (explanation.evidence, explanation.innocent, explanation.next) = (evidence, innocent, next);
}

/// Writes the verdict and the notices, which depend on the rest of the log.
pub(crate) fn explain(facts: &mut Facts, around: &Surroundings) {
    facts.report.verdict = verdict::write(facts, around);
    let meaning = verdict::panic_meaning(&facts.report);
    if let (Some(panic), Some(words)) = (&mut facts.report.panic, meaning) {
        panic.meaning = Prose::default().text(words);
    }
    facts.report.notices = notices::write(facts, around);
}

/// `f+0x12/0x34 [module]`, as the kernel prints it.
pub(crate) fn frame_words(frame: &Frame) -> String {
    let mut words = frame.function.clone().or_else(|| frame.address.clone()).unwrap_or_default();
    if let (Some(offset), Some(size)) = (frame.offset, frame.size) {
        words = format!("{words}+{offset:#x}/{size:#x}");
    }
    match &frame.module {
        Some(module) => format!("{words} [{module}]"),
        None => words,
    }
}
