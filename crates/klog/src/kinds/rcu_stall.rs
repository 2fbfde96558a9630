//! **RCU stall.** RCU lets readers run without locks and waits, before it frees anything, until every CPU has passed a
//! point where it can hold no reference. A CPU (or a preempted task) has not done so for long (21 s by default): it loops
//! with preemption or interrupts off, or does not run at all: a long loop without `cond_resched()`, an interrupt that
//! comes again and again, a real-time task that starves others, a virtual machine whose host does not run it.
//!
//! The kernel interrupts the CPU to see what it does: where in the loop it happened to be is chance; what matters is
//! whose loop it is. “Self-detected” means the stalled CPU noticed by itself, `(detected by n, …)` that another one did.
//!
//! Headline: `rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:` (kernel/rcu/tree_stall.h).

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::grammar::named;
use crate::read::Facts;
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "rcu-stall",
    about: about::RCU_STALL,
    headers: &["INFO: rcu_"],
    begins,
    owns: |text| {
        let text = text.trim_start().trim_start_matches("rcu: ").trim_start();
        [
            "(detected by ",
            "(t=",
            "Tasks blocked on level",
            "rcu_",
            "RCU grace-period kthread",
            "Unless rcu_",
            "Possible timer handling issue",
            "Sending NMI from CPU",
            "NMI backtrace for cpu",
            "INFO: NMI handler",
            "blocking rcu_node structures",
            "Stack dump where RCU GP kthread last ran",
        ]
        .iter()
        .any(|start| text.starts_with(start))
            || is_cpu_row(text)
    },
    detail: |text| {
        let text = text.trim_start().trim_start_matches("rcu: ").trim();
        if text.contains("kthread starved for ") {
            return Some(("grace-period kthread", text.to_owned()));
        }
        if text.starts_with("(detected by ") || text.starts_with("(t=") {
            return Some(("grace period", text.trim_matches(['(', ')']).to_owned()));
        }
        is_cpu_row(text).then(|| ("stalled CPU", text.to_owned()))
    },
    blame: |facts| if facts.find_line(|text| tick(text).map(|_| ())).is_some() { &INTERRUPTED } else { &ITSELF },
    titles: |facts| Titles::blaming(facts, "INFO: rcu detected stall in {}", &["stall in {}"]),
    lead,
    ..Rule::BASE
};

/// What the tick interrupted on the CPU that stalls.
static INTERRUPTED: Blame = Blame {
    steps: &[Step::Line(x86_tick), Step::Pc, Step::Frames],
    or: &[Step::Line(tick), Step::Frames],
    innocent: &["apic_timer_interrupt", "rcu"],
    pick: Pick::Anchored,
};

/// Where the trace does not show how the tick came in: the registers and the trace are those of the CPU or task that
/// stalls.
static ITSELF: Blame = Blame {
    steps: &[Step::Pc, Step::Trace, Step::Frames],
    or: &[Step::Trace, Step::Frames],
    innocent: &["rcu"],
    pick: Pick::Anchored,
};

fn x86_tick(text: &str) -> Option<Mark<'_>> {
    text.contains("apic_timer_interrupt").then_some(Mark::Here)
}

fn tick(text: &str) -> Option<Mark<'_>> {
    ["apic_timer_interrupt", "Exception stack", "el1h_64_irq"]
        .iter()
        .any(|entry| text.contains(entry))
        .then_some(Mark::Here)
}

/// `rcu_preempt detected stalls`, `rcu_sched self-detected stall on CPU`, `rcu_preempt detected expedited stalls`.
fn begins(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("INFO: rcu_") else { return false };
    let Some((flavour, rest)) = rest.split_once(' ') else { return false };
    let rest = rest.strip_prefix("self-").unwrap_or(rest);
    matches!(flavour, "preempt" | "sched" | "bh" | "tasks" | "tasks_trace" | "tasks_rude")
        && rest
            .strip_prefix("detected ")
            .is_some_and(|rest| rest.strip_prefix("expedited ").unwrap_or(rest).starts_with("stall"))
}

/// `0-....: (1 GPs behind) idle=…`, `1-...!: (10499 ticks this GP) …`
fn is_cpu_row(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0
        && text[digits..].starts_with('-')
        && text.split_once(": (").is_some_and(|(_, rest)| rest.contains("GP") || rest.contains("tick"))
}

fn lead(facts: &Facts) -> Prose {
    let prose = Prose::default().text("RCU waited in vain for a CPU or task (");
    let prose = prose.claim(facts.header.trim().to_owned(), Some(facts.header_line));
    let waited = facts.find_line(|text| {
        named::number_after(text, "(t=").or_else(|| named::number_after(text, ", t=")).map(str::to_owned)
    });
    match waited {
        Some((jiffies, line)) => {
            prose.text("), ").claim(format!("for {jiffies} jiffies"), Some(line)).text(". What ran there was")
        }
        None => prose.text("). What ran there was"),
    }
}
