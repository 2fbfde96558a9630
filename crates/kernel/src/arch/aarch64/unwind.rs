//! The way from a frame to its caller on arm64: by the chain of frame records that x29 begins, across the registers
//! that exceptions save. Must never take a step that does not lead upwards, nor hide how a frame was found.
//!
//! The rules are those of arch/arm64/kernel/stacktrace.c, applied to a dump; and one that it has not: where an
//! interrupted function has made no record of its own, its caller is in the link register.

use super::registers::{USER_PT_REGS_SIZE, pt_regs};
use crate::stack::registers::Registers;
use crate::stack::scan;
use crate::stack::walk::{Area, Guard, Lost, MOST_FRAMES, Start, Step, View, Walk};
use oopscope_report::vmcore::Trust;

/// How this kernel marks saved registers on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Offset of the frame record in `struct pt_regs`, in bytes.
    pub record: u64,
    /// Whether the record there is a `struct frame_record_meta`: zero, zero, and what it stands for ("arm64:
    /// stacktrace: unwind exception boundaries", 6.14). Before, it held the interrupted frame pointer and instruction.
    pub meta: bool,
}

impl Default for Shape {
    /// As it was from 4.10 ("arm64: entry: ...", `S_STACKFRAME`) on.
    fn default() -> Self {
        Self { record: 304, meta: false }
    }
}

/// `FRAME_META_TYPE_FINAL` (arch/arm64/include/asm/stacktrace/frame.h).
const FINAL: u64 = 1;
/// `FRAME_META_TYPE_PT_REGS`.
const PT_REGS: u64 = 2;

/// A frame, and where its record lies.
#[derive(Clone, Copy, Debug)]
struct State {
    pc: u64,
    sp: Option<u64>,
    fp: u64,
    call: bool,
    trust: Trust,
    /// All registers, at a frame that was interrupted.
    registers: Option<Registers>,
    searched: bool,
}

impl State {
    fn trusted(&self, trust: Trust) -> Trust {
        if self.searched { Trust::Scan } else { trust }
    }
}

enum Next {
    Frame,
    End(&'static str),
}

/// Walks from `start` to the end of the stacks in `areas`.
pub fn walk(view: &dyn View, start: &Start, areas: &[Area], shape: Shape) -> Walk {
    let mut walk = Walk::default();
    let mut guard = Guard::new(areas);
    if start.registers.is_some_and(|registers| registers.is_user()) {
        return Walk { ends: "user mode".to_owned(), complete: true, ..walk };
    }
    let entered = guard.enter(start.sp);
    let lost = match (start.pc, entered) {
        (Some(pc), Ok(_)) => {
            let state = State {
                pc: view.strip(pc),
                sp: Some(start.sp),
                fp: start.fp.unwrap_or(0),
                call: start.call,
                trust: start.trust,
                registers: start.registers,
                searched: false,
            };
            follow(view, state, &mut guard, &mut walk, MOST_FRAMES, shape).err()
        }
        (None, Ok(_)) => Some(Lost::NoStart),
        (_, Err(lost)) => Some(lost),
    };
    if let Some(lost) = lost {
        let again = |guard: &mut Guard<'_>, at: u64, pc: u64, walk: &mut Walk, most: usize| {
            // A return address is the second half of a record.
            let fp = view.word(at.wrapping_sub(8))?;
            guard.enter(at.wrapping_add(8))?;
            let (sp, trust) = (Some(at.wrapping_add(8)), Trust::Scan);
            let state = State { pc: view.strip(pc), sp, fp, call: true, trust, registers: None, searched: true };
            follow(view, state, guard, walk, most, shape)
        };
        scan::recover(view, &guard, &mut walk, &lost, &again, &|address| follows_call(view, address));
    }
    walk
}

/// Takes down frames until the stack ends. `Ok` means that it ended where it should, or that there are too many frames.
fn follow(
    view: &dyn View,
    mut state: State,
    guard: &mut Guard<'_>,
    walk: &mut Walk,
    most: usize,
    shape: Shape,
) -> Result<(), Lost> {
    loop {
        walk.steps.push(Step {
            address: state.pc,
            call: state.call,
            sp: state.sp,
            fp: Some(state.fp),
            trust: state.trust,
            stack: guard.kind_at(state.sp.unwrap_or(state.fp)),
            exception: None,
        });
        if walk.steps.len() >= most {
            walk.ends = format!("more than {most} frames");
            return Ok(());
        }
        if let Next::End(ends) = step(view, &mut state, guard, walk, shape)? {
            ends.clone_into(&mut walk.ends);
            walk.complete = true;
            return Ok(());
        }
    }
}

