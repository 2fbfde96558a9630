//! The words of every report: their lines are lines of the log, they say something, and no command that is there to be
//! copied holds what a shell would run besides.

#[allow(dead_code, reason = "of what the fixtures have in common, this needs the files alone")]
mod harness;

use harness::parse;
use oopscope_report::{Prose, Report};
use std::path::PathBuf;

fn logs() -> Vec<PathBuf> {
    ["guests", "architectures"].into_iter().flat_map(harness::logs).collect()
}

fn sentences(report: &Report) -> impl Iterator<Item = &Prose> {
    let explanation = &report.explanation;
    std::iter::once(&report.verdict)
        .chain(report.notices.iter().map(|notice| &notice.prose))
        .chain(&explanation.evidence)
        .chain(&explanation.innocent)
        .chain(explanation.next.iter().map(|advice| &advice.words))
}

#[track_caller]
fn check(report: &Report, lines: u64, name: &str) {
    for prose in sentences(report) {
        let text = prose.plain();
        assert!(!text.trim().is_empty(), "{name}: an empty sentence");
        assert!(!text.contains("  ") && !text.contains("..") && !text.contains(",."), "{name}: {text}");
        assert!(text.trim_end().ends_with(['.', ':', '!']), "{name}: {text}");
        for span in &prose.0 {
            assert!(!span.text.is_empty(), "{name}: an empty piece in {text}");
            assert!(span.line.is_none_or(|line| (1..=lines).contains(&line)), "{name}: {text}");
        }
    }
    let next = &report.explanation.next;
    assert!(next.len() <= 5, "{name}: {} pieces of advice", next.len());
    for command in next.iter().filter_map(|advice| advice.command.as_deref()) {
        assert!(!command.contains(['$', '`', '"', '\'', '\\', '\n', '*']), "{name}: {command}");
    }
    let mut said: Vec<String> = sentences(report).map(Prose::plain).collect();
    let all = said.len();
    said.sort();
    said.dedup();
    assert_eq!(said.len(), all, "{name}: a sentence is said twice");
}

#[test]
fn every_sentence_has_words_and_lines_of_the_log() {
    for log in logs() {
        let bytes = harness::read(&log);
        let (reports, facts) = parse(&bytes);
        for report in &reports {
            check(report, facts.lines, &log.display().to_string());
            assert!(!report.explanation.about.is_empty(), "{}", log.display());
        }
        // The same of a log that was cut in the middle.
        let (reports, facts) = parse(&bytes[..bytes.len() / 2]);
        for report in &reports {
            for span in sentences(report).flat_map(|prose| &prose.0) {
                assert!(span.line.is_none_or(|line| (1..=facts.lines).contains(&line)), "{}", log.display());
            }
        }
    }
}

/// A report written from the kernel's format strings (mm/kasan/report.c, lib/dump_stack.c).
const KASAN: &str = "\
[   12.5] BUG: KASAN: slab-use-after-free in victim_read+0x12/0x40
[   12.5] Read of size 8 at addr ffff888012345678 by task reader/77
[   12.5] 
[   12.5] CPU: 1 UID: 0 PID: 77 Comm: reader Not tainted 6.12.0 #1
[   12.5] Hardware name: QEMU Standard PC (i440FX + PIIX, 1996)
[   12.5] Call Trace:
[   12.5]  <TASK>
[   12.5]  dump_stack_lvl+0x5d/0x80
[   12.5]  kasan_report+0xce/0x100
[   12.5]  victim_read+0x12/0x40
[   12.5]  vfs_read+0x1/0x2
[   12.5]  </TASK>
[   12.5] Allocated by task 70 on cpu 0 at 11.000000s:
[   12.5]  kasan_save_stack+0x24/0x50
[   12.5]  __kmalloc_cache_noprof+0x1/0x2
[   12.5]  victim_open+0x20/0x90
[   12.5] Freed by task 71 on cpu 1 at 12.000000s:
[   12.5]  kasan_save_stack+0x24/0x50
[   12.5]  kfree+0x1/0x2
[   12.5]  victim_close+0x20/0x30
[   12.5] The buggy address belongs to the object at ffff888012345600
[   12.5]  which belongs to the cache kmalloc-128 of size 128
[   12.5] The buggy address is located 120 bytes inside of
[   12.5]  freed 128-byte region [ffff888012345600, ffff888012345680)
";

#[test]
fn a_use_after_free_tells_the_object_s_life() {
    let (reports, _) = parse(KASAN.as_bytes());
    let evidence: Vec<_> = reports[0].explanation.evidence.iter().map(Prose::plain).collect();
    let life = evidence.iter().find(|words| words.contains("allocated")).unwrap();
    assert!(
        life.contains("by task 70 in victim_open+0x20/0x90, and freed by task 71 in victim_close+0x20/0x30"),
        "{life}"
    );
    assert!(life.contains("0.500 s before this") && life.contains("Another task freed it"), "{life}");
    assert!(evidence.iter().any(|words| words.contains("120 bytes inside of")), "{evidence:?}");
    assert_eq!(
        reports[0].verdict.plain().split(". ").next().unwrap(),
        "KASAN caught a slab-use-after-free, a read of 8 bytes, in victim_read+0x12, on CPU 1 in task reader (PID 77)"
    );
}

