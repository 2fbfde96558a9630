//! The way from a frame to its caller on x86-64: by the kernel's ORC tables, where they say nothing by frame pointers,
//! and where those say nothing by a search. Must never take a step that does not lead upwards, nor hide how a frame was
//! found.
//!
//! The rules are those of the kernel's own unwinders (arch/x86/kernel/unwind_orc.c and unwind_frame.c), applied to a
//! dump.

use super::registers::{FILE, PT_REGS_SIZE, R10, R13, RAX, RBP, RDI, RDX, RIP, RSP, interrupt_frame, pt_regs};
use crate::stack::registers::Registers;
use crate::stack::scan;
use crate::stack::walk::{Area, Guard, Lost, MOST_FRAMES, Start, Step, View, Walk};
use oopscope_report::vmcore::Trust;
use oopscope_symbols::orc::{Base, Entry, FrameKind};

/// A frame, and what is known of the registers there.
#[derive(Clone, Debug)]
struct State {
    ip: u64,
    sp: u64,
    bp: Option<u64>,
    /// Whether `ip` is a return address.
    call: bool,
    trust: Trust,
    /// All registers, at a frame that was interrupted.
    registers: Option<Registers>,
    /// The same, while an interrupt frame without them lies in between.
    before: Option<Registers>,
    /// Whether a search lies between here and the beginning: what follows is no better.
    searched: bool,
}

impl State {
    /// A register other than IP, SP and BP: known at interrupted frames alone.
    fn register(&self, index: usize) -> Option<u64> {
        self.registers.as_ref().or(self.before.as_ref())?.get(index)
    }

    fn trusted(&self, trust: Trust) -> Trust {
        if self.searched { Trust::Scan } else { trust }
    }
}

