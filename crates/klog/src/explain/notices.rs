//! The notices: what a reader must not miss, because without it he would blame the wrong task or read the wrong report.
//!
//! Must never repeat what the verdict or the explanation says.

use super::Surroundings;
use crate::context::task_words;
use crate::facts::Facts;
use crate::segment::End;
use oopscope_report::{Context, FrameRole, Notice, NoticeKind, Prose, Report, StackRole};

pub(super) fn write(facts: &Facts, around: &Surroundings) -> Vec<Notice> {
    let report = &facts.report;
    let mut notices = Vec::new();
    let mut add = |kind, prose| notices.push(Notice { kind, prose });
    if let Some(prose) = not_first(around) {
        add(NoticeKind::NotFirst, prose);
    }
    if let Some(prose) = victim(report) {
        add(NoticeKind::Victim, prose);
    }
    if let Some(prose) = earlier_not_in_log(facts, around) {
        add(NoticeKind::EarlierNotInLog, prose);
    }
    if let Some((first, last)) = facts.repeated {
        let lines =
            if first == last { format!("Line {first} repeats") } else { format!("Lines {first} to {last} repeat") };
        add(
            NoticeKind::Repeated,
            Prose::default()
                .claim(lines, Some(first))
                .text(" the registers of the first Oops of this boot: x86 prints them at the end of every later one. They are not counted as this report's."),
        );
    }
    if let Some(prose) = damaged(facts) {
        add(NoticeKind::Damaged, prose);
    }
    if let Some(line) = facts.foreign {
        add(
            NoticeKind::Damaged,
            Prose::default()
                .claim(format!("At line {line} another message runs into this report"), Some(line))
                .text(", and the log has no caller ids (CONFIG_PRINTK_CALLER): ")
                .guess("which lines belong together is told by their form alone, and may be wrong.", None),
        );
    }
    for prose in hints(facts) {
        add(NoticeKind::Hint, prose);
    }
    notices
}

fn not_first(around: &Surroundings) -> Option<Prose> {
    let (index, line) = around.cause.or(around.first)?;
    let prose = Prose::default().strong(format!("Look at report {} first.", index + 1), Some(line)).text(" ");
    Some(if around.cause.is_some() {
        prose
            .text("It came earlier in the same boot and left the kernel damaged: ")
            .guess("this one may be its consequence.", None)
    } else {
        prose.text("It came earlier in the same boot. Nothing in the log ties the two together.")
    })
}

/// In interrupt context the task on the report is the one that was interrupted.
fn victim(report: &Report) -> Option<Prose> {
    let arrival = match report.context {
        Context::Hardirq => "the interrupt arrived",
        Context::Softirq => "the soft interrupt ran",
        Context::Nmi => "the non-maskable interrupt arrived",
        _ => return None,
    };
    let comm = report.comm.as_deref()?;
    let line = report.task_line;
    let cpu = report.cpu.map_or_else(|| "the CPU".to_owned(), |cpu| format!("CPU {cpu}"));
    if comm.starts_with("ksoftirqd") {
        return Some(
            Prose::default()
                .strong(format!("{} only runs soft interrupts for others.", task_words(report)), line)
                .text(" Who raised this one is not in the trace: look at the function that it ran."),
        );
    }
    if comm.starts_with("swapper") && report.pid == Some(0) {
        return Some(Prose::default().strong(format!("{cpu} was idle when {arrival}."), line).text(format!(
            " The report names {comm} because it is the CPU's idle task; it has nothing to do with the crash."
        )));
    }
    let mut prose = Prose::default()
        .strong(format!("{} is the victim, not the culprit.", task_words(report)), line)
        .text(format!(" It was running on {cpu} when {arrival}; the faulting code ran on top of it, not for it."));
    // The one case in which the victim has to do with it after all: its own frames lie in the culprit's module.
    let module = report.culprit.as_ref().and_then(|culprit| culprit.module.as_deref());
    let own = module.and_then(|module| {
        report
            .stacks
            .iter()
            .filter(|stack| stack.role == StackRole::Interrupted)
            .flat_map(|stack| &stack.frames)
            .find(|frame| frame.reliable && frame.module.as_deref() == Some(module))
    });
    if let (Some(frame), Some(module)) = (own, module) {
        prose = prose
            .text(" Here the interrupted code was itself in ")
            .code(module, Some(frame.line))
            .text(" (")
            .code(frame.function.clone().unwrap_or_default(), Some(frame.line))
            .text("): ")
            .guess("it may have raised the interrupt.", None);
    }
    Some(prose)
}

