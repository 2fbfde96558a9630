//! The stacks of the committed dump: a write to NULL in a hard interrupt, in a module, which panicked.

use oopscope_dump::{Dump, Part};
use oopscope_kernel::{Kernel, stack};
use oopscope_report::vmcore::{StackKind, Trust};

fn kernel() -> Kernel {
    let bytes: &[u8] = include_bytes!("../../../tests/fixtures/dumps/small.vmcore");
    let part = Part { name: "small.vmcore".to_owned(), bytes: Box::new(bytes.to_vec()) };
    let mut kernel = Kernel::open(Dump::open(vec![part], &mut |_| true).unwrap(), &mut |_| true).unwrap();
    kernel.load_symbols(&mut |_| true).unwrap();
    kernel
}

#[test]
fn a_panic_in_a_hard_interrupt_is_followed_from_its_stack_to_user_mode() {
    let kernel = kernel();
    let (cpu, found) = stack::panic_cpu(&kernel).unwrap();
    assert_eq!((cpu, found), (1, "panic_cpu"));
    let trace = stack::cpu(&kernel, cpu).backtrace;
    let outline: Vec<_> = trace
        .frames
        .iter()
        .map(|frame| {
            let what = frame.exception.as_ref().and_then(|saved| saved.what.clone()).unwrap_or_default();
            (
                frame.function.as_deref().unwrap_or("?"),
                frame.module.as_deref().unwrap_or(""),
                frame.trust,
                &frame.stack,
                what,
            )
        })
        .collect();
    let (irq, task) = (&StackKind::Irq, &StackKind::Task);
    let of = |name, stack, trust| (name, "", trust, stack, String::new());
    let orc = |name, stack| of(name, stack, Trust::Orc);
    let module = |name, stack, trust| (name, "oops_guest", trust, stack, String::new());
    let entered = |name, stack, what: &str| (name, "", Trust::Orc, stack, what.to_owned());
    assert_eq!(
        outline,
        [
            of("delay_tsc", irq, Trust::Registers),
            orc("panic", irq),
            orc("oops_end", irq),
            orc("page_fault_oops", irq),
            orc("exc_page_fault", irq),
            entered("asm_exc_page_fault", irq, "page fault"),
            module("guest_irq_null_write", irq, Trust::Registers),
            orc("irq_work_single", irq),
            orc("irq_work_run_list", irq),
            orc("irq_work_run", irq),
            orc("sysvec_irq_work", irq),
            entered("asm_sysvec_irq_work", task, "interrupt"),
            of("arch_irq_work_raise", task, Trust::Registers),
            orc("irq_work_queue", task),
            module("oops_guest_init", task, Trust::Orc),
            orc("do_one_initcall", task),
            orc("do_init_module", task),
            orc("init_module_from_file", task),
            orc("__x64_sys_finit_module", task),
            orc("do_syscall_64", task),
            entered("entry_SYSCALL_64_after_hwframe", task, "system call"),
        ]
    );
    assert_eq!((trace.ends.as_str(), trace.complete), ("user mode", true));
    assert!(trace.frames.last().unwrap().exception.as_ref().unwrap().user);
}

#[test]
fn every_stack_ends_where_it_should() {
    let kernel = kernel();
    let (tasks, _) = oopscope_kernel::tasks::tasks(&kernel);
    assert!(tasks.len() > 40, "{} tasks", tasks.len());
    for task in tasks {
        let trace = stack::task_backtrace(&kernel, task.address.0);
        assert!(trace.complete, "{} {}: {}", task.pid, task.comm, trace.ends);
        assert!(trace.frames.iter().all(|frame| frame.trust != Trust::Scan), "{} {}", task.pid, task.comm);
    }
}
