//! What stands before the kernel's message: time, caller, level, and what the channel added around it.
//!
//! One file a family of prefixes; each takes one prefix off the front of a line. They are tried in turn, outermost
//! first, until none fits, because channels wrap each other (a serial log captured with `ts` of a console with
//! levels). Must never take anything off that is part of the message: a frame's leading space stays.

mod dmesg;
mod printk;
mod records;
mod syslog;
mod terminal;

/// What the prefixes of a line told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Prefix {
    /// Seconds since boot.
    pub(crate) time: Option<f64>,
    /// Who printed: a task or a CPU in interrupt context (`CONFIG_PRINTK_CALLER`).
    pub(crate) caller: Option<Caller>,
    /// printk level, 0 (emergency) to 7 (debug).
    pub(crate) level: Option<u8>,
    /// A channel that carries the kernel's messages alone said so (`kernel:` of syslog, dmesg's own forms).
    pub(crate) of_kernel: bool,
}

impl Prefix {
    /// True when the prefix shows that the kernel printed the line, not a program on the same console.
    pub(crate) const fn is_kernel(&self) -> bool {
        self.of_kernel || self.time.is_some() || self.caller.is_some() || self.level.is_some()
    }
}

/// Who printed a line: `T123` a task by its PID, `C1` a CPU outside of task context.
///
/// Since Linux 5.1 ("printk: Add caller information to printk() output.").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Caller {
    Task(u32),
    Cpu(u32),
}

/// More wrappings than this are no log.
const MOST: usize = 6;

/// Takes all prefixes off a line.
pub(crate) fn strip(line: &str) -> (Prefix, &str) {
    let mut prefix = Prefix::default();
    let mut rest = line;
    for _ in 0..MOST {
        // A message that has already given up its time stamp begins with what the kernel said:
        // only the caller id may follow, and printk takes that itself.
        let had_time = prefix.time.is_some();
        let next = printk::strip(rest, &mut prefix).or_else(|| {
            if had_time {
                None
            } else {
                let kernels = syslog::strip(rest)
                    .or_else(|| dmesg::strip(rest, &mut prefix))
                    .or_else(|| records::strip(rest, &mut prefix));
                prefix.of_kernel |= kernels.is_some();
                kernels.or_else(|| terminal::strip(rest))
            }
        });
        let Some(next) = next else { break };
        rest = next;
    }
    (prefix, rest)
}

/// The text after a bracketed group at the start, with the group's inside: `[ a ] b` gives `a`, ` b`.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('[')?;
    // No prefix is longer; a message in brackets may be.
    let end = inside.bytes().take(48).position(|b| b == b']')?;
    Some((inside[..end].trim(), &inside[end + 1..]))
}

/// One space after a prefix belongs to it; more belong to the message.
fn after_space(text: &str) -> &str {
    text.strip_prefix(' ').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, time: Option<f64>, caller: Option<Caller>, level: Option<u8>, text: &str) {
        assert_eq!(strip(line), (Prefix { time, caller, level }, text), "{line}");
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
        check("plain", None, None, None, "plain");
        check("debian login: [    1.000000] x", Some(1.0), None, None, "x");
    }

    #[test]
    fn dmesg_with_its_options() {
        check("kern  :warn  : [    3.487342]  f+0x1/0x2", Some(3.487_342), None, Some(4), " f+0x1/0x2");
        check("[Mon Aug 17 12:34:56 2026]  f+0x1/0x2", None, None, None, " f+0x1/0x2");
        check("[    3.487342 <    0.000012>] x", Some(3.487_342), None, None, "x");
        check("[  +0.000012]  x", None, None, None, " x");
        check("[Aug17 12:34] x", None, None, None, "x");
        check("2026-08-17T12:34:56,123456+00:00 x", None, None, None, "x");
        check("2026-08-17T12:34:56,123456+00:00  f+0x1/0x2", None, None, None, " f+0x1/0x2");
    }

    #[test]
    fn records_of_the_kernel_and_of_dmesg() {
        check("1,344,3450872,-;BUG: x", Some(3.450_872), None, Some(1), "BUG: x");
        check(
            "4,12,602265000,-,caller=T27130;  f+0x1/0x2",
            Some(602.265),
            Some(Caller::Task(27130)),
            Some(4),
            "  f+0x1/0x2",
        );
        check("         \"msg\": \" f+0x1/0x2\"", None, None, None, " f+0x1/0x2");
        check("1,2,3;x", None, None, None, "1,2,3;x");
    }

    #[test]
    fn syslog_and_the_journal() {
        check("Nov 21 12:34:56 web1 kernel: [    3.487342]  f+0x1/0x2", Some(3.487_342), None, None, " f+0x1/0x2");
        check("Nov 21 12:34:56.123456 web1 kernel:  f+0x1/0x2", None, None, None, " f+0x1/0x2");
        check("2026-11-21T12:34:56+0000 web1 kernel: x", None, None, None, "x");
        check("Nov 21 12:34:56 web1 sshd[12]: kernel: x", None, None, None, "Nov 21 12:34:56 web1 sshd[12]: kernel: x");
        check("a message about the kernel: x", None, None, None, "a message about the kernel: x");
    }

    #[test]
    fn terminal_loggers() {
        check("[2026-08-17 12:34:56] [    3.487342]  x", Some(3.487_342), None, None, " x");
        check("[2026-08-17T12:34:56.123Z] x", None, None, None, "x");
    }

    #[test]
    fn the_message_keeps_its_own_brackets() {
        check("[<ffffffff81234567>] dump_stack+0x1/0x2", None, None, None, "[<ffffffff81234567>] dump_stack+0x1/0x2");
        check("[    1.000000] [80b0f484] *pgd=80a1141e(bad)", Some(1.0), None, None, "[80b0f484] *pgd=80a1141e(bad)");
        check("[    1.000000] <IRQ>", Some(1.0), None, None, "<IRQ>");
        check("[12345678] *pgd=0", None, None, None, "[12345678] *pgd=0");
    }
}
