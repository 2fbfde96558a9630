//! The way from a frame to its caller on 32-bit arm: by the kernel's own unwind tables, else by call frame information of
//! a vmlinux. Must never take a step that does not lead upwards, nor hide how a frame was found.
//!
//! The rules are those of arch/arm/kernel/unwind.c and stacktrace.c, applied to a dump.

use super::exidx::{Exidx, Numbered, Step as Found};
use super::registers::{NUMBERED, PT_REGS_SIZE, pt_regs};
use crate::stack::registers::Registers;
use crate::stack::scan;
use crate::stack::walk::{Area, Guard, Lost, MOST_FRAMES, Start, Step, View, Walk};
use oopscope_report::vmcore::Trust;

/// Bytes between the end of a task's stack and the registers of user mode (`THREAD_START_SP` in
/// arch/arm/include/asm/thread_info.h).
const ABOVE_USER: u64 = 8;

/// How near to a stack's end its first function's frame lies.
const NEAR_TOP: u64 = 32;

/// A frame.
struct State {
    pc: u64,
    numbered: Numbered,
    call: bool,
    trust: Trust,
    searched: bool,
}

impl State {
    fn sp(&self) -> Option<u64> {
        self.numbered[13].map(Into::into)
    }
}

enum Next {
    Frame,
    End(&'static str),
}

/// The ways up.
struct Ways<'w> {
    view: &'w dyn View,
    tables: &'w Exidx,
}

/// Walks from `start` to the end of the stacks in `areas`.
pub fn walk(view: &dyn View, start: &Start, areas: &[Area], tables: &Exidx) -> Walk {
    let mut walk = Walk::default();
    let mut guard = Guard::new(areas);
    if start.registers.is_some_and(|registers| registers.is_user()) {
        return Walk { ends: "user mode".to_owned(), complete: true, ..walk };
    }
    let ways = Ways { view, tables };
    let entered = guard.enter(start.sp);
    let lost = match (start.pc, entered) {
        (Some(pc), Ok(_)) => {
            let known = start.registers.or(start.kept);
            let mut numbered: Numbered = std::array::from_fn(|number| {
                known.and_then(|registers| u32::try_from(registers.get(NUMBERED[number])?).ok())
            });
            numbered[13] = u32::try_from(start.sp).ok();
            numbered[11] = numbered[11].or_else(|| u32::try_from(start.fp?).ok());
            let state = State { pc, numbered, call: start.call, trust: start.trust, searched: false };
            ways.follow(state, &mut guard, &mut walk, MOST_FRAMES).err()
        }
        (None, Ok(_)) => Some(Lost::NoStart),
        (_, Err(lost)) => Some(lost),
    };
    if let Some(lost) = lost {
        let again = |guard: &mut Guard<'_>, at: u64, pc: u64, walk: &mut Walk, most: usize| {
            let sp = at.wrapping_add(4);
            guard.enter(sp)?;
            let mut numbered = Numbered::default();
            numbered[13] = u32::try_from(sp).ok();
            let state = State { pc: pc & !1, numbered, call: true, trust: Trust::Scan, searched: true };
            ways.follow(state, guard, walk, most)
        };
        scan::recover(view, &guard, &mut walk, &lost, &again, &|address| follows_call(view, address));
    }
    walk
}

