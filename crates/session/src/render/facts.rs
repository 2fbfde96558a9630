//! The facts of a report as rows of label and value, in the order in which syzbot's mails and the kernel give them.
//!
//! This module must never repeat the verdict, the stack or the registers: those stand in the report's own lines.

use super::Item;
use crate::words::{self, plural};
use oopscope_report::{Access, Culprit, LogFacts, Panic, Report, Taint, Trap};
use std::fmt::Write;

/// One row.
pub(super) struct Fact {
    pub(super) label: &'static str,
    /// What the kernel said: set in monospace where there is such a thing.
    pub(super) value: String,
    /// What Oopscope says to it; may be empty.
    pub(super) remark: String,
}

/// The rows of a report. `log` is the whole log's facts.
pub(super) fn rows(item: &Item<'_>, log: &LogFacts) -> Vec<Fact> {
    let report = item.report;
    let mut rows = Rows(Vec::new());
    rows.add("Kernel", kernel(report), "");
    rows.add("Machine", report.hardware.clone(), "");
    rows.add("CPU", report.cpu.map(|cpu| cpu.to_string()), "");
    let interrupted = words::is_interrupt(report.context);
    rows.add(if interrupted { "Interrupted" } else { "Task" }, task(report), "");
    rows.add("Workqueue", report.workqueue.clone(), "");
    rows.add("Context", Some(oopscope_klog::context_words(report.context).to_owned()), &report.context_reason.plain());
    rows.add("Culprit", report.culprit.as_ref().map(culprit), reason(report.culprit.as_ref()));
    rows.add("Access", report.access.as_ref().map(access), &report.access.as_ref().map(meaning).unwrap_or_default());
    rows.add("Trap", report.trap.as_ref().map(trap), &report.trap.as_ref().map(decoded).unwrap_or_default());
    rows.add("Taint", report.taint.as_ref().map(|taint| taint.text.trim().to_owned()), &flags(report.taint.as_ref()));
    rows.add("Panic", report.panic.as_ref().map(|panic: &Panic| panic.reason.clone()), "");
    rows.add("KASLR", report.kernel_offset.clone(), "");
    rows.add("Time", report.time.map(|time| format!("{time:.6} s after boot")), "");
    let boots = log.boots.last().map_or(0, |boot| u64::from(boot.number)) + 1;
    let boot = (boots > 1).then(|| format!("{} of {boots} in this log", u64::from(report.boot) + 1));
    rows.add("Boot", boot, "");
    let again = (report.repeats > 0).then(|| format!("{} later in this log", plural(report.repeats, "time", "times")));
    rows.add("Again", again, "");
    rows.add("Damaged", report.corrupted.then(|| report.corrupted_reason.clone().unwrap_or_default()), "");
    rows.0
}

struct Rows(Vec<Fact>);

impl Rows {
    fn add(&mut self, label: &'static str, value: Option<String>, remark: &str) {
        if let Some(value) = value {
            self.0.push(Fact { label, value, remark: remark.to_owned() });
        }
    }
}

fn kernel(report: &Report) -> Option<String> {
    let parts =
        [report.kernel.as_deref(), report.kernel_build.as_deref(), report.arch.map(oopscope_report::Arch::name)];
    let words: Vec<&str> = parts.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn task(report: &Report) -> Option<String> {
    let pid = report.pid.map(|pid| format!("PID {pid}"));
    let uid = report.uid.map(|uid| format!("UID {uid}"));
    let parts: Vec<String> = [report.comm.clone(), pid, uid].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn culprit(culprit: &Culprit) -> String {
    let mut text = culprit.function.clone();
    if let Some(offset) = culprit.offset {
        let _ = write!(text, "+{offset:#x}");
    }
    if let Some(module) = &culprit.module {
        let _ = write!(text, " [{module}]");
    }
    if let Some(file) = &culprit.file {
        let _ = write!(text, " {file}");
        if let Some(line) = culprit.file_line {
            let _ = write!(text, ":{line}");
        }
    }
    text
}

fn reason(culprit: Option<&Culprit>) -> &str {
    culprit.map_or("", |culprit| culprit.reason.as_str())
}

fn access(access: &Access) -> String {
    let kind = words::access(access.kind);
    match &access.address {
        Some(address) => format!("{kind} of {address}"),
        None => kind.to_owned(),
    }
}

fn meaning(access: &Access) -> String {
    match &access.guessed {
        Some(how) => format!("{} (inferred: {how})", access.meaning),
        None => access.meaning.clone(),
    }
}

fn trap(trap: &Trap) -> String {
    let code = trap.code.as_deref().map(|code| format!(", {} {code}", trap.code_name.as_deref().unwrap_or("code")));
    format!("{}{}", trap.name, code.unwrap_or_default())
}

fn decoded(trap: &Trap) -> String {
    let fields: Vec<String> =
        trap.fields.iter().map(|field| format!("{}={} {}", field.name, field.value, field.meaning)).collect();
    fields.join(", ")
}

fn flags(taint: Option<&Taint>) -> String {
    let flags: Vec<String> =
        taint.iter().flat_map(|taint| &taint.flags).map(|flag| format!("{} {}", flag.letter, flag.meaning)).collect();
    flags.join(", ")
}
