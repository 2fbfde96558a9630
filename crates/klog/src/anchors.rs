//! The function that stands for what a task or CPU was doing, where the innermost one is chance or the same for all.
//!
//! A watchdog (RCU stall, soft lockup) finds a loop at a random place in it, a stack overflow is noticed by whatever
//! function came last: the function that represents the bug is the outermost one of its own, the one that the kernel's
//! dispatch called. A hung task stands in the scheduler: what hangs is the function that waits. Must never see frames
//! that are not the task's or CPU's own.
//!
//! Which functions dispatch follows the field's common naming (syzkaller, pkg/report/linux.go), so that one bug has one
//! name.

use crate::skip;

/// Functions through which the kernel calls what is not its own: everything inwards of them belongs to the callee.
const DISPATCHERS: &[&str] = &[
    // work queues, threads, the idle loop, a CPU's and a task's beginning
    "process_one_work",
    "smpboot_thread_fn",
    "^kthread$",
    "start_secondary",
    "cpu_startup_entry",
    "ret_from_fork",
    // system calls, of all architectures
    "do_syscall_",
    "do_fast_syscall_",
    "sysenter_dispatch",
    "tracesys_phase2",
    "el0_svc_handler",
    "invoke_syscall",
    "ret_fast_syscall",
    // soft interrupts, timers, tasklets
    "do_softirq",
    "run_ksoftirqd",
    "call_timer_fn",
    "_run_timers",
    "run_timer_softirq",
    "hrtimer_run",
    "tasklet_action",
    "tasklet_hi_action",
    "netif_receive_skb",
    // calls that mean something else for every file: the driver's or file system's function is the one that matters
    "vfs_write",
    "vfs_read",
    "vfs_iter_read",
    "vfs_iter_write",
    "do_iter_read",
    "do_iter_write",
    "call_read_iter",
    "call_write_iter",
    "new_sync_read",
    "new_sync_write",
    "vfs_ioctl",
    "ksys_ioctl",
    "compat_ioctl",
    "compat_sys_ioctl",
    "blkdev_driver_ioctl",
    "blkdev_ioctl",
    "^call_mmap",
    "mmap_region",
    "do_mmap",
    "do_dentry_open",
    "vfs_open",
    // and for every protocol
    "^sock_sendmsg",
    "^sock_recvmsg",
    "^sock_release",
    "^__sock_release",
    "^setsockopt$",
    "kernel_setsockopt",
    "sock_common_setsockopt",
    "^listen$",
    "kernel_listen",
    "sk_common_release",
    "^sock_mmap",
    "^accept$",
    "kernel_accept",
    "^sock_do_ioctl",
    "^sock_ioctl",
    "^compat_sock_ioctl",
    "^nfnetlink_rcv_msg",
    "^rtnetlink_rcv_msg",
    "^netlink_dump",
    "^socketpair",
    "^connect",
    "^ioctl",
    "^sys_socketpair",
    "^sys_connect",
    "^sys_ioctl",
    // page faults, and what runs on the way back to user space
    "__do_fault",
    "do_page_fault",
    "^page_fault$",
    "__fput",
    "task_work_run",
    "exit_to_usermode",
    "smp_call_function",
];

/// The function that represents a trace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Representative<'a> {
    /// Its place in the trace.
    pub(crate) at: usize,
    pub(crate) name: &'a str,
    /// The dispatcher that called it.
    pub(crate) anchor: &'a str,
}

/// The last function before the kernel's dispatch; None for a trace that reaches none, which is cut off.
pub(crate) fn representative<'a>(names: &[&'a str]) -> Option<Representative<'a>> {
    let at = names.iter().position(|name| skip::is_one_of(DISPATCHERS, name))?;
    let anchor = names[at];
    if anchor.contains("smp_call_function") {
        // Waiting for another CPU: that CPU is the one that hangs, by whichever of the many variants it is called.
        return Some(Representative { at, name: "smp_call_function", anchor });
    }
    let before = at.saturating_sub(1);
    Some(Representative { at: before, name: names[before], anchor })
}

/// Times in a row that a function must be in a trace to be called a recursion of its own.
const RECURSION: usize = 4;

/// The first function that calls itself directly, many times over.
pub(crate) fn recursing(names: &[&str]) -> Option<usize> {
    names.windows(RECURSION).position(|window| window.iter().all(|name| *name == window[0]))
}

/// Waits that hang everywhere in the kernel when one thing is wrong: all of them have one name.
const COMMON_WAITS: [(&str, Option<&str>); 5] = [
    ("rtnl_lock", None),
    ("synchronize_rcu", Some("synchronize_rcu")),
    ("synchronize_srcu", Some("synchronize_rcu")),
    ("synchronize_net", Some("synchronize_rcu")),
    ("synchronize_sched", Some("synchronize_rcu")),
];

/// Parts of the names of functions that wait, or put to sleep.
const WAITING: &[&str] = &[
    "sched",
    "_lock",
    "_slowlock",
    "down",
    "rwsem",
    "completion",
    "kthread",
    "wait",
    "synchronize",
    "context_switch",
    "__switch_to",
    "cancel_delayed_work",
    "rcu_barrier",
];

/// The function that waits, and its place in the trace.
pub(crate) fn waiting<'a>(names: &[&'a str], in_module: impl Fn(usize) -> bool) -> Option<(usize, &'a str)> {
    let common = names.iter().enumerate().find_map(|(at, name)| {
        let (_, bucket) = COMMON_WAITS.iter().find(|(part, _)| name.contains(part))?;
        Some((at, bucket.unwrap_or(name)))
    });
    common.or_else(|| {
        // A module's function may be called anything: it is not what waits, but what waits in it.
        let waits = |at: usize, name: &str| !in_module(at) && skip::is_one_of(WAITING, name);
        names.iter().enumerate().find(|(at, name)| !waits(*at, name)).map(|(at, name)| (at, *name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_before_the_dispatch() {
        let found = representative(&["shrink", "prune", "my_ioctl", "vfs_ioctl", "do_syscall_64"]).unwrap();
        assert_eq!((found.at, found.name, found.anchor), (2, "my_ioctl", "vfs_ioctl"));
        assert_eq!(representative(&["smp_call_function_many", "x"]).unwrap().name, "smp_call_function");
        assert_eq!(representative(&["a", "b"]), None);
        assert_eq!(representative(&["kthread", "b"]).unwrap().name, "kthread");
    }

    #[test]
    fn who_waits() {
        assert_eq!(
            waiting(&["__schedule", "schedule", "rwsem_down_read_slowpath", "my_open"], |_| false),
            Some((3, "my_open"))
        );
        assert_eq!(
            waiting(&["schedule", "wait_for_common", "__synchronize_srcu", "x"], |_| false),
            Some((2, "synchronize_rcu"))
        );
        assert_eq!(waiting(&["schedule", "rtnl_lock_killable"], |_| false), Some((1, "rtnl_lock_killable")));
        assert_eq!(waiting(&["schedule"], |_| false), None);
        let of_module = ["schedule", "__mutex_lock", "my_wait_for_mutex"];
        assert_eq!(waiting(&of_module, |at| at == 2), Some((2, "my_wait_for_mutex")));
    }
}
