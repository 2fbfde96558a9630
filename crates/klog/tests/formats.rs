//! Formats of which the project has no capture of its own: old kernels, 32-bit x86, logs with caller ids, and reports
//! that are truncated or mixed. Written by hand after the kernel's sources; names and numbers are made up.

#![allow(clippy::format_collect, reason = "logs are written line by line")]

use oopscope_klog::{Limits, Scanner, parse};
use oopscope_report::{AccessKind, AddressClass, Arch, Context, FrameRole, NoticeKind, Report, Severity, StackRole};

#[track_caller]
fn one(log: &str) -> Report {
    let (mut reports, _) = parse(log.as_bytes());
    assert_eq!(reports.len(), 1, "{:?}", reports.iter().map(|report| &report.title).collect::<Vec<_>>());
    reports.remove(0)
}

fn has(report: &Report, kind: NoticeKind) -> bool {
    report.notices.iter().any(|notice| notice.kind == kind)
}

fn functions(report: &Report, stack: usize) -> Vec<&str> {
    report.stacks[stack].frames.iter().filter_map(|frame| frame.function.as_deref()).collect()
}

/// x86-64 of the 4.4 days: `IP:`, addresses before names, `<EOI>`, CR2 once more after the trace.
const OLD_X86: &str = "\
[  123.456789] BUG: unable to handle kernel NULL pointer dereference at           (null)
[  123.456790] IP: [<ffffffffc0a12345>] faulty_driver_func+0x25/0x50 [bad_driver]
[  123.456791] PGD 800000003a0a1067 PUD 3a0a2067 PMD 0
[  123.456792] Oops: 0002 [#1] SMP
[  123.456793] Modules linked in: bad_driver(OE+) ext4
[  123.456794] CPU: 2 PID: 1234 Comm: bad process Tainted: G        W  OE   4.4.0-210-generic #242-Ubuntu
[  123.456795] Hardware name: QEMU Standard PC
[  123.456796] task: ffff88003a0a0000 ti: ffff88003a0b0000 task.ti: ffff88003a0b0000
[  123.456797] RIP: 0010:[<ffffffffc0a12345>]  [<ffffffffc0a12345>] faulty_driver_func+0x25/0x50 [bad_driver]
[  123.456798] RSP: 0018:ffff88003fd03e58  EFLAGS: 00010246
[  123.456799] RAX: 0000000000000000 RBX: ffff88003a0a0000 RCX: 0000000000000000
[  123.456800] FS:  0000000000000000(0000) GS:ffff88003fd00000(0000) knlGS:0000000000000000
[  123.456801] CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033
[  123.456802] CR2: 0000000000000000 CR3: 000000003a0a1000 CR4: 00000000000006e0
[  123.456803] Stack:
[  123.456804]  ffff88003a0a0000 0000000000000000
[  123.456805] Call Trace:
[  123.456806]  <IRQ>
[  123.456807]  [<ffffffff810e1234>] call_timer_fn+0x34/0x130
[  123.456808]  [<ffffffff810e1567>] ? run_timer_softirq+0x1/0x2c0
[  123.456809]  [<ffffffff81085678>] __do_softirq+0xd8/0x290
[  123.456810]  [<ffffffff81085999>] irq_exit+0xa5/0xb0
[  123.456811]  <EOI>
[  123.456812]  [<ffffffff8103abcd>] device_probe+0xab/0x100
[  123.456813]  [<ffffffff8103ef01>] driver_probe_device+0xde/0x200
[  123.456814] Code: 48 89 e5 41 54 53 <c7> 00 2a 00 00 00
[  123.456815] RIP  [<ffffffffc0a12345>] faulty_driver_func+0x25/0x50 [bad_driver]
[  123.456816]  RSP <ffff88003fd03e58>
[  123.456817] CR2: 0000000000000000
[  123.456818] ---[ end trace 7f3f3f3f3f3f3f3f ]---
[  123.456819] Kernel panic - not syncing: Fatal exception in interrupt
";

#[test]
fn x86_of_the_four_four_days() {
    let report = one(OLD_X86);
    assert_eq!(report.title, "BUG: unable to handle kernel NULL pointer dereference in faulty_driver_func");
    assert_eq!((report.arch, report.context), (Some(Arch::X86_64), Context::Softirq));
    assert_eq!((report.cpu, report.pid, report.comm.as_deref()), (Some(2), Some(1234), Some("bad process")));
    assert_eq!(
        functions(&report, 0),
        ["faulty_driver_func", "call_timer_fn", "run_timer_softirq", "__do_softirq", "irq_exit"]
    );
    assert_eq!(functions(&report, 1), ["device_probe", "driver_probe_device"]);
    assert_eq!(report.stacks[1].role, StackRole::Interrupted);
    assert!(!report.stacks[0].frames[2].reliable);
    assert_eq!(report.stacks[0].frames[0].address.as_deref(), Some("0xffffffffc0a12345"));
    let access = report.access.as_ref().unwrap();
    assert_eq!((access.kind, access.class), (AccessKind::Write, AddressClass::NullPage));
    assert_eq!(report.severity, Severity::Fatal);
    assert!(has(&report, NoticeKind::Victim));
    assert!(has(&report, NoticeKind::EarlierNotInLog), "taint W, and no WARNING in the log");
    assert_eq!(report.code.as_ref().unwrap().trap, Some(6));
    assert_eq!(report.registers.iter().filter(|register| register.name == "CR2").count(), 1);
    assert_eq!(
        report.modules.iter().map(|m| (m.name.as_str(), m.in_trace)).collect::<Vec<_>>(),
        [("bad_driver", true), ("ext4", false)]
    );
}

#[test]
fn every_prefix_gives_the_same_report() {
    /// From the number of a line to what stands before it.
    type Prefix = fn(usize) -> String;
    let plain = one(OLD_X86);
    let rewrite = |prefix: Prefix, ending: &str| -> String {
        let lines = OLD_X86.lines().enumerate();
        lines.map(|(at, line)| format!("{}{}{ending}", prefix(at), &line[15..])).collect()
    };
    let prefixes: [(&str, Prefix); 8] = [
        ("none", |_| String::new()),
        ("levels", |at| format!("<{}>[  123.{at:06}] ", at % 8)),
        ("caller ids", |at| format!("[  123.{at:06}][    C2] ")),
        ("dmesg -x", |at| format!("kern  :alert : [  123.{at:06}] ")),
        ("syslog", |at| format!("Nov 21 12:34:56 web-1 kernel: [  123.{at:06}] ")),
        ("the journal", |_| "Nov 21 12:34:56 web-1 kernel: ".to_owned()),
        ("dmesg -T", |_| "[Sat Nov 21 12:34:56 2026] ".to_owned()),
        ("a recorder and colours", |at| format!("[2026-11-21 12:34:56] \x1b[33m[  123.{at:06}]\x1b[0m ")),
    ];
    for (name, prefix) in prefixes {
        for ending in ["\n", "\r\n", "\r\r\n"] {
            let report = one(&rewrite(prefix, ending));
            assert_eq!(
                (&report.title, &report.stacks, &report.registers),
                (&plain.title, &plain.stacks, &plain.registers),
                "{name}"
            );
            assert_eq!(
                (&report.modules, &report.taint, &report.code),
                (&plain.modules, &plain.taint, &plain.code),
                "{name}"
            );
            assert_eq!(report.verdict, plain.verdict, "{name}");
        }
    }
}

#[test]
fn i386() {
    let report = one("\
BUG: unable to handle kernel paging request at f7a01000
IP: [<c10a1234>] some_function+0x14/0x90
*pdpt = 0000000035a01001 *pde = 0000000000000000
Oops: 0000 [#1] SMP
CPU: 0 PID: 77 Comm: cat Not tainted 3.16.0-4-686-pae #1
EIP: 0060:[<c10a1234>] EFLAGS: 00010286 CPU: 0
EIP is at some_function+0x14/0x90
EAX: f7a01000 EBX: 00000000 ECX: 00000001 EDX: 00000000
ESI: 00000000 EDI: 00000000 EBP: f5a0bf2c ESP: f5a0bf00
 DS: 007b ES: 007b FS: 00d8 GS: 00e0 SS: 0068
CR0: 80050033 CR2: f7a01000 CR3: 35a02000 CR4: 000006f0
Call Trace:
 [<c10b0001>] vfs_read+0x81/0x160
 [<c10b0e33>] SyS_read+0x43/0x90
Code: 89 e5 <8b> 00 5d c3
EIP: [<c10a1234>] some_function+0x14/0x90 SS:ESP 0068:f5a0bf00
---[ end trace 0000000000000001 ]---
");
    assert_eq!(report.title, "BUG: unable to handle kernel paging request in some_function");
    assert_eq!(report.arch, Some(Arch::I386));
    assert_eq!(functions(&report, 0), ["some_function", "vfs_read", "SyS_read"]);
    assert_eq!(report.access.as_ref().unwrap().kind, AccessKind::Read);
}

#[test]
fn arm_with_frames_in_pairs() {
    let report = one("\
8<--- cut here ---
Unable to handle kernel paging request at virtual address 6b6b6b73 when write
pgd = e78b78b5
[6b6b6b73] *pgd=00000000
Internal error: Oops: 805 [#1] PREEMPT SMP ARM
Modules linked in: demo
CPU: 1 PID: 99 Comm: sh Not tainted 5.10.0 #1
Hardware name: ARM-Versatile Express
PC is at demo_store+0x20/0x60 [demo]
LR is at mutex_lock+0x10/0x20
pc : [<bf000020>]    lr : [<c0801234>]    psr: 60000013
sp : c2a0be40  ip : 00000000  fp : c2a0be64
r10: 00000000  r9 : 00000000  r8 : 00000000
r3 : 6b6b6b6b  r2 : 00000001  r1 : 00000000  r0 : 00000000
Flags: nZCv  IRQs on  FIQs on  Mode SVC_32  ISA ARM  Segment user
Process sh (pid: 99, stack limit = 0x239be54a)
Stack: (0xc2a0be40 to 0xc2a0c000)
be40: 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
Backtrace:
[<bf000000>] (demo_store [demo]) from [<c0412345>] (kernfs_fop_write+0x88/0x100)
 r5:c2a0b000 r4:00000001
[<c04122bd>] (kernfs_fop_write) from [<c03a1234>] (vfs_write+0xb4/0x1c0)
Code: e5933000 e3a02001 (e5832008)
---[ end trace 0000000000000002 ]---
");
    assert_eq!((report.arch, report.context), (Some(Arch::Arm), Context::Process));
    let access = report.access.as_ref().unwrap();
    assert_eq!((access.kind, access.class), (AccessKind::Write, AddressClass::Poison));
    assert!(access.meaning.contains("POISON_FREE"), "{}", access.meaning);
    let frames = functions(&report, 0);
    assert_eq!((frames[0], *frames.last().unwrap()), ("demo_store", "vfs_write"));
    assert_eq!(report.stacks[0].frames[0].role, FrameRole::Pc);
    assert_eq!(report.culprit.as_ref().unwrap().module.as_deref(), Some("demo"));
}

/// Two CPUs die at the same time; only the caller ids tell their lines apart.
#[test]
fn caller_ids_keep_reports_apart() {
    let report = |caller: &str, function: &str, cpu: u32, die: u32| -> Vec<String> {
        [
            "BUG: kernel NULL pointer dereference, address: 0000000000000008".to_owned(),
            "#PF: supervisor read access in kernel mode".to_owned(),
            format!("Oops: 0000 [#{die}] PREEMPT SMP"),
            format!("CPU: {cpu} PID: {} Comm: t{cpu} Not tainted 6.1.0 #1", 100 + cpu),
            format!("RIP: 0010:{function}+0x8/0x20"),
            format!("RAX: 000000000000000{cpu} RBX: 0000000000000000 RCX: 0000000000000000"),
            "Call Trace:".to_owned(),
            " <TASK>".to_owned(),
            format!(" {function}_caller+0x10/0x20"),
            " </TASK>".to_owned(),
            "---[ end trace 0000000000000000 ]---".to_owned(),
        ]
        .iter()
        .map(|text| format!("[    1.000000][{caller:>6}] {text}"))
        .collect()
    };
    let (a, b) = (report("T100", "alpha", 0, 1), report("T101", "beta", 1, 2));
    let mixed: Vec<_> = a.iter().zip(&b).flat_map(|(a, b)| [a.as_str(), b.as_str()]).collect();
    let (reports, _) = parse(mixed.join("\n").as_bytes());
    let found: Vec<_> = reports
        .iter()
        .map(|r| {
            (r.culprit.as_ref().unwrap().function.as_str(), r.cpu, functions(r, 0).len(), r.registers[0].value.as_str())
        })
        .collect();
    assert_eq!(found, [("alpha", Some(0), 2, "0x0000000000000000"), ("beta", Some(1), 2, "0x0000000000000001")]);
    assert_eq!(reports[1].may_follow_from, Some(0));
}

#[test]
fn a_report_that_is_cut_off_shows_what_is_there_and_says_so() {
    let lines: Vec<_> = OLD_X86.lines().collect();
    for cut in 1..lines.len() - 1 {
        let report = one(&lines[..cut].join("\n"));
        assert_eq!(report.last_line, cut as u64, "cut after {cut}");
        // The end mark is the last line but one; from there on the report is whole.
        let whole = lines[..cut].iter().any(|line| line.contains("end trace"));
        assert_eq!(has(&report, NoticeKind::Damaged), !whole, "cut after {cut}");
    }
    let first = one(lines[0]);
    assert!(first.corrupted);
    assert_eq!(first.title, "BUG: unable to handle kernel NULL pointer dereference in corrupted");
    assert_eq!(first.access.unwrap().class, AddressClass::NullPage);
}

#[test]
fn reports_of_two_boots_do_not_follow_from_each_other() {
    let log = format!(
        "[    0.000000] Linux version 6.1.0 (me@here) #1\n{OLD_X86}[    0.000000] Linux version 6.1.1 (me@here) #1\n{OLD_X86}"
    );
    let (reports, facts) = parse(log.as_bytes());
    assert_eq!(
        facts.boots.iter().map(|boot| (boot.number, boot.kernel.as_str())).collect::<Vec<_>>(),
        [(0, "6.1.0"), (1, "6.1.1")]
    );
    assert_eq!(
        reports.iter().map(|report| (report.boot, report.may_follow_from)).collect::<Vec<_>>(),
        [(0, None), (1, None)]
    );
}

#[test]
fn a_flood_of_one_warning_is_counted() {
    let warning = |n: u32| {
        format!(
            "[{n:>5}.000000] ------------[ cut here ]------------\n[{n:>5}.000000] WARNING: CPU: 0 PID: {n} at mm/a.c:1 f+0x1/0x2\n\
             [{n:>5}.000000] Call Trace:\n[{n:>5}.000000]  f+0x1/0x2\n[{n:>5}.000000] ---[ end trace 0000000000000000 ]---\n"
        )
    };
    let report = one(&(1..=500).map(warning).collect::<String>());
    assert_eq!((report.repeats, report.first_line, report.title.as_str()), (499, 1, "WARNING in f"));
}

/// A task that dies in the middle of its report prints no more: the rest of the log is not its.
#[test]
fn a_caller_that_falls_silent_keeps_nothing_open() {
    let mut log = String::from(
        "[    1.000000][  T100] BUG: kernel NULL pointer dereference, address: 0000000000000008\n\
         [    1.000000][  T100] RIP: 0010:alpha+0x8/0x20\n\
         [    1.000000][  T101] ------------[ cut here ]------------\n",
    );
    log.extend((0..20_000).map(|n| format!("[    2.{n:06}][  T{}] usb 1-1: new device\n", 200 + n % 50)));
    log.push_str(
        "[    3.000000][  T100]  beta+0x1/0x2\n[    3.000000][  T101] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n",
    );
    let (reports, _) = parse(log.as_bytes());
    assert_eq!(reports.iter().map(|r| (r.first_line, r.last_line)).collect::<Vec<_>>(), [(1, 2), (20_005, 20_005)]);
}

/// [`OLD_X86`] up to its end mark.
fn survived() -> String {
    let lines = OLD_X86.lines().filter(|line| !line.contains("Kernel panic"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// A panic belongs to the report before it only when its reason says so, and of the task that it names.
#[test]
fn panics_that_are_not_the_end_of_the_report_before_them() {
    let oops = survived();
    let after = |reason: &str| {
        let (reports, _) = parse(format!("{oops}[  130.000000] Kernel panic - not syncing: {reason}\n").as_bytes());
        reports.iter().map(|report| report.kind.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(after("Fatal exception in interrupt"), ["oops"]);
    assert_eq!(after("sysrq triggered crash"), ["oops", "sysrq-crash"]);
    assert_eq!(after("Attempted to kill init! exitcode=0x00000009"), ["oops", "init-killed"], "PID 1234 died");
    assert_eq!(after("VFS: Unable to mount root fs on unknown-block(0,0)"), ["oops", "no-root"]);
}

/// Progress shows a report soon after it has ended, not when the next one begins or the log ends.
#[test]
fn a_report_is_handed_out_when_no_panic_can_follow_any_more() {
    let mut scanner = Scanner::new(Limits::default());
    scanner.push(OLD_X86.as_bytes());
    assert_eq!(scanner.reports().len(), 0, "its panic may still come");
    scanner.push("init: quiet\n".repeat(10_000).as_bytes());
    assert_eq!(scanner.reports().len(), 1);
    let quiet = "init: quiet\n".repeat(10_000);
    let late = format!("{}{quiet}[  200.000000] Kernel panic - not syncing: Fatal exception\n", survived());
    assert_eq!(parse(late.as_bytes()).0.len(), 2, "a panic so late is a report of its own");
}

#[test]
fn what_only_looks_like_a_report_is_none() {
    for line in [
        "[    1.0] EDAC DEBUG: something",
        "[    1.0] traps: x[1] general protection fault ip:401000 sp:7ffe0000 error:0 in x[400000+1000]",
        "[    1.0] RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable",
        "WARNING: apt does not have a stable CLI interface.",
        "kernel: usb 1-1: [#1] device",
        "I read about `Kernel panic - not syncing` in a very long sentence of a mail: Kernel panic - not syncing: x",
        "Oops: I did it again",
        "BUG: something in my own program",
    ] {
        assert_eq!(parse(line.as_bytes()).0, [], "{line}");
    }
}

#[test]
fn nothing_and_noise() {
    assert_eq!(parse(b"").0, []);
    let (reports, facts) = parse(b"\xff\xfe\0\0\n\x80abc\nplain\n");
    assert_eq!((reports.len(), facts.lines, facts.nul_bytes, facts.lines_not_utf8), (0, 3, 2, 2));
    let long = [b"BUG: ".as_slice(), &vec![b'x'; 1 << 20], b"\nnext\n"].concat();
    let (reports, facts) = parse(&long);
    assert_eq!((reports.len(), facts.lines, facts.lines_cut), (0, 2, 1));
}

/// A console that is changed over prints its last message again: the first, cut piece is not a report.
#[test]
fn a_headline_that_is_replayed_is_one_report() {
    let report = one("[    1.000000] BUG: unable to handle kernel\n\
         ** replaying previous printk message **\n\
         [    1.000000] BUG: unable to handle kernel paging request at ffffffffa4493138\n\
         [    1.000001] IP: [<ffffffff824164eb>] foo_ioctl+0x129b/0x2280\n\
         [    1.000002] Oops: 0000 [#1] SMP\n\
         [    1.000003] Call Trace:\n\
         [    1.000004]  [<ffffffff824164ec>] vfs_ioctl+0x1/0x2\n");
    assert_eq!((report.first_line, report.corrupted), (3, false), "{:?}", report.corrupted_reason);
    assert_eq!(report.title, "BUG: unable to handle kernel paging request in foo_ioctl");
}

/// Other output runs into the die line before its counter.
#[test]
fn a_die_line_that_is_cut_off_still_begins_a_report() {
    let report = one("[    1.000000][    T7] general protection fault: 0000\n\
         [    1.000001][    T7] RIP: 0010:foo_ioctl+0x129b/0x2280\n\
         [    1.000002][    T7] Call Trace:\n\
         [    1.000003][    T7]  vfs_ioctl+0x1/0x2\n");
    assert_eq!(report.title, "general protection fault in foo_ioctl");
}

/// The report of a stall is interrupted by a warning of the same CPU before its trace: the trace that follows is the
/// CPU's all the same, where caller ids say whose it is.
#[test]
fn a_report_without_a_trace_takes_the_one_that_its_caller_prints_next() {
    let (reports, _) = parse(
        b"[    1.000000][    C1] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n\
          [    1.000001][    C1] ------------[ cut here ]------------\n\
          [    1.000002][    C1] WARNING: CPU: 1 PID: 47 at kernel/sched/core.c:2698 try_invoke+0x18b/0x320\n\
          [    1.000003][    C1] RIP: 0010:try_invoke+0x18b/0x320\n\
          [    1.000004][    C1] Call Trace:\n\
          [    1.000005][    C1]  rcu_sched_clock_irq+0x12ec/0x1eb0\n\
          [    1.000006][    C1]  asm_sysvec_apic_timer_interrupt+0x12/0x20\n\
          [    1.000007][    C1] RIP: 0010:spin_for_ever+0x311/0x450\n\
          [    1.000008][    C1]  my_ioctl+0x1/0x2\n\
          [    1.000009][    C1]  vfs_ioctl+0x1/0x2\n",
    );
    let titles: Vec<_> = reports.iter().map(|report| report.title.as_str()).collect();
    assert_eq!(titles, ["INFO: rcu detected stall in my_ioctl", "WARNING in try_invoke"]);
}

/// A trace of somebody else in the middle, and no caller ids: what follows can't be told apart.
#[test]
fn another_trace_in_the_middle_damages_a_report_without_caller_ids() {
    let log = "[    1.000000] WARNING: CPU: 1 PID: 16250 at lib/a.c:291 foo+0x166/0x220\n\
         [    1.000001] x: vmalloc: allocation failure: 0 bytes, mode:0x14000c0(GFP_KERNEL)\n\
         [    1.000002] Call Trace:\n\
         [    1.000003]  dump_stack+0x1/0x2\n\
         [    1.000004]  vmalloc_user+0x1/0x2\n";
    let reports = parse(log.as_bytes()).0;
    assert!(reports[0].corrupted && !reports[0].title.contains("vmalloc_user"), "{}", reports[0].title);
}