impl Ways<'_> {
    /// Takes down frames until the stack ends. `Ok` means that it ended where it should, or that there are too many frames.
    fn follow(&self, mut state: State, guard: &mut Guard<'_>, walk: &mut Walk, most: usize) -> Result<(), Lost> {
        loop {
            walk.steps.push(Step {
                address: state.pc,
                call: state.call,
                sp: state.sp(),
                fp: state.numbered[11].map(Into::into),
                trust: state.trust,
                stack: guard.kind(),
                exception: None,
            });
            if walk.steps.len() >= most {
                walk.ends = format!("more than {most} frames");
                return Ok(());
            }
            if let Next::End(ends) = self.step(&mut state, guard, walk)? {
                ends.clone_into(&mut walk.ends);
                walk.complete = true;
                return Ok(());
            }
        }
    }

    /// One step up.
    fn step(&self, state: &mut State, guard: &mut Guard<'_>, walk: &mut Walk) -> Result<Next, Lost> {
        let sp = state.sp().ok_or(Lost::NoStart)?;
        let at = state.pc.wrapping_sub(state.call.into());
        let (numbered, exception, trust) = match self.tables.step(self.view, at, &state.numbered)? {
            Found::First => return Ok(self.first(guard, walk)),
            // At a function's first instruction nothing has been saved yet.
            Found::Caller(..) if state.trust == Trust::Registers && self.interrupted_at_start(state) => {
                let mut numbered = state.numbered;
                (numbered[15], numbered[14]) = (numbered[14], None);
                (numbered, false, Trust::Registers)
            }
            Found::Caller(numbered, exception) => (numbered, exception, Trust::Orc),
            Found::Unknown => match self.by_frames(at, state) {
                Some(numbered) => (numbered, false, Trust::Cfi),
                None => return Err(Lost::NoEntry { address: state.pc }),
            },
        };
        let pc = numbered[15].map_or(0, u64::from) & !1;
        let next = numbered[13].map_or(0, u64::from);
        if exception {
            self.saved(sp, state, walk);
        }
        let left = guard.area().map(|area| area.to.saturating_sub(next));
        // A CPU's idle task was called by code that ran before there were page tables, and has its physical address, or none.
        if !self.view.is_text(pc) && left.is_some_and(|left| left <= NEAR_TOP) {
            return Ok(Next::End("end of the stack"));
        }
        if !self.view.is_text(pc) {
            return Err(Lost::NoText { address: pc, at: next.wrapping_sub(4) });
        }
        // What saves nothing has its caller's stack pointer.
        if next != sp || state.call {
            guard.advance(next)?;
        } else if pc == state.pc {
            return Err(Lost::Back { from: sp, to: next });
        }
        let trust = if state.searched {
            Trust::Scan
        } else if exception {
            Trust::Registers
        } else {
            trust
        };
        // A system call's function returns to a function's first instruction, which has not called it (entry-common.S,
        // `invoke_syscall` puts `ret_fast_syscall` into the link register).
        let call = !(exception || self.begins(pc) && !follows_call(self.view, pc));
        *state = State { pc, numbered, call, trust, searched: state.searched };
        Ok(Next::Frame)
    }

    /// Whether a function was interrupted before it had done anything.
    fn interrupted_at_start(&self, state: &State) -> bool {
        !state.call && state.numbered[14].is_some() && self.begins(state.pc)
    }

    /// Whether a function begins there.
    fn begins(&self, pc: u64) -> bool {
        self.view.function(pc).is_some_and(|(_, start)| start & !1 == pc)
    }

    /// The caller's registers by call frame information.
    fn by_frames(&self, at: u64, state: &State) -> Option<Numbered> {
        let mut registers = Registers::new(&super::registers::FILE);
        for (value, index) in state.numbered.iter().zip(NUMBERED) {
            if let Some(value) = value {
                registers.set(index, u64::from(*value));
            }
        }
        let caller = self.view.caller(at, &registers)?;
        Some(std::array::from_fn(|number| u32::try_from(caller.get(NUMBERED[number])?).ok()))
    }

    /// Notes the registers that an exception has saved at `at`.
    fn saved(&self, at: u64, state: &State, walk: &mut Walk) {
        let mut bytes = [0; PT_REGS_SIZE];
        let read = self.view.fill(at, &mut bytes).ok();
        if let Some(registers) = read.and_then(|()| pt_regs(&bytes, self.view.little_endian())) {
            walk.except(at, self.what(state.pc), &registers);
        }
    }

    /// The end of a stack: the registers of user mode lie there, if the task has any.
    fn first(&self, guard: &Guard<'_>, walk: &mut Walk) -> Next {
        let at = guard.area().and_then(|area| area.to.checked_sub(ABOVE_USER + PT_REGS_SIZE as u64));
        let mut bytes = [0; PT_REGS_SIZE];
        let read = at.and_then(|at| self.view.fill(at, &mut bytes).ok());
        let registers = read.and_then(|()| pt_regs(&bytes, self.view.little_endian()));
        match registers.filter(|registers| registers.is_user() && registers.pc().is_some_and(|pc| pc != 0)) {
            Some(registers) => {
                let what = walk.steps.last().and_then(|step| self.what(step.address));
                walk.except(at.unwrap_or(0), what, &registers);
                Next::End("user mode")
            }
            None => Next::End("end of the stack"),
        }
    }

    /// What entered the kernel by the vector in which a frame is, in words (arch/arm/kernel/entry-armv.S, entry-common.S).
    fn what(&self, pc: u64) -> Option<&'static str> {
        let (name, _) = self.view.function(pc)?;
        let vector = name.trim_start_matches('_').split('_').next()?;
        Some(match vector {
            "irq" => "interrupt",
            "fiq" => "fast interrupt",
            "dabt" => "data abort",
            "pabt" => "prefetch abort",
            "und" => "undefined instruction",
            "vector" | "ret" | "slow" if name != "ret_from_fork" => "system call",
            _ => return None,
        })
    }
}

/// Whether the instruction before an address is a call: BL, or BLX of a register (Arm ARM, A8.8.25 and A8.8.26). Of Thumb
/// code, told by the address's lowest bit, and where it cannot be read it may be.
fn follows_call(view: &dyn View, address: u64) -> bool {
    let mut code = [0; 4];
    if address & 1 == 1 || view.fill(address.wrapping_sub(4), &mut code).is_err() {
        return true;
    }
    let code = if view.little_endian() { u32::from_le_bytes(code) } else { u32::from_be_bytes(code) };
    code >> 24 & 0xf == 0xb || code & 0x0fff_fff0 == 0x012f_ff30
}
