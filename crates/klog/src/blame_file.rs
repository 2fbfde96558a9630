//! Which source file is to blame, where the log names files: a report's header does, and the frames of a log that was
//! symbolized.
//!
//! The innermost file that does not merely serve its callers, or a deeper one of the same directory below it: a
//! file system's own `fs/ext4/inode.c` rather than the `fs/namei.c` that called it for somebody else. Must never name
//! a file that the log does not.

use crate::facts::Facts;
use crate::grammar::frame::base_name;
use crate::own_stack;
use oopscope_report::{Frame, Report, StackRole};

/// A line of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    path: String,
    line: u32,
}

/// Directories and files that serve everybody: where a bug shows, but rarely where it is. An ending `/` stands for the
/// whole directory, `*` for one component of the path.
const SERVANTS: [&str; 74] = [
    // Sanitizers, and the allocators whose checks find somebody else's mistakes.
    "mm/kasan/",
    "mm/kmsan/",
    "mm/kfence/",
    "kernel/kcsan/",
    "mm/kmemleak.c",
    "mm/slab.c",
    "mm/slub.c",
    "mm/slob.c",
    "mm/slab_common.c",
    "mm/page_alloc.c",
    "mm/vmalloc.c",
    "mm/percpu.c",
    "mm/percpu-vm.c",
    "mm/percpu-km.c",
    "mm/mempool.c",
    "mm/util.c",
    "mm/usercopy.c",
    "mm/maccess.c",
    "mm/mempolicy.c",
    "mm/debug.c",
    // The page cache waits for whoever does the I/O.
    "mm/filemap.c",
    "mm/memory.c",
    "mm/gup.c",
    // Locks, the scheduler, RCU, time and interrupts.
    "kernel/locking/",
    "kernel/sched/",
    "kernel/rcu/",
    "kernel/time/",
    "kernel/irq/",
    "kernel/printk/",
    "kernel/entry/",
    "kernel/softirq.c",
    "kernel/workqueue.c",
    "kernel/kthread.c",
    "kernel/smp.c",
    "kernel/panic.c",
    "kernel/stacktrace.c",
    "kernel/watchdog.c",
    "kernel/hung_task.c",
    "kernel/kcov.c",
    "kernel/exit.c",
    "kernel/fork.c",
    "kernel/signal.c",
    "kernel/task_work.c",
    "kernel/cpu.c",
    "kernel/notifier.c",
    // Traps, entries and stacks of the architectures.
    "arch/*/entry/",
    "arch/*/lib/",
    "arch/*/kernel/apic/",
    "arch/*/kernel/traps.c",
    "arch/*/kernel/process.c",
    "arch/*/kernel/process_64.c",
    "arch/*/kernel/stacktrace.c",
    "arch/*/kernel/dumpstack.c",
    "arch/*/kernel/dumpstack_64.c",
    "arch/*/kernel/unwind_orc.c",
    "arch/*/kernel/unwind_frame.c",
    "arch/*/kernel/entry-common.c",
    "arch/*/kernel/entry.S",
    "arch/*/kernel/syscall.c",
    "arch/*/kernel/irq.c",
    "arch/*/kernel/smp.c",
    "arch/*/mm/fault.c",
    "arch/*/mm/extable.c",
    "arch/*/mm/physaddr.c",
    // What every protocol, driver and file system goes through.
    "net/core/dev.c",
    "net/core/sock.c",
    "net/core/skbuff.c",
    "net/core/datagram.c",
    "net/socket.c",
    "drivers/base/",
    "drivers/usb/core/urb.c",
    "drivers/usb/core/message.c",
    "fs/proc/generic.c",
    "security/security.c",
];

/// Gives the culprit its file.
pub(crate) fn put(facts: &mut Facts) {
    let header = facts.source.as_ref().map(|(path, line, _)| File { path: clean(path), line: *line });
    let file = pick(&facts.report, header);
    if let Some(culprit) = &mut facts.report.culprit {
        culprit.file_line = file.as_ref().map(|file| file.line);
        culprit.file = file.map(|file| file.path);
    }
}

