//! The same crash through every channel that leaves a log lines: the report is the one of the console.
//!
//! Files were written by the real programs (tests/fixtures/channels/README.md); forms of which there is no capture are
//! made here out of the console's lines, by the format that the comment names. What is no lines any more, as the
//! journal's export or pstore's parts, is opened by the session: crates/session/tests/channels.rs.

use oopscope_report::Report;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/channels")
}

#[expect(clippy::disallowed_methods, reason = "tests read their data")]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of the console, each with its time and its message.
fn plain() -> Vec<(String, String)> {
    let text = String::from_utf8(read(&folder().join("plain.log"))).unwrap();
    text.lines()
        .map(|line| {
            let (time, message) = line[1..].split_once("] ").unwrap_or_else(|| (line[1..].trim_end_matches(']'), ""));
            (time.trim().to_owned(), message.to_owned())
        })
        .collect()
}

/// A report's title, culprit, frames and registers.
type Essence = (String, Option<String>, Vec<String>, Vec<String>);

/// What has to be the same through every channel.
fn essence(reports: &[Report]) -> Vec<Essence> {
    reports
        .iter()
        .map(|report| {
            let frames =
                report.stacks.iter().flat_map(|stack| &stack.frames).map(|frame| format!("{:?}", frame.function));
            let registers = report.registers.iter().map(|register| format!("{}={}", register.name, register.value));
            (
                report.title.clone(),
                report.culprit.as_ref().map(|culprit| culprit.function.clone()),
                frames.collect(),
                registers.collect(),
            )
        })
        .collect()
}

#[track_caller]
fn check(name: &str, log: &[u8]) {
    let (wanted, _) = oopscope_klog::parse(&read(&folder().join("plain.log")));
    assert!(wanted.len() == 1 && wanted[0].culprit.is_some() && wanted[0].registers.len() > 10);
    let (found, _) = oopscope_klog::parse(log);
    assert_eq!(essence(&found), essence(&wanted), "{name}");
}

/// Writes each line of the console by `form`, which gets its number, its time in microseconds and its message.
#[track_caller]
fn check_form(name: &str, form: impl Fn(usize, u64, &str) -> String) {
    let lines = plain().into_iter().enumerate().map(|(number, (time, message))| {
        let (seconds, fraction) = time.split_once('.').unwrap();
        let microseconds = seconds.parse::<u64>().unwrap() * 1_000_000 + fraction.parse::<u64>().unwrap();
        form(number, microseconds, &message)
    });
    check(name, lines.collect::<String>().as_bytes());
}

fn stamp(time: u64) -> String {
    format!("[{:5}.{:06}]", time / 1_000_000, time % 1_000_000)
}

#[test]
fn dmesg_with_every_option() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder().join("dmesg")).unwrap() {
        let path = entry.unwrap().path();
        check(&path.display().to_string(), &read(&path));
        seen += 1;
    }
    assert!(seen >= 11, "only {seen} files");
}

#[test]
fn journalctl_with_every_output_of_lines() {
    for name in [
        "short",
        "short-iso",
        "short-precise",
        "short-iso-precise",
        "short-monotonic",
        "short-unix",
        "short-full",
        "short-no-hostname",
        "cat",
        "verbose",
        "json-pretty",
    ] {
        check(name, &read(&folder().join(format!("journal/{name}.log"))));
    }
}

#[test]
fn records_of_dev_kmsg() {
    // Documentation/ABI/testing/dev-kmsg: `prio,seq,usec,flags[,caller];text`, then the dictionary.
    check_form("/dev/kmsg", |n, time, text| format!("4,{n},{time},-;{text}\n SUBSYSTEM=module\n DEVICE=+module:x\n"));
    check_form("with callers", |n, time, text| format!("4,{n},{time},-,caller=T77;{text}\n"));
    check_form("netconsole with a release", |n, time, text| format!("6.12.107+deb13-amd64,4,{n},{time},-;{text}\n"));
}

