//! ORC tables as objtool of each time made them. Must never use the reader's own code.

use super::{Image, LE64};
use oopscope_symbols::orc::{Base, FrameKind, Tables, Version};

pub(crate) const CODE: u64 = 0xffff_ffff_8100_0000;

/// Flags of an entry: numbers of SP and BP, the type as V3 counts it, signal.
pub(crate) fn flags(version: Version, sp: Base, bp: Base, kind: FrameKind, signal: bool) -> u64 {
    let number = |base: Base| -> u64 {
        let old = [
            Base::Undefined,
            Base::PreviousSp,
            Base::Dx,
            Base::Di,
            Base::Bp,
            Base::Sp,
            Base::R10,
            Base::R13,
            Base::BpIndirect,
            Base::SpIndirect,
            Base::Ax,
        ];
        let new = [
            Base::Undefined,
            Base::Ax,
            Base::Dx,
            Base::Sp,
            Base::Bp,
            Base::Di,
            Base::R10,
            Base::R13,
            Base::PreviousSp,
            Base::SpIndirect,
            Base::BpIndirect,
        ];
        let table = if version == Version::V4 { new } else { old };
        table.iter().position(|&other| other == base).expect("a register") as u64
    };
    let old = match kind {
        FrameKind::Regs => 1,
        FrameKind::RegsPartial => 2,
        _ => 0,
    };
    let new = match kind {
        FrameKind::Undefined => 0,
        FrameKind::End => 1,
        FrameKind::Call => 2,
        FrameKind::Regs => 3,
        FrameKind::RegsPartial => 4,
    };
    let end = u64::from(kind == FrameKind::End);
    let signal = u64::from(signal);
    let more = match version {
        Version::V1 => old | end << 2,
        Version::V2 => old | signal << 2 | end << 3,
        Version::V3 | Version::V4 => new | signal << 3,
    };
    number(sp) | number(bp) << 4 | more << 8
}

/// Code of `count` functions of 0x40 bytes, each with two entries; the last ones are entered by interruptions.
pub(crate) fn make(version: Version, count: u64) -> (Image, Tables) {
    let mut image = Image::new(0xffff_ffff_8200_0000);
    let mut entries = Vec::new();
    for function in 0..count {
        let at = CODE + function * 0x40;
        let flags = |sp, bp, kind, signal| flags(version, sp, bp, kind, signal);
        if function + 4 > count {
            entries.push((at, 0, 0, flags(Base::Sp, Base::Undefined, FrameKind::Regs, true)));
            entries.push((at + 4, 0, 0, flags(Base::Undefined, Base::Undefined, FrameKind::End, false)));
        } else {
            entries.push((at, 8, 0, flags(Base::Sp, Base::Undefined, FrameKind::Call, false)));
            entries.push((at + 1, 16, -16_i64, flags(Base::Bp, Base::PreviousSp, FrameKind::Call, false)));
        }
    }
    let end = CODE + count * 0x40;
    // A section's end gives way to what is real at the same address.
    entries.push((end, 8, 0, flags(version, Base::Sp, Base::Undefined, FrameKind::Call, false)));
    entries.push((end, 0, 0, flags(version, Base::Undefined, Base::Undefined, FrameKind::Undefined, false)));
    entries.push((end + 0x10, 0, 0, flags(version, Base::Undefined, Base::Undefined, FrameKind::Undefined, false)));
    let ip = image.base;
    for (item, (at, ..)) in entries.iter().enumerate() {
        image.put(LE64, at.wrapping_sub(ip + item as u64 * 4) & 0xffff_ffff, 4);
    }
    let table = image.end();
    for (_, sp, bp, flags) in &entries {
        image.put(LE64, *sp, 2);
        image.put(LE64, bp.cast_unsigned() & 0xffff, 2);
        image.put(LE64, *flags, 2);
    }
    (image, Tables { ip, entries: table, count: entries.len() as u64, header: None })
}
