//! Prefixes, a line at a time. What a whole log looks like through each channel: `crates/klog/tests/channels.rs`.

use super::*;

#[track_caller]
fn check(line: &str, time: Option<f64>, caller: Option<Caller>, level: Option<u8>, text: &str) {
    let (prefix, rest) = strip(line);
    assert_eq!((prefix.time, prefix.caller, prefix.level, &*rest), (time, caller, level, text), "{line}");
}

#[track_caller]
fn check_wall(line: &str, wall: &str, host: Option<&str>, text: &str) {
    let (prefix, rest) = strip(line);
    assert_eq!((prefix.wall.as_deref(), prefix.host.as_deref(), &*rest), (Some(wall), host, text), "{line}");
}

#[test]
fn serial_console() {
    check("[    3.487342] BUG: x", Some(3.487_342), None, None, "BUG: x");
    check("[    3.487342]  irq_work+0x1/0x2", Some(3.487_342), None, None, " irq_work+0x1/0x2");
    check("[  602.265000][T27130]  f+0x1/0x2", Some(602.265), Some(Caller::Task(27130)), None, " f+0x1/0x2");
    check("[    1.200000][    C0] x", Some(1.2), Some(Caller::Cpu(0)), None, "x");
    check("[    C0] x", None, Some(Caller::Cpu(0)), None, "x");
    check("<4>[    1.200000] x", Some(1.2), None, Some(4), "x");
    check("<12>x", None, None, Some(4), "x");
    assert_eq!(strip("<12>x").0.facility, Some(1));
    check("plain", None, None, None, "plain");
}

#[test]
fn prompts_that_wait_on_the_line() {
    check("debian login: [    1.000000] x", Some(1.0), None, None, "x");
    check("root@board:~# [   12.345678]  f+0x1/0x2", Some(12.345_678), None, None, " f+0x1/0x2");
    check("/ # [   12.345678] x", Some(12.345_678), None, None, "x");
    check("Password: [   12.345678] x", Some(12.345_678), None, None, "x");
    check("see [   12.345678] x", None, None, None, "see [   12.345678] x");
    check("a very wrong login: x", None, None, None, "a very wrong login: x");
}

#[test]
fn dmesg_with_its_options() {
    check("kern  :warn  : [    3.487342]  f+0x1/0x2", Some(3.487_342), None, Some(4), " f+0x1/0x2");
    check("kern  :notice: [    3.487342] x", Some(3.487_342), None, Some(5), "x");
    check("[Mon Aug 17 12:34:56 2026]  f+0x1/0x2", None, None, None, " f+0x1/0x2");
    check("[Mon Aug 17 12:34:56 2026 <    0.000012>]  x", None, None, None, " x");
    check("[    3.487342 <    0.000012>] x", Some(3.487_342), None, None, "x");
    check("[<    0.000012>]  x", None, None, None, " x");
    check("[  +0.000012]  x", None, None, None, " x");
    check("[Aug17 12:34] x", None, None, None, "x");
    check("2026-08-17T12:34:56,123456+00:00 x", None, None, None, "x");
    check("2026-08-17T12:34:56,123456+00:00  f+0x1/0x2", None, None, None, " f+0x1/0x2");
    check_wall("[Mon Aug 17 12:34:56 2026] x", "Mon Aug 17 12:34:56 2026", None, "x");
}

#[test]
fn records_of_the_kernel_and_of_dmesg() {
    check("1,344,3450872,-;BUG: x", Some(3.450_872), None, Some(1), "BUG: x");
    let task = Some(Caller::Task(27130));
    check("4,12,602265000,-,caller=T27130;  f+0x1/0x2", Some(602.265), task, Some(4), "  f+0x1/0x2");
    check("6.12.107+deb13-amd64,4,12,602265000,-;a\\x09b", Some(602.265), None, Some(4), "a\tb");
    check("         \"msg\": \" f+0x1/0x2\"", None, None, None, " f+0x1/0x2");
    check("         \"msg\": \"say \\\"a\\\"\",", None, None, None, "say \"a\"");
    check("1,2,3;x", None, None, None, "1,2,3;x");
    check("    MESSAGE=[    1.500000] x", Some(1.5), None, None, "x");
}

