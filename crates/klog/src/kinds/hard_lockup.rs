//! **Hard lockup.** A CPU has not even taken its timer interrupts for about ten seconds: it runs with interrupts off and
//! does not come back. Only a non-maskable interrupt, or another CPU, could still look at it. Typical: a spinlock taken
//! with interrupts off whose holder never releases it, an endless loop in an interrupt handler, hardware or firmware
//! (SMM) that keeps the CPU, a virtual machine whose host did not run it.
//!
//! The innermost function is where it was at that moment; the one that matters is whose loop it is. Other CPUs that wait
//! for this one (TLB flushes, smp_call_function) report soft lockups and stalls: those are its victims.
//!
//! Headline: `watchdog: Watchdog detected hard LOCKUP on cpu 1` (kernel/watchdog.c), `NMI watchdog: …` before 4.15; on
//! powerpc `watchdog: CPU 1 self-detected hard LOCKUP @ f+0x1/0x2` (arch/powerpc/kernel/watchdog.c). With
//! hardlockup_panic the panic `Hard LOCKUP` follows.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::facts::Facts;
use crate::grammar::named;
use crate::title::Titles;
use crate::walk::Step;
use oopscope_report::{Prose, Severity};

pub(crate) static RULE: Rule = Rule {
    name: "hard-lockup",
    about: about::HARD_LOCKUP,
    headers: &["hard LOCKUP", "Hard LOCKUP"],
    begins: |text| cpu(text).is_some(),
    absorbs: |text| text.contains(" Hard LOCKUP"),
    owns: |text| {
        let text = text.trim_start();
        text.starts_with("Sending NMI from CPU") || text.starts_with("NMI backtrace for cpu") || text.contains("LOCKUP")
    },
    detail: |text| cpu(text).map(|cpu| ("stuck CPU", cpu.to_owned())),
    blame: |_| &ANCHORED,
    severity: |_| Severity::Error,
    titles: |facts| Titles::blaming(facts, "hard LOCKUP in {}", &["stall in {}"]),
    lead,
    ..Rule::BASE
};

static ANCHORED: Blame =
    Blame { steps: &[Step::Pc, Step::Trace, Step::Frames], or: &[], innocent: &[], pick: Pick::Anchored };

/// The CPU that is stuck, or the list of those.
fn cpu(text: &str) -> Option<&str> {
    let number = |rest: &'_ str| -> usize { rest.bytes().take_while(u8::is_ascii_digit).count() };
    if let Some((before, rest)) = text.split_once("atchdog detected hard LOCKUP on cpu ") {
        let len = number(rest);
        return (before.len() <= 32 && len > 0).then(|| &rest[..len]);
    }
    let (_, rest) = text.split_once("watchdog: CPU ").filter(|(before, _)| before.len() <= 16)?;
    let len = number(rest);
    let after = &rest[len..];
    if let Some(others) = after.strip_prefix(" detected hard LOCKUP on other CPUs ") {
        return Some(others.trim());
    }
    (len > 0 && (after.starts_with(" self-detected hard LOCKUP") || after.starts_with(" Hard LOCKUP")))
        .then(|| &rest[..len])
}

fn lead(facts: &Facts) -> Prose {
    let cpu = cpu(&facts.header).or_else(|| named::number_after(&facts.header, "cpu ")).unwrap_or("?");
    Prose::default()
        .claim(format!("CPU {cpu} has not taken an interrupt for seconds"), Some(facts.header_line))
        .text("; it ran")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(cpu("watchdog: Watchdog detected hard LOCKUP on cpu 12"), Some("12"));
        assert_eq!(cpu("NMI watchdog: Watchdog detected hard LOCKUP on cpu 0"), Some("0"));
        assert_eq!(cpu("watchdog: CPU 3 self-detected hard LOCKUP @ f+0x1/0x2"), Some("3"));
        assert_eq!(cpu("watchdog: CPU 3 detected hard LOCKUP on other CPUs 0-1,4"), Some("0-1,4"));
        assert_eq!(cpu("watchdog: CPU 3 Hard LOCKUP"), Some("3"));
        assert_eq!(cpu("the hard LOCKUP detector"), None);
    }
}
