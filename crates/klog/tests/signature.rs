//! The same crash gives the same signature, whatever differs between two times that it happens: addresses, offsets,
//! PIDs, CPUs, taint, times, host, channel. And another crash gives another.

use oopscope_report::{Report, Signature};
use proptest::prelude::*;
use std::fmt::Write as _;

fn parse(log: &str) -> Vec<Report> {
    oopscope_klog::parse(log.as_bytes()).0
}

/// What differs between two times that the same bug strikes.
#[derive(Clone, Debug)]
struct Time {
    address: u64,
    offset: u64,
    pid: u32,
    cpu: u32,
    uptime: u32,
    comm: String,
    taint: &'static str,
    kernel: String,
    suffix: &'static str,
    channel: usize,
    unsure: bool,
}

fn times() -> impl Strategy<Value = Time> {
    let numbers = (0xffff_8880_0000_0000_u64..0xffff_88ff_ffff_fff0, 1_u64..0x100, 2_u32..400_000, 0_u32..256);
    let words = (
        "[a-z]{1,8}",
        prop::sample::select(vec!["Not tainted", "Tainted: G           OE", "Tainted: P      D W"]),
        "[4-6]\\.[0-9]{1,2}\\.[0-9]{1,3}(-[0-9]+-generic)?",
        prop::sample::select(vec!["", ".isra.0", ".constprop.3", ".part.12", ".cold"]),
    );
    (numbers, 10_u32..9_000_000, words, 0..CHANNELS.len(), any::<bool>()).prop_map(
        |((address, offset, pid, cpu), uptime, (comm, taint, kernel, suffix), channel, unsure)| Time {
            address,
            offset,
            pid,
            cpu,
            uptime,
            comm,
            taint,
            kernel,
            suffix,
            channel,
            unsure,
        },
    )
}

/// How a line comes out of a channel.
const CHANNELS: [fn(&Time, usize, &str) -> String; 6] = [
    |_, _, text| text.to_owned(),
    |time, n, text| format!("[{:5}.{n:06}] {text}", time.uptime),
    |time, n, text| format!("<4>[{:5}.{n:06}][ T{}] {text}", time.uptime, time.pid),
    |time, n, text| format!("Aug 17 12:34:56 host{} kernel: [{:5}.{n:06}] {text}", time.cpu, time.uptime),
    |time, _, text| format!("2026-08-17T12:34:56+0000 host{} kernel: {text}", time.pid),
    |_, _, text| format!("\x1b[33m{text}\x1b[0m\r"),
];

fn through_channel(time: &Time, lines: &[String]) -> String {
    let mut log = String::new();
    for (n, line) in lines.iter().enumerate() {
        let _ = writeln!(log, "{}", CHANNELS[time.channel](time, n, line));
    }
    log
}

/// A page fault in `culprit`, called by `caller`, at one time.
fn oops(time: &Time, culprit: &str, caller: &str) -> String {
    let Time { address, offset, pid, cpu, comm, taint, kernel, suffix, .. } = time;
    let task = format!("CPU: {cpu} PID: {pid} Comm: {comm} {taint} {kernel} #1");
    let mut lines = vec![
        format!("BUG: unable to handle page fault for address: {address:016x}"),
        "#PF: supervisor read access in kernel mode".to_owned(),
        "#PF: error_code(0x0000) - not-present page".to_owned(),
        "PGD 0 P4D 0".to_owned(),
        "Oops: 0000 [#1] PREEMPT SMP NOPTI".to_owned(),
        task,
        format!("RIP: 0010:{culprit}{suffix}+0x{offset:x}/0x400 [demo]"),
        format!("RSP: 0018:{:016x} EFLAGS: 00010246", address ^ 0xfff0),
        format!("RAX: {address:016x} RBX: {:016x} RCX: 0000000000000000", address.rotate_left(8)),
        "Call Trace:".to_owned(),
        " <TASK>".to_owned(),
    ];
    if time.unsure {
        lines.push(format!(" ? something_on_the_stack+0x{offset:x}/0x400"));
    }
    lines.extend([
        format!(" {caller}{suffix}+0x{offset:x}/0x400 [demo]"),
        format!(" demo_ioctl+0x{:x}/0x400 [demo]", offset + 7),
        format!(" do_syscall_64+0x{offset:x}/0x100"),
        " entry_SYSCALL_64_after_hwframe+0x6e/0xd8".to_owned(),
        " </TASK>".to_owned(),
        format!("CR2: {address:016x}"),
        "---[ end trace 0000000000000000 ]---".to_owned(),
    ]);
    through_channel(time, &lines)
}

/// A warning in `culprit` at one time.
fn warning(time: &Time, culprit: &str, caller: &str) -> String {
    let Time { offset, pid, cpu, comm, taint, kernel, suffix, .. } = time;
    let lines = [
        "------------[ cut here ]------------".to_owned(),
        format!("WARNING: CPU: {cpu} PID: {pid} at fs/demo.c:{offset} {culprit}{suffix}+0x{offset:x}/0x400"),
        format!("CPU: {cpu} PID: {pid} Comm: {comm} {taint} {kernel} #1"),
        format!("RIP: 0010:{culprit}{suffix}+0x{offset:x}/0x400"),
        "Call Trace:".to_owned(),
        " <TASK>".to_owned(),
        format!(" {caller}{suffix}+0x{offset:x}/0x400"),
        format!(" do_syscall_64+0x{offset:x}/0x100"),
        " </TASK>".to_owned(),
        "---[ end trace 0000000000000000 ]---".to_owned(),
    ];
    through_channel(time, &lines)
}

fn signature(log: &str) -> Signature {
    let reports = parse(log);
    assert_eq!(reports.len(), 1, "{log}");
    reports[0].signature.clone().unwrap_or_else(|| panic!("no signature: {log}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_same_crash_has_the_same_signature_at_any_time(one in times(), other in times()) {
        let make: [fn(&Time, &str, &str) -> String; 2] = [oops, warning];
        for log in make {
            let (a, b) = (signature(&log(&one, "demo_read", "demo_open")), signature(&log(&other, "demo_read", "demo_open")));
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn another_place_has_another_and_another_way_another_strict_one(one in times(), other in times()) {
        let here = signature(&oops(&one, "demo_read", "demo_open"));
        let elsewhere = signature(&oops(&other, "demo_write", "demo_open"));
        prop_assert_ne!(&here.coarse, &elsewhere.coarse);
        prop_assert_ne!(&here.strict, &elsewhere.strict);
        let by_another_way = signature(&oops(&other, "demo_read", "demo_mmap"));
        prop_assert_eq!(&here.coarse, &by_another_way.coarse);
        prop_assert_ne!(&here.strict, &by_another_way.strict);
        let of_another_kind = signature(&warning(&other, "demo_read", "demo_open"));
        prop_assert_ne!(&here.coarse, &of_another_kind.coarse);
    }
}

#[test]
fn nothing_of_the_one_time_is_in_the_parts() {
    let time = Time {
        address: 0xffff_8881_dead_beef,
        offset: 0x77,
        pid: 31_337,
        cpu: 13,
        uptime: 4242,
        comm: "secret".to_owned(),
        taint: "Tainted: G           OE",
        kernel: "6.6.66".to_owned(),
        suffix: ".isra.0",
        channel: 3,
        unsure: true,
    };
    let parts = signature(&oops(&time, "demo_read", "demo_open")).parts.join("\n");
    for trace in ["beef", "77", "31337", "13", "4242", "secret", "G ", "6.6", "isra", "host", "something_on"] {
        assert!(!parts.contains(trace), "{trace}: {parts}");
    }
}
