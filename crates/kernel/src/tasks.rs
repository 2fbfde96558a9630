//! Tasks: every process and thread, by the kernel's own list, its processes' lists of threads, and its table of PIDs,
//! which finds those that a broken list does not. Must never follow a list without an end, nor name a state by another
//! kernel's numbers.

mod memory;
mod pids;
mod state;
mod walk;

pub use state::States;

use crate::fields::{self, Field, Piece, Span, words};
use crate::{Kernel, MemoryError, ObjectError, stack};
use oopscope_report::vmcore::{Address, Task, Unread};
use std::collections::BTreeMap;

const TASK: &str = "struct task_struct";
/// `PF_KTHREAD`, ever since it came (2.6.27).
const PF_KTHREAD: u64 = 0x0020_0000;

/// Members of `task_struct`.
struct Shape {
    span: Span,
    pid: Field,
    tgid: Field,
    comm: Option<Field>,
    state: Option<Field>,
    exit_state: Option<Field>,
    flags: Option<Field>,
    parent: Option<Field>,
    mm: Option<Field>,
    cpu: Option<Field>,
    started: Option<Field>,
    /// Counters of resident pages that a thread had not yet added to its process's (before 6.2).
    split_rss: [Option<Field>; 3],
    tasks: Field,
    signal: Option<Field>,
    thread_head: Option<Field>,
    /// `thread_node`, or before 3.14 `thread_group`.
    thread: Option<Field>,
}

impl Shape {
    fn of(kernel: &Kernel) -> Result<Self, ObjectError> {
        let any = |paths: &[&str]| Field::any(kernel, TASK, paths);
        // 3.14, commit "introduce for_each_thread() to replace the buggy while_each_thread()".
        let thread_head = Field::of(kernel, "struct signal_struct", "thread_head.next");
        let mut shape = Self {
            span: Span::over(words(kernel), None),
            pid: Field::need(kernel, TASK, &["pid"])?,
            tgid: Field::need(kernel, TASK, &["tgid"])?,
            tasks: Field::need(kernel, TASK, &["tasks.next"])?,
            comm: any(&["comm"]),
            // 5.14, commit "sched: Change task_struct::state".
            state: any(&["__state", "state"]),
            exit_state: any(&["exit_state"]),
            flags: any(&["flags"]),
            parent: any(&["real_parent"]),
            mm: any(&["mm"]),
            // arm64 has had it there longer, all others since 5.16: commit "sched: move CPU field back into thread_info if
            // THREAD_INFO_IN_TASK=y".
            cpu: any(&["thread_info.cpu", "cpu"]),
            // 5.5, commit "time: Rename tsk->real_start_time to ->start_boottime".
            started: any(&["start_boottime", "real_start_time", "start_time"]).filter(|field| field.size == 8),
            split_rss: memory::split_rss(kernel),
            signal: any(&["signal"]),
            thread: if thread_head.is_some() { any(&["thread_node.next"]) } else { any(&["thread_group.next"]) },
            thread_head,
        };
        let optional = [
            shape.comm,
            shape.state,
            shape.exit_state,
            shape.flags,
            shape.parent,
            shape.mm,
            shape.cpu,
            shape.started,
            shape.signal,
            shape.thread,
        ];
        let needed = [shape.pid, shape.tgid, shape.tasks].map(Some);
        shape.span = Span::over(words(kernel), needed.into_iter().chain(optional).chain(shape.split_rss));
        Ok(shape)
    }
}

/// A task as it was found, before what it refers to is known.
struct Row {
    task: Task,
    mm: u64,
    split_rss: u64,
    active: bool,
}

/// The walk's state: what is known of all tasks.
struct Collector<'k> {
    kernel: &'k Kernel,
    shape: Shape,
    states: States,
    rows: Vec<Row>,
    /// Where in `rows` the task at an address is.
    seen: BTreeMap<u64, usize>,
    unread: Vec<Unread>,
}

/// A task's links, as far as they could be read.
struct Links {
    pid: i32,
    next: Result<u64, MemoryError>,
    signal: Result<u64, MemoryError>,
    thread: Result<u64, MemoryError>,
}

/// Every task and thread: idle tasks first, then the processes in the order of the kernel's list, each followed by its
/// threads, then what only the table of PIDs has.
pub fn tasks(kernel: &Kernel) -> (Vec<Task>, Vec<Unread>) {
    if !fields::has_symbols(kernel) {
        return (Vec::new(), vec![fields::without_symbols("the tasks")]);
    }
    let shape = match Shape::of(kernel) {
        Ok(shape) => shape,
        Err(error) => return (Vec::new(), vec![Unread { what: "the tasks".to_owned(), why: error.to_string() }]),
    };
    let mut all = Collector {
        kernel,
        shape,
        states: States::read(kernel),
        rows: Vec::new(),
        seen: BTreeMap::new(),
        unread: Vec::new(),
    };
    all.idle_tasks();
    all.walk();
    all.pids();
    all.mark_active();
    all.finish()
}

