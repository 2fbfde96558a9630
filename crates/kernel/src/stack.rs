//! Stacks: of a task, of every CPU; and which CPU panicked. Must never say of a frame more than how it was found.
//!
//! Where a stack begins is told by the dump's notes for what ran, by the task for what slept; the way up is the
//! architecture's ([`crate::arch`]); names are given at the end.

mod cpus;
pub mod locals;
mod panicked;
mod recover;
pub mod registers;
pub(crate) mod scan;
mod view;
pub mod walk;

use crate::{Kernel, arch};
use oopscope_dump::Machine;
use oopscope_report::vmcore::{Address, Backtrace, Cpu, Frame, StackKind, TaskRef, Trust};
use std::cell::OnceCell;
use walk::{Area, Start, Step, Walk};

pub use panicked::panic_cpu;

/// How many callers are asked for what they have passed, one through the other.
const CALLERS: usize = 4;

/// As what is noted that unwind tables could not be read.
pub(crate) const ORC: &str = "unwind tables (ORC)";
pub(crate) const OF_MODULES: &str = "unwind tables of modules";

/// Whether a note tells of what [`Stacks`] has found: it is read again, and noted again, when more symbols or types are known.
pub(crate) fn is_noted(what: &str) -> bool {
    [ORC, OF_MODULES].contains(&what)
}

/// What is found once and asked for with every stack.
#[derive(Debug, Default)]
pub(crate) struct Stacks {
    unwinding: OnceCell<view::Unwinding>,
    cpus: OnceCell<Vec<cpus::CpuState>>,
}

/// The stack of a task: with the registers of the CPU that ran it, or from where it was switched away.
pub fn task_backtrace(kernel: &Kernel, task: u64) -> Backtrace {
    of_task(kernel, task).backtrace(kernel)
}

/// Parameters and local variables of a frame of a task's stack, by the frame's number in [`task_backtrace`]; none where
/// the stack has no such frame.
pub fn locals(kernel: &Kernel, task: u64, number: usize) -> Option<locals::Locals> {
    let followed = of_task(kernel, task);
    let mut backtrace = followed.backtrace(kernel);
    let frame = backtrace.frames.get(number)?;
    // How many functions were inlined from it on, and which step of the walk they belong to.
    let inner = backtrace.frames[number..].iter().take_while(|frame| frame.inlined).count();
    let index = backtrace.frames[..number + inner].iter().filter(|frame| !frame.inlined).count();
    let frame = frame.clone();
    // Callers tell what they have passed; some of those pass what they were passed themselves.
    let known = recover::known(kernel, &followed.start, &followed.walk.steps, index.saturating_add(CALLERS));
    let frames: Vec<_> = followed.walk.steps.iter().zip(known).skip(index).collect();
    let (registers, (types, variables, note)) = match frames.first() {
        Some((_, known)) => (known.registers.listed(), locals::of(kernel, &frames, inner)),
        None => (Vec::new(), (None, Vec::new(), Some("registers of this architecture are not known".to_owned()))),
    };
    Some(locals::Locals { task: backtrace.task.take(), frame, registers, types, variables, note })
}

/// A CPU with what it was doing.
pub fn cpu(kernel: &Kernel, number: u32) -> Cpu {
    if let Some(state) = states(kernel).iter().find(|cpu| cpu.number == number) {
        return Cpu { number, online: state.online, backtrace: running(kernel, state).backtrace(kernel) };
    }
    let ends = format!("CPU {number} was not online, and the dump has no registers of it");
    Cpu { number, online: false, backtrace: Backtrace { ends, ..Backtrace::default() } }
}

/// All CPUs that were online or that the dump has registers of.
pub fn cpus(kernel: &Kernel) -> Vec<Cpu> {
    states(kernel)
        .iter()
        .map(|state| {
            let backtrace = running(kernel, state).backtrace(kernel);
            Cpu { number: state.number, online: state.online, backtrace }
        })
        .collect()
}

/// The tasks that CPUs ran, each with its CPU.
pub fn active(kernel: &Kernel) -> Vec<(u32, u64)> {
    states(kernel).iter().filter_map(|cpu| Some((cpu.number, cpu.task?))).collect()
}

fn states(kernel: &Kernel) -> &[cpus::CpuState] {
    kernel.stacks.cpus.get_or_init(|| cpus::all(kernel))
}

fn of_task(kernel: &Kernel, task: u64) -> Followed {
    let state = states(kernel).iter().find(|cpu| cpu.task == Some(task));
    state.map_or_else(|| sleeping(kernel, task), |state| running(kernel, state))
}

