//! What a person must learn from a report, in words: the verdict, and the notices that must not be missed.
//!
//! Speaks from the report's facts, each claim with the line that proves it; what is inferred is marked as a guess.
//! Must never say more than the log shows.

use crate::address;
use crate::context::{task_words, words};
use crate::grammar::hex;
use crate::kinds::panic;
use crate::read::Facts;
use crate::segment::End;
use crate::sequence::BootEnd;
use oopscope_report::{AccessKind, AddressClass, Context, FrameRole, Notice, NoticeKind, Prose, Report, StackRole};

/// What the rest of the log tells about a report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// Index and first line of the first report of the same boot, when it is not this one.
    pub(crate) first: Option<(u32, u64)>,
    /// Index and first line of the earlier report of which this one may be a consequence.
    pub(crate) cause: Option<(u32, u64)>,
    /// An earlier report of this boot was an Oops or BUG.
    pub(crate) died_before: bool,
    /// An earlier report of this boot was a warning.
    pub(crate) warned_before: bool,
    /// How this boot ended.
    pub(crate) end_of_boot: Option<BootEnd>,
}

/// Writes the verdict and the notices.
pub(crate) fn explain(facts: &mut Facts, around: &Surroundings) {
    facts.report.verdict = verdict(facts, around);
    let meaning = panic_meaning(&facts.report);
    if let (Some(panic), Some(words)) = (&mut facts.report.panic, meaning) {
        panic.meaning = Prose::default().text(words);
    }
    facts.report.notices = notices(facts, around);
}

/// What the panic's reason means for this report.
fn panic_meaning(report: &Report) -> Option<&'static str> {
    let reason = &report.panic.as_ref()?.reason;
    if reason.ends_with("in interrupt") && report.context == Context::Process {
        // in_interrupt() also holds on an exception stack and with bottom halves off (kernel/panic.c, `oops_end`).
        return Some(
            "the fault happened where no task can be killed, on an exception stack or with bottom halves off: the kernel can only stop",
        );
    }
    panic::meaning(reason)
}

/// "A write to 0x100, inside the NULL page: …,".
pub(crate) fn access(facts: &Facts) -> Prose {
    let Some(access) = &facts.report.access else {
        return Prose::default()
            .claim("A bad memory access", Some(facts.header_line))
            .text(" (the log does not say to which address),");
    };
    let kind = match access.kind {
        AccessKind::Read => "A read from ",
        AccessKind::Write => "A write to ",
        AccessKind::Execute => "An instruction fetch from ",
        AccessKind::Unknown => "An access to ",
    };
    let address =
        access.address.as_deref().and_then(hex).map_or("an unknown address".to_owned(), |value| format!("{value:#x}"));
    let mut prose =
        Prose::default().claim(kind.trim_end(), access.kind_line).text(" ").code(address, Some(access.line));
    if access.kind == AccessKind::Execute && access.class == AddressClass::NullPage {
        return prose.text(": ").text("a call through a NULL function pointer,");
    }
    prose = prose.text(", ");
    prose = match access.guessed {
        Some(_) => prose.guess(access.meaning.clone(), Some(access.line)),
        None => prose.claim(access.meaning.clone(), Some(access.line)),
    };
    // The kernel's words for a fault that the address alone does not explain.
    match facts.fault.as_deref() {
        Some(what)
            if what.starts_with("execute from")
                || what.starts_with("write to")
                || what.starts_with("read from")
                || what.starts_with("access to user") =>
        {
            prose.text(" (").claim(what.to_owned(), Some(facts.header_line)).text("),")
        }
        _ => prose.text(","),
    }
}