/// The task that a CPU was running, as its run queue has it.
pub fn active(kernel: &Kernel, cpu: u32) -> Result<u64, ObjectError> {
    let memory = |what: String| move |error| ObjectError::Memory { what, error };
    if let Some(curr) = Field::of(kernel, "struct rq", "curr") {
        let queue = kernel.per_cpu("runqueues", cpu)?;
        return kernel.pointer(queue.wrapping_add(curr.offset)).map_err(memory(format!("runqueues.curr of CPU {cpu}")));
    }
    // x86's own. 6.2 to 6.14 have it in struct pcpu_hot (commits "x86: Put hot per CPU variables into a struct" and
    // "x86/percpu: Move current_task to percpu hot section").
    let at = match kernel.per_cpu("current_task", cpu) {
        Ok(at) => at,
        Err(error) => {
            let hot = kernel.per_cpu("pcpu_hot", cpu).map_err(|_| error)?;
            hot.wrapping_add(Field::need(kernel, "struct pcpu_hot", &["current_task"])?.offset)
        }
    };
    kernel.pointer(at).map_err(memory(format!("current_task of CPU {cpu}")))
}

/// The idle task of a CPU.
pub fn idle(kernel: &Kernel, cpu: u32) -> Result<u64, ObjectError> {
    let field = Field::need(kernel, "struct rq", &["idle"])?;
    let at = kernel.per_cpu("runqueues", cpu)?.wrapping_add(field.offset);
    kernel.pointer(at).map_err(|error| ObjectError::Memory { what: format!("runqueues.idle of CPU {cpu}"), error })
}

/// The CPUs that have tasks: those that are there, also where they were stopped by the panic.
pub(crate) fn cpus(kernel: &Kernel) -> Result<Vec<u32>, ObjectError> {
    let mut cpus = kernel.cpus_present()?;
    cpus.extend(kernel.cpus_online().unwrap_or_default());
    cpus.sort_unstable();
    cpus.dedup();
    Ok(cpus)
}

