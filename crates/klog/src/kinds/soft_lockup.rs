//! **Soft lockup.** A CPU has run kernel code for more than twenty seconds without letting the scheduler in: its
//! watchdog thread, the most urgent there is, did not get to run. It loops with preemption off: a loop that is too long
//! or never ends, a spinlock that its holder does not release, an interrupt storm, or a virtual machine whose host did not
//! run it. The innermost function is where the loop was at that moment; the one that matters is whose loop it is.
//!
//! Headline: `watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [comm:pid]` (kernel/watchdog.c); since 6.12 a table of how
//! the CPU spent the time follows.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::grammar::named;
use crate::read::Facts;
use crate::title::Titles;
use crate::walk::Step;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "soft-lockup",
    about: about::SOFT_LOCKUP,
    headers: &["BUG: soft lockup"],
    begins: |text| text.contains("BUG: soft lockup"),
    owns: |text| {
        let text = text.trim_start();
        text.starts_with("CPU#") && text.contains("Utilization")
            || text.starts_with('#') && text.contains("% system")
            || text.starts_with("Sending NMI from CPU")
            || text.starts_with("NMI backtrace for cpu")
    },
    detail: |text| {
        let (_, rest) = text.split_once("BUG: soft lockup - ")?;
        Some(("stuck", rest.trim().to_owned()))
    },
    blame: |_| &ANCHORED,
    titles: |facts| Titles::blaming(facts, "BUG: soft lockup in {}", &["stall in {}"]),
    lead,
    ..Rule::BASE
};

static ANCHORED: Blame =
    Blame { steps: &[Step::Pc, Step::Trace, Step::Frames], or: &[], innocent: &[], pick: Pick::Anchored };

fn lead(facts: &Facts) -> Prose {
    let header = &facts.header;
    let cpu = named::number_after(header, "CPU#").unwrap_or("?");
    let seconds = named::number_after(header, "stuck for ").unwrap_or("?");
    Prose::default()
        .claim(format!("CPU {cpu} has not let the scheduler in for {seconds} s"), Some(facts.header_line))
        .text("; it ran")
}