/// What comes after a frame.
enum Next {
    Frame,
    End(&'static str),
}

/// Walks from `start` to the end of the stacks in `areas`.
pub fn walk(view: &dyn View, start: &Start, areas: &[Area]) -> Walk {
    let mut walk = Walk::default();
    let mut guard = Guard::new(areas);
    if start.registers.is_some_and(|registers| registers.is_user()) {
        return Walk { ends: "user mode".to_owned(), complete: true, ..walk };
    }
    let lost = match start.pc {
        Some(pc) => {
            let state = State {
                ip: pc,
                sp: start.sp,
                bp: start.fp,
                call: start.call,
                trust: start.trust,
                registers: start.registers,
                before: None,
                searched: false,
            };
            follow(view, state, &mut guard, &mut walk, MOST_FRAMES).err()
        }
        None => guard.enter(start.sp).err().or(Some(Lost::NoStart)),
    };
    if let Some(lost) = lost {
        scan::recover(
            view,
            &guard,
            &mut walk,
            &lost,
            &|guard, at, ip, walk, most| {
                // A function that keeps a frame pointer has saved its caller's just below its return address.
                let bp = view.word(at.wrapping_sub(8)).ok();
                let state = State {
                    ip,
                    sp: at.wrapping_add(8),
                    bp,
                    call: true,
                    trust: Trust::Scan,
                    registers: None,
                    before: None,
                    searched: true,
                };
                follow(view, state, guard, walk, most)
            },
            &|address| follows_call(view, address),
        );
    }
    walk
}

/// Takes down frames until the stack ends. `Ok` means that it ended where it should, or that there are too many frames.
fn follow(view: &dyn View, mut state: State, guard: &mut Guard<'_>, walk: &mut Walk, most: usize) -> Result<(), Lost> {
    loop {
        let stack = guard.advance(state.sp)?;
        walk.steps.push(Step {
            address: state.ip,
            call: state.call,
            sp: Some(state.sp),
            fp: state.bp,
            trust: state.trust,
            stack,
            exception: None,
        });
        if walk.steps.len() >= most {
            walk.ends = format!("more than {most} frames");
            return Ok(());
        }
        if let Next::End(ends) = step(view, &mut state, guard, walk)? {
            ends.clone_into(&mut walk.ends);
            walk.complete = true;
            return Ok(());
        }
    }
}

/// One step up.
fn step(view: &dyn View, state: &mut State, guard: &Guard<'_>, walk: &mut Walk) -> Result<Next, Lost> {
    let at = if state.call { state.ip.wrapping_sub(1) } else { state.ip };
    match view.orc(at) {
        Ok(Some(Entry { kind: FrameKind::End, .. })) => Ok(Next::End("end of the stack")),
        Ok(Some(entry)) if entry.kind != FrameKind::Undefined && entry.sp != Base::Undefined => {
            by_orc(view, state, &entry, guard, walk)
        }
        Ok(_) | Err(_) => without_orc(view, state, guard, walk),
    }
}

fn by_orc(view: &dyn View, state: &mut State, entry: &Entry, guard: &Guard<'_>, walk: &mut Walk) -> Result<Next, Lost> {
    let unknown = Lost::NoRegister { address: state.ip };
    let base = match entry.sp {
        Base::Sp | Base::SpIndirect => Some(state.sp),
        Base::Bp | Base::BpIndirect => state.bp,
        Base::Ax => state.register(RAX),
        Base::Dx => state.register(RDX),
        Base::Di => state.register(RDI),
        Base::R10 => state.register(R10),
        Base::R13 => state.register(R13),
        Base::Undefined | Base::PreviousSp => None,
    };
    let base = base.ok_or(unknown)?;
    let frame = match entry.sp {
        // What lies at SP, plus the offset; no table had this before "x86/unwind/orc: Change REG_SP_INDIRECT" (5.12).
        Base::SpIndirect => view.word(base)?.wrapping_add_signed(entry.sp_offset),
        Base::BpIndirect => view.word(base.wrapping_add_signed(entry.sp_offset))?,
        _ => base.wrapping_add_signed(entry.sp_offset),
    };
    let bp = match entry.bp {
        Base::PreviousSp => Some(view.word(frame.wrapping_add_signed(entry.bp_offset))),
        Base::Bp => state.bp.map(|bp| view.word(bp.wrapping_add_signed(entry.bp_offset))),
        _ => None,
    };
    match entry.kind {
        FrameKind::Regs => {
            let mut bytes = [0; 168];
            view.fill(frame, &mut bytes)?;
            return Ok(interrupted(view, state, frame, &pt_regs(&bytes), entry.signal, walk));
        }
        FrameKind::RegsPartial => {
            let mut bytes = [0; 40];
            view.fill(frame, &mut bytes)?;
            return Ok(interrupted(view, state, frame, &interrupt_frame(&bytes), entry.signal, walk));
        }
        FrameKind::Call | FrameKind::Undefined | FrameKind::End => {}
    }
    let at = frame.wrapping_sub(8);
    let ip = view.word(at)?;
    let bp = match bp {
        Some(read) => read.ok(),
        None => state.bp,
    };
    // Code made at run time (BPF, trampolines of ftrace) is no text that anything lists, but keeps frame pointers.
    if !view.is_text(ip) && bp.is_none_or(|bp| frame_record(view, bp, frame, guard).is_none()) {
        return Err(Lost::NoText { address: ip, at });
    }
    *state = State {
        ip,
        sp: frame,
        bp,
        call: !entry.signal,
        trust: state.trusted(Trust::Orc),
        registers: None,
        before: None,
        searched: state.searched,
    };
    Ok(Next::Frame)
}

/// Goes on with registers that were saved at `at`: the function on whose behalf they were is the last frame.
fn interrupted(
    view: &dyn View,
    state: &mut State,
    at: u64,
    registers: &Registers,
    signal: bool,
    walk: &mut Walk,
) -> Next {
    let name = view.function(if state.call { state.ip.wrapping_sub(1) } else { state.ip });
    let what = name.as_ref().and_then(|(name, _)| what(name));
    let full = registers.fp().is_some();
    walk.except(at, what, registers);
    if registers.is_user() {
        return Next::End("user mode");
    }
    let (Some(ip), Some(sp)) = (registers.pc(), registers.sp()) else { return Next::End("end of the stack") };
    if ip == 0 && sp == 0 && !state.searched {
        // A thread of the kernel was never in user mode: its registers are all zero (copy_thread).
        if let Some(last) = walk.steps.last_mut() {
            last.exception = None;
        }
        return Next::End("end of the stack");
    }
    let before = if full { None } else { state.registers.or(state.before) };
    let bp = registers.fp().or_else(|| before.and_then(|before| before.get(RBP))).or(state.bp);
    *state = State {
        ip,
        sp,
        bp,
        call: !signal,
        trust: state.trusted(Trust::Registers),
        registers: full.then_some(*registers),
        before,
        searched: state.searched,
    };
    Next::Frame
}

/// A step where no ORC entry says anything.
fn without_orc(view: &dyn View, state: &mut State, guard: &Guard<'_>, walk: &mut Walk) -> Result<Next, Lost> {
    if !state.call && !view.is_text(state.ip) {
        // A jump through a bad pointer: what was called has done nothing yet, so the return address is the last that
        // was pushed (unwind_orc.c, `null_orc_entry`, "x86/unwind: Handle NULL pointer calls better in frame unwinder",
        // 5.1).
        let ip = view.word(state.sp)?;
        if !view.is_text(ip) || !follows_call(view, ip) {
            return Err(Lost::NoText { address: state.ip, at: state.sp });
        }
        let trust = if state.ip == 0 { state.trusted(Trust::Orc) } else { Trust::Scan };
        *state = State { ip, sp: state.sp.wrapping_add(8), call: true, trust, registers: None, before: None, ..*state };
        return Ok(Next::Frame);
    }
    if let Some(next) = by_cfi(view, state) {
        *state = next;
        return Ok(Next::Frame);
    }
    if let Some(pushed) = prologue(view, state) {
        let at = state.sp.wrapping_add(pushed);
        let ip = view.word(at)?;
        if view.is_text(ip) {
            let bp = if pushed == 0 { state.bp } else { view.word(state.sp).ok() };
            let trust = state.trusted(Trust::FramePointer);
            *state =
                State { ip, sp: at.wrapping_add(8), bp, call: true, trust, registers: None, before: None, ..*state };
            return Ok(Next::Frame);
        }
    }
    let bp = state.bp.ok_or(Lost::NoEntry { address: state.ip })?;
    if bp & 1 == 1 {
        // Entry code marks a frame pointer that leads to saved registers (arch/x86/include/asm/frame.h,
        // ENCODE_FRAME_POINTER, 4.9).
        let at = bp & !1;
        let area = guard.area().ok_or(Lost::NoEntry { address: state.ip })?;
        if at.is_multiple_of(8) && at >= state.sp && at.saturating_add(PT_REGS_SIZE) <= area.to {
            let mut bytes = [0; 168];
            view.fill(at, &mut bytes)?;
            return Ok(interrupted(view, state, at, &pt_regs(&bytes), true, walk));
        }
    }
    if bp == 0 && view.function(state.ip).is_some_and(|(name, _)| is_first(&name)) {
        return Ok(Next::End("end of the stack"));
    }
    let (ip, next) = frame_record(view, bp, state.sp, guard).ok_or(Lost::NoEntry { address: state.ip })?;
    let trust = state.trusted(Trust::FramePointer);
    let sp = bp.wrapping_add(16);
    *state =
        State { ip, sp, bp: Some(next), call: true, trust, registers: None, before: None, searched: state.searched };
    Ok(Next::Frame)
}

/// The caller by call frame information of a file that was given: it knows of what a kernel without ORC tables and frame
/// pointers does with its stack.
fn by_cfi(view: &dyn View, state: &State) -> Option<State> {
    let mut registers = state.registers.or(state.before).unwrap_or_else(|| Registers::new(&FILE));
    registers.set(RIP, state.ip);
    registers.set(RSP, state.sp);
    if let Some(bp) = state.bp {
        registers.set(RBP, bp);
    }
    let caller = view.caller(if state.call { state.ip.wrapping_sub(1) } else { state.ip }, &registers)?;
    let (ip, sp) = (caller.pc()?, caller.sp()?);
    (sp > state.sp && view.is_text(ip)).then(|| State {
        ip,
        sp,
        bp: caller.fp(),
        call: true,
        trust: state.trusted(Trust::Cfi),
        registers: Some(caller),
        before: None,
        searched: state.searched,
    })
}

/// Return address and saved frame pointer where `bp` points, if that is a frame on this stack at or above `sp`.
fn frame_record(view: &dyn View, bp: u64, sp: u64, guard: &Guard<'_>) -> Option<(u64, u64)> {
    let area = guard.area()?;
    if !bp.is_multiple_of(8) || bp < sp.max(area.from) || bp.saturating_add(16) > area.to {
        return None;
    }
    let ip = view.word(bp.wrapping_add(8)).ok()?;
    view.is_text(ip).then_some(())?;
    Some((ip, view.word(bp).ok()?))
}

/// How far above SP the return address lies while a function has not made its frame yet: it begins with ENDBR64, the
/// call or no-op of ftrace, `push %rbp`, `mov %rsp,%rbp`, of which the first two may be missing.
fn prologue(view: &dyn View, state: &State) -> Option<u64> {
    if state.call {
        return None;
    }
    let (_, start) = view.function(state.ip)?;
    let into = usize::try_from(state.ip.checked_sub(start)?).ok().filter(|&into| into <= 10)?;
    let mut code = [0; 16];
    view.fill(start, &mut code).ok()?;
    let mut at = 0;
    if code.starts_with(&[0xf3, 0x0f, 0x1e, 0xfa]) {
        at += 4;
    }
    if code[at] == 0xe8 || code[at..].starts_with(&[0x0f, 0x1f, 0x44, 0, 0]) {
        at += 5;
    }
    if !code[at..].starts_with(&[0x55, 0x48, 0x89, 0xe5]) {
        return None;
    }
    match into {
        into if into <= at => Some(0),
        into if into == at + 1 => Some(8),
        _ => None,
    }
}

/// Whether the instruction before an address is a call. Where its bytes cannot be read it may be.
fn follows_call(view: &dyn View, address: u64) -> bool {
    let mut code = [0; 7];
    let Ok(()) = view.fill(address.wrapping_sub(7), &mut code) else { return true };
    if code[2] == 0xe8 {
        return true;
    }
    // CALL r/m64 is FF with 2 in the middle of its ModRM byte (Intel's manual, volume 2, CALL).
    (0..=5).any(|at| {
        if code[at] != 0xff || code[at + 1] >> 3 & 7 != 2 {
            return false;
        }
        let (mode, low) = (code[at + 1] >> 6, code[at + 1] & 7);
        let index = usize::from(mode != 3 && low == 4);
        let displacement = match mode {
            0 if low == 5 => 4,
            1 => 1,
            2 => 4,
            _ => 0,
        };
        at + 2 + index + displacement == 7
    })
}

/// Functions in which a kernel's stacks begin.
fn is_first(name: &str) -> bool {
    ["ret_from_fork", "secondary_startup_64", "start_cpu", "common_startup_64", "x86_64_start_kernel"]
        .iter()
        .any(|first| name.starts_with(first))
}

/// What entered the kernel by a function of arch/x86/entry, in words. Their names were without `asm_` until 5.8
/// ("x86/entry: Convert ... to IDTENTRY").
fn what(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("asm_").unwrap_or(name);
    let exception = name.strip_prefix("exc_").unwrap_or(name);
    Some(match exception {
        "page_fault" | "async_page_fault" => "page fault",
        "nmi" | "nmi_noist" | "first_nmi" | "repeat_nmi" | "end_repeat_nmi" | "nmi_kvm_vmx" => "NMI",
        "divide_error" => "divide error",
        "debug" | "exc_debug_kernel" => "debug exception",
        "int3" => "breakpoint",
        "overflow" => "overflow",
        "bounds" => "bounds exceeded",
        "invalid_op" => "invalid opcode",
        "device_not_available" => "device not available",
        "double_fault" => "double fault",
        "coproc_segment_overrun" | "coprocessor_segment_overrun" => "coprocessor segment overrun",
        "invalid_tss" | "invalid_TSS" => "invalid TSS",
        "segment_not_present" => "segment not present",
        "stack_segment" => "stack segment fault",
        "general_protection" => "general protection fault",
        "spurious_interrupt_bug" => "spurious interrupt",
        "alignment_check" => "alignment check",
        "machine_check" => "machine check",
        "coprocessor_error" => "x87 exception",
        "simd_coprocessor_error" => "SIMD exception",
        "control_protection" => "control protection fault",
        "virtualization_exception" => "virtualization exception",
        "vmm_communication" => "VMM communication exception",
        "iret_error" => "IRET error",
        "ret_from_intr"
        | "common_interrupt"
        | "spurious_interrupt"
        | "irq_entries_start"
        | "spurious_entries_start"
        | "common_spurious"
        | "interrupt_entry" => "interrupt",
        _ if name.starts_with("sysvec_") => "interrupt",
        // The vectors before 5.8: apic_timer_interrupt, reschedule_interrupt, irq_work_interrupt, …
        _ if name.ends_with("_interrupt") => "interrupt",
        _ if name.starts_with("entry_SYS") || name.starts_with("entry_INT80") || name == "int80_emulation" => {
            "system call"
        }
        _ if name.starts_with("ret_from_fork") => "return from fork",
        _ => return None,
    })
}
