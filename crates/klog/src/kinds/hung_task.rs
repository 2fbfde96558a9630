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
use crate::explain::{frame_words, next as advice};
use crate::facts::Facts;
use crate::grammar::frame::base_name;
use crate::grammar::{marks, named};
use crate::title::Titles;
use crate::walk::Step;
use oopscope_report::{Advice, Frame, Prose, StackRole};

pub(crate) static RULE: Rule = Rule {
    name: "hung-task",
    about: about::HUNG_TASK,
    headers: &["INFO: task "],
    begins: |text| is_blocked(text) || is_immortal(text),
    absorbs: |text| {
        text.contains("likely owned by task")
            || text.contains("likely last held by task")
            || text.contains("is blocked on a")
    },
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
    names_task: true,
    went_on: "",
    evidence,
    innocent: |facts| {
        let watchdog = facts.report.comm.as_deref().filter(|comm| *comm == "khungtaskd");
        watchdog
            .map(|comm| {
                Prose::default()
                    .claim(comm, facts.report.task_line)
                    .text(" is the watchdog that looks for hung tasks; its own trace tells nothing.")
            })
            .into_iter()
            .collect()
    },
    next,
    ..Rule::BASE
};

static WAITING: Blame = Blame { steps: &[Step::Trace, Step::Frames], or: &[], innocent: &[], pick: Pick::Waiting };
static SCHEDULED: Blame = Blame::of_trace(&["schedule"]);

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
        .text(", where no signal can wake it,")
}

/// What a waiting function waits for. The innermost that is known decides: a file system's wait ends in a bit's.
const WAITS: [(&str, &str); 25] = [
    ("mutex_lock", "a mutex that somebody holds"),
    ("rwsem_down_read", "a reader-writer semaphore that somebody holds for writing"),
    ("rwsem_down_write", "a reader-writer semaphore that somebody holds"),
    ("percpu_rwsem_wait", "a per-CPU reader-writer semaphore that somebody holds"),
    ("down_read", "a reader-writer semaphore that somebody holds for writing"),
    ("down_write", "a reader-writer semaphore that somebody holds"),
    ("__down", "a semaphore that somebody holds"),
    ("io_schedule", "a disk or another device to complete I/O"),
    ("wait_on_buffer", "a disk to complete I/O"),
    ("folio_wait", "a page to be read, written or unlocked"),
    ("wait_on_page", "a page to be read, written or unlocked"),
    ("jbd2_log_wait_commit", "the journal to be committed to disk"),
    ("synchronize_rcu", "an RCU grace period"),
    ("__wait_rcu_gp", "an RCU grace period"),
    ("synchronize_srcu", "an SRCU grace period"),
    ("rcu_barrier", "RCU callbacks of all CPUs"),
    ("__flush_work", "a work item to finish"),
    ("flush_work", "a work item to finish"),
    ("__flush_workqueue", "a whole workqueue to drain"),
    ("p9_client_rpc", "a 9p server's answer"),
    ("rpc_wait_bit_killable", "an NFS server's answer"),
    ("request_wait_answer", "a FUSE server's answer, a process of user space"),
    ("kthread_stop", "a kernel thread to end"),
    ("wait_for_vfork_done", "a child to execute or exit"),
    ("wait_for_completion", "a completion that somebody has to signal"),
];

/// What the task waits for, by its frames, and who has it, by the kernel's own word.
fn evidence(facts: &Facts) -> Vec<Prose> {
    let mut evidence = Vec::new();
    if let Some((frame, what)) = waits_for(facts) {
        evidence.push(
            Prose::default()
                .text("By ")
                .code(frame_words(frame), Some(frame.line))
                .text(format!(" in its trace it waits for {what}.")),
        );
    }
    for detail in facts.report.details.iter().filter(|detail| detail.name == "waits for").take(1) {
        evidence.push(
            Prose::default()
                .text("The kernel names what it waits for: ")
                .claim(detail.value.clone(), Some(detail.line))
                .text("."),
        );
    }
    evidence
}

fn waits_for(facts: &Facts) -> Option<(&Frame, &'static str)> {
    let stack = facts.report.stacks.iter().find(|stack| stack.role == StackRole::Crash)?;
    stack.frames.iter().filter(|frame| frame.reliable).take(10).find_map(|frame| {
        let name = base_name(frame.function.as_deref()?);
        let found =
            WAITS.iter().find(|(start, _)| name.trim_start_matches('_').starts_with(start.trim_start_matches('_')));
        found.map(|(_, what)| (frame, *what))
    })
}

fn next(facts: &Facts) -> Vec<Advice> {
    let io = waits_for(facts).is_some_and(|(_, what)| what.contains("disk") || what.contains("page"));
    let disk = io.then(|| {
        advice::advice(
            "It waits for storage: look for errors, resets and timeouts of the disk or its driver in the log before this.",
            "dmesg --level=err,warn",
        )
    });
    let panic = facts.report.panic.is_none().then(|| {
        advice::advice(
            "Have the kernel stop at the next hung task: with kdump the dump then shows who holds what.",
            "sysctl -w kernel.hung_task_panic=1",
        )
    });
    disk.into_iter().chain([advice::blocked_tasks()]).chain(advice::prove_locking(facts)).chain(panic).collect()
}
