//! Stacks made by hand, word by word, and what the unwinders make of them; damaged ones too.

use oopscope_kernel::MemoryError;
use oopscope_kernel::arch::{aarch64, x86_64};
use oopscope_kernel::stack::registers::Registers;
use oopscope_kernel::stack::walk::{Area, Start, View, Walk};
use oopscope_report::vmcore::{StackKind, Trust};
use oopscope_symbols::orc::{Base, Entry, FrameKind};
use std::collections::BTreeMap;
use std::ops::Range;

/// Code lies here, functions of 0x100 bytes each.
const TEXT: Range<u64> = 0x10_0000..0x11_0000;
/// The task's stack.
const STACK: Range<u64> = 0x2000..0x6000;
/// The stack for interrupts.
const IRQ: Range<u64> = 0x8000..0xc000;

#[derive(Default)]
struct Fake {
    words: BTreeMap<u64, u64>,
    entries: Vec<(Range<u64>, Entry)>,
    names: BTreeMap<u64, &'static str>,
    /// Functions of which call frame information says how many bytes above SP the caller's begin.
    frames: Vec<(Range<u64>, u64)>,
}

impl Fake {
    /// Puts words down from an address on.
    fn put(&mut self, at: u64, words: &[u64]) {
        for (index, &word) in (0..).step_by(8).zip(words) {
            self.words.insert(at + index, word);
        }
    }

    /// A function of a number, with its unwind entry; gives its address.
    fn define(&mut self, number: u64, name: &'static str, entry: Option<Entry>) -> u64 {
        let start = TEXT.start + number * 0x100;
        self.names.insert(start, name);
        if let Some(entry) = entry {
            self.entries.push((start..start + 0x100, entry));
        }
        start
    }
}

impl View for Fake {
    fn fill(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        for (byte, at) in buf.iter_mut().zip(address..) {
            let word = self.words.get(&(at & !7)).ok_or(MemoryError::NotCanonical { address: at })?;
            *byte = word.to_le_bytes()[usize::try_from(at & 7).unwrap()];
        }
        Ok(())
    }

    fn orc(&self, ip: u64) -> Result<Option<Entry>, MemoryError> {
        Ok(self.entries.iter().find(|(range, _)| range.contains(&ip)).map(|&(_, entry)| entry))
    }

    fn is_text(&self, address: u64) -> bool {
        TEXT.contains(&address)
    }

    fn function(&self, address: u64) -> Option<(String, u64)> {
        let (&start, &name) = self.names.range(..=address).next_back()?;
        self.is_text(address).then(|| (name.to_owned(), start))
    }

    fn little_endian(&self) -> bool {
        true
    }

    fn caller(&self, at: u64, registers: &Registers) -> Option<Registers> {
        let size = self.frames.iter().find(|(range, _)| range.contains(&at))?.1;
        let sp = registers.sp()? + size;
        let mut caller = *registers;
        caller.set(registers.file().pc, *self.words.get(&(sp - 8))?);
        caller.set(registers.file().sp, sp);
        Some(caller)
    }

    fn strip(&self, address: u64) -> u64 {
        address & 0x00ff_ffff_ffff_ffff
    }
}

fn areas() -> [Area; 2] {
    [
        Area { kind: StackKind::Task, from: STACK.start, to: STACK.end },
        Area { kind: StackKind::Irq, from: IRQ.start, to: IRQ.end },
    ]
}

/// The caller's frame begins so many bytes above SP.
#[expect(clippy::unnecessary_wraps, reason = "a function may have no entry")]
fn call(size: i64) -> Option<Entry> {
    let (sp, bp, kind) = (Base::Sp, Base::Undefined, FrameKind::Call);
    Some(Entry { sp, sp_offset: size, bp, bp_offset: 0, kind, signal: false })
}

#[expect(clippy::unnecessary_wraps, reason = "a function may have no entry")]
fn kind(kind: FrameKind, sp_offset: i64) -> Option<Entry> {
    let signal = matches!(kind, FrameKind::Regs | FrameKind::RegsPartial);
    Some(Entry { sp: Base::Sp, sp_offset, bp: Base::Undefined, bp_offset: 0, kind, signal })
}