/// The stack of what a CPU ran.
fn running(kernel: &Kernel, state: &cpus::CpuState) -> Followed {
    let areas = areas(kernel, state.task, Some(state.number));
    if let Some((registers, note)) = &state.registers
        && let Some(sp) = registers.sp()
    {
        let start = Start {
            pc: registers.pc(),
            sp,
            fp: registers.fp(),
            registers: Some(*registers),
            kept: None,
            call: false,
            trust: Trust::Registers,
            begins: note.clone(),
        };
        return follow(kernel, state.task, start, &areas);
    }
    // Arm's modes that take exceptions have stack pointers of their own.
    let missing = if state.registers.is_some() {
        format!("the registers that the dump has of CPU {} do not tell its stack", state.number)
    } else {
        format!("the dump has no registers of CPU {}", state.number)
    };
    let searched = |area: &Area, whose: &str| {
        let begins = format!("{missing}; {whose} was searched");
        let (sp, trust) = (area.from, Trust::Scan);
        let start = Start { pc: None, sp, fp: None, registers: None, kept: None, call: false, trust, begins };
        follow(kernel, state.task, start, &areas)
    };
    if panicked::told(kernel).is_some_and(|(cpu, _)| cpu == state.number) {
        // It may have panicked in an interrupt: that stack's content is old otherwise, and says nothing.
        let irq = areas.iter().find(|area| area.kind == StackKind::Irq);
        let found = irq.map(|area| searched(area, "its interrupt stack"));
        if let Some(found) = found.filter(|found| found.walk.complete && found.is_fatal(kernel)) {
            return found;
        }
    }
    if let Some(area) = areas.iter().find(|area| area.kind == StackKind::Task) {
        return searched(area, "its task's stack");
    }
    let ends = format!("{missing}, nor could its task's stack be found");
    Followed::none(state.task, String::new(), ends)
}

/// The stack of a task that no CPU ran.
fn sleeping(kernel: &Kernel, task: u64) -> Followed {
    if stack_of(kernel, task) == Some(0) {
        // Of a task that has ended there is only the `task_struct` left (kernel/fork.c, `release_task_stack`, 4.9),
        // while `thread.sp` still says where its stack was: another task's may be there now.
        let ends = "the task has ended, and its stack has been freed".to_owned();
        let mut none = Followed::none(Some(task), "task_struct.stack".to_owned(), ends);
        none.walk.complete = true;
        return none;
    }
    let start = match kernel.machine() {
        Machine::X86_64 => arch::x86_64::stacks::switched(kernel, task),
        Machine::Aarch64 => arch::aarch64::stacks::switched(kernel, task),
        Machine::Arm => arch::arm::stacks::switched(kernel, task),
        _ => Err("stacks of this architecture are not read".to_owned()),
    };
    match start {
        Ok(start) => follow(kernel, Some(task), start, &areas(kernel, Some(task), None)),
        Err(ends) => Followed::none(Some(task), String::new(), ends),
    }
}

fn follow(kernel: &Kernel, task: Option<u64>, start: Start, areas: &[Area]) -> Followed {
    let unwinding = kernel.stacks.unwinding.get_or_init(|| view::Unwinding::of(kernel));
    let view = view::KernelView { kernel, unwinding };
    let mut walk = match kernel.machine() {
        Machine::X86_64 => arch::x86_64::unwind::walk(&view, &start, areas),
        Machine::Aarch64 => arch::aarch64::unwind::walk(&view, &start, areas, arch::aarch64::stacks::shape(kernel)),
        Machine::Arm => arch::arm::unwind::walk(&view, &start, areas, &unwinding.exidx),
        _ => Walk { ends: "stacks of this architecture are not read".to_owned(), ..Walk::default() },
    };
    if start.pc.is_none() {
        // Below the frames of panic() lies what it has called before it came to its end: the console's drivers.
        let is_fatal = |step: &Step| panicked::is_fatal(&frame(kernel, step));
        walk.steps.drain(..walk.steps.iter().position(is_fatal).unwrap_or(0));
    }
    Followed { task, start, walk }
}

/// A stack that was walked, before its frames have names.
struct Followed {
    task: Option<u64>,
    start: Start,
    walk: Walk,
}

impl Followed {
    /// A stack without frames, and why.
    fn none(task: Option<u64>, begins: String, ends: String) -> Self {
        let (trust, walk) = (Trust::Scan, Walk { ends, ..Walk::default() });
        let start = Start { pc: None, sp: 0, fp: None, registers: None, kept: None, call: false, trust, begins };
        Self { task, start, walk }
    }

    /// Whether a frame is of a function that only the CPU is in that brings the kernel down.
    fn is_fatal(&self, kernel: &Kernel) -> bool {
        self.walk.steps.iter().any(|step| panicked::is_fatal(&frame(kernel, step)))
    }