/// "A general protection fault: …".
pub(crate) fn protection_fault(facts: &Facts) -> Prose {
    let line = facts.report.trap.as_ref().map(|trap| trap.line);
    let prose = Prose::default().claim("A general protection fault", line);
    if let Some(access) = &facts.report.access {
        let address = access.address.as_deref().and_then(hex).map_or(String::new(), |value| format!("{value:#x}"));
        return prose
            .text(" on ")
            .code(address, Some(access.line))
            .text(", ")
            .claim(access.meaning.clone(), Some(access.line))
            .text(",");
    }
    // Before 5.5 the kernel did not decode the instruction: a register that holds such a value is the likely one.
    let suspect = facts.report.registers.iter().find_map(|register| {
        let value = hex(&register.value)?;
        let general = register.name.starts_with('R') && !matches!(register.name.as_str(), "RSP" | "RIP");
        let meaning = address::classify(value, facts.report.arch);
        (general
            && matches!(meaning.class, AddressClass::Poison | AddressClass::NonCanonical | AddressClass::KasanShadow))
        .then_some((register, meaning))
    });
    match suspect {
        Some((register, meaning)) => prose
            .text(": ")
            .guess(
                format!("perhaps through {}, which holds {} ({})", register.name, register.value, meaning.words),
                Some(register.line),
            )
            .text(","),
        None => prose.text(" (an address that is not canonical, or an instruction that is not allowed),"),
    }
}

/// " at mm/slub.c:448".
pub(crate) fn at_source(prose: Prose, facts: &Facts) -> Prose {
    match &facts.source {
        Some((file, line, at)) => prose.text(" at ").code(format!("{file}:{line}"), Some(*at)),
        None => prose,
    }
}

/// ": “refcount_t: underflow; use-after-free.”".
pub(crate) fn quoted(prose: Prose, facts: &Facts) -> Prose {
    match facts.message.last() {
        Some((text, line)) => prose.text(", saying “").claim(text.clone(), Some(*line)).text("”,"),
        None => prose.text(","),
    }
}

fn verdict(facts: &Facts, around: &Surroundings) -> Prose {
    let report = &facts.report;
    let mut prose = (facts.rule.lead)(facts);
    if facts.rule.is_panic {
        if let Some(culprit) = report
            .culprit
            .as_ref()
            .filter(|_| report.panic.as_ref().is_some_and(|p| panic::meaning(&p.reason).is_none()))
        {
            prose = prose.text("; it was decided in ").code(culprit.function.clone(), Some(culprit.line));
        }
        return prose.text(".");
    }
    prose = place(prose.text(" "), facts);
    match report.context {
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
    fate(prose.text(". "), facts, around)
}

/// "by irq_work+0x33/0x140 of the out-of-tree module oops_guest".
fn place(prose: Prose, facts: &Facts) -> Prose {
    let report = &facts.report;
    let Some(culprit) = &report.culprit else {
        // Kinds that blame nobody have said all.
        return if facts.blamed.is_empty() { prose } else { prose.text("at a place that the log does not name") };
    };
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
        let prose = prose.text("The kernel then ").strong("panicked", Some(panic.line)).text(": ");
        return match panic_meaning(report) {
            Some(words) => prose.claim(words, Some(panic.line)).text("."),
            None => prose.claim(panic.reason.clone(), Some(panic.line)).text("."),
        };
    }
    if !facts.rule.dies {
        return prose.text("The kernel went on.");
    }
    let end = around.end_of_boot.filter(|end| end.line > report.last_line);
    let later = end.and_then(|end| end.time).filter(|(line, _)| *line > report.last_line);
    match (later, report.time) {
        (Some((line, last)), Some(time)) if last > time => {
            let prose = prose
                .text("The machine survived: ")
                .claim(format!("it logged for {} more", seconds(last - time)), Some(line));
            if matches!(report.context, Context::Process) && report.comm.is_some() {
                prose.text("; the task was killed.")
            } else {
                prose.text(".")
            }
        }
        _ if end.is_some_and(|end| end.line > report.last_line + 3) => {
            prose.text("The log goes on after it: the machine survived, at least for a while.")
        }
        _ => prose.text("The log ends here: whether the machine survived can't be read from it."),
    }
}

fn seconds(span: f64) -> String {
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

fn notices(facts: &Facts, around: &Surroundings) -> Vec<Notice> {
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
    if let Some(work) = &report.workqueue
        && report.context == Context::Process
    {
        let function = work.rsplit(' ').next().unwrap_or(work);
        hints.push(
            Prose::default()
                .claim(format!("{} is a worker", task_words(report)), report.task_line)
                .text(" that runs work for others. The work item was ")
                .code(function, None)
                .text("; who queued it is not in the trace."),
        );
    }
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