fn at(pc: u64, sp: u64) -> Start {
    let begins = String::new();
    Start { pc: Some(pc), sp, fp: None, registers: None, kept: None, call: false, trust: Trust::Registers, begins }
}

/// Names of the functions, with the trust of each.
fn outline(view: &Fake, walk: &Walk) -> Vec<String> {
    walk.steps
        .iter()
        .map(|step| {
            let name = view.function(step.address - u64::from(step.call));
            let name = name.map_or("?".to_owned(), |(name, _)| name);
            let what = step.exception.as_ref().map_or(String::new(), |saved| {
                format!(" [{}{}]", saved.what.as_deref().unwrap_or("?"), if saved.user { ", user" } else { "" })
            });
            format!("{name} {:?} {:?}{what}", step.trust, step.stack)
        })
        .collect()
}

mod x86 {
    use super::*;

    /// `struct pt_regs`.
    fn saved(ip: u64, cs: u64, sp: u64, bp: u64) -> [u64; 21] {
        let mut words = [0; 21];
        words[4] = bp;
        (words[16], words[17], words[19]) = (ip, cs, sp);
        words
    }

    #[test]
    fn calls_are_followed_to_the_end_of_the_stack() {
        let mut fake = Fake::default();
        let inner = fake.define(1, "inner", call(16));
        let middle = fake.define(2, "middle", call(8));
        let first = fake.define(3, "ret_from_fork", kind(FrameKind::End, 0));
        fake.put(0x5000, &[0, middle + 9, first + 5]);
        let walk = x86_64::unwind::walk(&fake, &at(inner + 4, 0x5000), &areas());
        assert_eq!(outline(&fake, &walk), ["inner Registers Task", "middle Orc Task", "ret_from_fork Orc Task"]);
        assert_eq!((walk.ends.as_str(), walk.complete), ("end of the stack", true));
        assert_eq!(walk.steps[1].sp, Some(0x5010));
    }

    #[test]
    fn a_call_that_never_returns_belongs_to_the_function_before() {
        let mut fake = Fake::default();
        let inner = fake.define(1, "inner", call(8));
        fake.define(2, "dies", call(8));
        let next = fake.define(3, "next", kind(FrameKind::End, 0));
        let first = fake.define(4, "first", kind(FrameKind::End, 0));
        fake.put(0x5000, &[next, first + 5]);
        let walk = x86_64::unwind::walk(&fake, &at(inner, 0x5000), &areas());
        assert_eq!(outline(&fake, &walk), ["inner Registers Task", "dies Orc Task", "first Orc Task"]);
    }

    #[test]
    fn an_interrupt_is_crossed_with_its_registers_and_its_stack() {
        let mut fake = Fake::default();
        let handler = fake.define(1, "handler", call(8));
        let on_irq = Entry { sp: Base::SpIndirect, ..call(0).unwrap() };
        let sysvec = fake.define(2, "sysvec_apic_timer_interrupt", Some(on_irq));
        let entry = fake.define(3, "asm_sysvec_apic_timer_interrupt", kind(FrameKind::Regs, 0));
        let victim = fake.define(4, "victim", Some(Entry { sp: Base::Bp, ..call(16).unwrap() }));
        let syscall = fake.define(5, "entry_SYSCALL_64", kind(FrameKind::Regs, 0));
        // The word at the end of the interrupt's stack leads back to the task's.
        fake.put(IRQ.end - 16, &[sysvec + 7, 0x4008]);
        fake.put(0x4000, &[entry + 5]);
        fake.put(0x4008, &saved(victim, 0x10, 0x4100, 0x4110));
        fake.put(0x4110, &[0, syscall + 3]);
        fake.put(0x4120, &saved(0x40_0000, 0x33, 0x7fff_0000, 0));
        let mut walk = x86_64::unwind::walk(&fake, &at(handler + 1, IRQ.end - 16), &areas());
        assert_eq!(
            outline(&fake, &walk),
            [
                "handler Registers Irq",
                "sysvec_apic_timer_interrupt Orc Irq",
                "asm_sysvec_apic_timer_interrupt Orc Task [interrupt]",
                "victim Registers Task",
                "entry_SYSCALL_64 Orc Task [system call, user]",
            ]
        );
        assert_eq!(walk.ends, "user mode");
        let user = walk.steps.remove(4).exception.unwrap();
        assert_eq!((user.at.0, user.registers[0].value.0), (0x4120, 0x40_0000));
        // The first instruction of a function, where it was interrupted, is that function's.
        assert_eq!((walk.steps[3].address, walk.steps[3].call), (victim, false));
    }

