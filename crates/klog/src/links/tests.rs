//! Which reports are tied, and that nothing else is. The reports are made by hand: the ties hold for every kind that
//! names tasks, locks and addresses. Must never depend on how a kind is found in a log.

use super::*;
use oopscope_report::{Access, AccessKind, Frame, Kind, Panic, Stack};

const WAITS: [&str; 4] = ["__schedule", "schedule", "__mutex_lock", "demo_read"];
const A: (&str, u32) = ("a", 11);
const B: (&str, u32) = ("b", 22);

fn report(title: &str, task: (&str, u32), functions: &[&str]) -> Report {
    let frames = (10..).zip(functions).map(|(line, name)| Frame {
        function: Some((*name).to_owned()),
        reliable: true,
        line,
        ..Frame::default()
    });
    Report {
        title: title.to_owned(),
        comm: Some(task.0.to_owned()),
        pid: Some(task.1),
        stacks: vec![Stack { frames: frames.collect(), ..Stack::default() }],
        ..Report::default()
    }
}

fn locks(lines: &[&str]) -> Locks {
    let mut locks = Locks::default();
    for (n, line) in (100..).zip(lines) {
        locks.line(line, n);
    }
    locks
}

/// The ties as `from kind to`. The last report has said `lines`.
#[track_caller]
fn check(mut reports: Vec<Report>, lines: &[&str], want: &[&str]) -> Vec<Report> {
    let (none, said) = (Locks::default(), locks(lines));
    let last = reports.len() - 1;
    let all: Vec<_> =
        (0..reports.len()).map(|at| Said { locks: if at == last { &said } else { &none }, exit_note: None }).collect();
    tie(&mut reports, &all);
    let ties = reports
        .iter()
        .enumerate()
        .flat_map(|(at, report)| report.links.iter().map(move |link| format!("{at} {:?} {}", link.kind, link.report)));
    assert_eq!(ties.collect::<Vec<_>>(), want);
    reports
}

#[test]
fn the_kernel_names_the_owner() {
    let both = || vec![report("INFO: task hung in f", A, &WAITS), report("BUG: soft lockup in g", B, &["g"])];
    let line = "INFO: task a:11 is blocked on a mutex likely owned by task b:22.";
    let reports = check(both(), &[line], &["0 WaitsFor 1", "1 Causes 0"]);
    let words = reports[0].links[0].words.plain();
    assert_eq!(words, "task a (PID 11) waits for a mutex that task b (PID 22) likely owns, the task of this report.");
    assert!(reports[0].links[0].words.0.iter().any(|span| span.line == Some(100)), "its line proves it");
    check(both(), &["INFO: task a:11 is blocked on a mutex likely owned by task c:22."], &[]);
}

#[test]
fn a_list_of_locks_shows_who_has_what_another_waits_for() {
    let list = [
        "1 lock held by a/11:",
        " #0: 00000000abe66848 (&demo->lock){+.+.}, at: demo_read+0x37/0x40",
        "2 locks held by b/22:",
        " #0: 00000000abe66848 (&demo->lock){+.+.}, at: demo_write+0x37/0x40",
        " #1: 00000000abe66999 (&other->lock){+.+.}, at: demo_write+0x57/0x80",
    ];
    let both = |of_b: &[&str]| vec![report("INFO: task hung in f", A, &WAITS), report("INFO: task hung in g", B, of_b)];
    let reports = check(both(&WAITS), &list, &["0 WaitsFor 1", "1 Causes 0"]);
    assert!(reports[0].links[0].words.plain().contains("waits for the lock &demo->lock"));
    // Both may only be waiting for it.
    check(both(&WAITS), &list[..4], &["0 SameObject 1", "1 SameObject 0"]);
    // The other runs: what it lists last it has.
    check(both(&["g"]), &list[..4], &["0 WaitsFor 1", "1 Causes 0"]);
    // Who does not sleep in a lock function does not wait for a lock.
    let idle = vec![report("INFO: task hung in f", A, &["schedule", "io_schedule"]), report("BUG: x", B, &["g"])];
    check(idle, &list, &[]);
}

#[test]
fn a_cpu_spins_after_a_task_died_with_a_spinlock() {
    let mut reports = vec![
        report("BUG: x in f", A, &["f"]),
        report("BUG: soft lockup in g", B, &["native_queued_spin_lock_slowpath", "g"]),
        report("BUG: soft lockup in h", ("c", 3), &["h"]),
    ];
    let (none, note) = (Locks::default(), ("a[11] exited with preempt_count 1".to_owned(), 7));
    let said = |exit_note| Said { locks: &none, exit_note };
    tie(&mut reports, &[said(Some(&note)), said(None), said(None)]);
    let kinds: Vec<Vec<LinkKind>> = reports.iter().map(|r| r.links.iter().map(|link| link.kind).collect()).collect();
    assert_eq!(kinds, [vec![LinkKind::Causes], vec![LinkKind::CausedBy], vec![]]);
    assert!(reports[1].links[0].words.0.iter().any(|span| span.guess), "that it is the same lock is a guess");
}

#[test]
fn a_watchdogs_panic_is_about_the_report_before_it() {
    let panic = |reason: &str| Report {
        kind: Kind::new("panic"),
        panic: Some(Panic { reason: reason.to_owned(), ..Panic::default() }),
        ..Report::default()
    };
    let hung = report("INFO: task hung in f", A, &WAITS);
    let warning = report("WARNING in g", B, &["g"]);
    let both = |reason| vec![hung.clone(), warning.clone(), panic(reason)];
    check(both("hung_task: blocked tasks"), &[], &["0 Causes 2", "2 CausedBy 0"]);
    check(both("panic_on_warn set ..."), &[], &["1 Causes 2", "2 CausedBy 1"]);
    check(both("Fatal exception"), &[], &[]);
}

#[test]
fn the_same_task_and_the_same_address_tie_and_other_boots_do_not() {
    check(vec![report("x", A, &[]), report("y", B, &[]), report("z", A, &[])], &[], &["0 SameTask 2", "2 SameTask 0"]);
    let idle = ("swapper/0", 0);
    check(vec![report("x", idle, &[]), report("y", idle, &[])], &[], &[]);
    let later = Report { boot: 1, ..report("z", A, &[]) };
    check(vec![report("x", A, &[]), later], &[], &[]);

    let at = |class| Report {
        access: Some(Access {
            kind: AccessKind::Read,
            address: Some("0xffff888100000010".to_owned()),
            class,
            meaning: String::new(),
            guessed: None,
            line: 5,
            kind_line: None,
        }),
        ..Report::default()
    };
    let kernel = || at(AddressClass::Kernel);
    check(vec![kernel(), kernel()], &[], &["0 SameObject 1", "1 SameObject 0"]);
    check(vec![at(AddressClass::NullPage), at(AddressClass::NullPage)], &[], &[]);
}
