//! In which context the faulting code ran, and which stack belongs to which context.
//!
//! x86 tags the stacks of a trace (`<IRQ>`, `<NMI>`, `<TASK>`); what is a softirq it does not say, because softirqs run
//! on the interrupt stack too, but the frames do. arm and arm64 tag nothing: there the entry functions in the trace
//! show where an interrupt came in. Must never use unreliable frames, and must say where it infers.

use crate::facts::Facts;
use crate::grammar::frame::base_name;
use oopscope_report::{Context, Frame, FrameRole, Prose, Report, Stack, StackRole};

/// Functions that run softirqs (kernel/softirq.c; `__do_softirq` gave its loop to `handle_softirqs` in 6.10).
const SOFTIRQ: [&str; 3] = ["handle_softirqs", "__do_softirq", "run_ksoftirqd"];

/// Functions through which a hard interrupt comes, innermost ones too: generic, x86, arm64, arm, powerpc, s390, riscv,
/// mips, loongarch, sparc, parisc.
const HARDIRQ: [&str; 38] = [
    "handle_irq_event",
    "__handle_irq_event_percpu",
    "handle_irq_event_percpu",
    "generic_handle_irq",
    "generic_handle_domain_irq",
    "handle_irq_desc",
    "__handle_domain_irq",
    "irq_work_run",
    "irq_work_single",
    "common_interrupt",
    "__common_interrupt",
    "do_IRQ",
    "hrtimer_interrupt",
    "flush_smp_call_function_queue",
    "__flush_smp_call_function_queue",
    "gic_handle_irq",
    "do_interrupt_handler",
    "el1_interrupt",
    "el0_interrupt",
    "do_handle_IPI",
    "ipi_handler",
    "handle_IPI",
    "generic_smp_call_function_single_interrupt",
    "arch_do_IRQ",
    "timer_interrupt",
    "__do_irq",
    "doorbell_exception",
    "do_io_irq",
    "do_ext_irq",
    "do_irq_async",
    "do_irq",
    "handle_riscv_irq",
    "riscv_intc_irq",
    "plat_irq_dispatch",
    "handle_loongarch_irq",
    "do_vint",
    "handler_irq",
    "do_cpu_irq_mask",
];

/// Where an interrupt came in, on architectures that do not tag stacks: everything further out was interrupted.
const ENTRIES: [&str; 19] = [
    "el1h_64_irq",
    "el1h_64_fiq",
    "el1t_64_irq",
    "el1_irq",
    "el0t_64_irq",
    "el0_irq",
    "__irq_svc",
    "__irq_usr",
    "ret_from_intr",
    "apic_timer_interrupt",
    // s390, mips, loongarch, sparc, parisc; powerpc marks the place itself.
    "io_int_handler",
    "ext_int_handler",
    "handle_int",
    "handle_vint",
    "tl0_irq5",
    "tl0_irq14",
    "tl0_irq15",
    "intr_return",
    // riscv's entry is the same for everything, and its symbol not always the right one: this is what it called.
    "do_irq",
];

/// Where a non-maskable interrupt came in.
const NMI: [&str; 4] = ["asm_exc_nmi", "end_repeat_nmi", "nmi_enter", "el1h_64_nmi"];

fn is_hardirq(name: &str) -> bool {
    HARDIRQ.contains(&name)
        || name.starts_with("sysvec_")
        || name.starts_with("__sysvec_")
        || name.starts_with("asm_sysvec_")
        || name.starts_with("smp_apic_")
}

fn name(frame: &Frame) -> &str {
    frame.function.as_deref().map_or("", base_name)
}