    #[test]
    fn an_interrupt_frame_alone_keeps_what_was_known_before() {
        let mut fake = Fake::default();
        let entry = fake.define(1, "asm_exc_nmi", kind(FrameKind::RegsPartial, 8));
        let victim = fake.define(2, "victim", kind(FrameKind::End, 0));
        fake.put(0x5008, &[victim + 9, 0x10, 2, 0x5100, 0x18]);
        let walk = x86_64::unwind::walk(&fake, &at(entry + 1, 0x5000), &areas());
        assert_eq!(outline(&fake, &walk), ["asm_exc_nmi Registers Task [NMI]", "victim Registers Task"]);
        assert_eq!(walk.steps[0].exception.as_ref().unwrap().registers.len(), 5);
    }

    #[test]
    fn a_jump_to_null_has_its_caller_on_top_of_the_stack() {
        let mut fake = Fake::default();
        let caller = fake.define(1, "caller", kind(FrameKind::End, 0));
        // call *%rax before the return address
        fake.put(caller, &[0x00d0_ff00_0000_0000]);
        fake.put(0x5000, &[caller + 7]);
        let walk = x86_64::unwind::walk(&fake, &at(0, 0x5000), &areas());
        assert_eq!(outline(&fake, &walk), ["? Registers Task", "caller Orc Task"]);
        let walk = x86_64::unwind::walk(&fake, &at(0x1234, 0x5000), &areas());
        assert_eq!(outline(&fake, &walk), ["? Registers Task", "caller Scan Task"]);
    }

    #[test]
    fn where_orc_is_silent_frame_pointers_lead_on_and_then_a_marked_search() {
        let mut fake = Fake::default();
        let silent = fake.define(1, "silent", None);
        let caller = fake.define(2, "caller", kind(FrameKind::End, 0));
        fake.put(0x5f00, &[1, 2, 0x5f80, caller + 7]);
        let start = Start { fp: Some(0x5f10), ..at(silent + 0x20, 0x5f00) };
        let walk = x86_64::unwind::walk(&fake, &start, &areas());
        assert_eq!(outline(&fake, &walk), ["silent Registers Task", "caller FramePointer Task"]);
        let start = Start { fp: Some(0x7777), ..start };
        let walk = x86_64::unwind::walk(&fake, &start, &areas());
        assert_eq!(outline(&fake, &walk), ["silent Registers Task", "caller Scan Task"]);
        assert!(walk.complete && walk.ends.contains("searched"), "{}", walk.ends);
    }

    #[test]
    fn call_frame_information_leads_on_where_orc_is_silent() {
        let mut fake = Fake::default();
        let silent = fake.define(1, "silent", None);
        let middle = fake.define(2, "middle", None);
        let caller = fake.define(3, "caller", kind(FrameKind::End, 0));
        fake.frames = vec![(silent..silent + 0x100, 0x20), (middle..middle + 0x100, 0x10)];
        fake.put(0x5000, &[1, 2, 3, middle + 7, 4, caller + 7]);
        let walk = x86_64::unwind::walk(&fake, &at(silent + 0x20, 0x5000), &areas());
        assert_eq!(outline(&fake, &walk), ["silent Registers Task", "middle Cfi Task", "caller Cfi Task"]);
        // What leads to no code, or not upwards, is not followed.
        fake.put(0x5018, &[5]);
        let walk = x86_64::unwind::walk(&fake, &at(silent + 0x20, 0x5000), &areas());
        assert_eq!(walk.steps[1].trust, Trust::Scan);
        fake.frames[0].1 = 0;
        let walk = x86_64::unwind::walk(&fake, &at(silent + 0x20, 0x5000), &areas());
        assert_eq!(walk.steps[1].trust, Trust::Scan);
    }

