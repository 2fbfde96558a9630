//! The rows of the list of tasks: which, in which order, how deep in the tree. Must never leave a task out without the user
//! having asked for it, whatever its parents are.

use oopscope_report::vmcore::Task;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What the tasks are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Column {
    /// As the kernel lists them.
    #[default]
    List,
    /// Thread's id.
    Pid,
    /// Parent's.
    Parent,
    /// CPU.
    Cpu,
    /// State.
    State,
    /// Resident memory.
    Rss,
    /// Virtual memory.
    Vsz,
    /// When it was started.
    Started,
    /// Name.
    Comm,
    /// `task_struct`.
    Address,
}

/// Which tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    /// All.
    #[default]
    All,
    /// Processes and their threads.
    User,
    /// Threads of the kernel.
    Kernel,
}

/// How the tasks are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// By what.
    pub(crate) column: Column,
    /// The other way round.
    pub(crate) descending: bool,
    /// Which.
    pub(crate) sort: Sort,
    /// What the PID, name, state or address must contain.
    pub(crate) filter: String,
    /// Children below their parents.
    pub(crate) tree: bool,
}

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Index of the task.
    pub(crate) task: usize,
    /// How many forebears are above it.
    pub(crate) depth: u32,
}

/// The rows, in their order.
pub(crate) fn rows(tasks: &[Task], options: &Options) -> Vec<Row> {
    let needle = options.filter.trim().to_lowercase();
    let wanted = |task: &Task| {
        let sort = match options.sort {
            Sort::All => true,
            Sort::User => !task.kernel,
            Sort::Kernel => task.kernel,
        };
        sort && (needle.is_empty() || matches(task, &needle))
    };
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    if options.column != Column::List || options.descending {
        order.sort_by(|&a, &b| {
            let by = match (tasks.get(a), tasks.get(b)) {
                (Some(x), Some(y)) => compare(x, y, options.column),
                _ => Ordering::Equal,
            };
            // Equal rows keep the kernel's order, whichever way the column goes.
            let by = if options.column == Column::List { a.cmp(&b) } else { by };
            if options.descending { by.reverse() } else { by }
        });
    }
    if options.tree {
        return tree(tasks, &order, wanted);
    }
    order.retain(|&index| tasks.get(index).is_some_and(wanted));
    order.into_iter().map(|task| Row { task, depth: 0 }).collect()
}

fn matches(task: &Task, needle: &str) -> bool {
    task.comm.to_lowercase().contains(needle)
        || task.pid.to_string() == needle
        || task.tgid.to_string() == needle
        || task.state.to_lowercase() == needle
        || task.state_name.as_ref().is_some_and(|name| name.to_lowercase() == needle)
        || (needle.len() > 3 && task.address.to_string().contains(needle))
}

fn compare(a: &Task, b: &Task, column: Column) -> Ordering {
    match column {
        Column::List => Ordering::Equal,
        Column::Pid => a.pid.cmp(&b.pid),
        Column::Parent => a.ppid.cmp(&b.ppid),
        Column::Cpu => a.cpu.cmp(&b.cpu),
        Column::State => a.state.cmp(&b.state),
        Column::Rss => a.rss.cmp(&b.rss),
        Column::Vsz => a.vsz.cmp(&b.vsz),
        Column::Started => a.started.cmp(&b.started),
        Column::Comm => a.comm.cmp(&b.comm),
        Column::Address => a.address.cmp(&b.address),
    }
}

