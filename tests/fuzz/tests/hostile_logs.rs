//! Logs that are made to be slow: what costs more than its length shows here, for each kind of line by itself.
//!
//! The bound is generous, for a slow machine and a build without optimization; what is quadratic takes far longer.

use oopscope_klog::{display_line, parse};
use std::time::{Duration, Instant};

const SIZE: usize = if cfg!(debug_assertions) { 1 << 18 } else { 4 << 20 };
const TOO_LONG: Duration = Duration::from_secs(15);

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a test may measure")]
fn check(what: &str, log: &[u8]) {
    let start = Instant::now();
    let (reports, _) = parse(log);
    let took = start.elapsed();
    println!("{took:>12.1?} {:>5} reports  {what}", reports.len());
    assert!(took < TOO_LONG, "{what}: {took:?} for {} bytes", log.len());
}

const OOPS: &str = "[    1.0] BUG: kernel NULL pointer dereference, address: 0000000000000008\n\
    [    1.0] Oops: 0002 [#1] PREEMPT SMP\n\
    [    1.0] CPU: 0 PID: 1 Comm: x Not tainted 6.1.0 #1\n\
    [    1.0] RIP: 0010:f+0x1/0x2 [m]\n\
    [    1.0] Call Trace:\n";

/// What long lines are made of.
const LONG_LINES: [&str; 22] = [
    "<IRQ>",
    " f+0x1/0x2",
    "00 ",
    "BUG: ",
    "[    1.0] ",
    "\u{1b}[31m",
    "\u{1b}",
    "(",
    ")",
    "[",
    "]",
    "[<",
    "m(OE) ",
    "0x",
    "+0x",
    "/0x",
    "Kernel panic - not syncing: ",
    " ",
    "a",
    "<",
    ": ",
    "é",
];

#[test]
fn one_line_repeated() {
    let lines = [
        "BUG: kernel NULL pointer dereference, address: 0000000000000008\n",
        "[    1.0] Oops: 0002 [#1] PREEMPT SMP\n",
        "[    1.0][   T1] general protection fault, probably for non-canonical address 0xdead000000000122: 0000 [#1] SMP\n",
        "WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n",
        "Kernel panic - not syncing: x\n",
        "------------[ cut here ]------------\n",
        "---[ end trace 0000000000000000 ]---\n",
        "Internal error: Oops: 0000000096000004 [#1] SMP\n",
        "Linux version 6.1.0 (a@b) (gcc) #1\n",
        "Unable to handle kernel paging request at virtual address 0000000000000008\n",
        "kernel BUG at a.c:1!\n",
        "\n",
    ];
    for line in lines {
        check(line.trim_end(), line.repeat(SIZE / line.len()).as_bytes());
    }
}

/// The headlines of all kinds, alone and as many as fit into one line, with a caller id and without.
#[test]
fn every_headline_repeated() {
    for header in oopscope_klog::looked_for() {
        let size = SIZE / 8;
        for prefix in ["[    1.0] ", "[    1.0][   T1] "] {
            let line = format!("{prefix}{header}: a in f+0x1/0x2 at: [<12>] g+0x1/0x2\n");
            check(&line, line.repeat(size / line.len()).as_bytes());
        }
        let line = format!("{header} ");
        let line = format!("{}\n", line.repeat((16 << 10) / line.len()));
        check(&format!("lines of {header}"), line.repeat(size / line.len() + 1).as_bytes());
    }
}

#[test]
fn one_line_repeated_within_a_report() {
    let lines = [
        "[    1.0]  <IRQ>\n",
        "[    1.0]  </IRQ>\n",
        "[    1.0]  <IRQ>\n[    1.0]  f+0x1/0x2\n",
        "[    1.0]  f+0x1/0x2 [m]\n",
        "[    1.0]  ? f+0x1/0x2\n",
        "[    1.0] Call Trace:\n",
        "[    1.0] RIP: 0010:f+0x1/0x2\n",
        "[    1.0] RAX: 0000000000000000 RBX: 0000000000000000 RCX: 0000000000000000\n",
        "[    1.0] Code: 00 11 22 <33> 44\n",
        "[    1.0] Modules linked in: a(OE) b c d\n",
        "[    1.0] CPU: 0 PID: 1 Comm: x Not tainted 6.1.0 #1\n",
        "[    1.0][   T7] not of this report\n",
        "[    1.0] Hardware name: x\n",
        "[    1.0] Kernel panic - not syncing: x\n",
    ];
    for line in lines {
        let log = format!("{OOPS}{}", line.repeat(SIZE / line.len()));
        check(line.trim_end(), log.as_bytes());
    }
}

#[test]
fn one_long_line() {
    for unit in LONG_LINES {
        let long = unit.repeat(SIZE / unit.len());
        check(unit, format!("{OOPS}[    1.0] {long}\n").as_bytes());
        check(unit, format!("{OOPS}[    1.0] Code: {long}").as_bytes());
        check(unit, format!("{OOPS}[    1.0] Modules linked in: {long}").as_bytes());
        display_line(long.as_bytes());
    }
}

#[test]
fn many_long_lines() {
    /// As much of a line as is looked at.
    const LINE: usize = 16 << 10;
    for unit in LONG_LINES {
        let long = unit.repeat(LINE / unit.len());
        let lines = format!("[    1.0]  {long}\n").repeat(SIZE / LINE);
        check(&format!("lines of {unit}"), format!("{OOPS}{lines}").as_bytes());
        for header in
            ["BUG: ", "WARNING: CPU: 0 PID: 1 at ", "Kernel panic - not syncing: ", "kernel BUG at ", "Oops: "]
        {
            let lines = format!("[    1.0] {header}{long}\n").repeat(SIZE / LINE);
            check(&format!("lines of {header}{unit}"), lines.as_bytes());
        }
    }
}

#[test]
fn many_tasks_at_once() {
    let starts: String =
        (0..SIZE / 64).map(|task| format!("[    1.0][ T{task}] Oops: 0002 [#1] SMP\n")).collect::<Vec<_>>().concat();
    check("an open report for each of many tasks", starts.as_bytes());
    let warnings: String = (0..SIZE / 64)
        .map(|n| format!("WARNING: CPU: 0 PID: {n} at a.c:{n} f{n}+0x1/0x2\n"))
        .collect::<Vec<_>>()
        .concat();
    check("many different reports", warnings.as_bytes());
    let boots = format!("{OOPS}Linux version 6.1.0 (a@b) (gcc) #1\n");
    check("a report in each of many boots", boots.repeat(SIZE / boots.len()).as_bytes());
}
