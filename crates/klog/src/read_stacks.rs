//! Puts the instruction pointer and the link register among the frames of a report's stacks.
//!
//! Must never make a frame that no line has.

use crate::facts::Facts;
use crate::grammar::frame;
use oopscope_report::{Frame, FrameRole, Report, Stack, StackRole};

/// A stack overflow on arm64 prints no trace of its own: the panic's trace goes on through it. What lies below the
/// trapping instruction there is the report's.
pub(crate) fn own_part_of_panic(report: &mut Report, pc: &Frame) {
    if pc.function.is_none() || report.stacks.iter().any(|stack| stack.role == StackRole::Crash) {
        return;
    }
    let same = |frame: &Frame| frame.reliable && frame.function == pc.function && frame.offset == pc.offset;
    let Some(at) = report.stacks.iter().position(|stack| stack.frames.iter().any(same)) else { return };
    let Some(cut) = report.stacks[at].frames.iter().position(same) else { return };
    let frames = report.stacks[at].frames.split_off(cut);
    let line = frames.first().map_or(pc.line, |frame| frame.line);
    report.stacks.insert(0, Stack { role: StackRole::Crash, line, frames, ..Stack::default() });
    report.stacks.retain(|stack| !stack.frames.is_empty());
}

/// The trapping instruction is the innermost frame, whether the trace repeats it (arm64) or not (x86).
/// `inlined` are the functions that a symbolizer found inlined there.
pub(crate) fn put_pc(report: &mut Report, pc: Frame, inlined: &[Frame]) {
    let Some(stack) = report.stacks.iter_mut().find(|stack| stack.role == StackRole::Crash) else {
        let frames = inlined.iter().cloned().chain([pc.clone()]).collect();
        let stack = Stack { line: pc.line, frames, ..Stack::default() };
        let at = report.stacks.iter().position(|stack| stack.role == StackRole::Panic).unwrap_or(0);
        report.stacks.insert(at.min(report.stacks.len()), stack);
        return;
    };
    // Inlined functions stand before the one that they are in, and are not it.
    let same = stack
        .frames
        .iter()
        .position(|frame| frame.reliable && !frame.inlined)
        .filter(|&at| stack.frames[at].function == pc.function && stack.frames[at].offset == pc.offset)
        .filter(|&at| pc.function.is_some() || stack.frames[at].address == pc.address);
    let at = same.unwrap_or(0);
    match same {
        Some(at) => stack.frames[at].role = FrameRole::Pc,
        None => stack.frames.insert(0, pc),
    }
    if at == 0 || !stack.frames[at - 1].inlined {
        stack.frames.splice(at..at, inlined.iter().cloned());
    }
}

/// The link register's function is the caller where the trapping one had not saved it yet: a leaf, or no function at
/// all after a call through a bad pointer. The trace, which follows saved frames, then misses that caller.
pub(crate) fn put_lr(facts: &mut Facts) {
    let (Some(pc), Some(lr)) = (&facts.pc, &facts.lr) else { return };
    if lr.function.is_none() || lr.function == pc.function {
        return;
    }
    let Some(stack) = facts.report.stacks.iter_mut().find(|stack| stack.role == StackRole::Crash) else { return };
    let Some(at) = stack.frames.iter().position(|frame| frame.role == FrameRole::Pc) else { return };
    match stack.frames.get(at + 1) {
        Some(next) if next.function == lr.function => {}
        _ => stack.frames.insert(at + 1, lr.clone()),
    }
}

pub(crate) fn frame_of(place: &frame::Place<'_>, reliable: bool, role: FrameRole, line: u64) -> Frame {
    Frame {
        function: place.function.map(str::to_owned),
        offset: place.offset,
        size: place.size,
        module: place.module.map(str::to_owned),
        build_id: place.build_id.map(str::to_owned),
        address: place.address.map(|address| format!("{address:#018x}")),
        reliable,
        role,
        file: place.source.map(|source| source.file.to_owned()),
        file_line: place.source.map(|source| source.line),
        inlined: place.inlined,
        symbols: None,
        alternatives: Vec::new(),
        line,
    }
}
