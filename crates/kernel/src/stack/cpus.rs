//! Which task each CPU was running, and with which registers. Must never give registers to a CPU whose stacks they do
//! not point to, where another CPU's they do.

use crate::stack::registers::Registers;
use crate::stack::walk::Area;
use crate::{Kernel, arch, tasks};
use oopscope_dump::{Machine, NoteKind};

/// Where `elf_prstatus.pr_pid` lies in 64-bit kernels: after signal, and two masks (include/linux/elfcore.h).
const PR_PID: usize = 32;

/// A CPU as the dump has it.
#[derive(Clone, Debug)]
pub(crate) struct CpuState {
    pub(crate) number: u32,
    pub(crate) online: bool,
    /// The `task_struct` that it was running.
    pub(crate) task: Option<u64>,
    /// Its registers, and which note they are from.
    pub(crate) registers: Option<(Registers, String)>,
}

/// A note's registers.
struct Saved {
    /// `pr_pid`: under kdump the task's, under QEMU the CPU's number plus one.
    pid: Option<u32>,
    registers: Registers,
    name: String,
}

/// All CPUs that were online or that the dump has registers of, ascending.
pub(crate) fn all(kernel: &Kernel) -> Vec<CpuState> {
    let present = kernel.cpus_present().or_else(|_| kernel.cpus_possible()).unwrap_or_default();
    let online = kernel.cpus_online().unwrap_or_default();
    let mut cpus: Vec<CpuState> = present
        .iter()
        .map(|&number| CpuState {
            number,
            online: online.contains(&number),
            task: tasks::active(kernel, number).ok(),
            registers: None,
        })
        .collect();
    assign(kernel, &mut cpus, saved(kernel));
    cpus.retain(|cpu| cpu.online || cpu.registers.is_some() || cpu.task.is_some_and(|task| is_running(kernel, task)));
    cpus
}

/// The notes' registers in their order: QEMU's own notes where there are some, which tell more than the PRSTATUS beside
/// them.
fn saved(kernel: &Kernel) -> Vec<Saved> {
    let little_endian = kernel.dump().layout().little_endian;
    let notes = &kernel.dump().notes().cpus;
    let of = |kind: NoteKind| {
        notes.iter().filter(move |note| note.kind == kind).filter_map(move |note| {
            let registers = match (kernel.machine(), kind) {
                (Machine::X86_64, NoteKind::Qemu) => arch::x86_64::registers::qemu(&note.bytes, little_endian),
                (Machine::X86_64, NoteKind::Prstatus) => arch::x86_64::registers::prstatus(&note.bytes, little_endian),
                (Machine::Aarch64, NoteKind::Prstatus) => {
                    arch::aarch64::registers::prstatus(&note.bytes, little_endian)
                }
                (Machine::Arm, NoteKind::Prstatus) => arch::arm::registers::prstatus(&note.bytes, little_endian),
                _ => None,
            }?;
            let (pid, name) = match kind {
                NoteKind::Qemu => (None, "QEMU note"),
                NoteKind::Prstatus => {
                    let at = if kernel.layout().pointer == 4 { arch::arm::registers::PR_PID } else { PR_PID };
                    let pid = note.bytes.get(at..at + 4).map(|bytes| kernel.layout().u32(bytes));
                    (pid, "NT_PRSTATUS")
                }
            };
            Some(Saved { pid, registers, name: format!("{name} {}", note.index) })
        })
    };
    let qemu: Vec<_> = of(NoteKind::Qemu).collect();
    if qemu.is_empty() { of(NoteKind::Prstatus).collect() } else { qemu }
}

/// Gives each note to its CPU.
///
/// QEMU writes one for every CPU; the kernel one for every CPU that it saved registers of (kernel/vmcore_info.c,
/// `crash_save_cpu`), so that the how-manieth it is says nothing while CPUs were offline or did not answer. Of the ways
/// to share them out that is taken in which most stack pointers lie on a stack of their CPU.
fn assign(kernel: &Kernel, cpus: &mut [CpuState], saved: Vec<Saved>) {
    if saved.is_empty() || cpus.is_empty() {
        return;
    }
    let stacks: Vec<Vec<Area>> = cpus.iter().map(|cpu| super::areas(kernel, cpu.task, Some(cpu.number))).collect();
    let pids: Vec<Option<u32>> = cpus.iter().map(|cpu| cpu.task.and_then(|task| pid(kernel, task))).collect();
    let fits = |note: &Saved, cpu: usize| {
        if note.registers.is_user() {
            return note.pid.is_some() && note.pid == pids[cpu];
        }
        note.registers.sp().is_some_and(|sp| stacks[cpu].iter().any(|area| area.from <= sp && sp <= area.to))
    };
    let order: Vec<usize> = (0..cpus.len()).collect();
    let online: Vec<usize> = order.iter().copied().filter(|&cpu| cpus[cpu].online).collect();
    let mut ways: Vec<Vec<Option<usize>>> = Vec::new();
    let numbered = saved.iter().zip(1..).all(|(note, number)| note.pid.is_none_or(|pid| pid == number));
    let in_order = |of: &[usize]| (0..saved.len()).map(|index| of.get(index).copied()).collect::<Vec<_>>();
    if numbered {
        ways.push(in_order(&order));
    }
    ways.push(in_order(&online));
    ways.push(in_order(&order));
    let mut next = 0;
    ways.push(
        saved
            .iter()
            .map(|note| {
                let cpu = (next..cpus.len()).find(|&cpu| fits(note, cpu))?;
                next = cpu + 1;
                Some(cpu)
            })
            .collect(),
    );
    let score = |way: &Vec<Option<usize>>| {
        saved.iter().zip(way).filter(|(note, cpu)| cpu.is_some_and(|cpu| fits(note, cpu))).count()
    };
    let mut best = 0;
    for index in 1..ways.len() {
        if score(&ways[index]) > score(&ways[best]) {
            best = index;
        }
    }
    for (note, cpu) in saved.into_iter().zip(&ways[best]) {
        if let Some(cpu) = cpu.and_then(|cpu| cpus.get_mut(cpu)) {
            cpu.registers = Some((note.registers, note.name));
        }
    }
}

/// Whether a task was on a CPU, and is not the idle task: a CPU that panic() has stopped is no longer online, but keeps
/// its task; one that was taken offline has only its idle task.
fn is_running(kernel: &Kernel, task: u64) -> bool {
    let on_cpu = || kernel.u32(task.checked_add(kernel.offset_of("struct task_struct", "on_cpu")?)?).ok();
    pid(kernel, task).is_some_and(|pid| pid != 0) && on_cpu().is_some_and(|on_cpu| on_cpu != 0)
}

fn pid(kernel: &Kernel, task: u64) -> Option<u32> {
    kernel.u32(task.checked_add(kernel.offset_of("struct task_struct", "pid")?)?).ok()
}
