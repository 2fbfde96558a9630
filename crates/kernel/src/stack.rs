//! Stacks: of a task, of every CPU; and which CPU panicked. Must never say of a frame more than how it was found.
//!
//! Where a stack begins is told by the dump's notes for what ran, by the task for what slept; the way up is the
//! architecture's ([`crate::arch`]); names are given at the end.

mod cpus;
mod panicked;
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

/// What is found once and asked for with every stack.
#[derive(Debug, Default)]
pub(crate) struct Stacks {
    unwinding: OnceCell<view::Unwinding>,
    cpus: OnceCell<Vec<cpus::CpuState>>,
}

/// The stack of a task: with the registers of the CPU that ran it, or from where it was switched away.
pub fn task_backtrace(kernel: &Kernel, task: u64) -> Backtrace {
    let state = states(kernel).iter().find(|cpu| cpu.task == Some(task));
    state.map_or_else(|| sleeping(kernel, task), |state| running(kernel, state))
}

/// A CPU with what it was doing.
pub fn cpu(kernel: &Kernel, number: u32) -> Cpu {
    if let Some(state) = states(kernel).iter().find(|cpu| cpu.number == number) {
        return Cpu { number, online: state.online, backtrace: running(kernel, state) };
    }
    let ends = format!("CPU {number} was not online, and the dump has no registers of it");
    Cpu { number, online: false, backtrace: Backtrace { ends, ..Backtrace::default() } }
}

/// All CPUs that were online or that the dump has registers of.
pub fn cpus(kernel: &Kernel) -> Vec<Cpu> {
    let all = states(kernel).iter();
    all.map(|state| Cpu { number: state.number, online: state.online, backtrace: running(kernel, state) }).collect()
}

/// The tasks that CPUs ran, each with its CPU.
pub fn active(kernel: &Kernel) -> Vec<(u32, u64)> {
    states(kernel).iter().filter_map(|cpu| Some((cpu.number, cpu.task?))).collect()
}

fn states(kernel: &Kernel) -> &[cpus::CpuState] {
    kernel.stacks.cpus.get_or_init(|| cpus::all(kernel))
}

/// The stack of what a CPU ran.
fn running(kernel: &Kernel, state: &cpus::CpuState) -> Backtrace {
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
    let searched = |area: &Area, whose: &str| {
        let begins = format!("the dump has no registers of CPU {}; {whose} was searched", state.number);
        let (sp, trust) = (area.from, Trust::Scan);
        let start = Start { pc: None, sp, fp: None, registers: None, kept: None, call: false, trust, begins };
        follow(kernel, state.task, start, &areas)
    };
    if panicked::told(kernel).is_some_and(|(cpu, _)| cpu == state.number) {
        // It may have panicked in an interrupt: that stack's content is old otherwise, and says nothing.
        let irq = areas.iter().find(|area| area.kind == StackKind::Irq);
        let found = irq.map(|area| searched(area, "its interrupt stack"));
        if let Some(found) = found.filter(|found| found.complete && found.frames.iter().any(panicked::is_fatal)) {
            return found;
        }
    }
    if let Some(area) = areas.iter().find(|area| area.kind == StackKind::Task) {
        return searched(area, "its task's stack");
    }
    let ends = format!("the dump has no registers of CPU {}, nor could its task's stack be found", state.number);
    Backtrace { task: state.task.map(|task| reference(kernel, task)), ends, ..Backtrace::default() }
}

/// The stack of a task that no CPU ran.
fn sleeping(kernel: &Kernel, task: u64) -> Backtrace {
    if stack_of(kernel, task) == Some(0) {
        // Of a task that has ended there is only the `task_struct` left (kernel/fork.c, `release_task_stack`, 4.9),
        // while `thread.sp` still says where its stack was: another task's may be there now.
        let ends = "the task has ended, and its stack has been freed".to_owned();
        let (task, begins) = (Some(reference(kernel, task)), "task_struct.stack".to_owned());
        return Backtrace { task, begins, ends, complete: true, ..Backtrace::default() };
    }
    let start = match kernel.machine() {
        Machine::X86_64 => arch::x86_64::stacks::switched(kernel, task),
        Machine::Aarch64 => arch::aarch64::stacks::switched(kernel, task),
        _ => Err("stacks of this architecture are not read".to_owned()),
    };
    match start {
        Ok(start) => follow(kernel, Some(task), start, &areas(kernel, Some(task), None)),
        Err(ends) => Backtrace { task: Some(reference(kernel, task)), ends, ..Backtrace::default() },
    }
}

fn follow(kernel: &Kernel, task: Option<u64>, start: Start, areas: &[Area]) -> Backtrace {
    let unwinding = kernel.stacks.unwinding.get_or_init(|| view::Unwinding::of(kernel));
    let view = view::KernelView { kernel, unwinding };
    let walk = match kernel.machine() {
        Machine::X86_64 => arch::x86_64::unwind::walk(&view, &start, areas),
        Machine::Aarch64 => arch::aarch64::unwind::walk(&view, &start, areas, arch::aarch64::stacks::shape(kernel)),
        _ => Walk { ends: "stacks of this architecture are not read".to_owned(), ..Walk::default() },
    };
    let mut frames: Vec<Frame> = walk.steps.into_iter().map(|step| frame(kernel, step)).collect();
    if start.pc.is_none() {
        // Below the frames of panic() lies what it has called before it came to its end: the console's drivers.
        frames.drain(..frames.iter().position(panicked::is_fatal).unwrap_or(0));
    }
    Backtrace {
        task: task.map(|task| reference(kernel, task)),
        registers: start.registers.map(|registers| registers.listed()).unwrap_or_default(),
        begins: start.begins,
        frames,
        ends: walk.ends,
        complete: walk.complete,
    }
}

/// The stacks on which a walk may go: the task's and its CPU's.
fn areas(kernel: &Kernel, task: Option<u64>, cpu: Option<u32>) -> Vec<Area> {
    let size = match kernel.machine() {
        Machine::X86_64 => arch::x86_64::stacks::thread_size(kernel),
        Machine::Aarch64 => arch::aarch64::stacks::thread_size(kernel),
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
fn frame(kernel: &Kernel, step: Step) -> Frame {
    let back = u64::from(step.call);
    let named = kernel.name_of(step.address.wrapping_sub(back));
    let mut frame = Frame {
        address: Address(step.address),
        sp: step.sp.map(Address),
        trust: step.trust,
        stack: step.stack,
        exception: step.exception,
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
