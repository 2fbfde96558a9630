//! Tasks, in the layouts of crash's `ps`. Must never sort them anew: the order is the kernel's.

use super::table::{Side, table};
use super::{bare, when};
use oopscope_report::vmcore::{Address, Task};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// crash's table: `>` before what a CPU was running, names of kernel threads in brackets.
pub(crate) fn tasks(tasks: &[&Task]) -> String {
    let head = [
        (" ", Side::Left),
        ("PID", Side::Right),
        ("PPID", Side::Right),
        ("CPU", Side::Right),
        ("TASK", Side::Left),
        ("ST", Side::Left),
        ("%MEM", Side::Right),
        ("VSZ", Side::Right),
        ("RSS", Side::Right),
        ("COMM", Side::Left),
    ];
    let rows: Vec<Vec<String>> = tasks.iter().map(|task| row(task)).collect();
    table(&head, &rows)
}

fn row(task: &Task) -> Vec<String> {
    let kib = |bytes: Option<u64>| bytes.map_or("0".to_owned(), |bytes| (bytes / 1024).to_string());
    vec![
        if task.active { ">" } else { " " }.to_owned(),
        task.pid.to_string(),
        task.ppid.to_string(),
        task.cpu.map_or("?".to_owned(), |cpu| cpu.to_string()),
        bare(task.address.0),
        task.state.clone(),
        format!("{:.1}", task.memory_share.unwrap_or(0.0)),
        kib(task.vsz),
        kib(task.rss),
        comm(task),
    ]
}

fn comm(task: &Task) -> String {
    if task.kernel { format!("[{}]", task.comm) } else { task.comm.clone() }
}

/// One task on a line, as the first line of a list about it.
fn headline(task: &Task) -> String {
    let cpu = task.cpu.map_or("?".to_owned(), |cpu| cpu.to_string());
    format!("PID: {:<8} TASK: {}  CPU: {cpu:<3} COMMAND: {:?}", task.pid, bare(task.address.0), task.comm)
}

/// `ps -t`: when each began and for how long it was there.
pub(crate) fn times(tasks: &[&Task], uptime: Option<f64>) -> String {
    let mut out = String::new();
    for task in tasks {
        // Writing to a String does not fail.
        let _ = writeln!(out, "{}", headline(task));
        match task.started {
            Some(started) => {
                let _ = writeln!(out, "    START TIME: {started} ns after boot");
                if let Some(uptime) = uptime {
                    let run = when::whole(uptime).saturating_sub(started / 1_000_000_000);
                    let _ = writeln!(out, "      RUN TIME: {}", when::span(run));
                }
            }
            None => out += "    START TIME: not read\n",
        }
    }
    out
}

/// `ps -p`: each task below its parents, the oldest first.
pub(crate) fn families(chosen: &[&Task], all: &[Task]) -> String {
    let by_address: BTreeMap<Address, &Task> = all.iter().map(|task| (task.address, task)).collect();
    let mut out = String::new();
    for task in chosen {
        let mut line = vec![*task];
        let mut seen = BTreeSet::from([task.address]);
        let mut at = *task;
        // A corrupted chain of parents may be a ring.
        while let Some(parent) = at.parent.and_then(|parent| by_address.get(&parent)) {
            if !seen.insert(parent.address) {
                break;
            }
            line.push(parent);
            at = parent;
        }
        for (depth, task) in line.iter().rev().enumerate() {
            let _ = writeln!(out, "{}{}", " ".repeat(depth), headline(task));
        }
        out.push('\n');
    }
    out
}

/// `ps -c`: each task with its children.
pub(crate) fn list(chosen: &[&Task], all: &[Task]) -> String {
    let mut out = String::new();
    for task in chosen {
        let _ = writeln!(out, "{}", headline(task));
        let children = all.iter().filter(|child| child.parent == Some(task.address) && child.address != task.address);
        let mut any = false;
        for child in children {
            any = true;
            let _ = writeln!(out, "  {}", headline(child));
        }
        if !any {
            out += "  (no children)\n";
        }
        out.push('\n');
    }
    out
}

/// `ps -S`: how many tasks are in each state.
pub(crate) fn summary(tasks: &[&Task]) -> String {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for task in tasks {
        *counts.entry(&task.state).or_default() += 1;
    }
    let mut out = String::new();
    for (state, count) in counts {
        let _ = writeln!(out, "{state:>4}: {count}");
    }
    out
}
