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
use crate::explain::{is_virtual_machine, next};
use crate::facts::Facts;
use crate::grammar::{decimal, named};
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
    blame: |facts| {
        let is_own = facts.header.contains("self-detected") && facts.find_line(|text| tick(text).map(|_| ())).is_none();
        if is_own { &ITSELF } else { &INTERRUPTED }
    },
    titles: |facts| Titles::blaming(facts, "INFO: rcu detected stall in {}", &["stall in {}"]),
    lead,
    went_on: "",
    evidence,
    next: |facts| {
        let all = next::advice(
            "While it stalls, have every CPU print its stack, several times: what stays the same is the loop.",
            "echo l > /proc/sysrq-trigger",
        );
        let timeout = next::advice(
            "Where a long wait is expected (a slow console, a busy host), allow more; elsewhere this only hides it.",
            "rcupdate.rcu_cpu_stall_timeout=60",
        );
        let virtual_machine = is_virtual_machine(facts).is_some();
        if virtual_machine { vec![next::steal(), all, timeout] } else { vec![all, timeout] }
    },
    ..Rule::BASE
};

/// What the tick interrupted on the CPU that stalls.
static INTERRUPTED: Blame = Blame {
    steps: &[Step::Line(x86_tick), Step::Pc, Step::Frames],
    or: &[Step::Line(tick), Step::Frames],
    innocent: &["apic_timer_interrupt", "rcu"],
    pick: Pick::Anchored,
};

/// A CPU that finds itself stalled may print no more than what the tick interrupted: its registers, then the trace.
static ITSELF: Blame =
    Blame { steps: &[Step::Pc, Step::Trace, Step::Frames], or: &[], innocent: &["rcu"], pick: Pick::Anchored };

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
    let waited = facts.find_line(|text| {
        named::number_after(text, "(t=").or_else(|| named::number_after(text, ", t=")).map(str::to_owned)
    });
    let stalled = facts.report.details.iter().find(|detail| detail.name == "stalled CPU");
    let stalled = stalled.and_then(|detail| Some((decimal(&detail.value)?.0, detail.line)));
    let own = facts.header.contains("self-detected");
    let prose = match stalled {
        Some((cpu, line)) if own => {
            Prose::default().claim(format!("CPU {cpu} noticed that it holds up RCU"), Some(line))
        }
        Some((cpu, line)) => Prose::default().claim(format!("RCU waits in vain for CPU {cpu}"), Some(line)),
        None if own => Prose::default().claim("A CPU noticed that it holds up RCU", Some(facts.header_line)),
        None => Prose::default().claim("RCU waits in vain for a CPU or task", Some(facts.header_line)),
    };
    let prose = match waited {
        Some((jiffies, line)) => prose.text(", ").claim(format!("for {jiffies} jiffies until now"), Some(line)),
        None => prose,
    };
    prose.text("; it was found")
}

/// The stalled CPU's row (Documentation/RCU/stallwarn.rst) and the grace-period kthread in words; a virtual machine's
/// host.
fn evidence(facts: &Facts) -> Vec<Prose> {
    let mut evidence = Vec::new();
    for row in facts.report.details.iter().filter(|detail| detail.name == "stalled CPU").take(4) {
        let Some((cpu, _)) = decimal(&row.value) else { continue };
        let Some(ticks) = ticks(&row.value) else { continue };
        let prose = Prose::default();
        evidence.push(match ticks {
            0 => prose
                .claim(format!("CPU {cpu} has had no clock tick"), Some(row.line))
                .text(" in this grace period: ")
                .guess("interrupts were off there, or it did not run at all.", None),
            n => prose
                .claim(format!("CPU {cpu} has had {n} clock ticks"), Some(row.line))
                .text(" in this grace period: it runs and takes interrupts, but nothing else gets in."),
        });
    }
    if let Some(kthread) = facts.report.details.iter().find(|detail| detail.name == "grace-period kthread")
        && let Some(jiffies) = named::number_after(&kthread.value, "starved for ")
    {
        evidence.push(
            Prose::default()
                .claim(format!("RCU's own kernel thread has not run for {jiffies} jiffies"), Some(kthread.line))
                .text(": without it no grace period ends, whatever the CPUs do. Look at what keeps it off its CPU."),
        );
    }
    evidence.extend(is_virtual_machine(facts));
    evidence
}

/// `1-....: (10499 ticks this GP) idle=…`: the clock ticks of the CPU since the grace period began.
fn ticks(row: &str) -> Option<u64> {
    let (_, rest) = row.split_once(": (")?;
    let (ticks, rest) = rest.split_once(' ')?;
    rest.starts_with("ticks this GP").then(|| ticks.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_a_row() {
        assert_eq!(ticks("1-....: (10499 ticks this GP) idle=2f6/1/0x4 softirq=1/1 fqs=2"), Some(10499));
        assert_eq!(ticks("1-...!: (0 ticks this GP) idle=2f6/1/0x4"), Some(0));
        assert_eq!(ticks("1-....: (1 GPs behind) idle=7a2/1/4"), None);
    }
}
