//! Who holds which lock: lockdep's lists (`2 locks held by getty/4449:`, ` #0: … (&tty->ldisc_sem){++++}, at: f+0x1/0x2`)
//! and the hung-task watchdog's word on the owner. Must never take an address for the same lock's in another list: that
//! is for who ties reports together.

use super::decimal;

/// A task as these lines name it.
pub(crate) type Task<'a> = (&'a str, u32);

/// `2 locks held by getty/4449:` (kernel/locking/lockdep.c, `lockdep_print_held_locks`).
pub(crate) fn holder(text: &str) -> Option<Task<'_>> {
    let (_, rest) = decimal(text.trim())?;
    let rest = rest.strip_prefix(" locks held by ").or_else(|| rest.strip_prefix(" lock held by "))?;
    let (comm, pid) = rest.strip_suffix(':')?.rsplit_once('/')?;
    Some((comm, number(pid)?))
}

/// A lock of such a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lock<'a> {
    /// The lock's address, hashed or not: the same in one boot.
    pub(crate) address: &'a str,
    /// The name of its class.
    pub(crate) name: &'a str,
}

/// ` #0: 000000001f405c1f (rcu_read_lock){....}-{1:2}, at: f+0x1/0x2` (kernel/locking/lockdep.c, `print_lock`).
pub(crate) fn lock(text: &str) -> Option<Lock<'_>> {
    let (_, rest) = decimal(text.trim_start().strip_prefix('#')?)?;
    let rest = rest.strip_prefix(':')?.trim_start();
    let (address, rest) = rest.split_once(' ')?;
    // The class's name may hold brackets of its own: `(&(&hw->lock)->rlock)`.
    let (name, _) = rest.strip_prefix('(')?.split_once("){")?;
    let ok = address.len() >= 8 && address.bytes().all(|b| b.is_ascii_hexdigit()) && name.len() <= 256;
    ok.then_some(Lock { address, name })
}

/// What the watchdog says that a hung task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blocked<'a> {
    pub(crate) task: Task<'a>,
    /// `mutex`, `semaphore`, `rw-semaphore`.
    pub(crate) on: &'a str,
    pub(crate) owner: Task<'a>,
}

/// `INFO: task a:1 is blocked on a mutex likely owned by task b:2.` (kernel/hung_task.c, since "hung_task: show the
/// blocker task if the task is hung on mutex"; a semaphore is `likely last held by`, a rw-semaphore's owner has
/// ` <writer>` behind it).
pub(crate) fn blocked(text: &str) -> Option<Blocked<'_>> {
    let (task, rest) = text.trim().strip_prefix("INFO: task ")?.split_once(" is blocked on a")?;
    let (on, rest) = rest.strip_prefix('n').unwrap_or(rest).trim_start().split_once(" likely ")?;
    let (_, owner) = rest.split_once("by task ")?;
    let owner = owner.split(" <").next()?.trim_end_matches('.');
    Some(Blocked { task: task_of(task)?, on, owner: task_of(owner)? })
}

/// `comm:pid`; a kworker's name holds colons of its own.
fn task_of(text: &str) -> Option<Task<'_>> {
    let (comm, pid) = text.rsplit_once(':')?;
    Some((comm, number(pid)?))
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_and_their_locks() {
        assert_eq!(holder("2 locks held by getty/4449:"), Some(("getty", 4449)));
        assert_eq!(holder("1 lock held by kworker/u4:2/35:"), Some(("kworker/u4:2", 35)));
        assert_eq!(holder("no locks held by syz/12."), None);
        let name = |text| lock(text).map(|lock| (lock.address, lock.name));
        assert_eq!(
            name(" #0: 00000000abe66848 (&tty->ldisc_sem){++++}, at: ldsem_down_read+0x37/0x40"),
            Some(("00000000abe66848", "&tty->ldisc_sem"))
        );
        assert_eq!(
            name(" #1: ffff80000d4a4768 (&(&hw->lock)->rlock){+.+.}-{3:3}, at: f+0x3c/0x450 kernel/x.c:507"),
            Some(("ffff80000d4a4768", "&(&hw->lock)->rlock"))
        );
        for text in ["#0: x", "#1 ffff80000d4a4768 (a){+.+.}", "#PF: supervisor read", " #0: zz (a){}"] {
            assert_eq!(lock(text), None, "{text}");
        }
    }

    #[test]
    fn the_watchdogs_word_on_the_owner() {
        let blocked = blocked("INFO: task kworker/1:2:22 is blocked on a mutex likely owned by task b:2.").unwrap();
        assert_eq!((blocked.task, blocked.on, blocked.owner), (("kworker/1:2", 22), "mutex", ("b", 2)));
        let writer = "INFO: task cat:7 is blocked on an rw-semaphore likely owned by task dd:8 <writer>";
        assert_eq!(super::blocked(writer).map(|b| (b.on, b.owner)), Some(("rw-semaphore", ("dd", 8))));
        let held = "INFO: task cat:7 is blocked on a semaphore likely last held by task dd:8";
        assert_eq!(super::blocked(held).map(|b| b.owner), Some(("dd", 8)));
        assert_eq!(super::blocked("INFO: task a:1 is blocked on a mutex, but the owner is not found."), None);
        assert_eq!(super::blocked("INFO: task a:1 blocked for more than 120 seconds."), None);
    }
}
