//! What ties reports of one boot together: who waits for whom, what a watchdog's panic is about, the same task, the same
//! object.
//!
//! Each tie is one that two lines of the log prove, and names them. Must never tie reports because they are near each
//! other: that an earlier one may have caused a later one is `sequence`'s to say.

use crate::facts::Facts;
use crate::grammar::frame::base_name;
use crate::grammar::locks;
use crate::own_stack;
use oopscope_report::{AddressClass, Context, Link, LinkKind, Prose, Report, StackRole};
use std::collections::BTreeMap;
use std::ops::Range;

/// Lines about locks that are kept of one report.
const MOST_LOCKS: usize = 2048;
/// Ties of one report.
const MOST_LINKS: usize = 8;

/// What a report's lines say about locks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locks {
    /// The task whose list is being read.
    holder: Option<Task>,
    held: Vec<Held>,
    blocked: Vec<Blocked>,
}

type Task = (String, u32);

#[derive(Clone, Debug)]
struct Held {
    task: Task,
    address: String,
    name: String,
    line: u64,
}

#[derive(Clone, Debug)]
struct Blocked {
    task: Task,
    on: String,
    owner: Task,
    line: u64,
}

impl Locks {
    /// Remembers a line if it is about locks.
    pub(crate) fn line(&mut self, text: &str, line: u64) {
        if self.held.len() + self.blocked.len() >= MOST_LOCKS {
            return;
        }
        let text = text.trim_start();
        let owned = |(comm, pid): locks::Task<'_>| (comm.to_owned(), pid);
        if text.starts_with('#') {
            if let (Some(task), Some(lock)) = (&self.holder, locks::lock(text)) {
                self.held.push(Held {
                    task: task.clone(),
                    address: lock.address.to_owned(),
                    name: lock.name.to_owned(),
                    line,
                });
            }
        } else if text.starts_with(|c: char| c.is_ascii_digit()) {
            if let Some(task) = locks::holder(text) {
                self.holder = Some(owned(task));
            }
        } else if let Some(blocked) = locks::blocked(text) {
            self.blocked.push(Blocked {
                task: owned(blocked.task),
                on: blocked.on.to_owned(),
                owner: owned(blocked.owner),
                line,
            });
        }
    }
}

/// What ties need of a report besides the report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    locks: &'a Locks,
    /// `insmod[121] exited with preempt_count 1`, with its line.
    exit_note: Option<&'a (String, u64)>,
}

impl<'a> Said<'a> {
    /// What the lines of a report said.
    pub(crate) const fn of(facts: &'a Facts) -> Self {
        Self { locks: &facts.locks, exit_note: facts.exit_note.as_ref() }
    }
}

