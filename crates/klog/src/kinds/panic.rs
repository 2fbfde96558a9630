//! **Kernel panic.** The kernel decided that it must not go on and stopped everything. The reason says why; when an
//! Oops or a warning came before, that is the bug, and the panic only its end.

use super::{Rule, init_killed, no_init, no_root, oom_panic, stack_end, stack_protector, sysrq_crash};
use crate::about;
use crate::culprit::{self, Blame, NOBODY, Pick};
use crate::facts::Facts;
use crate::grammar::marks;
use crate::title::Titles;
use crate::walk::Step;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule { name: "panic", about: about::PANIC, begins, blame, titles, ..BASE };

fn begins(text: &str) -> bool {
    marks::panic_reason(text).is_some()
}

/// Reasons that only say how an earlier report ended, with what that means (kernel/panic.c, kernel/exit.c, arch's die).
const REASONS: [(&str, bool, &str); 26] = [
    (
        "Fatal exception in interrupt",
        true,
        "the fault happened in an interrupt, where there is no task to kill: the kernel can only stop",
    ),
    (
        "Oops: Fatal exception in interrupt",
        true,
        "the fault happened in an interrupt, where there is no task to kill: the kernel can only stop",
    ),
    (
        "Fatal exception",
        true,
        "panic_on_oops is set: this machine is configured to stop at the first Oops instead of killing the task and going on",
    ),
    (
        "Oops: Fatal exception",
        true,
        "panic_on_oops is set: this machine is configured to stop at the first Oops instead of killing the task and going on",
    ),
    (
        "panic_on_warn set",
        true,
        "panic_on_warn is set: this machine is configured to stop at the first warning, which it would otherwise have survived",
    ),
    ("Attempted to kill init!", true, "the task that died was init (PID 1), and a system can't go on without it"),
    (
        "Attempted to kill the idle task!",
        true,
        "the task that died was the CPU's idle task, and a CPU can't go on without it",
    ),
    ("Aiee, killing interrupt handler!", true, "the fault happened in an interrupt, where there is no task to kill"),
    ("Oopsed too often", true, "the kernel had died more often than kernel.oops_limit allows"),
    ("Warned too often", true, "the kernel had warned more often than kernel.warn_limit allows"),
    ("kernel stack overflow", true, "the kernel's stack overflowed, and an exception can't be handled without a stack"),
    (
        "sysrq triggered crash",
        false,
        "somebody asked for it: echo c > /proc/sysrq-trigger, or the SysRq key; nothing is wrong with the kernel",
    ),
    (
        "VFS: Unable to mount root fs",
        false,
        "the root file system could not be mounted: a wrong root=, a missing initrd, or no driver for its disk or file system",
    ),
    ("No working init found", false, "no init program could be started: see init= and what the root file system holds"),
    ("Requested init", false, "the program named by init= could not be started"),
    ("Out of memory", false, "memory ran out, and nothing was left that could be killed"),
    (
        "Out of memory: system-wide panic_on_oom",
        false,
        "memory ran out, and panic_on_oom is set: this machine is configured to stop instead of killing a process",
    ),
    (
        "Out of memory: compulsory panic_on_oom",
        false,
        "memory ran out, and panic_on_oom is set: this machine is configured to stop instead of killing a process",
    ),
    ("System is deadlocked on memory", false, "memory ran out, and nothing was left that could be killed"),
    (
        "stack-protector:",
        false,
        "a function's stack canary was overwritten: it, or a function that it called, wrote past the end of a local variable",
    ),
    (
        "corrupted stack end detected inside scheduler",
        false,
        "the last word of the task's stack was overwritten: the stack overflowed or something wrote over it",
    ),
    ("Fatal machine check", false, "the hardware reported an error after which the processor can't go on"),
    ("Fatal local machine check", false, "the hardware reported an error after which the processor can't go on"),
    ("Fatal hardware error!", false, "the firmware reported a hardware error after which the machine can't go on"),
    ("Hard LOCKUP", false, "a CPU took no interrupts for seconds, and hardlockup_panic is set"),
    (
        "corrupted shadow stack detected inside scheduler",
        false,
        "the last word of the task's shadow call stack was overwritten: it overflowed or something wrote over it",
    ),
];

/// The rule of the panics with this reason.
pub(crate) fn of(reason: &str) -> &'static Rule {
    [
        (STACK_PROTECTOR, &stack_protector::RULE),
        (STACK_END, &stack_end::RULE),
        ("corrupted shadow stack detected inside scheduler", &stack_end::RULE),
        ("Attempted to kill init!", &init_killed::RULE),
        ("VFS: Unable to mount root fs", &no_root::RULE),
        ("No working init found", &no_init::RULE),
        ("No init found", &no_init::RULE),
        ("Requested init ", &no_init::RULE),
        ("sysrq triggered crash", &sysrq_crash::RULE),
        ("Out of memory", &oom_panic::RULE),
        ("out of memory", &oom_panic::RULE),
        ("System is deadlocked on memory", &oom_panic::RULE),
    ]
    .into_iter()
    .find(|(start, _)| reason.starts_with(start))
    .map_or(&RULE, |(_, rule)| rule)
}

