//! Stacks: of a task, of every CPU; and which CPU panicked. Must never say of a frame more than how it was found.
//!
//! Where a stack begins is told by the dump's notes for what ran, by the task for what slept; the way up is the architecture's
//! ([`crate::arch`]); names are given at the end.

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
    match states(kernel).iter().find(|cpu| cpu.task == Some(task)) {
        Some(state) => running(kernel, state),
        None => sleeping(kernel, task),
    }
}

/// A CPU with what it was doing.
pub fn cpu(kernel: &Kernel, number: u32) -> Cpu {
    match states(kernel).iter().find(|cpu| cpu.number == number) {
        Some(state) => Cpu { number, online: state.online, backtrace: running(kernel, state) },
        None => {
            let ends = format!("CPU {number} was not online, and the dump has no registers of it");
            Cpu { number, online: false, backtrace: Backtrace { ends, ..Backtrace::default() } }
        }
    }
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
    let start = if let Some((registers, note)) = &state.registers
        && let Some(sp) = registers.sp()
    {
        Start {
            pc: registers.pc(),
            sp,
            fp: registers.fp(),
            registers: Some(*registers),
            call: false,
            trust: Trust::Registers,
            begins: note.clone(),
        }
    } else if let Some(area) = areas.iter().find(|area| area.kind == StackKind::Task) {
        Start {
            pc: None,
            sp: area.from,
            fp: None,
            registers: None,
            call: false,
            trust: Trust::Scan,
            begins: format!("the dump has no registers of CPU {}: its task's stack was searched", state.number),
        }
    } else {
        let ends = format!("the dump has no registers of CPU {}, nor could its task's stack be found", state.number);
        return Backtrace { task: state.task.map(|task| reference(kernel, task)), ends, ..Backtrace::default() };
    };
    follow(kernel, state.task, start, &areas)
}

/// The stack of a task that no CPU ran.
fn sleeping(kernel: &Kernel, task: u64) -> Backtrace {
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
    Backtrace {
        task: task.map(|task| reference(kernel, task)),
        registers: start.registers.map(|registers| registers.listed()).unwrap_or_default(),
        begins: start.begins,
        frames: walk.steps.into_iter().map(|step| frame(kernel, step)).collect(),
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
        let from = kernel.pointer(task.checked_add(kernel.offset_of("struct task_struct", "stack")?)?).ok()?;
        Some(Area { kind: StackKind::Task, from, to: from.checked_add(size).filter(|_| from != 0)? })
    });
    let mut areas: Vec<Area> = own.into_iter().collect();
    areas.extend(cpu.into_iter().flat_map(|cpu| match kernel.machine() {
        Machine::X86_64 => arch::x86_64::stacks::of_cpu(kernel, cpu),
        Machine::Aarch64 => arch::aarch64::stacks::of_cpu(kernel, cpu),
        _ => Vec::new(),
    }));
    areas
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
    // In the task itself since 6.2? Under CONFIG_THREAD_INFO_IN_TASK its thread_info has it, or it is a member of its own.
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