    /// The frames with their names, the lines of their source and the functions that were inlined.
    fn backtrace(&self, kernel: &Kernel) -> Backtrace {
        let mut frames = Vec::with_capacity(self.walk.steps.len());
        for step in &self.walk.steps {
            source(kernel, step, frame(kernel, step), &mut frames);
        }
        Backtrace {
            task: self.task.map(|task| reference(kernel, task)),
            registers: self.start.registers.map(|registers| registers.listed()).unwrap_or_default(),
            begins: self.start.begins.clone(),
            frames,
            ends: self.walk.ends.clone(),
            complete: self.walk.complete,
        }
    }
}

/// Adds a frame with its source, the functions before it that were inlined into it.
fn source(kernel: &Kernel, step: &Step, mut frame: Frame, frames: &mut Vec<Frame>) {
    let spots = kernel.source_of(step.address.wrapping_sub(step.call.into()));
    if let Some((outermost, inlined)) = spots.split_last() {
        for spot in inlined {
            frames.push(Frame {
                function: spot.function.as_deref().map(str::to_owned),
                address: frame.address,
                sp: frame.sp,
                module: frame.module.clone(),
                trust: frame.trust,
                stack: frame.stack.clone(),
                inlined: true,
                file: spot.file.as_deref().map(str::to_owned),
                line: spot.line,
                ..Frame::default()
            });
        }
        frame.file = outermost.file.as_deref().map(str::to_owned);
        frame.line = outermost.line;
    }
    frames.push(frame);
}

/// The stacks on which a walk may go: the task's and its CPU's.
fn areas(kernel: &Kernel, task: Option<u64>, cpu: Option<u32>) -> Vec<Area> {
    let size = match kernel.machine() {
        Machine::X86_64 => arch::x86_64::stacks::thread_size(kernel),
        Machine::Aarch64 => arch::aarch64::stacks::thread_size(kernel),
        Machine::Arm => arch::arm::stacks::thread_size(kernel),
        _ => return Vec::new(),
    };
    let own = task.and_then(|task| {
        let from = stack_of(kernel, task).filter(|&from| from != 0)?;
        Some(Area { kind: StackKind::Task, from, to: from.checked_add(size)? })
    });
    let mut areas: Vec<Area> = own.into_iter().collect();
    areas.extend(cpu.into_iter().flat_map(|cpu| match kernel.machine() {
        Machine::X86_64 => arch::x86_64::stacks::of_cpu(kernel, cpu),
        Machine::Aarch64 => arch::aarch64::stacks::of_cpu(kernel, cpu),
        Machine::Arm => arch::arm::stacks::of_cpu(kernel, cpu),
        _ => Vec::new(),
    }));
    areas
}

/// Lowest address of a task's stack.
fn stack_of(kernel: &Kernel, task: u64) -> Option<u64> {
    kernel.pointer(task.checked_add(kernel.offset_of("struct task_struct", "stack")?)?).ok()
}

/// Gives a frame its name. A call is looked up one byte before its return address: what never returns may end with the
/// call, and what lies behind it is another function.
fn frame(kernel: &Kernel, step: &Step) -> Frame {
    let back = u64::from(step.call);
    let named = kernel.name_of(step.address.wrapping_sub(back));
    let mut frame = Frame {
        address: Address(step.address),
        sp: step.sp.map(Address),
        trust: step.trust,
        stack: step.stack.clone(),
        exception: step.exception.clone(),
        ..Frame::default()
    };
    if let Some(named) = named {
        frame.function = Some(named.name);
        frame.offset = named.offset + back;
        frame.size = named.size;
        frame.module = named.module;
    }
    frame
}

/// Whose stack it is; what cannot be read is left out.
fn reference(kernel: &Kernel, task: u64) -> TaskRef {
    let at = |member: &str| kernel.offset_of("struct task_struct", member).and_then(|offset| task.checked_add(offset));
    let number = |member: &str| at(member).and_then(|at| kernel.u32(at).ok());
    // In its thread_info since 5.16 (bcf9033e5449 "sched: move CPU field back into thread_info if
    // THREAD_INFO_IN_TASK=y").
    let cpu = number("thread_info.cpu").or_else(|| number("cpu"));
    TaskRef {
        address: Address(task),
        pid: number("pid").map_or(0, u32::cast_signed),
        comm: at("comm").map(|at| comm(kernel, at)).unwrap_or_default(),
        cpu,
    }
}

fn comm(kernel: &Kernel, at: u64) -> String {
    let mut bytes = [0; 16];
    if kernel.read(at, &mut bytes).is_err() {
        return String::new();
    }
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
