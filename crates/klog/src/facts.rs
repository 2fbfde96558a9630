//! What is known of a report while it is being made: the report itself, and what its title, its culprit and its words are
//! found by.
//!
//! Must never outlive the making with its lines: a thousand reports' lines are too much to keep.

use crate::culprit::Blamed;
use crate::grammar::{frame, marks};
use crate::kinds::Rule;
use crate::line::Line;
use crate::links::Locks;
use crate::segment::{End, Part};
use oopscope_report::{Frame, Prose, Report};

/// A report with what its explanation needs besides.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) report: Report,
    pub(crate) rule: &'static Rule,
    pub(crate) end: End,
    pub(crate) header_line: u64,
    /// The headline's text.
    pub(crate) header: String,
    /// All lines of the report with the index of the headline, as long as it is being made: titles and culprit are found
    /// by them.
    pub(crate) lines: Vec<(Part, Line)>,
    pub(crate) header_at: usize,
    /// Index in `lines` from which on another trace may be mixed in.
    pub(crate) mixed: Option<usize>,
    /// The functions found for the kind's titles, one for each trace on its way; None where none was found.
    pub(crate) blamed: Vec<Option<Blamed>>,
    /// Line at which a forced failure's trace runs into the report.
    pub(crate) fault_injected: Option<u64>,
    /// Lines between `cut here` and the header: what a WARN or BUG said.
    pub(crate) message: Vec<(String, u64)>,
    /// What the announcement called the fault: `NULL pointer dereference`.
    pub(crate) fault: Option<String>,
    /// arm's `Unhandled fault:`.
    pub(crate) fault_unhandled: bool,
    /// The instruction that trapped.
    pub(crate) pc: Option<Frame>,
    /// The functions that were inlined there, innermost first, where a symbolizer has put them before it.
    pub(crate) pc_inlined: Vec<Frame>,
    /// The link register.
    pub(crate) lr: Option<Frame>,
    /// The source line that the report names, with its log line.
    pub(crate) source: Option<(String, u32, u64)>,
    /// KASAN's words for the address that a shadow access stood for.
    pub(crate) kasan: Option<(String, u64, u64)>,
    /// `note: insmod[121] exited with …`.
    pub(crate) exit_note: Option<(String, u64)>,
    /// Registers after the end mark that are not this report's.
    pub(crate) repeated: Option<(u64, u64)>,
    /// Where another message runs into the report, and no caller ids tell them apart.
    pub(crate) foreign: Option<u64>,
    /// A trace was begun.
    pub(crate) has_trace: bool,
    /// Who holds and wants which lock.
    pub(crate) locks: Locks,
    /// The verdict's beginning.
    pub(crate) lead: Prose,
}

/// Lines after which a panic's own trace only repeats what the report has: with fewer, the panic's may be all there is.
const ENOUGH: u32 = 22;
/// The same for KMSAN, which prints no task, no registers and no `Call Trace:`.
const ENOUGH_KMSAN: u32 = 16;

impl Facts {
    /// The report's lines from the headline on, until a panic's own part begins.
    pub(crate) fn text_of_report(&self) -> &[(Part, Line)] {
        let lines = self.lines.get(self.header_at..).unwrap_or_default();
        let enough = if self.report.kind.name() == "kmsan" { ENOUGH_KMSAN } else { ENOUGH };
        let mut has_frames = false;
        let end = lines
            .iter()
            .skip(1)
            .position(|(_, line)| {
                has_frames |= frame::parse(&line.text).is_some_and(|frame| frame.reliable);
                has_frames && line.nth > enough && marks::panic_reason(&line.text).is_some()
            })
            .map_or(lines.len(), |at| at + 1);
        let end = self.mixed.map_or(end, |mixed| end.min(mixed.saturating_sub(self.header_at)));
        &lines[..end]
    }

    /// The texts of the lines after the headline.
    pub(crate) fn texts_from_header(&self) -> impl Iterator<Item = &str> {
        self.text_of_report().iter().skip(1).map(|(_, line)| line.text.as_str())
    }

    /// The texts of all its lines from the headline on, with their numbers.
    pub(crate) fn numbered_texts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.lines.iter().skip(self.header_at).map(|(_, line)| (line.text.as_str(), line.number))
    }

    /// The first line from the headline on in which something is found, with its number.
    pub(crate) fn find_line<T>(&self, mut finds: impl FnMut(&str) -> Option<T>) -> Option<(T, u64)> {
        self.lines.iter().skip(self.header_at).find_map(|(_, line)| Some((finds(&line.text)?, line.number)))
    }

    /// The text of a line of the report.
    pub(crate) fn line_text(&self, number: u64) -> &str {
        self.lines.iter().find(|(_, line)| line.number == number).map_or("", |(_, line)| line.text.as_str())
    }
}
