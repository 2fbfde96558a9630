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
use crate::explain::{is_virtual_machine, next};
use crate::facts::Facts;
use crate::grammar::named;
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
        if utilization(text).is_some() {
            return Some(("utilization", text.trim().to_owned()));
        }
        let (_, rest) = text.split_once("BUG: soft lockup - ")?;
        Some(("stuck", rest.trim().to_owned()))
    },
    blame: |_| &ANCHORED,
    titles: |facts| Titles::blaming(facts, "BUG: soft lockup in {}", &["stall in {}"]),
    lead,
    went_on: "",
    evidence,
    next: |facts| {
        let all = next::advice(
            "Have every CPU print its stack at the next lockup: a spinlock's holder is on another one.",
            "sysctl -w kernel.softlockup_all_cpu_backtrace=1",
        );
        let steal = is_virtual_machine(facts).map(|_| next::steal());
        steal.into_iter().chain([all]).chain(next::prove_locking(facts)).collect()
    },
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
        .text("; it was")
}

/// `#1: 100% system, 0% softirq, 0% hardirq, 0% idle` (kernel/watchdog.c, "watchdog/softlockup:
/// low-overhead detection of interrupt storm"): system, softirq, hardirq, idle in percent.
fn utilization(text: &str) -> Option<[u32; 4]> {
    let rest = text.trim().strip_prefix('#')?.split_once(':')?.1;
    let mut parts = rest.split(',');
    let mut share = |name: &str| {
        let (percent, what) = parts.next()?.trim().split_once('%')?;
        (what.trim() == name).then(|| percent.parse().ok())?
    };
    Some([share("system")?, share("softirq")?, share("hardirq")?, share("idle")?])
}

/// How the CPU spent the time, and whether its host may have kept it.
fn evidence(facts: &Facts) -> Vec<Prose> {
    const NAMES: [&str; 4] = ["in the task's own kernel code", "in soft interrupts", "in hard interrupts", "idle"];
    let rows: Vec<_> = facts
        .report
        .details
        .iter()
        .filter(|detail| detail.name == "utilization")
        .filter_map(|detail| Some((utilization(&detail.value)?, detail.line)))
        .collect();
    let most = rows.last().and_then(|(_, line)| {
        let sums = (0..4).map(|at| (rows.iter().map(|(row, _)| row[at]).sum::<u32>(), at));
        sums.max().map(|(sum, at)| (sum / u32::try_from(rows.len()).unwrap_or(1), NAMES[at], *line))
    });
    let table = most.map(|(percent, what, line)| {
        Prose::default()
            .text("During the lockup the CPU spent ")
            .claim(format!("{percent} % of its time {what}"), Some(line))
            .text(".")
    });
    let spins = facts.pc.as_ref().filter(|pc| {
        let name = pc.function.as_deref().unwrap_or("");
        ["spin_lock_slowpath", "write_lock_slowpath", "read_lock_slowpath"].iter().any(|word| name.contains(word))
    });
    let spins = spins.map(|pc| {
        Prose::default()
            .text("By ")
            .code(pc.function.clone().unwrap_or_default(), Some(pc.line))
            .text(" it waits for a spinlock: who holds that is on another CPU, or never released it.")
    });
    table.into_iter().chain(spins).chain(is_virtual_machine(facts)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_table() {
        assert_eq!(utilization("\t#1: 100% system,\t  0% softirq,\t  0% hardirq,\t  0% idle"), Some([100, 0, 0, 0]));
        assert_eq!(utilization("#1: a lock"), None);
        assert_eq!(utilization("#0: 00000000abe66848 (&tty->ldisc_sem){++++}, at: f+0x37/0x40"), None);
    }
}
