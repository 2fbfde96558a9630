//! The facts of a report as rows of label and value, in the order in which syzbot's mails and the kernel give them.
//!
//! This module must never repeat the verdict, the stack or the registers: those stand in the report's own lines.

use super::Item;
use crate::words::{self, plural};
use oopscope_report::{Access, Candidate, Culprit, LogFacts, Panic, Report, Taint, Trap};
use std::borrow::Cow;
use std::fmt::Write;

/// One row.
pub(super) struct Fact {
    pub(super) label: Cow<'static, str>,
    /// What the kernel said: set in monospace where there is such a thing.
    pub(super) value: String,
    /// What Oopscope says to it; may be empty.
    pub(super) remark: String,
}

/// The rows of a report. `log` is the whole log's facts.
pub(super) fn rows(item: &Item<'_>, log: &LogFacts) -> Vec<Fact> {
    let report = item.report;
    let culprit = report.culprit.as_ref();
    let mut rows = Rows(Vec::new());
    rows.add("Kernel", kernel(report), "");
    rows.add("Machine", report.hardware.clone(), "");
    rows.add("CPU", report.cpu.map(|cpu| cpu.to_string()), "");
    let interrupted = words::is_interrupt(report.context);
    rows.add(if interrupted { "Interrupted" } else { "Task" }, task(report), "");
    rows.add("Workqueue", report.workqueue.clone(), "");
    rows.add("Context", Some(oopscope_klog::context_words(report.context).to_owned()), &report.context_reason.plain());
    rows.add("Culprit", culprit.map(culprit_words), reason(culprit));
    let runners_up = culprit.map_or(&[][..], |culprit| &culprit.runners_up);
    for alike in runners_up.chunk_by(|a, b| a.reason == b.reason) {
        let names: Vec<String> = alike.iter().map(candidate).collect();
        rows.add("Runners-up", Some(names.join(", ")), &alike[0].reason);
    }
    let subsystem = report.subsystem.as_ref();
    let inferred = subsystem.map(|subsystem| format!("inferred: {}", subsystem.reason)).unwrap_or_default();
    rows.add("Subsystem", subsystem.map(|subsystem| subsystem.name.clone()), &inferred);
    rows.add("Access", report.access.as_ref().map(access), &report.access.as_ref().map(meaning).unwrap_or_default());
    rows.add("Trap", report.trap.as_ref().map(trap), &report.trap.as_ref().map(decoded).unwrap_or_default());
    rows.add("Taint", report.taint.as_ref().map(|taint| taint.text.trim().to_owned()), &flags(report.taint.as_ref()));
    rows.add("Panic", report.panic.as_ref().map(|panic: &Panic| panic.reason.clone()), "");
    for detail in &report.details {
        let name = detail.name.chars().next().map(char::to_uppercase).into_iter().flatten();
        let label = name.chain(detail.name.chars().skip(1)).collect::<String>();
        rows.add(label, Some(detail.value.clone()), detail.meaning.as_deref().unwrap_or(""));
    }
    rows.0.extend(super::symbols::rows(report));
    rows.add("KASLR", report.kernel_offset.clone(), "");
    rows.add("Time", report.time.map(|time| format!("{time:.6} s after boot")), "");
    let boots = log.boots.last().map_or(0, |boot| u64::from(boot.number)) + 1;
    let boot = (boots > 1).then(|| format!("{} of {boots} in this log", u64::from(report.boot) + 1));
    rows.add("Boot", boot, "");
    let again = (report.repeats > 0).then(|| format!("{} later in this log", plural(report.repeats, "time", "times")));
    rows.add("Again", again, "");
    let signature = report.signature.as_ref().map(|signature| format!("{} {}", signature.strict, signature.coarse));
    let recipe = report.signature.as_ref().map(|signature| format!("strict and coarse, {}", signature.version));
    rows.add("Signature", signature, &recipe.unwrap_or_default());
    rows.add("Damaged", report.corrupted.then(|| report.corrupted_reason.clone().unwrap_or_default()), "");
    rows.0
}

struct Rows(Vec<Fact>);

impl Rows {
    fn add(&mut self, label: impl Into<Cow<'static, str>>, value: Option<String>, remark: &str) {
        if let Some(value) = value {
            self.0.push(Fact { label: label.into(), value, remark: remark.to_owned() });
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

fn culprit_words(culprit: &Culprit) -> String {
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

fn candidate(candidate: &Candidate) -> String {
    match &candidate.module {
        Some(module) => format!("{} [{module}]", candidate.function),
        None => candidate.function.clone(),
    }
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
