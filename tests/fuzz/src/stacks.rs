//! A target for unwinding: stacks, registers and unwind entries of any content.
//!
//! Like the others it must never depend on chance.

use oopscope_kernel::MemoryError;
use oopscope_kernel::arch::{aarch64, x86_64};
use oopscope_kernel::stack::walk::{Area, MOST_FRAMES, Start, View, Walk};
use oopscope_report::vmcore::{StackKind, Trust};
use oopscope_symbols::orc::{Base, Entry, FrameKind};

/// Where the bytes lie as stacks: the first half is the task's, the second the interrupts'.
const STACKS: u64 = 0x1_0000;
/// Code: functions of 16 bytes, so that short numbers are addresses of it.
const TEXT: std::ops::Range<u64> = 0x100..0x2000;
/// Bytes of an unwind entry.
const ENTRY: usize = 4;

struct Bytes<'b> {
    entries: &'b [u8],
    memory: &'b [u8],
}

impl View for Bytes<'_> {
    fn fill(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        let missing = MemoryError::NotCanonical { address };
        let from = address.checked_sub(STACKS).and_then(|from| usize::try_from(from).ok()).ok_or(missing)?;
        let to = from.checked_add(buf.len()).ok_or(missing)?;
        buf.copy_from_slice(self.memory.get(from..to).ok_or(missing)?);
        Ok(())
    }

    fn orc(&self, ip: u64) -> Result<Option<Entry>, MemoryError> {
        const BASES: [Base; 11] = [
            Base::Sp,
            Base::Bp,
            Base::SpIndirect,
            Base::BpIndirect,
            Base::PreviousSp,
            Base::Undefined,
            Base::Ax,
            Base::Dx,
            Base::Di,
            Base::R10,
            Base::R13,
        ];
        const KINDS: [FrameKind; 8] = [
            FrameKind::Call,
            FrameKind::Call,
            FrameKind::Call,
            FrameKind::Regs,
            FrameKind::RegsPartial,
            FrameKind::Undefined,
            FrameKind::Regs,
            FrameKind::End,
        ];
        let count = self.entries.len() / ENTRY;
        let Some(number) = usize::try_from(ip / 16).ok().and_then(|number| number.checked_rem(count)) else {
            return Ok(None);
        };
        let raw = &self.entries[number * ENTRY..][..ENTRY];
        if !TEXT.contains(&ip) || raw[3] >= 0xf0 {
            return Ok(None);
        }
        Ok(Some(Entry {
            sp: BASES[usize::from(raw[0] & 15) % BASES.len()],
            sp_offset: i64::from(raw[1].cast_signed()) * 8,
            bp: BASES[usize::from(raw[0] >> 4) % BASES.len()],
            bp_offset: i64::from(raw[2].cast_signed()) * 8,
            kind: KINDS[usize::from(raw[3] & 7)],
            signal: raw[3] & 8 != 0,
        }))
    }

    fn is_text(&self, address: u64) -> bool {
        TEXT.contains(&address)
    }

    fn function(&self, address: u64) -> Option<(String, u64)> {
        self.is_text(address).then(|| ("function".to_owned(), address & !15))
    }

    fn little_endian(&self) -> bool {
        true
    }
}

/// Any stack is walked to an end that has a reason, in as many frames as it has room for at most, and upwards.
pub fn unwind(bytes: &[u8]) {
    let Some((&[pc, sp, fp, flags], rest)) = bytes.split_first_chunk::<4>() else { return };
    let (entries, memory) = rest.split_at(rest.len().min(16 * ENTRY));
    let view = Bytes { entries, memory };
    let half = memory.len() as u64 / 16 * 8;
    let areas = [
        Area { kind: StackKind::Task, from: STACKS, to: STACKS + half },
        Area { kind: StackKind::Irq, from: STACKS + half, to: STACKS + half * 2 },
    ];
    let place = |byte: u8| STACKS + u64::from(byte) * 8 + if flags & 4 == 0 { 0 } else { half };
    let start = Start {
        pc: (flags & 1 == 0).then_some(TEXT.start + u64::from(pc) * 16 + 4),
        sp: place(sp),
        fp: (flags & 2 == 0).then(|| place(fp)),
        registers: None,
        kept: None,
        call: flags & 8 != 0,
        trust: Trust::Registers,
        begins: String::new(),
    };
    check(&x86_64::unwind::walk(&view, &start, &areas), &areas);
    for meta in [false, true] {
        let shape = aarch64::unwind::Shape { record: 304, meta };
        check(&aarch64::unwind::walk(&view, &start, &areas, shape), &areas);
    }
}

fn check(walk: &Walk, areas: &[Area; 2]) {
    assert!(!walk.ends.is_empty(), "it ends without a reason");
    assert!(walk.steps.len() <= 2 * MOST_FRAMES, "{} frames", walk.steps.len());
    for [before, after] in walk.steps.array_windows() {
        let on = |sp: Option<u64>| areas.iter().position(|area| sp.is_some_and(|sp| area.from <= sp && sp < area.to));
        if let (Some(here), Some(there)) = (on(before.sp), on(after.sp))
            && here == there
            && after.trust != Trust::Scan
            && before.stack == after.stack
        {
            assert!(before.sp <= after.sp, "{before:x?} leads down to {after:x?}");
        }
    }
}