#[test]
fn syslog_daemons() {
    // RFC 3164, 4.1; what rsyslog, BusyBox' syslogd and OpenWrt's logread make of it.
    check_form("rsyslog", |_, time, text| format!("Nov 21 12:34:56 web1 kernel: {} {text}\n", stamp(time)));
    check_form("rsyslog, ISO", |_, time, text| {
        format!("2026-11-21T12:34:56.123456+01:00 web1 kernel: {} {text}\n", stamp(time))
    });
    check_form("escaped", |_, time, text| {
        format!("Nov 21 12:34:56 web1 kernel: {} {}#012\n", stamp(time), text.replace('\t', "#011"))
    });
    check_form("BusyBox", |_, time, text| format!("Nov 21 12:34:56 web1 kern.warn kernel: {} {text}\n", stamp(time)));
    check_form("logread", |_, time, text| {
        format!("Sat Nov 21 12:34:56 2026 kern.warn kernel: {} {text}\n", stamp(time))
    });
    check_form("with its priority", |_, time, text| {
        format!("<4>Nov 21 12:34:56 web1 kernel: {} {text}\n", stamp(time))
    });
    // RFC 5424, 6: priority, version, date, host, application, process, message, structured data.
    check_form("RFC 5424", |_, time, text| {
        format!("<4>1 2026-11-21T12:34:56.123456+00:00 web1 kernel - - - {} {text}\n", stamp(time))
    });
    check_form("a terminal's broadcast", |_, time, text| {
        format!("\r\nMessage from syslogd@web1 at Nov 21 12:34:56 ...\r\n kernel:{} {text}\r\n", stamp(time))
    });
}

#[test]
fn another_program_s_lines_between_do_no_harm() {
    check_form("syslog of a busy machine", |n, time, text| {
        format!(
            "Nov 21 12:34:56 web1 kernel: {} {text}\nNov 21 12:34:56 web1 app[{n}]: BUG: unable to handle request\n",
            stamp(time)
        )
    });
}

#[test]
fn programs_that_record_a_line() {
    check_form("minicom", |_, time, text| format!("[2026-11-21 12:34:56] {} {text}\r\n", stamp(time)));
    check_form("ts", |_, time, text| format!("Nov 21 12:34:56 {} {text}\n", stamp(time)));
    check_form("ts -s", |_, time, text| format!("00:00:03 {} {text}\n", stamp(time)));
    check_form("GitHub", |_, time, text| format!("2026-11-21T12:34:56.1234567Z {} {text}\n", stamp(time)));
    check_form("GitLab", |_, time, text| format!("2026-11-21T12:34:56.123456Z 01O {} {text}\n", stamp(time)));
    check_form("Kubernetes", |_, time, text| {
        format!("2026-11-21T12:34:56.123456789Z stdout F {} {text}\n", stamp(time))
    });
    check_form("grabserial", |_, time, text| format!("[12.345678 0.000012] {} {text}\n", stamp(time)));
    check_form("Tera Term", |_, time, text| format!("[Sat Nov 21 12:34:56.123 2026] {} {text}\r\n", stamp(time)));
    check_form("LAVA", |_, time, text| format!("2026-11-21T12:34:56.123456 {} {text}\n", stamp(time)));
    check_form("LAVA's YAML", |_, time, text| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "- {{\"dt\": \"2026-11-21T12:34:56.123456\", \"lvl\": \"target\", \"msg\": \"{} {text}\"}}\n",
            stamp(time)
        )
    });
}

#[test]
fn what_lines_go_through() {
    check_form("CR CR LF, ANSI", |_, time, text| format!("\x1b[32m{}\x1b[0m \x1b[1m{text}\x1b[0m\r\r\n", stamp(time)));
    check_form("byte order mark, NULs", |n, time, text| {
        format!("{}{} {text}\0\n", if n == 0 { "\u{feff}" } else { "" }, stamp(time))
    });
    check_form("a mail's quotation", |_, time, text| format!("> > {} {text}\n", stamp(time)));
    check_form("an indented block", |_, time, text| format!("    {} {text}\n", stamp(time)));
    check_form("a page's source", |_, time, text| {
        format!("{} {}\n", stamp(time), text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
    });
    check_form("a prompt", |n, time, text| {
        format!("{}{} {text}\n", if n == 5 { "root@box:~# " } else { "" }, stamp(time))
    });
    check_form("syslog in a mail in a job", |_, time, text| {
        format!("2026-11-21T12:34:56.1234567Z > Nov 21 12:34:56 web1 kernel: {} {text}\n", stamp(time))
    });
    let fenced =
        format!("It crashed:\n```\n{}```\nHelp!\n", String::from_utf8(read(&folder().join("plain.log"))).unwrap());
    check("Markdown's fence", fenced.as_bytes());
}

#[test]
fn vendors_kernels() {
    // The forms of published logs of Android telephones; no source of them is public.
    check_form("MediaTek", |_, time, text| format!("<4>{}  (0)[77:insmod]{text}\n", stamp(time)));
    check_form("Samsung", |_, time, text| format!("<4>{}  [0:         insmod:   77] {text}\n", stamp(time)));
    check_form("Huawei", |_, time, text| {
        format!("[{:5}.{:06}s][pid:77,cpu0,insmod]{text}\n", time / 1_000_000, time % 1_000_000)
    });
    check_form("bugreport", |n, time, text| {
        format!("{}<4>{} {text}\n", if n == 0 { "------ KERNEL LOG (dmesg) ------\n" } else { "" }, stamp(time))
    });
}