    #[test]
    fn what_only_looks_like_a_return_address_is_listed_where_nothing_leads_on() {
        let mut fake = Fake::default();
        let silent = fake.define(1, "silent", None);
        fake.put(0x5000, &[silent + 3, 5, silent + 0x30]);
        let walk = x86_64::unwind::walk(&fake, &at(silent + 0x20, 0x5000), &areas());
        assert_eq!(outline(&fake, &walk), ["silent Registers Task", "silent Scan Task", "silent Scan Task"]);
        assert!(!walk.complete);
        assert!(walk.ends.starts_with("no unwind information covers 0x100120"), "{}", walk.ends);
    }

    #[test]
    fn a_stack_that_leads_back_costs_the_frames_after() {
        let mut fake = Fake::default();
        let loops = fake.define(1, "loops", Some(Entry { sp: Base::Bp, ..call(16).unwrap() }));
        fake.put(0x5000, &[0x5000, loops + 1]);
        let start = Start { fp: Some(0x5000), ..at(loops, 0x5010) };
        let walk = x86_64::unwind::walk(&fake, &start, &areas());
        assert_eq!(walk.steps.len(), 1);
        assert!(walk.ends.contains("from 0x5010 back to 0x5010"), "{}", walk.ends);
    }

    #[test]
    fn user_mode_has_no_frames_of_the_kernel() {
        let mut note = vec![0; 336];
        note[112 + 17 * 8] = 0x33;
        let registers = x86_64::registers::prstatus(&note, true);
        let walk = x86_64::unwind::walk(&Fake::default(), &Start { registers, ..at(0, 0) }, &areas());
        assert_eq!((walk.steps.len(), walk.ends.as_str(), walk.complete), (0, "user mode", true));
    }

    #[test]
    fn a_task_without_registers_is_searched() {
        let mut fake = Fake::default();
        let first = fake.define(1, "first", kind(FrameKind::End, 0));
        fake.put(0x5ff0, &[first + 3]);
        let start = Start { pc: None, ..at(0, STACK.start) };
        let walk = x86_64::unwind::walk(&fake, &start, &areas());
        assert_eq!(outline(&fake, &walk), ["first Scan Task"]);
        assert!(walk.ends.contains("no registers"), "{}", walk.ends);
    }
}

mod arm64 {
    use super::*;
    use aarch64::unwind::{Shape, walk};

    const META: Shape = Shape { record: 304, meta: true };
    /// bl . + 0, twice
    const CALL: u64 = 0x9400_0000_9400_0000;

    fn pt_regs(pc: u64, lr: u64, sp: u64, fp: u64, pstate: u64) -> [u64; 34] {
        let mut words = [0; 34];
        (words[29], words[30], words[31], words[32], words[33]) = (fp, lr, sp, pc, pstate);
        words
    }

    fn begin(pc: u64, fp: u64) -> Start {
        Start { fp: Some(fp), ..at(pc, fp) }
    }

    #[test]
    fn frame_records_are_followed_with_their_authentication_codes_taken_off() {
        let mut fake = Fake::default();
        let inner = fake.define(1, "inner", None);
        let outer = fake.define(2, "outer", None);
        let first = fake.define(3, "ret_from_fork", None);
        fake.put(0x5020 - 304, &[0; 38]);
        fake.put(0x5000, &[0x5010, (outer + 8) | 0xaa << 56, 0x5020, first + 8, 0, 0]);
        let walk = walk(&fake, &begin(inner + 0x10, 0x5000), &areas(), Shape::default());
        assert_eq!(
            outline(&fake, &walk),
            ["inner Registers Task", "outer FramePointer Task", "ret_from_fork FramePointer Task"]
        );
        assert_eq!((walk.ends.as_str(), walk.complete), ("end of the stack", true));
    }