impl Collector<'_> {
    fn lose(&mut self, what: String, why: &dyn std::fmt::Display) {
        // A walk that loses more than this has lost everything; each loss is one of a different thing.
        if self.unread.len() < 1000 {
            self.unread.push(Unread { what, why: why.to_string() });
        }
    }

    fn idle_tasks(&mut self) {
        let cpus = match cpus(self.kernel) {
            Ok(cpus) => cpus,
            Err(error) => return self.lose("idle tasks".to_owned(), &error),
        };
        for cpu in cpus {
            match idle(self.kernel, cpu) {
                // A CPU that was never started may have none.
                Ok(0) => {}
                Ok(address) => {
                    self.add(address);
                }
                Err(error) => self.lose(format!("the idle task of CPU {cpu}"), &error),
            }
        }
    }

    /// Reads a task and keeps it, if it is not there yet. What of it cannot be read is said in its row; without a PID there
    /// is none.
    fn add(&mut self, address: u64) -> Option<Links> {
        let shape = &self.shape;
        let piece = shape.span.read(self.kernel, address);
        let (pid, tgid) = match (piece.int(shape.pid), piece.int(shape.tgid)) {
            (Ok(pid), Ok(tgid)) => (pid, tgid),
            (Err(error), _) | (_, Err(error)) => {
                if self.seen.insert(address, usize::MAX).is_none() {
                    self.lose(format!("the task at {address:#x}"), &error);
                }
                return None;
            }
        };
        let missing = MemoryError::NotMapped { address: 0, level: "PGD" };
        let link = |field: Option<Field>| field.map_or(Err(missing), |field| piece.number(field));
        let links =
            Links { pid, next: piece.number(shape.tasks), signal: link(shape.signal), thread: link(shape.thread) };
        if !self.seen.contains_key(&address) {
            let row =
                row(shape, &self.states, &piece, Task { pid, tgid, address: Address(address), ..Task::default() });
            self.seen.insert(address, self.rows.len());
            self.rows.push(row);
        }
        Some(links)
    }

    fn mark_active(&mut self) {
        for cpu in cpus(self.kernel).unwrap_or_default() {
            match active(self.kernel, cpu) {
                Ok(address) => {
                    if let Some(row) = self.seen.get(&address).and_then(|index| self.rows.get_mut(*index)) {
                        row.active = true;
                    } else if self.add(address).is_some() {
                        self.lose(format!("task {address:#x} of CPU {cpu}"), &"it runs, and no list of tasks has it");
                        if let Some(row) = self.rows.last_mut() {
                            row.active = true;
                        }
                    }
                }
                Err(error) => self.lose(format!("the task that CPU {cpu} was running"), &error),
            }
        }
    }

    /// What is known only when all tasks are: parents' PIDs, the memory that threads share.
    fn finish(mut self) -> (Vec<Task>, Vec<Unread>) {
        let panicked = stack::panic_cpu(self.kernel).and_then(|(cpu, _)| active(self.kernel, cpu).ok());
        let mut spaces = memory::Spaces::new(self.kernel);
        for row in self.rows.iter().filter(|row| row.mm != 0) {
            spaces.add_split(row.mm, row.split_rss);
        }
        let total = crate::usage::total_pages(self.kernel).ok().map(|(pages, _)| pages).filter(|pages| *pages > 0);
        for index in 0..self.rows.len() {
            let row = &self.rows[index];
            let ppid = match row.task.parent {
                None | Some(Address(0)) => 0,
                Some(Address(parent)) => match self.seen.get(&parent).and_then(|at| self.rows.get(*at)) {
                    Some(parent) => parent.task.tgid,
                    // Its parent is in no list: it is asked itself.
                    None => match fields::number(self.kernel, parent.wrapping_add(self.shape.tgid.offset), 4) {
                        Ok(tgid) => u32::try_from(tgid).unwrap_or_default().cast_signed(),
                        Err(error) => {
                            self.rows[index].task.unread.push(format!("the parent's PID: {error}"));
                            0
                        }
                    },
                },
            };
            let row = &mut self.rows[index];
            row.task.ppid = ppid;
            row.task.active = row.active;
            row.task.panicked = panicked == Some(row.task.address.0);
            if row.mm == 0 || row.task.kernel {
                continue;
            }
            match spaces.of(row.mm) {
                Ok(space) => {
                    row.task.rss = space.rss.map(|pages| pages.saturating_mul(self.kernel.page_size()));
                    row.task.vsz = space.total.map(|pages| pages.saturating_mul(self.kernel.page_size()));
                    row.task.memory_share = space.rss.zip(total).map(|(rss, total)| share(rss, total));
                }
                Err(error) => row.task.unread.push(format!("memory: {error}")),
            }
        }
        (self.rows.into_iter().map(|row| row.task).collect(), self.unread)
    }
}

/// Per cent.
#[expect(clippy::cast_precision_loss, reason = "numbers of pages; two digits are shown")]
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole as f64
}

fn row(shape: &Shape, states: &States, piece: &Piece<'_>, mut task: Task) -> Row {
    let mut unread = Vec::new();
    let mut number = |what: &str, field: Option<Field>| {
        piece.number(field?).map_err(|error| unread.push(format!("{what}: {error}"))).ok()
    };
    let state = number("state", shape.state);
    let exit_state = number("exit_state", shape.exit_state);
    let flags = number("flags", shape.flags);
    let parent = number("real_parent", shape.parent);
    let mm = number("mm", shape.mm);
    let cpu = number("cpu", shape.cpu);
    task.started = number("start_boottime", shape.started);
    let split_rss =
        shape.split_rss.iter().flatten().map(|field| memory::signed(piece.number(*field).unwrap_or(0), *field));
    let split_rss = split_rss.fold(0_u64, |sum, pages| sum.wrapping_add(pages.cast_unsigned()));
    match shape.comm.map(|field| piece.text(field)) {
        Some(Ok(comm)) => task.comm = comm,
        Some(Err(error)) => unread.push(format!("comm: {error}")),
        None => {}
    }
    if let Some(state) = state {
        let exit_state = exit_state.unwrap_or(0);
        let (letter, words) = states.name(state, exit_state);
        (task.state, task.state_name) = (letter.to_owned(), Some(words.to_owned()));
        task.state_bits = Some(Address(state | exit_state));
    }
    task.cpu = cpu.and_then(|cpu| u32::try_from(cpu).ok());
    task.parent = parent.filter(|parent| *parent != 0).map(Address);
    task.kernel = match flags {
        Some(flags) => flags & PF_KTHREAD != 0 || task.pid == 0,
        None => mm == Some(0),
    };
    task.unread = unread;
    Row { task, mm: mm.unwrap_or(0), split_rss, active: false }
}
