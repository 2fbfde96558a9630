//! Who ran, in the words of kernels that had no common `CPU: … PID: …` line (until 3.9, lib/dump_stack.c).
//!
//! Must never take the release out of a line that is not of registers.

use super::decimal;

/// A task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Task<'a> {
    pub(crate) comm: &'a str,
    pub(crate) pid: u32,
    pub(crate) cpu: Option<u32>,
}

/// powerpc: `TASK = c0000000fe0a5240[121] 'insmod' THREAD: c0000000feaf8000 CPU: 1`.
pub(crate) fn powerpc(text: &str) -> Option<Task<'_>> {
    let rest = text.trim_start().strip_prefix("TASK = ").or_else(|| text.trim_start().strip_prefix("TASK: "))?;
    let (_, rest) = rest.split_once('[')?;
    let (pid, rest) = decimal(rest)?;
    let (comm, rest) = rest.strip_prefix("] '")?.split_once("' THREAD: ")?;
    let cpu = rest.split_once(" CPU: ").and_then(|(_, cpu)| Some(decimal(cpu)?.0));
    Some(Task { comm, pid, cpu })
}

/// powerpc: `REGS: c0000000feafb8a0 TRAP: 0300   Not tainted  (2.6.32-5-powerpc64)`; i386: `EFLAGS: 00010246   (2.6.18-6-686
/// #1)`; s390: `CPU: 0 Not tainted 2.6.32-5-s390x #1`.
pub(crate) fn release(text: &str) -> Option<&str> {
    let text = text.trim();
    let inside = || text.strip_suffix(')')?.rsplit_once('(').map(|(_, inside)| inside);
    let release = if text.starts_with("REGS: ") && text.contains(" TRAP: ") || text.starts_with("EFLAGS: ") {
        inside()?
    } else {
        let (_, rest) = decimal(text.strip_prefix("CPU: ")?)?;
        rest.strip_prefix(" Not tainted ")?
    };
    let release = release.split(' ').next()?;
    (release.starts_with(|c: char| c.is_ascii_digit()) && release.contains('.')).then_some(release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powerpc_and_releases() {
        let task = powerpc("TASK = c0000000fe0a5240[121] 'insmod' THREAD: c0000000feaf8000 CPU: 1");
        assert_eq!(task, Some(Task { comm: "insmod", pid: 121, cpu: Some(1) }));
        assert_eq!(release("REGS: c000 TRAP: 0300   Not tainted  (2.6.32-5-powerpc64)"), Some("2.6.32-5-powerpc64"));
        assert_eq!(release("EFLAGS: 00010246   (2.6.18-6-686 #1) "), Some("2.6.18-6-686"));
        assert_eq!(release("CPU: 0 Not tainted 2.6.32-5-s390x #1"), Some("2.6.32-5-s390x"));
        for text in ["CPU: 0 PID: 1 Comm: x", "RSP: 0018:ffff EFLAGS: 00010246", "EFLAGS: 00010246", "it is (2.6.18)"] {
            assert_eq!(release(text), None, "{text}");
        }
    }
}
