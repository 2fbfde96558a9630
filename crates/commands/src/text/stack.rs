//! Stacks, in the layout of crash's `bt`. Must never leave out how a frame was found where that makes it doubtful.

use super::bare;
use oopscope_report::vmcore::{Backtrace, Cpu, ExceptionFrame, Frame, Panic, RegisterValue, StackKind, Trust};
use std::fmt::Write as _;

/// What of a stack is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The registers that it begins with.
    pub(crate) registers: bool,
}

/// A task's stack.
pub fn backtrace(backtrace: &Backtrace) -> String {
    backtrace_as(backtrace, Shown::default())
}

/// A task's stack, as an option wants it.
pub(crate) fn backtrace_as(backtrace: &Backtrace, shown: Shown) -> String {
    let mut out = String::new();
    if let Some(task) = &backtrace.task {
        let cpu = task.cpu.map_or("?".to_owned(), |cpu| cpu.to_string());
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "PID: {:<8} TASK: {}  CPU: {cpu:<3} COMMAND: {:?}",
            task.pid,
            bare(task.address.0),
            task.comm
        );
    }
    if shown.registers && !backtrace.registers.is_empty() {
        let _ = writeln!(out, "    [registers: {}]", backtrace.begins);
        registers(&mut out, &backtrace.registers);
    }
    frames(&mut out, &backtrace.frames);
    ends(&mut out, &backtrace.ends, backtrace.complete);
    out
}

/// Each CPU with its current task's stack.
pub fn cpus(cpus: &[Cpu]) -> String {
    let mut out = String::new();
    for cpu in cpus {
        if !out.is_empty() {
            out.push('\n');
        }
        if cpu.online {
            out += &backtrace(&cpu.backtrace);
        } else {
            let _ = writeln!(out, "CPU: {} was not online", cpu.number);
        }
    }
    out
}

/// The stack of the task that panicked.
pub fn panic_backtrace(panic: &Panic) -> String {
    let mut out = String::new();
    if let (Some(pid), Some(task)) = (panic.pid, panic.task) {
        let cpu = panic.cpu.map_or("?".to_owned(), |cpu| cpu.to_string());
        let comm = panic.comm.as_deref().unwrap_or_default();
        let _ = writeln!(out, "PID: {pid:<8} TASK: {}  CPU: {cpu:<3} COMMAND: {comm:?}", bare(task.0));
    }
    frames(&mut out, &panic.backtrace);
    if panic.backtrace.is_empty() {
        ends(&mut out, &panic.backtrace_ends, false);
    }
    out
}

fn ends(out: &mut String, words: &str, complete: bool) {
    if !complete && !words.is_empty() {
        let _ = writeln!(out, "    [ends here: {words}]");
    }
}

fn frames(out: &mut String, frames: &[Frame]) {
    let mut stack = &StackKind::Task;
    for (number, frame) in frames.iter().enumerate() {
        if *stack != frame.stack {
            // Writing to a String does not fail.
            let _ = writeln!(out, "--- {} ---", stack_name(&frame.stack));
        }
        stack = &frame.stack;
        let _ = writeln!(out, "{}", line(number, frame));
        if let Some(exception) = &frame.exception {
            interrupted(out, exception);
        }
    }
}

/// ` #3 [ffffb2c9c0193d30] __handle_sysrq+0xa3/0x190 at ffffffff8f5d3bd6`.
pub(super) fn line(number: usize, frame: &Frame) -> String {
    let mut line = format!("{:>3} ", format!("#{number}"));
    if let Some(sp) = frame.sp {
        let _ = write!(line, "[{}] ", bare(sp.0));
    }
    line += &name(frame);
    let _ = write!(line, " at {}", bare(frame.address.0));
    if let (Some(file), Some(number)) = (&frame.file, frame.line) {
        let _ = write!(line, " {file}:{number}");
    }
    match frame.trust {
        Trust::Scan => line += "  (found by scanning the stack: may be left over)",
        Trust::Registers | Trust::Switched | Trust::Orc | Trust::Cfi | Trust::FramePointer => {}
    }
    if frame.inlined {
        line += "  (inlined)";
    }
    line
}

fn name(frame: &Frame) -> String {
    let mut name = match &frame.function {
        // Where a function that was inlined begins, nothing tells.
        Some(function) if frame.inlined => function.clone(),
        Some(function) => {
            let size = frame.size.map(|size| format!("/{size:#x}")).unwrap_or_default();
            format!("{function}+{:#x}{size}", frame.offset)
        }
        None => "(no symbol)".to_owned(),
    };
    if let Some(module) = &frame.module {
        let _ = write!(name, " [{module}]");
    }
    name
}

fn stack_name(stack: &StackKind) -> String {
    match stack {
        StackKind::Task => "<task's stack>".to_owned(),
        StackKind::Irq => "<IRQ stack>".to_owned(),
        StackKind::Softirq => "<softirq stack>".to_owned(),
        StackKind::Exception(name) => format!("<{name} exception stack>"),
        StackKind::Unknown => "<unknown stack>".to_owned(),
    }
}

fn interrupted(out: &mut String, exception: &ExceptionFrame) {
    let what = exception.what.as_deref().unwrap_or("exception");
    let whom = if exception.user { " of user space" } else { "" };
    let _ = writeln!(out, "    [{what}{whom}: registers at {}]", bare(exception.at.0));
    registers(out, &exception.registers);
}

pub(super) fn registers(out: &mut String, registers: &[RegisterValue]) {
    for row in registers.chunks(3) {
        let cells: Vec<String> =
            row.iter().map(|register| format!("{:>6}: {}", register.name, bare(register.value.0))).collect();
        let _ = writeln!(out, "   {}", cells.join(" "));
    }
}