/// Children below their parents, threads below the thread that leads their group; forebears of what is wanted are there, too.
/// What a damaged dump hangs onto itself, or onto nothing, is a root.
fn tree(tasks: &[Task], order: &[usize], wanted: impl Fn(&Task) -> bool) -> Vec<Row> {
    let by_address: BTreeMap<u64, usize> = tasks.iter().enumerate().map(|(at, task)| (task.address.0, at)).collect();
    let leaders: BTreeMap<i32, usize> = tasks
        .iter()
        .enumerate()
        .filter(|(_, task)| task.pid == task.tgid && task.pid != 0)
        .map(|(at, task)| (task.pid, at))
        .collect();
    let parents: Vec<Option<usize>> = tasks
        .iter()
        .enumerate()
        .map(|(at, task)| {
            let of = if task.pid == task.tgid {
                task.parent.and_then(|parent| by_address.get(&parent.0))
            } else {
                leaders.get(&task.tgid)
            };
            of.copied().filter(|&parent| parent != at)
        })
        .collect();
    let mut keep: Vec<bool> = tasks.iter().map(&wanted).collect();
    for at in 0..tasks.len() {
        if !wanted(&tasks[at]) {
            continue;
        }
        let mut up = parents[at];
        // Ends at the first forebear that is kept already: so every task is passed once.
        while let Some(parent) = up.filter(|&parent| !keep[parent]) {
            keep[parent] = true;
            up = parents[parent];
        }
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); tasks.len()];
    for &at in order.iter().rev() {
        if let Some(parent) = parents[at] {
            children[parent].push(at);
        }
    }
    let mut rows = Vec::with_capacity(tasks.len());
    let mut seen = vec![false; tasks.len()];
    let roots = order.iter().copied().filter(|&at| parents[at].is_none());
    // Those of a circle have no root above them: they begin where the order has them first.
    for root in roots.chain(order.iter().copied()) {
        let mut waiting = vec![(root, 0)];
        while let Some((at, depth)) = waiting.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            if keep[at] {
                rows.push(Row { task: at, depth });
            }
            waiting.extend(children[at].iter().map(|&child| (child, depth + 1)));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use oopscope_report::vmcore::Address;

    fn task(pid: i32, tgid: i32, parent: u64, comm: &str) -> Task {
        Task {
            pid,
            tgid,
            comm: comm.to_owned(),
            address: Address(0xffff_8880_0000_0000 + u64::try_from(pid).unwrap() * 0x1000),
            parent: Some(Address(0xffff_8880_0000_0000 + parent * 0x1000)),
            state: "S".to_owned(),
            ..Task::default()
        }
    }

    fn some() -> Vec<Task> {
        vec![
            Task { kernel: true, state: "R".to_owned(), ..task(0, 0, 0, "swapper/0") },
            task(1, 1, 0, "init"),
            Task { kernel: true, ..task(2, 2, 0, "kthreadd") },
            Task { kernel: true, ..task(9, 9, 2, "kworker/0:1") },
            task(40, 40, 1, "sshd"),
            task(41, 40, 1, "sshd-log"),
            task(50, 50, 40, "bash"),
        ]
    }

    fn pids(tasks: &[Task], options: &Options) -> Vec<(i32, u32)> {
        rows(tasks, options).iter().map(|row| (tasks[row.task].pid, row.depth)).collect()
    }

    #[test]
    fn children_stand_below_their_parents_and_threads_below_their_leader() {
        let tasks = some();
        let tree = Options { tree: true, ..Options::default() };
        assert_eq!(pids(&tasks, &tree), [(0, 0), (1, 1), (40, 2), (41, 3), (50, 3), (2, 1), (9, 2)]);
        let filtered = Options { filter: "bash".to_owned(), ..tree };
        assert_eq!(pids(&tasks, &filtered), [(0, 0), (1, 1), (40, 2), (50, 3)], "with its forebears");
    }

    #[test]
    fn circles_and_orphans_are_not_lost() {
        let mut tasks = vec![task(5, 5, 6, "a"), task(6, 6, 5, "b"), task(7, 7, 99, "c"), task(8, 8, 8, "d")];
        let tree = Options { tree: true, ..Options::default() };
        let mut all: Vec<i32> = pids(&tasks, &tree).iter().map(|(pid, _)| *pid).collect();
        all.sort_unstable();
        assert_eq!(all, [5, 6, 7, 8]);
        // A chain as long as the list.
        tasks = (1..5000).map(|pid| task(pid, pid, u64::try_from(pid - 1).unwrap(), "x")).collect();
        assert_eq!(rows(&tasks, &tree).last().unwrap().depth, 4998);
    }

    #[test]
    fn columns_sort_both_ways_and_filters_filter() {
        let tasks = some();
        let by = |column, descending| Options { column, descending, ..Options::default() };
        let first = |options: &Options| pids(&tasks, options)[0].0;
        assert_eq!(first(&by(Column::List, true)), 50);
        assert_eq!(first(&by(Column::Pid, true)), 50);
        assert_eq!(first(&by(Column::Comm, false)), 50, "bash");
        assert_eq!(pids(&tasks, &by(Column::State, false))[0].0, 0, "R before S");
        let with = |filter: &str, sort| Options { filter: filter.to_owned(), sort, ..Options::default() };
        assert_eq!(pids(&tasks, &with("", Sort::Kernel)).len(), 3);
        assert_eq!(pids(&tasks, &with("", Sort::User)).len(), 4);
        assert_eq!(pids(&tasks, &with("SSHD", Sort::All)).len(), 2);
        assert_eq!(pids(&tasks, &with("40", Sort::All)).len(), 2, "the PID of a process finds its threads");
        assert_eq!(pids(&tasks, &with("ffff888000032000", Sort::All)), [(50, 0)]);
    }
}
