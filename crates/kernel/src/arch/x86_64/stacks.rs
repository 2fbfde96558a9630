//! Where stacks of x86-64 lie: a task's, and those that every CPU has for interrupts and exceptions. Must never follow
//! one, nor let one that cannot be found cost the others.

use super::registers::{FILE, R12, R13, R14, R15, RBX};
use crate::Kernel;
use crate::stack::registers::Registers;
use crate::stack::walk::{Area, Start};
use oopscope_report::vmcore::{StackKind, Trust};

/// Size of a task's stack where its types do not tell: `THREAD_SIZE` without KASAN.
pub const THREAD_SIZE: u64 = 16 << 10;

/// The stacks of a CPU, without those of tasks.
pub fn of_cpu(kernel: &Kernel, cpu: u32) -> Vec<Area> {
    let mut areas: Vec<Area> = irq(kernel, cpu).into_iter().collect();
    areas.extend(exceptions(kernel, cpu));
    areas.extend(entry(kernel, cpu));
    areas
}

/// The stack for interrupts; it is as large as a task's (arch/x86/include/asm/page_64_types.h).
///
/// The pointer to its end is `pcpu_hot.hardirq_stack_ptr` (6.2 to 6.14, "x86/percpu: Move irq_stack variables next to
/// current_task"), before and after that a variable of its own; until 5.7 it was called `irq_stack_ptr`. It points to
/// the topmost word since "x86/irq/64: Adjust the per CPU irq stack pointer by 8" (5.12), to the end before.
fn irq(kernel: &Kernel, cpu: u32) -> Option<Area> {
    let place = match kernel.offset_of("struct pcpu_hot", "hardirq_stack_ptr") {
        Some(offset) if kernel.symbol("pcpu_hot").is_some() => {
            kernel.per_cpu("pcpu_hot", cpu).ok()?.wrapping_add(offset)
        }
        _ => ["hardirq_stack_ptr", "irq_stack_ptr"].iter().find_map(|name| {
            kernel.symbol(name)?;
            kernel.per_cpu(name, cpu).ok()
        })?,
    };
    let end = kernel.pointer(place).ok()?.checked_next_multiple_of(64)?;
    let from = end.checked_sub(thread_size(kernel))?;
    Some(Area { kind: StackKind::Irq, from, to: end })
}

/// The stacks to which exceptions switch by the interrupt stack table: `struct cea_exception_stacks` (5.2,
/// "x86/exceptions: Split debug IST stack"), whose members are guard pages and stacks in turn.
fn exceptions(kernel: &Kernel, cpu: u32) -> Vec<Area> {
    const STRUCT: &str = "struct cea_exception_stacks";
    const STACKS: [(&str, &str); 8] = [
        ("DF_stack", "#DF"),
        ("NMI_stack", "NMI"),
        ("DB2_stack", "#DB"),
        ("DB1_stack", "#DB"),
        ("DB_stack", "#DB"),
        ("MCE_stack", "#MC"),
        ("VC_stack", "#VC"),
        ("VC2_stack", "#VC2"),
    ];
    if kernel.symbol("cea_exception_stacks").is_none() {
        return Vec::new();
    }
    let base = kernel.per_cpu("cea_exception_stacks", cpu).ok().and_then(|place| kernel.pointer(place).ok());
    let Some(base) = base.filter(|&base| base != 0) else { return Vec::new() };
    STACKS
        .iter()
        .filter_map(|&(member, name)| {
            let from = base.checked_add(kernel.offset_of(STRUCT, member)?)?;
            let size = kernel.length_of(STRUCT, member).filter(|&size| size != 0)?;
            Some(Area { kind: StackKind::Exception(name.to_owned()), from, to: from.checked_add(size)? })
        })
        .collect()
}

/// The small stack on which user mode is left: its end is SP0 of the CPU's task state segment (4.15, "x86/entry/64: Use
/// a per-CPU trampoline stack for IDT entries").
fn entry(kernel: &Kernel, cpu: u32) -> Option<Area> {
    kernel.symbol("cpu_tss_rw")?;
    let tss = kernel.per_cpu("cpu_tss_rw", cpu).ok()?;
    let sp0 = kernel.offset_of("struct tss_struct", "x86_tss.sp0").unwrap_or(4);
    let to = kernel.pointer(tss.wrapping_add(sp0)).ok()?;
    let size = kernel.size_of("struct entry_stack").unwrap_or(512);
    Some(Area { kind: StackKind::Exception("ENTRY".to_owned()), from: to.checked_sub(size)?, to })
}

/// Size of a task's stack.
pub fn thread_size(kernel: &Kernel) -> u64 {
    kernel.size_of("union thread_union").filter(|size| size.is_power_of_two()).unwrap_or(THREAD_SIZE)
}

/// Where a task that no CPU runs was switched away from: `thread.sp` points to a `struct inactive_task_frame` (4.9,
/// "sched/x86: Rewrite the switch_to() code").
pub fn switched(kernel: &Kernel, task: u64) -> Result<Start, String> {
    const FRAME: &str = "struct inactive_task_frame";
    let offset = kernel.offset_of("struct task_struct", "thread.sp").ok_or("the offset of thread.sp is not known")?;
    let sp = kernel.pointer(task.wrapping_add(offset)).map_err(|error| error.to_string())?;
    let at = |member, usual| kernel.offset_of(FRAME, member).unwrap_or(usual);
    let word = |offset: u64| kernel.pointer(sp.wrapping_add(offset)).map_err(|error| error.to_string());
    let pc = word(at("ret_addr", 48))?;
    let fp = word(at("bp", 40))?;
    // A task that has never run begins with the function itself, not behind a call in it (unwind_orc.c,
    // `__unwind_start`; `ret_from_fork_asm` since 6.6).
    let fork = ["ret_from_fork_asm", "ret_from_fork"].iter().any(|name| kernel.symbol(name) == Some(pc));
    // Without types it is not known where they lie: some kernels save the flags before them ("sched/x86: Save [ER]FLAGS on
    // context switch").
    let mut kept = Registers::new(&FILE);
    for (member, register) in [("bx", RBX), ("r12", R12), ("r13", R13), ("r14", R14), ("r15", R15)] {
        if let Some(value) = kernel.offset_of(FRAME, member).and_then(|offset| word(offset).ok()) {
            kept.set(register, value);
        }
    }
    Ok(Start {
        pc: Some(pc),
        sp: sp.wrapping_add(kernel.size_of(FRAME).unwrap_or(56)),
        fp: Some(fp),
        registers: None,
        kept: Some(kept),
        call: !fork,
        trust: Trust::Switched,
        begins: "thread.sp".to_owned(),
    })
}