fn earlier_not_in_log(facts: &Facts, around: &Surroundings) -> Option<Prose> {
    let report = &facts.report;
    let has = |letter| report.taint.as_ref().is_some_and(|taint| taint.flags.iter().any(|flag| flag.letter == letter));
    let taint_line = report.taint.as_ref().map(|taint| taint.line);
    if report.die_counter.is_some_and(|n| n > 1) && !around.died_before {
        let n = report.die_counter.unwrap_or(0);
        return Some(
            Prose::default()
                .claim(
                    format!("[#{n}]: the kernel has died {} before in this boot", times(n - 1)),
                    report.trap.as_ref().map(|trap| trap.line),
                )
                .text(", but that is not in this log. The first report deserves the attention: look for an older log."),
        );
    }
    if has('D') && !around.died_before && report.die_counter.is_none() {
        return Some(
            Prose::default()
                .claim("Taint D: the kernel has died before in this boot", taint_line)
                .text(", but that is not in this log. The first report deserves the attention: look for an older log."),
        );
    }
    if has('W') && !around.warned_before {
        return Some(
            Prose::default()
                .claim("Taint W: the kernel has warned before in this boot", taint_line)
                .text(", but that WARNING is not in this log. It may be the cause: look for an older log."),
        );
    }
    None
}

fn times(n: u32) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// Says what is missing of a report that is not whole.
fn damaged(facts: &Facts) -> Option<Prose> {
    if let Some(reason) = &facts.report.corrupted_reason {
        return Some(Prose::default().strong("This report is damaged:", None).text(format!(" {reason}.")));
    }
    let ended = match facts.end {
        End::Marked | End::Quiet => return None,
        End::LogEnded if !facts.rule.dies || facts.rule.is_panic => return None,
        End::LogEnded => "The log ends before the report does",
        End::Interrupted if !facts.rule.dies => return None,
        End::Interrupted => "The next report begins before this one has ended",
        End::Limit => "The report is longer than what is read of one",
    };
    let missing: Vec<_> = [
        ("the trace", facts.report.stacks.iter().all(|stack| stack.frames.len() < 2)),
        ("the registers", facts.report.registers.is_empty()),
        ("the Code: bytes", facts.report.code.is_none()),
        ("the end mark", true),
    ]
    .into_iter()
    .filter_map(|(what, missing)| missing.then_some(what))
    .collect();
    Some(Prose::default().strong(ended, Some(facts.report.last_line)).text(format!(
        ": missing {} {}.",
        if missing.len() == 1 { "is" } else { "are" },
        missing.join(", ")
    )))
}

fn hints(facts: &Facts) -> Vec<Prose> {
    let report = &facts.report;
    let mut hints = Vec::new();
    let misled = report.stacks.iter().flat_map(|stack| stack.frames.windows(2)).find(|pair| {
        let calls_panic =
            pair[0].function.as_deref().is_some_and(|name| matches!(name, "panic" | "vpanic" | "__stack_chk_fail"));
        calls_panic && pair[1].offset == Some(0) && pair[1].role == FrameRole::Return
    });
    if let Some([panic, next]) = misled {
        hints.push(
            Prose::default()
                .code(format!("{}+0x0", next.function.as_deref().unwrap_or("?")), Some(next.line))
                .text(" is not the caller of ")
                .code(panic.function.clone().unwrap_or_default(), Some(panic.line))
                .text(", which never returns: the return address lies just behind the caller's last instruction, where the next function begins. The caller is the function before it in the same module."),
        );
    }
    if let Some(flag) = report.taint.as_ref().and_then(|taint| taint.flags.iter().find(|flag| flag.letter == 'M')) {
        hints.push(
            Prose::default()
                .claim(format!("Taint M: {}", flag.meaning), report.taint.as_ref().map(|taint| taint.line))
                .text("."),
        );
    }
    // `irqs disabled` is how every page fault ends; a raised preempt_count is a lock that was held.
    if let Some((text, line)) = facts.exit_note.as_ref().filter(|(text, _)| text.contains("preempt_count"))
        && report.panic.is_none()
    {
        hints.push(Prose::default().text("The kernel noted: ").claim(text.clone(), Some(*line)).text(
            ". It held a spinlock or had preemption off, and nobody releases that now: what waits for it will hang.",
        ));
    }
    hints
}
