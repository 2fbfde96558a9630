//! **Hung task.** A task has been waiting, in a way that no signal can end (state D), for longer than allowed (120 s). It
//! is the victim: what it waits for did not come. Look at what it waits with: a mutex or rwsem that another task holds
//! (newer kernels name the owner; the list of held locks shows it too), a disk or network file system that does not
//! answer, an RCU grace period that does not end, a device. The task that holds the lock, or the driver that does not
//! complete the request, is the culprit.
//!
//! Headline: `INFO: task comm:pid blocked for more than 143 seconds.` (kernel/hung_task.c), then the task's stack; with
//! lockdep all held locks, then the panic if hung_task_panic is set.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::grammar::{marks, named};
use crate::read::Facts;
use crate::title::Titles;
use crate::walk::Step;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "hung-task",
    about: about::HUNG_TASK,
    headers: &["INFO: task "],
    begins: |text| is_blocked(text) || is_immortal(text),
    absorbs: |text| text.contains("likely owned by task") || text.contains("is blocked on a"),
    owns: |text| {
        let text = text.trim_start();
        [
            "Not tainted",
            "Tainted: ",
            "\"echo 0 > /proc/sys/kernel/hung_task",
            "task:",
            "Showing all locks held",
            "INFO: lockdep is turned off",
            "Blocked by coredump",
        ]
        .iter()
        .any(|start| text.starts_with(start))
            || text.contains("lock held by ")
            || text.contains("locks held by ")
            || text.starts_with('#') && text.contains(" at: ")
            || text.contains(" likely owned by task ")
            || text.contains(" flags:0x")
            || text.starts_with("Sending NMI from CPU")
            || text.starts_with("NMI backtrace for cpu")
            || marks::is_fence(text)
    },
    detail: |text| {
        let text = text.trim();
        if let Some((_, rest)) = text.split_once("INFO: task ") {
            if let Some((task, owner)) = rest.split_once(" likely owned by task ") {
                let what = task.split_once(" is blocked on ").map_or(task, |(_, what)| what);
                return Some(("waits for", format!("{what} owned by {}", owner.trim_end_matches('.'))));
            }
            return Some(("hung task", rest.split(" blocked ").next().unwrap_or(rest).to_owned()));
        }
        text.starts_with("task:").then(|| ("task", text.to_owned()))
    },
    blame: |facts| if is_blocked(&facts.header) { &WAITING } else { &SCHEDULED },
    titles: |facts| {
        if is_blocked(&facts.header) {
            Titles::blaming(facts, "INFO: task hung in {}", &["hang in {}"])
        } else {
            Titles::blaming(facts, "INFO: task can't die in {}", &["hang in {}"])
        }
    },
    lead,
    ..Rule::BASE
};

static WAITING: Blame = Blame { steps: &[Step::Trace, Step::Frames], or: &[], innocent: &[], pick: Pick::Waiting };
static SCHEDULED: Blame =
    Blame { steps: &[Step::Trace, Step::Frames], or: &[], innocent: &["schedule"], pick: Pick::First };

fn is_blocked(text: &str) -> bool {
    text.split_once("INFO: task ").is_some_and(|(_, rest)| {
        rest.contains(" blocked for more than ") || rest.contains(" blocked in I/O wait for more than ")
    })
}

fn is_immortal(text: &str) -> bool {
    text.split_once("INFO: task ").is_some_and(|(_, rest)| rest.contains(" can't die for more than "))
}

/// `comm:pid` of the headline.
pub(crate) fn task(header: &str) -> Option<(&str, u32)> {
    let (_, rest) = header.split_once("INFO: task ")?;
    let name = rest.split_once(" blocked ").or_else(|| rest.split_once(" can't die "))?.0;
    let (comm, pid) = name.rsplit_once(':')?;
    Some((comm, pid.parse().ok()?))
}

fn lead(facts: &Facts) -> Prose {
    let seconds = named::number_after(&facts.header, "more than ").unwrap_or("?");
    let who = task(&facts.header).map_or_else(|| "A task".to_owned(), |(comm, pid)| format!("Task {comm}[{pid}]"));
    Prose::default()
        .claim(format!("{who} has been waiting for more than {seconds} s"), Some(facts.header_line))
        .text(", where no signal can wake it; it waits")
}
