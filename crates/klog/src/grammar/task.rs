//! `CPU: 1 UID: 0 PID: 121 Comm: insmod Tainted: G OE 6.1.0-56-amd64 #1 …`: who ran, where, on which kernel.
//!
//! lib/dump_stack.c `dump_stack_print_info`. Newer kernels (6.12 has it, 6.1 has not) put `UID:` before the PID; with
//! `CONFIG_STACKTRACE_BUILD_ID` the line ends with vmlinux' build-id.

use super::decimal;

/// The facts of a `CPU:` line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Task<'a> {
    pub(crate) cpu: Option<u32>,
    pub(crate) uid: Option<u32>,
    pub(crate) pid: Option<u32>,
    pub(crate) comm: Option<&'a str>,
    /// `Not tainted`, or the letters with their spaces.
    pub(crate) taint: Option<&'a str>,
    pub(crate) kernel: Option<&'a str>,
    pub(crate) build: Option<&'a str>,
}

/// The `CPU:` line of `dump_stack_print_info`, and its predecessor `Pid: 1, comm: x Tainted: G 3.2.0 #1` (until 3.9).
pub(crate) fn parse(text: &str) -> Option<Task<'_>> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("Pid: ") {
        return old(rest);
    }
    let (cpu, mut rest) = decimal(text.strip_prefix("CPU: ")?)?;
    let mut task = Task { cpu: Some(cpu), ..Task::default() };
    if let Some(after) = rest.strip_prefix(" UID: ") {
        let (uid, after) = decimal(after)?;
        task.uid = Some(uid);
        rest = after;
    }
    let (pid, rest) = decimal(rest.strip_prefix(" PID: ")?)?;
    task.pid = Some(pid);
    fill(&mut task, rest.strip_prefix(" Comm: ")?);
    Some(task)
}

fn old(rest: &str) -> Option<Task<'_>> {
    let (pid, rest) = decimal(rest)?;
    let mut task = Task { pid: Some(pid), ..Task::default() };
    fill(&mut task, rest.strip_prefix(", comm: ")?);
    Some(task)
}

/// `insmod Tainted: G           OE      6.1.0-56-amd64 #1 SMP …`. A comm may hold anything, spaces too, so the end
/// of it is where the taint begins.
fn fill<'a>(task: &mut Task<'a>, rest: &'a str) {
    let cut = [" Kdump: loaded ", " Not tainted", " Tainted: "].iter().filter_map(|mark| rest.find(mark)).min();
    let Some(cut) = cut else {
        task.comm = Some(rest.trim()).filter(|comm| !comm.is_empty());
        return;
    };
    task.comm = Some(rest[..cut].trim()).filter(|comm| !comm.is_empty());
    let rest = rest[cut..].trim_start();
    let rest = rest.strip_prefix("Kdump: loaded ").unwrap_or(rest);
    let release = if let Some(rest) = rest.strip_prefix("Not tainted") {
        task.taint = Some("Not tainted");
        rest
    } else {
        let letters = rest.strip_prefix("Tainted: ").unwrap_or(rest);
        // Letters, fillers and spaces up to the release, which begins with a digit.
        let end = letters.find(|c: char| c.is_ascii_digit() || c == '(').unwrap_or(letters.len());
        task.taint = Some(letters[..end].trim()).filter(|letters| !letters.is_empty());
        &letters[end..]
    };
    let release = release.trim().trim_start_matches('(').trim_end_matches(')');
    match release.split_once(' ') {
        Some((kernel, build)) => {
            task.kernel = Some(kernel);
            task.build = Some(build.trim());
        }
        None if !release.is_empty() => task.kernel = Some(release),
        None => {}
    }
}

/// arm and mips: `Process insmod (pid: 121, stack limit = 0x…)`, with the PID in hex never.
pub(crate) fn process(text: &str) -> Option<(&str, u32)> {
    let (comm, rest) = text.trim_start().strip_prefix("Process ")?.rsplit_once(" (pid: ")?;
    Some((comm, decimal(rest)?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn across_the_years() {
        let task =
            parse("CPU: 1 PID: 121 Comm: insmod Tainted: G           OE      6.1.0-56-amd64 #1  Debian 6.1.1").unwrap();
        assert_eq!((task.cpu, task.pid, task.comm), (Some(1), Some(121), Some("insmod")));
        assert_eq!(
            (task.taint, task.kernel, task.build),
            (Some("G           OE"), Some("6.1.0-56-amd64"), Some("#1  Debian 6.1.1"))
        );
        let task = parse("CPU: 0 UID: 0 PID: 6560 Comm: syz.2.929 Not tainted 6.12.0-rc7-g5db899a34f75 #0").unwrap();
        assert_eq!(
            (task.uid, task.taint, task.kernel),
            (Some(0), Some("Not tainted"), Some("6.12.0-rc7-g5db899a34f75"))
        );
        let task = parse("CPU: 2 PID: 1 Comm: a b: c Kdump: loaded Tainted: P 5.14.0 #1").unwrap();
        assert_eq!((task.comm, task.taint), (Some("a b: c"), Some("P")));
        let task = parse("Pid: 2, comm: kthreadd Not tainted 3.2.0-4-amd64 #1 Debian").unwrap();
        assert_eq!((task.cpu, task.pid, task.kernel), (None, Some(2), Some("3.2.0-4-amd64")));
        assert_eq!(process("Process syz-executor0 (pid: 948, stack limit = 0x239be54a)"), Some(("syz-executor0", 948)));
    }

    #[test]
    fn cut_off_lines_give_what_is_there() {
        assert_eq!(parse("CPU: 1 PID: 121 Comm: ins").unwrap().comm, Some("ins"));
        assert_eq!(parse("CPU: 1 PID: 121 Comm: "), Some(Task { cpu: Some(1), pid: Some(121), ..Task::default() }));
        assert_eq!(parse("CPU: 1 is up"), None);
    }
}