/// Finds the context of every stack and of the report, and gives the stacks their titles.
pub(crate) fn find(facts: &mut Facts) {
    split_untagged(&mut facts.report);
    let mut interrupted = false;
    let mut reason = Prose::default();
    let mut context = Context::Unknown;
    let mut first = true;
    for stack in &mut facts.report.stacks {
        if stack.title == "User mode" {
            continue;
        }
        let (found, why) = of_stack(stack, interrupted);
        stack.context = found;
        if matches!(found, Context::Hardirq | Context::Softirq | Context::Nmi | Context::Exception) {
            interrupted = true;
        }
        if stack.role == StackRole::Crash {
            if first {
                (context, reason, first) = (found, why, false);
            } else {
                stack.role = StackRole::Interrupted;
            }
        }
    }
    // The guard page's or double fault's exception stack holds only the handler: what matters is what overflowed.
    if context == Context::Exception
        && let Some(below) = facts.report.stacks.iter().find(|stack| stack.role == StackRole::Interrupted)
    {
        context = below.context;
        reason =
            Prose::default().text("the processor switched to an exception stack; the code ran on the one below it");
    }
    if context == Context::Unknown
        && let Some(panic) = facts.report.panic.as_ref().filter(|panic| panic.reason.contains("in interrupt"))
        && !facts.rule.is_panic
    {
        context = Context::Hardirq;
        reason = Prose::default()
            .guess("only the panic's reason says so; it is the same for soft interrupts", Some(panic.line));
    }
    facts.report.context = context;
    facts.report.context_reason = reason;
    title_stacks(facts);
}

fn of_stack(stack: &Stack, after_interrupt: bool) -> (Context, Prose) {
    let told =
        |tag: &str| Prose::default().claim(format!("the kernel printed the trace under <{tag}>"), Some(stack.line));
    let reliable = || stack.frames.iter().filter(|frame| frame.reliable);
    let inside = || {
        // What stands first from the inside decides: a softirq runs on the way out of a hard interrupt.
        reliable().find_map(|frame| match name(frame) {
            n if SOFTIRQ.contains(&n) => Some((Context::Softirq, frame)),
            n if NMI.contains(&n) => Some((Context::Nmi, frame)),
            n if is_hardirq(n) || ENTRIES.contains(&n) => Some((Context::Hardirq, frame)),
            _ => None,
        })
    };
    let called = |prose: Prose, frame: &Frame| prose.text("called from ").code(name(frame), Some(frame.line));
    match stack.tag.as_deref() {
        Some("NMI") => (Context::Nmi, told("NMI")),
        Some("SOFTIRQ") => (Context::Softirq, told("SOFTIRQ")),
        Some("TASK") => (Context::Process, told("TASK")),
        Some("IRQ") => match inside() {
            Some((Context::Softirq, frame)) => (Context::Softirq, called(told("IRQ").text(", "), frame)),
            Some((_, frame)) => (Context::Hardirq, called(told("IRQ").text(", "), frame)),
            None => (Context::Hardirq, told("IRQ").text("; ").guess("whether hard or soft can't be seen", None)),
        },
        Some(tag @ ("#DF" | "#DB" | "#MC" | "#VC" | "#VC2" | "DOUBLEFAULT" | "ENTRY_TRAMPOLINE" | "ENTRY")) => {
            (Context::Exception, told(tag))
        }
        _ if after_interrupt => {
            (Context::Process, Prose::default().claim("the trace goes on below the interrupt", Some(stack.line)))
        }
        _ => match inside() {
            Some((context, frame)) => (context, called(Prose::default(), frame)),
            None if reliable().any(|frame| frame.function.is_some() && frame.role != FrameRole::Pc) => {
                (Context::Process, Prose::default().claim("no interrupt is in the trace", Some(stack.line)))
            }
            None => (Context::Unknown, Prose::default()),
        },
    }
}

