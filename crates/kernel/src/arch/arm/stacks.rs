//! Where stacks of 32-bit arm lie: a task's, and those that every CPU has for interrupts and overflows. Must never follow
//! one, nor let one that cannot be found cost the others.

use super::Exidx;
use super::registers::{FILE, NUMBERED};
use crate::Kernel;
use crate::stack::registers::Registers;
use crate::stack::walk::{Area, Start};
use oopscope_report::vmcore::{StackKind, Trust};

/// Size of a task's stack where its types do not tell: `THREAD_SIZE` without KASAN.
const THREAD_SIZE: u64 = 8 << 10;
/// `OVERFLOW_STACK_SIZE` (arch/arm/include/asm/thread_info.h).
const OVERFLOW_STACK_SIZE: u64 = 4 << 10;

/// The registers that are kept while a task is switched away from, and their numbers (`struct cpu_context_save` in
/// arch/arm/include/asm/thread_info.h).
const KEPT: [(&str, usize); 8] =
    [("r4", 4), ("r5", 5), ("r6", 6), ("r7", 7), ("r8", 8), ("r9", 9), ("sl", 10), ("fp", 11)];

/// The stacks of a CPU, without those of tasks: since 5.17 ("ARM: implement IRQ stacks", "ARM: implement support for
/// vmap'ed stacks"). Both variables hold the end of a stack.
pub fn of_cpu(kernel: &Kernel, cpu: u32) -> Vec<Area> {
    let ends = [
        ("irq_stack_ptr", thread_size(kernel), StackKind::Irq),
        ("overflow_stack_ptr", OVERFLOW_STACK_SIZE, StackKind::Exception("OVERFLOW".to_owned())),
    ];
    ends.into_iter()
        .filter_map(|(name, size, kind)| {
            kernel.symbol(name)?;
            let to = kernel.pointer(kernel.per_cpu(name, cpu).ok()?).ok()?;
            Some(Area { kind, from: to.checked_sub(size)?, to })
        })
        .collect()
}

/// The kernel's own unwind tables, and its modules', which it keeps in a list (arch/arm/kernel/unwind.c).
pub(crate) fn tables(kernel: &Kernel) -> Exidx {
    let range = |start: &str, end: &str| Some(kernel.symbol(start)?..kernel.symbol(end)?);
    let Some(index) = range("__start_unwind_idx", "__stop_unwind_idx") else { return Exidx::default() };
    let code = [range("_stext", "_etext"), range("_sinittext", "_einittext")];
    let mut tables: Vec<_> = code.into_iter().flatten().map(|code| (code, index.clone())).collect();
    let modules = kernel.symbol("unwind_tables").filter(|_| kernel.has_type("struct unwind_table"));
    for table in modules.into_iter().flat_map(|head| kernel.list(head, "struct unwind_table", "list")) {
        let read = || {
            let table = table.ok()?.load().ok()?;
            let number = |member| table.member(member).and_then(|member| member.u64()).ok();
            Some((number("begin_addr")?..number("end_addr")?, number("start")?..number("stop")?))
        };
        let Some(table) = read() else {
            kernel.note(crate::stack::OF_MODULES, &"the list of them is damaged");
            break;
        };
        tables.push(table);
    }
    Exidx::new(tables)
}

/// Size of a task's stack.
pub fn thread_size(kernel: &Kernel) -> u64 {
    kernel.size_of("union thread_union").filter(|size| size.is_power_of_two()).unwrap_or(THREAD_SIZE)
}

/// Where a task that no CPU runs was switched away from: `cpu_context` of its `thread_info`, which is in the task since 5.16
/// ("ARM: smp: Enable THREAD_INFO_IN_TASK"), and at the bottom of its stack before.
pub fn switched(kernel: &Kernel, task: u64) -> Result<Start, String> {
    let member = "thread_info.cpu_context";
    let in_task = kernel.offset_of("struct task_struct", member).map(|offset| task.wrapping_add(offset));
    let at = if let Some(at) = in_task {
        at
    } else {
        let offset = kernel.offset_of("struct thread_info", "cpu_context");
        let stack = kernel.offset_of("struct task_struct", "stack").map(|offset| task.wrapping_add(offset));
        let (offset, stack) = offset.zip(stack).ok_or("the offset of cpu_context is not known")?;
        kernel.pointer(stack).map_err(|error| error.to_string())?.wrapping_add(offset)
    };
    let read = |name: &str| {
        let offset = kernel.offset_of("struct cpu_context_save", name);
        let offset = offset.ok_or_else(|| format!("the offset of cpu_context.{name} is not known"))?;
        kernel.pointer(at.wrapping_add(offset)).map_err(|error| error.to_string())
    };
    let mut kept = Registers::new(&FILE);
    for (name, number) in KEPT {
        if let Ok(value) = read(name) {
            kept.set(NUMBERED[number], value);
        }
    }
    let pc = read("pc")? & !1;
    // A task that has never run begins with the function itself, not behind a call in it.
    let fork = kernel.symbol("ret_from_fork").map(|at| at & !1) == Some(pc);
    Ok(Start {
        pc: Some(pc),
        sp: read("sp")?,
        fp: read("fp").ok(),
        registers: None,
        kept: Some(kept),
        call: !fork,
        trust: Trust::Switched,
        begins: member.to_owned(),
    })
}