/// What the rules of panics have in common.
pub(super) const BASE: Rule = Rule {
    headers: &["Kernel panic - not syncing: "],
    dies: true,
    is_panic: true,
    titles: |facts| Titles::plain(format!("kernel panic: {}", reason(facts))),
    lead,
    ..Rule::BASE
};

/// True for a reason that tells how an earlier report ended.
pub(crate) fn is_consequence(reason: &str) -> bool {
    meaning_of(reason).is_some_and(|(_, consequence, _)| *consequence)
}

fn meaning_of(reason: &str) -> Option<&'static (&'static str, bool, &'static str)> {
    // `check_panic_on_warn` names who warned: `kernel: panic_on_warn set ...`, `KASAN: panic_on_warn set ...`.
    let reason = reason.find("panic_on_warn set").filter(|at| *at <= 24).map_or(reason, |at| &reason[at..]);
    // The longest that fits: "Fatal exception in interrupt" begins with "Fatal exception".
    REASONS.iter().filter(|(start, ..)| reason.starts_with(start)).max_by_key(|(start, ..)| start.len())
}

/// The PID of the task whose death is the reason.
pub(crate) fn victim(reason: &str) -> Option<u32> {
    [("Attempted to kill init!", 1), ("Attempted to kill the idle task!", 0)]
        .iter()
        .find(|(start, _)| reason.starts_with(start))
        .map(|(_, pid)| *pid)
}

/// True for a panic that no code is to blame for: somebody asked for it, or what it needs to run is missing.
pub(crate) fn is_nobodys_fault(reason: &str) -> bool {
    meaning_of(reason).is_some_and(|(start, consequence, _)| {
        !["stack-protector", "corrupted", "sysrq"].iter().any(|code| start.starts_with(code))
            && (!consequence || start.starts_with("Attempted"))
    })
}

/// True for a crash that somebody asked for.
pub(crate) fn is_on_request(reason: &str) -> bool {
    reason.starts_with("sysrq triggered crash")
}

/// What a reason means, in words.
pub(crate) fn meaning(reason: &str) -> Option<&'static str> {
    meaning_of(reason).map(|(_, _, words)| *words)
}

pub(super) const STACK_PROTECTOR: &str = "stack-protector:";
pub(super) const STACK_END: &str = "corrupted stack end detected inside scheduler";

static OVERFLOW: Blame =
    Blame { steps: &[Step::Trace, Step::Frames], or: &[], innocent: &["bad_stack"], pick: Pick::Anchored };

pub(super) fn reason(facts: &Facts) -> &str {
    facts.report.panic.as_ref().map_or("", |panic| panic.reason.as_str())
}

fn blame(facts: &Facts) -> &'static Blame {
    let reason = reason(facts);
    if reason.starts_with("kernel stack overflow") {
        &OVERFLOW
    } else if is_nobodys_fault(reason) {
        &NOBODY
    } else {
        &culprit::TRACE
    }
}

/// "kernel panic: REASON". A reason that tells how another report ended is, without that report, what is left of it.
fn titles(facts: &Facts) -> Titles {
    let reason = reason(facts);
    if reason.starts_with("kernel stack overflow") {
        return Titles::blaming(facts, "kernel stack overflow in {}", &["stack-overflow in {}"]);
    }
    if reason.starts_with("Couldn't open N_TTY ldisc for ") && reason.contains(" --- error -") {
        return Titles::plain("kernel panic: Couldn't open N_TTY ldisc");
    }
    for (start, title) in [
        ("Fatal exception", "kernel panic: Fatal exception"),
        ("panic_on_warn set", "kernel panic: panic_on_warn set"),
        ("hung_task: blocked tasks", "kernel panic: hung_task: blocked tasks"),
    ] {
        if reason.starts_with(start) {
            return Titles::plain(title).damaged("the report that this panic ends is not in the log");
        }
    }
    Titles::plain(format!("kernel panic: {reason}"))
}

fn lead(facts: &Facts) -> Prose {
    let Some(panic) = &facts.report.panic else { return Prose::default() };
    let mut prose = Prose::default().text("The kernel stopped itself: ").claim(panic.reason.clone(), Some(panic.line));
    if let Some(words) = meaning(&panic.reason) {
        prose = prose.text(format!(" — {words}"));
    }
    prose
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons() {
        assert!(is_consequence("Fatal exception in interrupt"));
        assert!(is_consequence("Attempted to kill init! exitcode=0x00000009"));
        assert!(!is_consequence("VFS: Unable to mount root fs on unknown-block(0,0)"));
        assert!(meaning("Fatal exception in interrupt").unwrap().contains("interrupt"));
        assert!(meaning("Fatal exception").unwrap().contains("panic_on_oops"));
        assert!(is_consequence("kernel: panic_on_warn set ..."));
    }
}