/// One step up.
fn step(
    view: &dyn View,
    state: &mut State,
    guard: &mut Guard<'_>,
    walk: &mut Walk,
    shape: Shape,
) -> Result<Next, Lost> {
    if let Some(link) = leaf(view, state) {
        let trust = state.trusted(Trust::Registers);
        *state = State { pc: link, call: true, trust, registers: None, ..*state };
        return Ok(Next::Frame);
    }
    let fp = state.fp;
    if fp == 0 {
        return Ok(Next::End("end of the stack"));
    }
    if !fp.is_multiple_of(8) {
        return Err(Lost::Misaligned { address: fp });
    }
    guard.advance(fp)?;
    let (next, link) = (view.word(fp)?, view.word(fp.wrapping_add(8))?);
    if next == 0 && link == 0 {
        let kind = if shape.meta { view.word(fp.wrapping_add(16))? } else { FINAL };
        let at = fp.wrapping_sub(shape.record);
        return match kind {
            PT_REGS => interrupted(view, state, guard, at, walk),
            _ => Ok(last(view, state, at, walk)),
        };
    }
    let at = fp.wrapping_sub(shape.record);
    if !shape.meta && is_saved(view, at, next, link) {
        return interrupted(view, state, guard, at, walk);
    }
    let pc = view.strip(link);
    if !view.is_text(pc) {
        return Err(Lost::NoText { address: link, at: fp.wrapping_add(8) });
    }
    let trust = state.trusted(Trust::FramePointer);
    // A caller's record lies at the bottom of its frame, unless it passes arguments on the stack.
    let sp = (next > fp && guard.area_at(next) == guard.area()).then_some(next);
    *state = State { pc, sp, fp: next, call: true, trust, registers: None, searched: state.searched };
    Ok(Next::Frame)
}

/// The caller of an interrupted function that has made no frame record, or has taken it away again.
///
/// The link register leads to the caller then, and the record that x29 points to is the caller's. Had the function made
/// one, the link register would be what that record holds, or, after a call, lead into the function itself.
fn leaf(view: &dyn View, state: &State) -> Option<u64> {
    let link = view.strip(state.registers.as_ref()?.link()?);
    if !view.is_text(link) || !follows_call(view, link) {
        return None;
    }
    let (_, own) = view.function(state.pc)?;
    if view.function(link.wrapping_sub(1)).is_some_and(|(_, start)| start == own) {
        return None;
    }
    let saved = view.word(state.fp.wrapping_add(8)).ok().map(|saved| view.strip(saved));
    (saved != Some(link)).then_some(link)
}

/// The stack's last record: the registers of user mode lie around it, if the task has any.
fn last(view: &dyn View, state: &State, at: u64, walk: &mut Walk) -> Next {
    let mut bytes = [0; USER_PT_REGS_SIZE];
    let read = view.fill(at, &mut bytes).ok().and_then(|()| pt_regs(&bytes, view.little_endian()));
    match read.filter(|registers| registers.is_user() && registers.pc().is_some_and(|pc| pc != 0)) {
        Some(registers) if user_address(&registers) => {
            walk.except(at, what(view, state), &registers);
            Next::End("user mode")
        }
        _ => Next::End("end of the stack"),
    }
}

/// Whether the registers' instruction is in the lower half, where user space is.
fn user_address(registers: &Registers) -> bool {
    registers.pc().is_some_and(|pc| pc >> 55 & 1 == 0)
}

/// Whether a `struct pt_regs` lies at `at`, whose own frame record holds `fp` and `pc`: it has both twice.
fn is_saved(view: &dyn View, at: u64, fp: u64, pc: u64) -> bool {
    let mut bytes = [0; USER_PT_REGS_SIZE];
    let Ok(()) = view.fill(at, &mut bytes) else { return false };
    pt_regs(&bytes, view.little_endian())
        .is_some_and(|registers| registers.pc() == Some(pc) && registers.fp() == Some(fp))
}

/// Goes on with registers that were saved at `at`: the function on whose behalf they were is the last frame.
fn interrupted(
    view: &dyn View,
    state: &mut State,
    guard: &mut Guard<'_>,
    at: u64,
    walk: &mut Walk,
) -> Result<Next, Lost> {
    let mut bytes = [0; USER_PT_REGS_SIZE];
    view.fill(at, &mut bytes)?;
    let Some(registers) = pt_regs(&bytes, view.little_endian()) else { return Ok(Next::End("end of the stack")) };
    walk.except(at, what(view, state), &registers);
    if registers.is_user() {
        return Ok(Next::End("user mode"));
    }
    // They lie below the stack of what was interrupted, and no frame lies below its stack pointer.
    guard.enter(registers.sp().unwrap_or(0))?;
    *state = State {
        pc: view.strip(registers.pc().unwrap_or(0)),
        sp: registers.sp(),
        fp: registers.fp().unwrap_or(0),
        call: false,
        trust: state.trusted(Trust::Registers),
        registers: Some(registers),
        searched: state.searched,
    };
    Ok(Next::Frame)
}

/// What entered the kernel by the vector in which a frame is, in words (arch/arm64/kernel/entry.S: `el1h_64_irq` and so
/// on since 5.14, `el1_irq` before).
fn what(view: &dyn View, state: &State) -> Option<&'static str> {
    let (name, _) = view.function(if state.call { state.pc.wrapping_sub(1) } else { state.pc })?;
    let vector = name.strip_prefix("el1").or_else(|| name.strip_prefix("el0"))?;
    Some(match vector.rsplit('_').next()? {
        "irq" => "interrupt",
        "fiq" => "fast interrupt",
        "error" => "SError",
        "svc" => "system call",
        "sync" => "synchronous exception",
        _ => return None,
    })
}

/// Whether the instruction before an address is a call: BL, BLR or one of BLR's authenticating forms (Arm ARM, C6.2).
/// Where it cannot be read it may be.
fn follows_call(view: &dyn View, address: u64) -> bool {
    let mut code = [0; 4];
    let Ok(()) = view.fill(address.wrapping_sub(4), &mut code) else { return true };
    // Instructions are little-endian whatever data are.
    let code = u32::from_le_bytes(code);
    code >> 26 == 0b10_0101 || code & 0xfeff_f800 == 0xd63f_0000 || code & 0xfeff_f800 == 0xd63f_0800
}
