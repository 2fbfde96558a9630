//! The kernel's own words for what ended it, out of its log. Must never make words of its own.

use oopscope_report::vmcore::LogRecord;

/// What `panic()` prints before its message, on every architecture (kernel/panic.c).
const PANIC: &str = "Kernel panic - not syncing: ";
/// The panic that follows an Oops says nothing of it: "Fatal exception in interrupt", "Oops: Fatal exception" (arm64).
const AFTER_OOPS: [&str; 2] = ["Fatal exception", "Oops: Fatal exception"];
/// How far before the line with `[#1]` an Oops says what it is.
const LOOK_BACK: usize = 24;
/// How an Oops begins that says more than its line with `[#1]`.
const HEADLINES: [&str; 5] =
    ["BUG: ", "Unable to handle kernel ", "kernel BUG at ", "Unhandled fault", "Kernel attempted to "];
/// What the sysrq handler prints before it crashes, old and new.
const SYSRQ: [&str; 2] = ["sysrq: Trigger a crash", "SysRq : Trigger a crash"];

/// The message, and where it was read.
pub(super) fn find(log: &[LogRecord]) -> Option<(String, String)> {
    let lines: Vec<&str> = log.iter().flat_map(|record| record.text.split('\n')).collect();
    let panic = lines.iter().position(|line| line.starts_with(PANIC));
    let Some(at) = panic else {
        // With kexec the capture kernel is started before panic() prints anything.
        if let Some(oops) = oops(&lines) {
            return Some((oops.to_owned(), "log".to_owned()));
        }
        let sysrq = lines.iter().rev().find(|line| SYSRQ.iter().any(|words| line.starts_with(words)))?;
        return Some(((*sysrq).to_owned(), "log".to_owned()));
    };
    let message = &lines[at][PANIC.len()..];
    if AFTER_OOPS.iter().any(|words| message.starts_with(words))
        && let Some(oops) = oops(&lines[..at])
    {
        return Some((oops.to_owned(), format!("log: the Oops before \"{}\"", lines[at])));
    }
    Some((message.to_owned(), "log".to_owned()))
}

/// What the last Oops says that it is.
fn oops<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let counted = lines.iter().rposition(|line| is_counted(line))?;
    let before = lines[..counted].iter().rev().take(LOOK_BACK).take_while(|line| !is_counted(line));
    let mut headlines = before.filter(|line| HEADLINES.iter().any(|words| line.starts_with(words)));
    Some(headlines.next().unwrap_or(&lines[counted]))
}

/// Whether a line counts an Oops: `Oops: 0002 [#1] SMP`, `Internal error: Oops: 96000004 [#1] PREEMPT SMP`.
fn is_counted(line: &str) -> bool {
    let Some((before, rest)) = line.split_once("[#") else { return false };
    let Some((count, _)) = rest.split_once(']') else { return false };
    !before.is_empty() && !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(log: &str) -> Option<String> {
        let record = |text: &str| LogRecord { text: text.to_owned(), ..LogRecord::default() };
        find(&log.lines().map(record).collect::<Vec<_>>()).map(|(message, from)| format!("{message} ({from})"))
    }

    #[test]
    fn messages() {
        assert_eq!(message("all is well\nCPU: 0 [#1\n"), None);
        assert_eq!(
            message("sysrq: Trigger a crash\nKernel panic - not syncing: sysrq triggered crash\nCPU: 1").as_deref(),
            Some("sysrq triggered crash (log)")
        );
        let oops = "BUG: unable to handle page fault for address: 0\nOops: 0000 [#1] SMP\nRIP: x\n\
                    BUG: kernel NULL pointer dereference, address: 0000000000000008\n#PF: supervisor write access\n\
                    Oops: 0002 [#2] SMP NOPTI\nRIP: y\n";
        let headline = "BUG: kernel NULL pointer dereference, address: 0000000000000008";
        assert_eq!(message(oops), Some(format!("{headline} (log)")));
        assert_eq!(
            message(&format!("{oops}Kernel panic - not syncing: Fatal exception in interrupt\n")),
            Some(format!(
                "{headline} (log: the Oops before \"Kernel panic - not syncing: Fatal exception in interrupt\")"
            ))
        );
        let arm64 = "Unable to handle kernel NULL pointer dereference at virtual address 0000000000000100\nMem abort info:\n\
                     Internal error: Oops: 0000000096000046 [#1] SMP\nKernel panic - not syncing: Oops: Fatal exception\n";
        let headline = "Unable to handle kernel NULL pointer dereference at virtual address 0000000000000100";
        assert!(message(arm64).unwrap().starts_with(headline));
        // Without an Oops before it, the panic's own words are all there is; another panic after the first is not the cause.
        assert_eq!(
            message("Kernel panic - not syncing: Fatal exception\nKernel panic - not syncing: again").as_deref(),
            Some("Fatal exception (log)")
        );
        assert_eq!(
            message("general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP").as_deref(),
            Some("general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP (log)")
        );
        assert_eq!(message("SysRq : Trigger a crash").as_deref(), Some("SysRq : Trigger a crash (log)"));
    }
}
