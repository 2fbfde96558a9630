//! The table of PIDs of the first namespace (`init_pid_ns.idr`, Linux 4.15 and later: commit "pid: replace pid bitmap
//! implementation with IDR API"): a second way to every task. Must never follow a node that is not lower than its parent.

use super::{Collector, TASK};
use crate::fields::{Field, words};
use oopscope_report::vmcore::Unread;

/// Slots of a node: 64, or 16 in kernels built for little memory (`XA_CHUNK_SHIFT`).
const MOST_SLOTS: u64 = 64;
/// Nodes of a table with `PID_MAX_LIMIT` (4 Mi) numbers, twice over.
const MOST_NODES: usize = 1 << 18;
/// Indices are `unsigned long`: no tree is higher.
const MOST_SHIFT: u64 = 64;

/// How the tree is made.
struct Tree {
    slots: Field,
    count: u64,
    shift: Field,
    /// Lowest two bits of a pointer to a node: 1 in a radix tree, 2 in an XArray (4.20, commits "xarray: Replace
    /// exceptional entries" and "xarray: Define struct xa_node").
    tag: u64,
    /// Where a `struct pid` has its first task of type PID, and where that is in the task.
    first: Field,
    link: Field,
}

impl Collector<'_> {
    /// Adds the tasks that only the table of PIDs has.
    pub(super) fn pids(&mut self) {
        let Some((root, tree)) = self.tree() else { return };
        let known = self.rows.len();
        let mut broken = None;
        let mut nodes = 0;
        // (entry, the shift that its node must stay below)
        let mut stack = vec![(root, MOST_SHIFT)];
        while let Some((entry, below)) = stack.pop() {
            if entry == 0 {
                continue;
            }
            if entry & 3 != tree.tag {
                if entry.trailing_zeros() >= 2 {
                    self.pid(entry, &tree);
                }
                continue;
            }
            nodes += 1;
            if nodes > MOST_NODES {
                broken = Some(format!("it has more than {MOST_NODES} nodes"));
                break;
            }
            let node = entry & !3;
            match self.slots(node, below, &tree) {
                // The lowest number is taken first: it must lie on top.
                Ok((shift, slots)) => stack.extend(slots.into_iter().rev().map(|slot| (slot, shift))),
                Err(why) => broken = Some(why),
            }
        }
        let found = self.rows.len() - known;
        if let Some(why) = broken {
            self.unread.push(Unread { what: "a part of the table of PIDs".to_owned(), why });
        }
        if found > 0 {
            let pids: Vec<_> = self.rows.iter().skip(known).take(8).map(|row| row.task.pid.to_string()).collect();
            let (plural, more) = (if found == 1 { "" } else { "s" }, if found > pids.len() { ", …" } else { "" });
            let what = format!("{found} task{plural} (PID {}{more}) of the list of processes", pids.join(", "));
            self.lose(what, &"the list does not have them; they were found in the table of PIDs");
        }
    }

    fn tree(&self) -> Option<(u64, Tree)> {
        let kernel = self.kernel;
        let head = Field::any(kernel, "struct pid_namespace", &["idr.idr_rt.xa_head", "idr.idr_rt.rnode"])?;
        let (node, tag) =
            if kernel.has_type("struct xa_node") { ("struct xa_node", 2) } else { ("struct radix_tree_node", 1) };
        let tree = Tree {
            slots: Field::of(kernel, node, "slots[0]")?,
            count: kernel.length_of(node, "slots")?.min(MOST_SLOTS),
            shift: Field::of(kernel, node, "shift")?,
            tag,
            first: Field::of(kernel, "struct pid", "tasks[0].first")?,
            // 4.19, commit "pids: Move the pgrp and session pid pointers from task_struct to signal_struct".
            link: Field::any(kernel, TASK, &["pid_links[0].next", "pids[0].node.next"])?,
        };
        let root = kernel.pointer(kernel.symbol("init_pid_ns")?.wrapping_add(head.offset)).ok()?;
        Some((root, tree))
    }

    /// A node's shift and its slots.
    fn slots(&self, node: u64, below: u64, tree: &Tree) -> Result<(u64, Vec<u64>), String> {
        let words = words(self.kernel);
        let shift = crate::fields::number(self.kernel, node.wrapping_add(tree.shift.offset), tree.shift.size)
            .map_err(|error| error.to_string())?;
        if shift >= below {
            return Err(format!("the node at {node:#x} has shift {shift}, below one of {below}"));
        }
        let mut bytes = vec![0; usize::try_from(tree.count * words.long).unwrap_or_default()];
        self.kernel.read(node.wrapping_add(tree.slots.offset), &mut bytes).map_err(|error| error.to_string())?;
        Ok((shift, (0..tree.count).filter_map(|slot| words.long(&bytes, slot * words.long)).collect()))
    }

    fn pid(&mut self, pid: u64, tree: &Tree) {
        match self.kernel.pointer(pid.wrapping_add(tree.first.offset)) {
            // A process group or session that outlives its leader.
            Ok(0) => {}
            Ok(first) => {
                let task = first.wrapping_sub(tree.link.offset);
                if !self.seen.contains_key(&task) {
                    self.add(task);
                }
            }
            Err(error) => self.lose(format!("the task of the struct pid at {pid:#x}"), &error),
        }
    }
}