/// Picks the file to blame. `header` is the place that the report's header names.
fn pick(report: &Report, header: Option<File>) -> Option<File> {
    // Where the culprit is a caller, the header's line is that of the check that the caller ran into.
    let header = header.filter(|_| is_of_culprit(report));
    let named: Vec<File> = header.iter().cloned().chain(frames(report).filter_map(file_of)).collect();
    let first = named.iter().position(|file| !serves(&file.path));
    let Some(first) = first else {
        // The culprit was picked for a reason, though its file serves many; a header and no more is the log's word.
        let own = report.culprit.as_ref().and_then(|culprit| {
            let is_own = |frame: &&Frame| frame.line == culprit.line && !frame.inlined;
            frames(report).find(is_own).and_then(file_of)
        });
        return own.filter(|file| !is_header(&file.path)).or(header);
    };
    let directory = directory(&named[first].path);
    let mut best = &named[first];
    for file in &named[first + 1..] {
        if is_inside(directory, &file.path) && depth(&file.path) > depth(&best.path) && !serves(&file.path) {
            best = file;
        }
    }
    Some(best.clone())
}

/// The header's line is in the culprit: it is the innermost function.
fn is_of_culprit(report: &Report) -> bool {
    let crash = report.stacks.iter().find(|stack| stack.role == StackRole::Crash);
    let innermost = crash.and_then(|stack| stack.frames.iter().find(|frame| frame.reliable && !frame.inlined));
    match (&report.culprit, innermost.and_then(|frame| frame.function.as_deref())) {
        (Some(culprit), Some(name)) => base_name(name) == culprit.function,
        _ => true,
    }
}

/// Frames in the order of the log of the stacks on which it happened. A watchdog's report begins with the watchdog's own
/// interrupt: what counts is what that interrupted.
fn frames(report: &Report) -> impl Iterator<Item = &Frame> {
    let kind = report.kind.name();
    let sampled = kind.contains("stall") || kind.contains("lockup");
    let mut own = own_stack::of(report);
    if own.iter().any(|stack| stack.role == StackRole::Crash) {
        own.extend(report.stacks.iter().filter(|stack| stack.role == StackRole::Interrupted));
    }
    let frames: Vec<&Frame> = own.into_iter().flat_map(|stack| &stack.frames).filter(|frame| frame.reliable).collect();
    let is_entry = |frame: &&&Frame| frame.function.as_deref().is_some_and(is_interrupt_entry);
    let after = match frames.iter().position(|frame| is_entry(&frame)).filter(|_| sampled) {
        // The entry is a few frames deep.
        Some(first) => first + frames[first..].iter().take_while(is_entry).count(),
        None => 0,
    };
    frames.into_iter().skip(after)
}

/// Where a timer's or another CPU's interrupt enters the kernel.
fn is_interrupt_entry(name: &str) -> bool {
    const STARTS: [&str; 8] = [
        "apic_timer_interrupt",
        "asm_sysvec_",
        "sysvec_",
        "el1_irq",
        "el1h_64_irq",
        "__irq_svc",
        "gic_handle_irq",
        "el1_interrupt",
    ];
    STARTS.iter().any(|start| base_name(name).starts_with(start))
}

fn file_of(frame: &Frame) -> Option<File> {
    Some(File { path: clean(frame.file.as_deref()?), line: frame.file_line? })
}

/// A path as the kernel's tree has it: addr2line gives `./include/linux/x.h` and `arch/x86/kvm/../../../virt/kvm/x.c`.
fn clean(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "." => {}
            ".." if out.last().is_some_and(|last| !last.is_empty() && *last != "..") => {
                out.pop();
            }
            component => out.push(component),
        }
    }
    out.join("/")
}

fn is_header(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending == "h")
}

/// Headers hold helpers that were inlined, directories called `lib` hold helpers for all.
fn serves(path: &str) -> bool {
    let in_lib = path.split('/').rev().skip(1).any(|component| component == "lib");
    is_header(path) || in_lib || SERVANTS.iter().any(|servant| matches(servant, path))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (whole, pattern) = match pattern.strip_suffix('/') {
        Some(directory) => (false, directory),
        None => (true, pattern),
    };
    let mut components = path.split('/');
    let all = pattern.split('/').all(|wanted| components.next().is_some_and(|got| wanted == "*" || wanted == got));
    all && (components.next().is_none() == whole)
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn is_inside(directory: &str, path: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| directory.is_empty() || rest.starts_with('/'))
}

