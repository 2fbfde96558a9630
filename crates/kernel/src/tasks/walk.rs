//! The kernel's list of processes, each with its threads. Must never go on where a link leads back or nowhere: it then
//! tries from the other end, and what lies between is lost and said so.

use super::{Collector, Links, TASK};
use crate::fields::Field;
use std::collections::BTreeSet;

/// `PID_MAX_LIMIT` is 4 Mi: there cannot be more.
const MOST_TASKS: usize = 1 << 22;

impl Collector<'_> {
    /// All processes from `init_task` on, forwards and, where that breaks off, backwards.
    pub(super) fn walk(&mut self) {
        let Some(init) = self.kernel.symbol("init_task") else {
            return self.lose("the list of processes".to_owned(), &"this kernel has no symbol init_task");
        };
        let Some(why) = self.processes(init, self.shape.tasks) else { return };
        let found = self.rows.len();
        let backwards = Field::of(self.kernel, TASK, "tasks.prev").and_then(|prev| self.processes(init, prev));
        let more = self.rows.len() - found;
        let whole = if backwards.is_none() { ", up to its beginning" } else { "" };
        let why = format!("{why}; backwards from its end, {more} more were found{whole}");
        self.lose("the list of processes".to_owned(), &why);
    }

    /// Follows `link` (`tasks.next` or `tasks.prev`) once round. `Some` tells why it broke off.
    fn processes(&mut self, init: u64, link: Field) -> Option<String> {
        let head = self.shape.tasks.offset;
        let mut visited = BTreeSet::new();
        let mut task = init;
        let mut before = 0;
        for _ in 0..MOST_TASKS {
            if !visited.insert(task) {
                return Some(format!("after PID {before} it runs in a circle that does not lead back to init_task"));
            }
            let known = self.rows.len();
            let Some(links) = self.add(task) else {
                return Some(format!("after PID {before} it leads to {task:#x}, which cannot be read"));
            };
            // Backwards, what was found forwards has its threads already.
            if link == self.shape.tasks || self.rows.len() > known {
                self.threads(task, &links);
            }
            before = links.pid;
            let next =
                if link == self.shape.tasks { links.next } else { self.kernel.pointer(task.wrapping_add(link.offset)) };
            let next = match next {
                Ok(next) => next,
                Err(error) => return Some(format!("after PID {before}: {error}")),
            };
            task = next.wrapping_sub(head);
            if task == init {
                return None;
            }
            if next < 4096 || next % u64::from(self.kernel.layout().pointer) != 0 {
                return Some(format!("after PID {before} it leads to {next:#x}, which is no task"));
            }
        }
        Some(format!("it has more than {MOST_TASKS} processes"))
    }

    /// The other threads of a process, by the list in its `signal_struct`, or before 3.14 by `thread_group`.
    fn threads(&mut self, leader: u64, links: &Links) {
        let Some(node) = self.shape.thread else { return };
        let lost = |pid: i32| format!("threads of PID {pid}");
        let own = leader.wrapping_add(node.offset);
        let (head, first) = match self.shape.thread_head {
            Some(head) => {
                // NULL while it is being released: its threads have gone.
                let Some(signal) = links.signal.ok().filter(|signal| *signal != 0) else { return };
                let head = signal.wrapping_add(head.offset);
                // Alone in its list: the leader's next is the head itself.
                if links.thread == Ok(head) {
                    return;
                }
                (head, self.kernel.pointer(head))
            }
            None => (own, links.thread),
        };
        let mut visited = BTreeSet::new();
        let mut at = match first {
            Ok(at) => at,
            Err(error) => return self.lose(lost(links.pid), &error),
        };
        while at != head {
            if !visited.insert(at) || visited.len() > MOST_TASKS {
                return self.lose(lost(links.pid), &"their list runs in a circle");
            }
            if at < 4096 || at % u64::from(self.kernel.layout().pointer) != 0 {
                return self.lose(lost(links.pid), &format!("their list leads to {at:#x}, which is no task"));
            }
            let thread = if at == own {
                links.thread
            } else {
                match self.add(at.wrapping_sub(node.offset)) {
                    Some(links) => links.thread,
                    None => return self.lose(lost(links.pid), &"one of them cannot be read"),
                }
            };
            at = match thread {
                Ok(next) => next,
                Err(error) => return self.lose(lost(links.pid), &error),
            };
        }
    }
}