/// Ties all reports of a log. `reports[i]` belongs to `facts[i]`.
pub(crate) fn tie(reports: &mut [Report], facts: &[Said<'_>]) {
    let mut ties = Ties { links: vec![Vec::new(); reports.len()] };
    let mut from = 0;
    while from < reports.len() {
        let boot = reports[from].boot;
        let to = from + reports[from..].iter().take_while(|report| report.boot == boot).count();
        ties.boot(reports, facts, from, to);
        from = to;
    }
    for (report, links) in reports.iter_mut().zip(ties.links) {
        report.links = links;
    }
}

struct Ties {
    links: Vec<Vec<Link>>,
}

impl Ties {
    fn add(&mut self, at: usize, kind: LinkKind, other: usize, words: Prose) {
        let (links, Ok(report)) = (&mut self.links[at], u32::try_from(other)) else { return };
        let known = links.iter().any(|link| link.report == report && link.kind == kind);
        if at != other && !known && links.len() < MOST_LINKS {
            links.push(Link { kind, report, words });
        }
    }

    /// The reports of one boot: `from..to`.
    fn boot(&mut self, reports: &[Report], facts: &[Said<'_>], from: usize, to: usize) {
        // The last report about each task: what it is stuck in or died of.
        let of_task: BTreeMap<(&str, u32), usize> =
            (from..to).filter_map(|at| Some((task(&reports[at])?, at))).collect();
        self.owners(facts, from..to, &of_task);
        self.lists(reports, facts, from..to, &of_task);
        self.spinning(reports, facts, from..to);
        self.watchdog_panics(reports, from..to);
        self.same_task(reports, from..to);
        self.same_object(reports, from..to);
    }

    /// The kernel itself says who owns what a hung task waits for.
    fn owners(&mut self, facts: &[Said<'_>], range: Range<usize>, of_task: &BTreeMap<(&str, u32), usize>) {
        for blocked in facts[range].iter().flat_map(|facts| &facts.locks.blocked) {
            let find = |task: &Task| of_task.get(&(task.0.as_str(), task.1)).copied();
            let (Some(waiter), Some(owner)) = (find(&blocked.task), find(&blocked.owner)) else { continue };
            let line = Some(blocked.line);
            let words = Prose::default()
                .text(format!("{} waits for a {} that ", named(&blocked.task), blocked.on))
                .claim(format!("{} likely owns", named(&blocked.owner)), line)
                .text(", the task of this report.");
            self.add(waiter, LinkKind::WaitsFor, owner, words);
            let words = Prose::default()
                .claim(format!("{} waits for a {}", named(&blocked.task), blocked.on), line)
                .text(" that the task of this report likely owns.");
            self.add(owner, LinkKind::Causes, waiter, words);
        }
    }

    /// lockdep's list of all locks: a task that sleeps in a lock function has the lock it waits for last in its list,
    /// because lockdep notes a lock before it is taken.
    fn lists(
        &mut self,
        reports: &[Report],
        facts: &[Said<'_>],
        range: Range<usize>,
        of_task: &BTreeMap<(&str, u32), usize>,
    ) {
        let all: Vec<&Held> = facts[range].iter().flat_map(|facts| &facts.locks.held).collect();
        // By task the last lock of its last list; by lock the tasks that list it.
        let mut last: BTreeMap<(&str, u32), &Held> = BTreeMap::new();
        let mut of_lock: BTreeMap<&str, Vec<&Held>> = BTreeMap::new();
        for held in all {
            last.insert((held.task.0.as_str(), held.task.1), held);
            let holders = of_lock.entry(held.address.as_str()).or_default();
            if holders.len() < 2 * MOST_LINKS && !holders.iter().any(|other| other.task == held.task) {
                holders.push(held);
            }
        }
        for (task, wanted) in &last {
            let Some(&waiter) = of_task.get(task) else { continue };
            if !sleeps_in_a_lock(&reports[waiter]) {
                continue;
            }
            for held in of_lock.get(wanted.address.as_str()).into_iter().flatten() {
                let holder = (held.task.0.as_str(), held.task.1);
                let Some(&other) = of_task.get(&holder).filter(|_| holder != *task) else { continue };
                // Its own last lock it may be waiting for, too: then nobody knows who has it.
                let both_wait = last.get(&holder).is_some_and(|own| own.address == held.address)
                    && sleeps_in_a_lock(&reports[other]);
                let words = Prose::default().text(format!("{} waits for the lock ", named(&wanted.task)));
                let words = words.code(wanted.name.clone(), Some(wanted.line));
                if both_wait {
                    let words = words.text(", and so does ").claim(named(&held.task), Some(held.line)).text(".");
                    self.add(waiter, LinkKind::SameObject, other, words);
                } else {
                    let words = words
                        .text(", which ")
                        .claim(format!("{} holds", named(&held.task)), Some(held.line))
                        .text(", the task of this report.");
                    self.add(waiter, LinkKind::WaitsFor, other, words);
                    let words = Prose::default()
                        .text("The task of this report holds the lock ")
                        .code(held.name.clone(), Some(held.line))
                        .text(", for which ")
                        .claim(format!("{} waits", named(&wanted.task)), Some(wanted.line))
                        .text(".");
                    self.add(other, LinkKind::Causes, waiter, words);
                }
            }
        }
    }

    /// A task that died with a spinlock held (`exited with preempt_count 1`), and after it a CPU that spins on one.
    fn spinning(&mut self, reports: &[Report], facts: &[Said<'_>], range: Range<usize>) {
        let mut died: Option<(usize, &(String, u64))> = None;
        for at in range {
            if let Some((cause, (note, note_line))) = died
                && let Some((function, line)) = spins(&reports[at])
            {
                let words = Prose::default()
                    .text("A CPU spins ")
                    .claim(format!("in {function}"), Some(line))
                    .text(" for a lock. ")
                    .claim(note.clone(), Some(*note_line))
                    .text(": it held a spinlock or had preemption off. ")
                    .guess("It may be the same lock, which nobody releases any more.", None);
                self.add(at, LinkKind::CausedBy, cause, words);
                let words = Prose::default()
                    .claim(note.clone(), Some(*note_line))
                    .text(". Later a CPU spins ")
                    .claim(format!("in {function}"), Some(line))
                    .guess(": perhaps for the lock that this task held.", None);
                self.add(cause, LinkKind::Causes, at, words);
            }
            if let Some(note) = facts[at].exit_note.filter(|(note, _)| note.contains("preempt_count")) {
                died = Some((at, note));
            }
        }
    }

    /// A panic that a watchdog or `panic_on_warn` asked for is about the report before it of that sort.
    fn watchdog_panics(&mut self, reports: &[Report], range: Range<usize>) {
        // By the reason (kernel/hung_task.c, kernel/watchdog.c, kernel/rcu/tree_stall.h, kernel/panic.c): how the
        // title of what it is about begins or what stands in it.
        const ABOUT: [(&str, &[&str]); 5] = [
            ("hung_task: blocked tasks", &["INFO: task hung", "INFO: task can't die"]),
            ("softlockup: hung tasks", &["BUG: soft lockup"]),
            ("Hard LOCKUP", &["BUG: hard lockup", "Watchdog detected hard LOCKUP"]),
            ("RCU Stall", &["INFO: rcu detected stall"]),
            ("panic_on_warn set", &["WARNING", "KASAN:", "UBSAN:", "KCSAN:", "KMSAN:", "KFENCE:"]),
        ];
        for at in range.clone() {
            let Some(panic) = reports[at].panic.as_ref().filter(|_| reports[at].kind.name() == "panic") else {
                continue;
            };
            let Some((_, begins)) = ABOUT.iter().find(|(reason, _)| panic.reason.starts_with(reason)) else { continue };
            let earlier = (range.start..at)
                .rev()
                .find(|&other| begins.iter().any(|start| reports[other].title.starts_with(start)));
            let Some(cause) = earlier else { continue };
            let words = Prose::default()
                .text("The panic is not another fault: ")
                .claim(panic.reason.clone(), Some(panic.line))
                .text(" is what this kernel was told to do after ")
                .claim("this report", Some(reports[cause].first_line))
                .text(".");
            self.add(at, LinkKind::CausedBy, cause, words);
            let words = Prose::default()
                .text("The kernel was told to panic after such a report: ")
                .claim(panic.reason.clone(), Some(panic.line))
                .text(".");
            self.add(cause, LinkKind::Causes, at, words);
        }
    }

    /// Each report about a task with the one before it about the same task.
    fn same_task(&mut self, reports: &[Report], range: Range<usize>) {
        let mut before: BTreeMap<(&str, u32), usize> = BTreeMap::new();
        for at in range {
            let Some(task) = task(&reports[at]) else { continue };
            if let Some(other) = before.insert(task, at) {
                let words = |other: usize| {
                    Prose::default()
                        .text("Both are about ")
                        .claim(format!("task {} (PID {})", task.0, task.1), reports[other].task_line)
                        .text(".")
                };
                self.add(at, LinkKind::SameTask, other, words(other));
                self.add(other, LinkKind::SameTask, at, words(at));
            }
        }
    }

    /// Each report about an object of the kernel's with the one before it at the same address.
    fn same_object(&mut self, reports: &[Report], range: Range<usize>) {
        let mut before: BTreeMap<&str, usize> = BTreeMap::new();
        for at in range {
            let Some(access) = reports[at].access.as_ref().filter(|access| access.class == AddressClass::Kernel) else {
                continue;
            };
            let Some(address) = access.address.as_deref() else { continue };
            if let Some(other) = before.insert(address, at) {
                let words = |other: usize| {
                    let line = reports[other].access.as_ref().map(|access| access.line);
                    Prose::default().text("Both accesses are to ").code(address, line).text(".")
                };
                self.add(at, LinkKind::SameObject, other, words(other));
                self.add(other, LinkKind::SameObject, at, words(at));
            }
        }
    }
}

fn named(task: &Task) -> String {
    format!("task {} (PID {})", task.0, task.1)
}

/// The task that a report is about. In an interrupt the task is only who was there.
fn task(report: &Report) -> Option<(&str, u32)> {
    let about = matches!(report.context, Context::Process | Context::Unknown);
    // PID 0 is the idle task of every CPU.
    Some((report.comm.as_deref()?, report.pid.filter(|pid| about && *pid > 0)?))
}

/// Functions on the crash stack, innermost first.
fn functions(report: &Report) -> impl Iterator<Item = (&str, u64)> {
    let interrupted = report.stacks.iter().filter(|stack| stack.role == StackRole::Interrupted);
    own_stack::of(report)
        .into_iter()
        .chain(interrupted)
        .flat_map(|stack| &stack.frames)
        .filter(|frame| frame.reliable)
        .filter_map(|frame| Some((base_name(frame.function.as_deref()?), frame.line)))
}

/// The task sleeps until somebody releases a lock.
fn sleeps_in_a_lock(report: &Report) -> bool {
    // The slow paths of kernel/locking: mutexes, semaphores, their real-time forms; tty's own (drivers/tty/tty_ldsem.c).
    const WAITS: [&str; 9] = [
        "__mutex_lock",
        "mutex_lock",
        "rwsem_down_",
        "down_read",
        "down_write",
        "__down",
        "__rt_mutex_slowlock",
        "ldsem_down_",
        "percpu_rwsem_wait",
    ];
    // Above them lies only the scheduler.
    functions(report).take(8).any(|(name, _)| WAITS.iter().any(|wait| name.starts_with(wait)))
}

/// The innermost frame in which a CPU spins for a lock.
fn spins(report: &Report) -> Option<(&str, u64)> {
    const SPINS: [&str; 4] = [
        "native_queued_spin_lock_slowpath",
        "queued_spin_lock_slowpath",
        "queued_read_lock_slowpath",
        "queued_write_lock_slowpath",
    ];
    functions(report).find(|(name, _)| SPINS.contains(name))
}

#[cfg(test)]
mod tests;