#[test]
fn a_module_s_culprit_gives_commands_with_its_own_names() {
    let log = "\
BUG: kernel NULL pointer dereference, address: 0000000000000100
#PF: supervisor write access in kernel mode
#PF: error_code(0x0002) - not-present page
Oops: 0002 [#1] SMP
CPU: 0 PID: 5 Comm: insmod Tainted: G           OE      6.1.0 #1
RIP: 0010:crash_me+0x12/0x34 [bad_driver]
Call Trace:
 <TASK>
 do_one_initcall+0x1/0x200
 do_init_module+0x1/0x200
 </TASK>
Modules linked in: bad_driver(OE+) ext4
---[ end trace 0000000000000000 ]---
";
    let (reports, _) = parse(log.as_bytes());
    let commands: Vec<_> = reports[0].explanation.next.iter().filter_map(|a| a.command.as_deref()).collect();
    assert!(commands.contains(&"./scripts/faddr2line bad_driver.ko crash_me+0x12/0x34"), "{commands:?}");
    assert!(commands.contains(&"modinfo bad_driver"), "{commands:?}");
    let innocent: Vec<_> = reports[0].explanation.innocent.iter().map(Prose::plain).collect();
    assert!(innocent.iter().any(|words| words.starts_with("insmod only loaded bad_driver")), "{innocent:?}");
    let evil = log.replace("bad_driver", "bad;reboot");
    let (reports, _) = parse(evil.as_bytes());
    for advice in reports.iter().flat_map(|report| &report.explanation.next) {
        assert!(advice.command.as_deref().is_none_or(|command| !command.contains(';')), "{advice:?}");
    }
}

#[test]
fn lockdep_s_cycle_is_one_sentence() {
    let log = "\
======================================================
WARNING: possible circular locking dependency detected
6.12.0 #1 Not tainted
------------------------------------------------------
writer/77 is trying to acquire lock:
ffff888012345678 (&a->lock){+.+.}-{3:3}, at: take_a+0x10/0x20

but task is already holding lock:
ffff888012345700 (&b->lock){+.+.}-{3:3}, at: take_b+0x10/0x20

which lock already depends on the new lock.

the existing dependency chain (in reverse order) is:

-> #1 (&b->lock){+.+.}-{3:3}:
       lock_acquire+0x1/0x2
       other_b+0x1/0x2

-> #0 (&a->lock){+.+.}-{3:3}:
       lock_acquire+0x1/0x2
       take_a+0x10/0x20

stack backtrace:
CPU: 0 UID: 0 PID: 77 Comm: writer Not tainted 6.12.0 #1
Call Trace:
 <TASK>
 dump_stack_lvl+0x5d/0x80
 take_a+0x10/0x20
 </TASK>
";
    let (reports, _) = parse(log.as_bytes());
    let evidence: Vec<_> = reports[0].explanation.evidence.iter().map(Prose::plain).collect();
    assert_eq!(
        evidence[0],
        "Here &a->lock is taken in take_a+0x10/0x20 while &b->lock is held (since take_b+0x10/0x20), and elsewhere &b->lock while &a->lock is held, as the chain shows."
    );
}

#[test]
fn an_inconsistent_lock_says_which_uses_exclude_each_other() {
    let log = "\
================================
WARNING: inconsistent lock state
6.12.0 #1 Not tainted
--------------------------------
inconsistent {IN-SOFTIRQ-W} -> {SOFTIRQ-ON-W} usage.
insmod/48 [HC0[0]:SC0[0]:HE1:SE1] takes:
ffffffffa0002118 (some_lock){+.?.}-{3:3}, at: take_it+0x10/0x30
stack backtrace:
CPU: 1 UID: 0 PID: 48 Comm: insmod Not tainted 6.12.0 #1
Call Trace:
 <TASK>
 dump_stack_lvl+0x5d/0x80
 take_it+0x10/0x30
 </TASK>
";
    let (reports, _) = parse(log.as_bytes());
    let evidence: Vec<_> = reports[0].explanation.evidence.iter().map(Prose::plain).collect();
    assert!(
        evidence.iter().any(|words| words.contains(
            "some_lock is used in two ways that exclude each other: before, taken in a soft interrupt; now, held with soft interrupts on"
        )),
        "{evidence:?}"
    );
}

/// What the listing proves is said where it was asked for before the report was shown: once, and never of code that was
/// executed by mistake.
#[test]
fn a_listing_gives_evidence_once() {
    let log = harness::logs("guests").into_iter().find(|log| log.ends_with("6.1/null_write.log")).unwrap();
    let (mut bare, _) = oopscope_klog::parse(&harness::read(&log));
    let report = &mut bare[0];
    let said = |report: &Report| sentences(report).filter(|prose| prose.plain().contains("that trapped is")).count();
    assert!(oopscope_klog::wants_listing(report) && said(report) == 0);
    let found = oopscope_disasm::list(report);
    oopscope_klog::put_listing(report, found.clone());
    assert!(!oopscope_klog::wants_listing(report) && said(report) == 1);
    let listed = report.clone();
    oopscope_klog::put_listing(report, found);
    oopscope_klog::put_listing(report, Err("no".to_owned()));
    assert_eq!(*report, listed);

    let (mut without, _) = oopscope_klog::parse(&harness::read(&log));
    oopscope_klog::put_listing(&mut without[0], Err("no decoder".to_owned()));
    assert_eq!(without[0].code.as_ref().unwrap().listing_problem.as_deref(), Some("no decoder"));
    assert!(!oopscope_klog::wants_listing(&without[0]) && said(&without[0]) == 0);
}