fn depth(path: &str) -> usize {
    path.split('/').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use oopscope_report::{Culprit, Kind, Stack};

    fn report(kind: &'static str, frames: &[(&str, &str)]) -> Report {
        let frames = (1..)
            .zip(frames)
            .map(|(line, (function, file))| Frame {
                function: Some((*function).to_owned()),
                file: Some((*file).to_owned()),
                file_line: Some(7),
                reliable: true,
                line,
                ..Frame::default()
            })
            .collect();
        Report { kind: Kind::new(kind), stacks: vec![Stack { frames, ..Stack::default() }], ..Report::default() }
    }

    #[track_caller]
    fn check(kind: &'static str, frames: &[(&str, &str)], want: Option<&str>) {
        let got = pick(&report(kind, frames), None);
        assert_eq!(got.as_ref().map(|file| file.path.as_str()), want);
    }

    #[test]
    fn what_serves_all_is_passed_over() {
        let frames =
            [("kfree", "mm/slub.c"), ("x", "include/linux/x.h"), ("f", "fs/overlayfs/namei.c"), ("g", "fs/namei.c")];
        check("kasan", &frames, Some("fs/overlayfs/namei.c"));
        check("kasan", &[("f", "virt/lib/irqbypass.c"), ("g", "virt/kvm/eventfd.c")], Some("virt/kvm/eventfd.c"));
        check("kasan", &[("f", "./mm/slub.c"), ("g", "arch/x86/mm/fault.c")], None);
    }

    #[test]
    fn a_deeper_file_of_the_same_directory_is_nearer_to_the_matter() {
        check("bug", &[("f", "fs/namei.c"), ("g", "fs/ext4/inode.c"), ("h", "net/a/b/c.c")], Some("fs/ext4/inode.c"));
        check("bug", &[("f", "fs/ext4/inode.c"), ("g", "fs/ext4x/y/z.c")], Some("fs/ext4/inode.c"));
    }

    #[test]
    fn paths_are_those_of_the_tree() {
        assert_eq!(clean("arch/x86/kvm/../../../virt/kvm/eventfd.c"), "virt/kvm/eventfd.c");
        assert_eq!(clean("./mm/slub.c"), "mm/slub.c");
        assert_eq!(clean("../x.c"), "../x.c");
        assert_eq!(clean("/a/../../b.c"), "/../b.c");
    }

    #[test]
    fn a_stall_is_where_the_watchdog_interrupted() {
        let frames = [
            ("update_wall_time", "drivers/clocksource/a.c"),
            ("sysvec_apic_timer_interrupt", "arch/x86/kernel/apic/apic.c"),
            ("asm_sysvec_apic_timer_interrupt", "arch/x86/include/asm/idtentry.h"),
            ("f", "net/mac80211/wep.c"),
        ];
        check("rcu-stall", &frames, Some("net/mac80211/wep.c"));
        check("oops", &frames, Some("drivers/clocksource/a.c"));
    }

    #[test]
    fn the_culprits_own_file_when_all_of_them_serve() {
        let mut report = report("kasan", &[("f", "include/linux/x.h"), ("g", "mm/slub.c"), ("h", "kernel/fork.c")]);
        report.culprit = Some(Culprit { function: "h".to_owned(), line: 3, ..Culprit::default() });
        assert_eq!(pick(&report, None).unwrap().path, "kernel/fork.c");
    }

    #[test]
    fn a_header_counts_where_it_is_not_a_servants() {
        let header = |path: &str| Some(File { path: path.to_owned(), line: 3 });
        let frames = [("f", "fs/gfs2/lops.c")];
        assert_eq!(pick(&report("bug", &frames), header("fs/gfs2/log.c")).unwrap().path, "fs/gfs2/log.c");
        assert_eq!(pick(&report("bug", &frames), header("lib/list_debug.c")).unwrap().path, "fs/gfs2/lops.c");
        let mut raw = report("bug", &frames);
        raw.stacks[0].frames[0].file = None;
        raw.culprit = Some(Culprit { function: "caller".to_owned(), ..Culprit::default() });
        assert_eq!(pick(&raw, header("fs/gfs2/log.c")), None, "the check is not the culprit's");
    }
}
