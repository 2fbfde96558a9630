//! Where stacks of arm64 lie: a task's, and those that every CPU has for interrupts, overflows and firmware's events.
//! Must never follow one, nor let one that cannot be found cost the others.

use super::registers::{DWARF, FILE};
use super::unwind::Shape;
use crate::Kernel;
use crate::stack::registers::Registers;
use crate::stack::walk::{Area, Start};
use oopscope_report::vmcore::{StackKind, Trust};

/// Size of a task's stack where its types do not tell: `THREAD_SIZE` without KASAN, with pages of 4 and 16 KiB.
pub const THREAD_SIZE: u64 = 16 << 10;

/// `OVERFLOW_STACK_SIZE` (arch/arm64/include/asm/memory.h).
const OVERFLOW_STACK_SIZE: u64 = 4 << 10;

/// The stacks of a CPU, without those of tasks; all but the one for overflows are as large as a task's.
pub fn of_cpu(kernel: &Kernel, cpu: u32) -> Vec<Area> {
    let size = thread_size(kernel);
    let pointers = [
        ("irq_stack_ptr", StackKind::Irq),
        ("sdei_stack_normal_ptr", StackKind::Exception("SDEI".to_owned())),
        ("sdei_stack_critical_ptr", StackKind::Exception("SDEI critical".to_owned())),
    ];
    let mut areas = Vec::new();
    for (name, kind) in pointers {
        let Some(place) = kernel.symbol(name).and_then(|_| kernel.per_cpu(name, cpu).ok()) else { continue };
        let Ok(from) = kernel.pointer(place) else { continue };
        if let Some(to) = from.checked_add(size).filter(|_| from != 0) {
            areas.push(Area { kind, from, to });
        }
    }
    if let Some(from) = kernel.symbol("overflow_stack").and_then(|_| kernel.per_cpu("overflow_stack", cpu).ok()) {
        let to = from.saturating_add(OVERFLOW_STACK_SIZE);
        areas.push(Area { kind: StackKind::Exception("OVERFLOW".to_owned()), from, to });
    }
    areas
}

/// Size of a task's stack.
pub fn thread_size(kernel: &Kernel) -> u64 {
    let usual = THREAD_SIZE.max(kernel.page_size());
    kernel.size_of("union thread_union").filter(|size| size.is_power_of_two()).unwrap_or(usual)
}

/// How this kernel marks saved registers.
pub fn shape(kernel: &Kernel) -> Shape {
    let usual = Shape::default();
    Shape {
        record: kernel.offset_of("struct pt_regs", "stackframe").unwrap_or(usual.record),
        meta: kernel.has_type("struct frame_record_meta"),
    }
}

/// Where a task that no CPU runs was switched away from: `thread.cpu_context` (arch/arm64/kernel/entry.S,
/// `cpu_switch_to`).
pub fn switched(kernel: &Kernel, task: u64) -> Result<Start, String> {
    let read = |member: &str| {
        let path = format!("thread.cpu_context.{member}");
        let offset =
            kernel.offset_of("struct task_struct", &path).ok_or(format!("the offset of {path} is not known"))?;
        kernel.pointer(task.wrapping_add(offset)).map_err(|error| error.to_string())
    };
    let pc = kernel.arch().strip(read("pc")?);
    // A task that has never run begins with the function itself, not behind a call in it.
    let fork = kernel.symbol("ret_from_fork") == Some(pc);
    let mut kept = Registers::new(&FILE);
    for x in 19..=28 {
        if let (Ok(value), Some(&index)) = (read(&format!("x{x}")), DWARF.get(x)) {
            kept.set(index, value);
        }
    }
    Ok(Start {
        pc: Some(pc),
        sp: read("sp")?,
        fp: Some(read("fp")?),
        registers: None,
        kept: Some(kept),
        call: !fork,
        trust: Trust::Switched,
        begins: "thread.cpu_context".to_owned(),
    })
}