    /// An interrupt on its own stack, a victim, and user mode below it.
    fn interrupted(shape: Shape, lr: u64, victims: u64) -> (Fake, Walk) {
        let mut fake = Fake::default();
        let handler = fake.define(1, "handler", None);
        let vector = fake.define(2, "el1h_64_irq", None);
        let victim = fake.define(3, "victim", None);
        let caller = fake.define(4, "caller", None);
        let entry = fake.define(5, "el0t_64_sync", None);
        for at in (TEXT.start..TEXT.start + 0x600).step_by(8) {
            fake.words.insert(at, CALL);
        }
        let lr = if lr == 0 { caller + 8 } else { lr };
        let record = 0x4000 + shape.record;
        fake.put(IRQ.end - 16, &[record, vector + 8]);
        fake.put(0x4000, &pt_regs(victim + 0x40, lr, 0x4200, 0x4200, 5));
        fake.put(record, &if shape.meta { [0, 0, 2] } else { [0x4200, victim + 0x40, 0] });
        fake.put(0x4200, &[0x4220, victims]);
        let bottom = STACK.end - 336;
        fake.put(0x4220, &[bottom + shape.record, entry + 8]);
        fake.put(bottom, &pt_regs(0x40_0000, 0, 0x7fff_0000, 0, 0));
        fake.put(bottom + shape.record, &[0, 0, 1]);
        let walk = walk(&fake, &begin(handler + 0x10, IRQ.end - 16), &areas(), shape);
        (fake, walk)
    }

    #[test]
    fn an_interrupt_is_crossed_with_its_registers_and_its_stack() {
        let caller = TEXT.start + 0x408;
        for shape in [Shape::default(), META] {
            let (fake, walk) = interrupted(shape, 0, caller);
            assert_eq!(
                outline(&fake, &walk),
                [
                    "handler Registers Irq",
                    "el1h_64_irq FramePointer Task [interrupt]",
                    "victim Registers Task",
                    "caller FramePointer Task",
                    "el0t_64_sync FramePointer Task [synchronous exception, user]",
                ],
                "{shape:?}"
            );
            assert_eq!((walk.ends.as_str(), walk.complete), ("user mode", true));
        }
    }

    #[test]
    fn a_victim_without_a_record_has_its_caller_in_the_link_register() {
        // The record is the caller's: it holds the return address into the caller's own caller.
        let (fake, walk) = interrupted(META, TEXT.start + 0x408, TEXT.start + 0x120);
        let names = outline(&fake, &walk);
        assert_eq!(names[2..5], ["victim Registers Task", "caller Registers Task", "handler FramePointer Task"]);
        // After a call the link register leads into the function itself.
        let (fake, walk) = interrupted(META, TEXT.start + 0x310, TEXT.start + 0x408);
        assert_eq!(outline(&fake, &walk)[2..4], ["victim Registers Task", "caller FramePointer Task"]);
    }

    #[test]
    fn a_chain_that_leads_back_costs_the_frames_after() {
        let mut fake = Fake::default();
        let inner = fake.define(1, "inner", None);
        fake.put(0x5000, &[0x5010, inner + 8, 0x5000, inner + 8]);
        let walk = walk(&fake, &begin(inner + 0x10, 0x5000), &areas(), Shape::default());
        assert!(!walk.complete && walk.ends.contains("from 0x5010 back to 0x5000"), "{}", walk.ends);
        let trusts: Vec<_> = walk.steps.iter().map(|step| step.trust).collect();
        assert_eq!(trusts, [Trust::Registers, Trust::FramePointer, Trust::FramePointer, Trust::Scan]);
    }
}