/// Splits stacks without tags where an interrupt came in.
fn split_untagged(report: &mut Report) {
    let mut at = 0;
    while at < report.stacks.len() {
        let stack = &report.stacks[at];
        // An x86 stack is tagged or, before 5.16, follows a tagged one: then it is whole.
        let tagged_before = at > 0 && report.stacks[at - 1].tag.is_some() && report.stacks[at - 1].role == stack.role;
        if stack.tag.is_some() || tagged_before || stack.title == "User mode" {
            at += 1;
            continue;
        }
        let entry = stack.frames.iter().position(|frame| frame.reliable && ENTRIES.contains(&name(frame)));
        // A softirq that the task ran itself, when it enabled bottom halves again.
        let own = stack.frames.iter().position(|frame| frame.reliable && name(frame) == "__local_bh_enable_ip");
        let inside_own = own.is_some_and(|end| {
            stack.frames[..end].iter().any(|frame| frame.reliable && SOFTIRQ.contains(&name(frame)))
        });
        let cut = match (entry, own.filter(|_| inside_own)) {
            // The frame of riscv's entry belongs to the interrupt, too.
            (Some(entry), _) if name(&stack.frames[entry]) == "do_irq" => entry + 2,
            (Some(entry), _) => entry + 1,
            (None, Some(own)) => own,
            (None, None) => {
                at += 1;
                continue;
            }
        };
        if cut >= stack.frames.len() {
            at += 1;
            continue;
        }
        let outer = report.stacks[at].frames.split_off(cut);
        report.stacks[at].guessed =
            Some("the kernel prints no mark here: Oopscope knows the entry function".to_owned());
        let line = outer.first().map_or(report.stacks[at].line, |frame| frame.line);
        let stack = Stack {
            role: report.stacks[at].role,
            line,
            frames: outer,
            tag: Some("TASK".to_owned()),
            ..Stack::default()
        };
        report.stacks.insert(at + 1, stack);
        // Mark it as inferred, not printed: the tag was only to say what it is.
        report.stacks[at + 1].tag = None;
        report.stacks[at + 1].context = Context::Process;
        at += 2;
    }
}

/// "hard interrupt", in words.
pub fn words(context: Context) -> &'static str {
    match context {
        Context::Process => "process context",
        Context::Hardirq => "hard interrupt",
        Context::Softirq => "soft interrupt",
        Context::Nmi => "non-maskable interrupt",
        Context::Exception => "exception stack",
        Context::Unknown => "unknown context",
    }
}

/// The task of a report, for people: `insmod (PID 121)`, `the idle task of CPU 1`.
pub(crate) fn task_words(report: &Report) -> String {
    match (report.comm.as_deref(), report.pid) {
        (Some(comm), Some(0)) if comm.starts_with("swapper") => {
            format!("the idle task{}", report.cpu.map_or_else(String::new, |cpu| format!(" of CPU {cpu}")))
        }
        (Some(comm), Some(pid)) => format!("{comm} (PID {pid})"),
        (Some(comm), None) => comm.to_owned(),
        (None, Some(pid)) => format!("PID {pid}"),
        (None, None) => "the current task".to_owned(),
    }
}

fn title_stacks(facts: &mut Facts) {
    let task = task_words(&facts.report);
    let deed = match facts.rule {
        rule if rule.is_panic => "where it panicked",
        rule if rule.dies => "where it crashed",
        _ => "where it warned",
    };
    let nobody = facts.report.comm.is_none() && facts.report.pid.is_none();
    let idle =
        facts.report.comm.as_deref().is_some_and(|comm| comm.starts_with("swapper")) && facts.report.pid == Some(0);
    for stack in &mut facts.report.stacks {
        if !stack.title.is_empty() {
            continue;
        }
        let place = match stack.context {
            Context::Process if idle => "Idle task".to_owned(),
            Context::Process if nobody => "Process context".to_owned(),
            Context::Process => format!("Task {task}"),
            Context::Unknown => "Trace".to_owned(),
            context => {
                let words = words(context);
                words[..1].to_uppercase() + &words[1..]
            }
        };
        stack.title = match stack.role {
            StackRole::Crash => format!("{place} — {deed}"),
            StackRole::Interrupted => format!("{place} — what it interrupted"),
            StackRole::Panic => format!("{place} — the panic's own way, after the report"),
            _ => format!("{place} — another trace of this report"),
        };
    }
}
