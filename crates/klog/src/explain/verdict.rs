//! The verdict: what happened, where, in which context, and how it ended, in one or two sentences.
//!
//! The kind gives the beginning (`Rule::lead`). Must never blame: whom the report blames is `culprit`'s.

use super::Surroundings;
use crate::context::{task_words, words};
use crate::facts::Facts;
use crate::kinds::panic;
use oopscope_report::{Context, Prose, Report};

/// What the panic's reason means for this report.
pub(super) fn panic_meaning(report: &Report) -> Option<&'static str> {
    let reason = &report.panic.as_ref()?.reason;
    if reason.ends_with("in interrupt") && report.context == Context::Process {
        // in_interrupt() also holds on an exception stack and with bottom halves off (kernel/panic.c, `oops_end`).
        return Some(
            "the fault happened where no task can be killed, on an exception stack or with bottom halves off: the kernel can only stop",
        );
    }
    panic::meaning(reason)
}

pub(super) fn write(facts: &Facts, around: &Surroundings) -> Prose {
    let report = &facts.report;
    let mut prose = facts.lead.clone();
    if facts.rule.is_panic {
        if let Some(culprit) = report
            .culprit
            .as_ref()
            .filter(|_| report.panic.as_ref().is_some_and(|p| panic::meaning(&p.reason).is_none()))
        {
            prose = prose.text("; it was decided in ").code(culprit.function.clone(), Some(culprit.line));
        }
        return end_sentence(prose);
    }
    prose = place(prose, facts);
    match report.context {
        // The lead has named the task that matters; the one on the report's CPU line is the watchdog's.
        _ if facts.rule.names_task => {}
        Context::Process | Context::Unknown => {
            if let Some(cpu) = report.cpu {
                prose = prose.text(format!(", on CPU {cpu}"));
            }
            if report.context == Context::Process && report.comm.is_some() {
                prose = prose.text(" in ").claim(format!("task {}", task_words(report)), report.task_line);
            }
        }
        context => {
            let line = report.stacks.first().map(|stack| stack.line);
            let article = if context == Context::Exception { "on an " } else { "in a " };
            prose = prose.text(", ").strong(format!("{article}{}", words(context)), line);
            if let Some(cpu) = report.cpu {
                prose = prose.text(format!(" on CPU {cpu}"));
            }
        }
    }
    fate(end_sentence(prose), facts, around)
}

/// Ends the sentence: a comma that waited for a place goes, and what the kernel ended itself gets no second full stop.
fn end_sentence(mut prose: Prose) -> Prose {
    if let Some(last) = prose.0.last_mut() {
        let kept = last.text.trim_end_matches([',', ' ', '.']).len();
        last.text.truncate(kept);
    }
    prose.0.retain(|span| !span.text.is_empty());
    prose.text(".")
}

/// "by irq_work+0x33/0x140 of the out-of-tree module oops_guest".
fn place(prose: Prose, facts: &Facts) -> Prose {
    let report = &facts.report;
    let Some(culprit) = &report.culprit else {
        // Kinds that blame nobody have said all.
        return if facts.blamed.is_empty() { prose } else { prose.text(" at a place that the log does not name") };
    };
    let prose = prose.text(" ");
    let pc = facts.pc.as_ref().filter(|pc| pc.function.is_some());
    // What a check or a guard page notices happens in a function; an access is made by one.
    let by = match facts.report.kind.name() {
        "oops" | "gpf" | "trap" | "internal-error" | "divide-error" | "invalid-opcode" | "int3" | "stack-segment" => {
            "by "
        }
        _ => "in ",
    };
    let is_pc =
        pc.is_some_and(|pc| pc.line == culprit.line || (pc.module == culprit.module && pc.offset == culprit.offset));
    let name = match culprit.offset {
        Some(offset) => format!("{}+{offset:#x}", culprit.function),
        None => culprit.function.clone(),
    };
    let mut prose = match pc {
        Some(pc) if !is_pc => prose
            .text(by)
            .code(format!("{}+{:#x}", pc.function.as_deref().unwrap_or("?"), pc.offset.unwrap_or(0)), Some(pc.line))
            .text(", called from "),
        None if facts.pc.is_some() => prose.text("called from "),
        _ => prose.text(by),
    };
    prose = prose.code(name, Some(culprit.line));
    if let Some(module) = &culprit.module {
        let outside = report.modules.iter().any(|m| &m.name == module && m.flags.contains('O'));
        prose = prose
            .text(if outside { " of the out-of-tree module " } else { " of module " })
            .code(module.clone(), Some(culprit.line));
    }
    prose
}

/// How it ended: the panic, the killed task, or that the log does not tell.
fn fate(prose: Prose, facts: &Facts, around: &Surroundings) -> Prose {
    let report = &facts.report;
    if let Some(panic) = &report.panic {
        let prose = prose.text(" The kernel then ").strong("panicked", Some(panic.line)).text(": ");
        let words = panic_meaning(report).unwrap_or(panic.reason.as_str());
        return end_sentence(prose.claim(words, Some(panic.line)));
    }
    let end = around.end_of_boot.filter(|end| end.line > report.last_line);
    if !facts.rule.dies {
        return match facts.rule.went_on {
            "" => prose,
            _ if end.is_none() => prose.text(" The log ends with it."),
            words => prose.text(" ").text(words),
        };
    }
    let later = end.and_then(|end| end.time).filter(|(line, _)| *line > report.last_line);
    match (later, report.time) {
        (Some((line, last)), Some(time)) if last > time => {
            let prose = prose
                .text(" The machine survived: ")
                .claim(format!("it logged for {} more", seconds(last - time)), Some(line));
            if matches!(report.context, Context::Process) && report.comm.is_some() {
                prose.text("; the task was killed.")
            } else {
                prose.text(".")
            }
        }
        _ if end.is_some_and(|end| end.line > report.last_line + 3) => {
            prose.text(" The log goes on after it: the machine survived, at least for a while.")
        }
        _ => prose.text(" The log ends here: whether the machine survived can't be read from it."),
    }
}

pub(super) fn seconds(span: f64) -> String {
    if span < 1.0 {
        format!("{span:.3} s")
    } else if span < 120.0 {
        format!("{span:.1} s")
    } else if span < 7200.0 {
        format!("{:.0} min", span / 60.0)
    } else {
        format!("{:.1} h", span / 3600.0)
    }
}
