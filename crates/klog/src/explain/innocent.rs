//! Who is in a report and innocent, and why: workers that run what others queued, programs that only loaded a module,
//! tasks that only noticed.
//!
//! Must never absolve on thin evidence, and leaves interrupted tasks to the notices.

use crate::context::task_words;
use crate::facts::Facts;
use crate::grammar::frame::base_name;
use oopscope_report::{Context, FrameRole, Prose, Report, StackRole};

/// The innocent of a report: the kind's own first.
pub(super) fn of(facts: &Facts) -> Vec<Prose> {
    let report = &facts.report;
    let mut innocent = (facts.rule.innocent)(facts);
    if report.context == Context::Process {
        innocent.extend(worker(facts));
        innocent.extend(loader(report));
    }
    innocent.extend(panic_on(report));
    innocent
}

/// A kworker runs work for others.
fn worker(facts: &Facts) -> Option<Prose> {
    let report = &facts.report;
    let work = report.workqueue.as_deref()?;
    let line = facts.find_line(|text| text.contains("Workqueue: ").then_some(())).map(|((), line)| line);
    // `events guest_work [oops_guest]`: the queue, the function, its module.
    let function = work.rsplit(' ').find(|word| !word.starts_with('[')).unwrap_or(work);
    Some(
        Prose::default()
            .claim(format!("{} is a worker", task_words(report)), report.task_line)
            .text(" that runs work for others. The work item was ")
            .code(function, line)
            .text("; who queued it is not in the trace."),
    )
}

/// Programs that load modules.
const LOADERS: [&str; 6] = ["insmod", "modprobe", "systemd-modules", "systemd-udevd", "(udev-worker)", "kmod"];

/// A program that loaded a module has nothing to do with what its init function does.
fn loader(report: &Report) -> Option<Prose> {
    let comm = report.comm.as_deref().filter(|comm| LOADERS.contains(comm))?;
    let module = report.culprit.as_ref()?.module.as_deref()?;
    let frame = report
        .stacks
        .iter()
        .filter(|stack| matches!(stack.role, StackRole::Crash | StackRole::Interrupted | StackRole::Panic))
        .flat_map(|stack| &stack.frames)
        .find(|frame| frame.reliable && frame.function.as_deref().is_some_and(|f| base_name(f) == "do_init_module"))?;
    Some(
        Prose::default()
            .claim(comm, report.task_line)
            .text(" only loaded ")
            .code(module, report.culprit.as_ref().map(|culprit| culprit.line))
            .text(": what failed is the module's own initialization, called from ")
            .code("do_init_module", Some(frame.line))
            .text("."),
    )
}

/// The panic's own frames belong to the setting that asked for it.
fn panic_on(report: &Report) -> Option<Prose> {
    let panic = report.panic.as_ref().filter(|panic| panic.reason.contains("panic_on_warn set"))?;
    let own = report
        .stacks
        .iter()
        .filter(|stack| stack.role == StackRole::Panic)
        .flat_map(|stack| &stack.frames)
        .find(|frame| frame.role == FrameRole::Return && frame.function.as_deref() == Some("panic"))?;
    Some(
        Prose::default()
            .text("The trace below ")
            .claim("the panic", Some(panic.line))
            .text(" (from ")
            .code("panic", Some(own.line))
            .text(" on) is the way to the stop that panic_on_warn asked for, not a second failure."),
    )
}
