//! Walks through the lines of a report to the functions that may be blamed, the way that its kind prescribes.
//!
//! A kind knows where its bug is named: at the instruction pointer, in the trace below an interrupt, in the second lock
//! of a deadlock. Such a way is a short list of [`Step`]s over the report's lines, in their order. Must never look at
//! frames that the kernel's unwinder did not vouch for, and must never choose: that is `culprit`'s job.

use crate::grammar::frame::{self, base_name};
use crate::grammar::{marks, pc};
use crate::line::Line;
use crate::segment::Part;
use crate::skip;
use std::borrow::Cow;

/// One step of the way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// On to the next line with an instruction pointer; its function is a candidate.
    Pc,
    /// On to the next line that begins a trace.
    Trace,
    /// On to the next line in which this finds what it looks for, and the function that it names, if it names one.
    Line(fn(&str) -> Option<Mark<'_>>),
    /// The frames from here on, until another trace begins or the next step's line comes.
    Frames,
}

/// What a line on the way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark<'a> {
    /// The way goes on from here.
    Here,
    /// It does, and the line names a function.
    Named(&'a str),
}

impl<'a> Mark<'a> {
    /// With the name, if there is one.
    pub(crate) fn of(name: Option<&'a str>) -> Self {
        name.map_or(Self::Here, Self::Named)
    }

    fn candidate(self, line: u64) -> Option<Candidate> {
        match self {
            Self::Here => None,
            Self::Named(name) => of_name(name, line),
        }
    }
}

/// A function on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The name for people: without compiler suffixes, Rust's demangled.
    pub(crate) name: String,
    pub(crate) module: Option<String>,
    pub(crate) offset: Option<u64>,
    pub(crate) line: u64,
    /// It is where the instruction pointer was.
    pub(crate) is_pc: bool,
    /// A message names it, not a frame.
    pub(crate) is_named: bool,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// The candidates of each trace on the way, innermost first.
    pub(crate) traces: Vec<Vec<Candidate>>,
    /// The trace of a forced allocation failure lies inside the report: then the two are mixed.
    pub(crate) fault_injected: Option<u64>,
}

/// Walks. `astray`: the instruction pointer was in no code, whatever symbol lies there.
pub(crate) fn walk(lines: &[(Part, Line)], steps: &[Step], astray: bool) -> Found {
    let mut found = Found::default();
    let mut rest = lines.iter();
    let mut candidates = Vec::new();
    let mut begun = 0;
    let mut at = 0;
    // The instruction pointer was in no function: whoever called through the bad pointer is in the link register.
    let mut lost = false;
    while let Some(step) = steps.get(at) {
        if matches!(step, Step::Frames) {
            if begun > 0 {
                found.traces.push(std::mem::take(&mut candidates));
            }
            begun += 1;
        }
        at += 1;
        for (_, line) in rest.by_ref() {
            if is_fault_injection(&line.text) {
                found.fault_injected = Some(line.number);
                break;
            }
            match step {
                Step::Pc => {
                    if let Some(pc) = instruction_pointer(&line.text) {
                        lost = (pc.place.function.is_none() || astray) && !pc.user;
                        candidates.extend(of_place(&pc.place, line.number, true).filter(|_| !pc.user && !astray));
                        break;
                    }
                }
                Step::Trace => {
                    if lost && let Some(pc) = pc::parse(&line.text).filter(|pc| pc.link) {
                        candidates.extend(of_place(&pc.place, line.number, false));
                        lost = false;
                    }
                    if marks::is_trace_start(&line.text) || marks::is_riscv_status(line.text.trim()) {
                        break;
                    }
                }
                Step::Line(finds) => {
                    if let Some(mark) = finds(&line.text) {
                        candidates.extend(mark.candidate(line.number));
                        break;
                    }
                }
                Step::Frames => {
                    if marks::is_any_trace_start(&line.text) {
                        break;
                    }
                    let next = match steps.get(at) {
                        Some(Step::Line(finds)) => finds(&line.text),
                        Some(Step::Pc) => own_pc(&line.text).filter(|pc| !pc.link).map(|_| Mark::Here),
                        _ => None,
                    };
                    if let Some(mark) = next {
                        candidates.extend(mark.candidate(line.number));
                        if let Some(pc) = own_pc(&line.text).filter(|pc| !pc.user && !pc.link) {
                            candidates.extend(of_place(&pc.place, line.number, true));
                        }
                        at += 1;
                        break;
                    }
                    push_frame(&mut candidates, line);
                }
            }
        }
    }
    found.traces.push(candidates);
    found
}