#[test]
fn syslog_and_the_journal() {
    check("Nov 21 12:34:56 web1 kernel: [    3.487342]  f+0x1/0x2", Some(3.487_342), None, None, " f+0x1/0x2");
    check("Nov 21 12:34:56.123456 web1 kernel:  f+0x1/0x2", None, None, None, " f+0x1/0x2");
    check("2026-11-21T12:34:56+0000 web1 kernel: x", None, None, None, "x");
    check("[ 1234.567890] web1 kernel:  f+0x1/0x2", Some(1_234.567_89), None, None, " f+0x1/0x2");
    check("[ 1234.567890] web1 kernel: [    3.487342] x", Some(3.487_342), None, None, "x");
    check("Nov 21 12:34:56 web1 kern.warn kernel: [    3.487342] x", Some(3.487_342), None, Some(4), "x");
    check("Mon Nov 23 12:34:56 2026 kern.err kernel: [    3.487342] x", Some(3.487_342), None, Some(3), "x");
    check("<4>Nov 21 12:34:56 web1 kernel: [    3.487342] x", Some(3.487_342), None, Some(4), "x");
    check(" kernel:[    3.487342] x", Some(3.487_342), None, None, "x");
    check(
        "Nov 21 12:34:56 web1 kernel: message repeated 3 times: [ [    3.487342] x]",
        Some(3.487_342),
        None,
        None,
        "x",
    );
    check("Nov 21 12:34:56 web1 kernel: [    3.487342] a#011b#012", Some(3.487_342), None, None, "a\tb");
    check("Nov 21 12:34:56 web1 sshd[12]: kernel: x", None, None, None, "Nov 21 12:34:56 web1 sshd[12]: kernel: x");
    check("a message about the kernel: x", None, None, None, "a message about the kernel: x");
    check_wall("Nov 21 12:34:56 web1 kernel: x", "Nov 21 12:34:56", Some("web1"), "x");
    check_wall("Nov 21 12:34:56 kernel: x", "Nov 21 12:34:56", None, "x");
    check_wall("Sat 2026-11-21 12:34:56 UTC web1 kernel: x", "Sat 2026-11-21 12:34:56 UTC", Some("web1"), "x");
    check_wall("1795264496.123456 web1 kernel: x", "1795264496.123456", Some("web1"), "x");
    check_wall("Nov 21 12:34:56 web1 kernel[0]: x", "Nov 21 12:34:56", Some("web1"), "x");
    let date = "2026-11-21T12:34:56.123456+00:00";
    check_wall(&format!("<4>1 {date} web1 kernel - - -  f+0x1/0x2"), date, Some("web1"), " f+0x1/0x2");
    check_wall(&format!("<4>1 {date} web1 kernel - - [a@1 b=\"c\"] \u{feff}x"), date, Some("web1"), "x");
}

#[test]
fn lines_of_other_programs_keep_what_they_begin_with() {
    for line in
        ["<30>1 2026-11-21T12:34:56Z web1 systemd 1 - - kernel: x", "Nov 21 12:34:56 web1 containerd[9]: a kernel: x"]
    {
        let (prefix, rest) = strip(line);
        assert!(rest.ends_with("kernel: x") && prefix.host.is_none(), "{line} gives {rest}");
    }
}