/// A line that tells where the CPU was. Old kernels print the address alone first, `EIP:    0060:[<c01>]    Not tainted`, and
/// the function on a line of its own, `EIP is at f+0x1/0x2`.
fn instruction_pointer(text: &str) -> Option<pc::Pc<'_>> {
    let alone = |pc: &pc::Pc<'_>| pc.place.function.is_none() && text.contains("[<") && !text.contains("(null)");
    own_pc(text).filter(|pc| !pc.link && !alone(pc))
}

/// An instruction pointer in the function that the kernel named: what a symbolizer found inlined there names no bug, which
/// would have another name in the log that was not symbolized.
fn own_pc(text: &str) -> Option<pc::Pc<'_>> {
    pc::parse(text).filter(|pc| !pc.place.inlined)
}

/// The frame of a line: two functions where the kernel prints callee and caller (arm).
fn push_frame(candidates: &mut Vec<Candidate>, line: &Line) {
    let Some(frame) = frame::parse(&line.text) else { return };
    // An inlined function has no place of its own; the one that it was inlined into is the kernel's name for it.
    if !frame.reliable || frame.place.inlined {
        return;
    }
    candidates.extend(frame.callee.and_then(|name| of_name(name, line.number)));
    // A return address at the very beginning of a function is not in it: the call before it never returns (`panic()`),
    // and the caller is the function that happens to lie before. arm's next line gives its name.
    let after_report = candidates.last().is_some_and(|last| skip::is_innocent(&last.name));
    if frame.place.offset != Some(0) || !after_report {
        candidates.extend(of_place(&frame.place, line.number, false));
    }
}

fn of_place(place: &frame::Place<'_>, line: u64, is_pc: bool) -> Option<Candidate> {
    Some(Candidate {
        name: name_of(place.function?).into_owned(),
        module: place.module.map(str::to_owned),
        offset: place.offset,
        line,
        is_pc,
        is_named: false,
    })
}

fn of_name(name: &str, line: u64) -> Option<Candidate> {
    let name = name_of(name).into_owned();
    (!name.is_empty()).then_some(Candidate { name, module: None, offset: None, line, is_pc: false, is_named: true })
}

/// A symbol as people say it: no compiler suffixes; Rust's mangled names (`_R…`, the v0 scheme) as paths.
pub(crate) fn name_of(symbol: &str) -> Cow<'_, str> {
    if symbol.starts_with("_R")
        && let Ok(path) = rustc_demangle::try_demangle(symbol)
    {
        return Cow::Owned(format!("{path:#}"));
    }
    Cow::Borrowed(cpp_name(symbol).unwrap_or_else(|| base_name(symbol)))
}

/// `_Z8fakeNameiii`: the name of a C++ function that is in no class (Itanium C++ ABI, 5.1), as modules out of the tree
/// have them.
fn cpp_name(symbol: &str) -> Option<&str> {
    let rest = symbol.strip_prefix("_Z")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let len: usize = rest[..digits].parse().ok()?;
    rest[digits..].get(..len).filter(|name| !name.is_empty())
}

/// A frame of `should_fail()`, by which fault injection prints a trace of its own (lib/fault-inject.c).
fn is_fault_injection(text: &str) -> bool {
    text.contains("should_fail")
        && frame::parse(text).is_some_and(|frame| {
            frame.reliable
                && frame.place.function.is_some_and(|name| matches!(base_name(name), "should_fail" | "should_failslab"))
        })
}