#[test]
fn recorders_and_jobs() {
    check("[2026-08-17 12:34:56] [    3.487342]  x", Some(3.487_342), None, None, " x");
    check("[2026-08-17T12:34:56.123Z] x", None, None, None, "x");
    check("[12:34:56.123] [    3.487342] x", Some(3.487_342), None, None, "x");
    check("[Mon Aug 17 12:34:56.123 2026] x", None, None, None, "x");
    check("[12.345678 0.000012] [    3.487342] x", Some(3.487_342), None, None, "x");
    check("Aug 17 12:34:56 [    3.487342]  f+0x1/0x2", Some(3.487_342), None, None, " f+0x1/0x2");
    check("00:00:12 [    3.487342] x", Some(3.487_342), None, None, "x");
    check("1755434096.123456 [    3.487342] x", Some(3.487_342), None, None, "x");
    check("2026-08-17T12:34:56.1234567Z [    3.487342] x", Some(3.487_342), None, None, "x");
    check("2026-08-17T12:34:56.123456Z 00O [    3.487342] x", Some(3.487_342), None, None, "x");
    check("2026-08-17T12:34:56.123456789Z stdout F [    3.487342] x", Some(3.487_342), None, None, "x");
    check("2026-08-17 12:34:56  f+0x1/0x2", None, None, None, " f+0x1/0x2");
    check("08-17 12:34:56.789     0     0 W         : [    3.487342] x", Some(3.487_342), None, None, "x");
    let lava = r#"- {"dt": "2026-08-17T12:34:56.123456", "lvl": "target", "msg": "[    3.487342]  \"a\""}"#;
    check(lava, Some(3.487_342), None, None, " \"a\"");
    check(
        "- {dt: '2026-08-17T12:34:56', lvl: target, msg: '[    3.487342] it''s'}",
        Some(3.487_342),
        None,
        None,
        "it's",
    );
    let other = r#"- {"dt": "2026-08-17T12:34:56", "lvl": "debug", "msg": "BUG: x"}"#;
    check(other, None, None, None, other);
}

#[test]
fn mail_and_pages() {
    check("> [    3.487342]  f+0x1/0x2", Some(3.487_342), None, None, " f+0x1/0x2");
    check("> > >  f+0x1/0x2", None, None, None, " f+0x1/0x2");
    check(">> [    3.487342] x", Some(3.487_342), None, None, "x");
    check("    [    3.487342]  f+0x1/0x2", Some(3.487_342), None, None, " f+0x1/0x2");
    check("\t<4>[    3.487342] x", Some(3.487_342), None, Some(4), "x");
    check("[    3.487342]  &lt;TASK&gt;", Some(3.487_342), None, None, " <TASK>");
    check(">ffff88800b3bd680: fb fb", None, None, None, ">ffff88800b3bd680: fb fb");
}

#[test]
fn the_message_keeps_its_own_brackets() {
    check("[<ffffffff81234567>] dump_stack+0x1/0x2", None, None, None, "[<ffffffff81234567>] dump_stack+0x1/0x2");
    check(" [<ffffffff81234567>] f+0x1/0x2", None, None, None, " [<ffffffff81234567>] f+0x1/0x2");
    check("[    1.000000] [80b0f484] *pgd=80a1141e(bad)", Some(1.0), None, None, "[80b0f484] *pgd=80a1141e(bad)");
    check("[    1.000000] <IRQ>", Some(1.0), None, None, "<IRQ>");
    check("[12345678] *pgd=0", None, None, None, "[12345678] *pgd=0");
    check(" <IRQ>", None, None, None, " <IRQ>");
    check("   0:\tf3 0f 1e fa", None, None, None, "   0:\tf3 0f 1e fa");
}

#[test]
fn no_line_makes_trouble() {
    for line in
        ["", " ", "[", "[]", "<", "<>", "> ", ">", "- {", "- {}", "- {\"msg\": \"", "1 ", "kernel:", "é kernel: x"]
    {
        drop(strip(line));
    }
    for line in ["- {lvl: target, msg: '}", "- {lvl: target, msg: ''}", "- {\"lvl\": \"target\", \"msg\": \"\"}"] {
        assert!(strip(line).1.len() <= line.len());
    }
}
