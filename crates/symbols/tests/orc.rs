//! ORC tables in their four versions, with and without the hash.

mod common;

use common::{Image, LE64};
use oopscope_symbols::orc::{Base, Certainty, FrameKind, Orc, OrcError, Tables, Version, version};
use proptest::prelude::*;

const CODE: u64 = 0xffff_ffff_8100_0000;

/// Flags of an entry: numbers of SP and BP, the type as V3 counts it, signal.
fn flags(version: Version, sp: Base, bp: Base, kind: FrameKind, signal: bool) -> u64 {
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
fn make(version: Version, count: u64) -> (Image, Tables) {
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

#[test]
fn each_version_is_known_by_its_entries() {
    for expected in Version::ALL {
        let (image, tables) = make(expected, 5000);
        assert_eq!(version(&image, &tables), Ok((expected, Certainty::Entries)), "{expected:?}");
    }
}

#[test]
fn the_hash_decides() {
    let (image, tables) = make(Version::V1, 100);
    let header = *b"\xfe\x5d\x32\xbf\x58\x1b\xd6\x3b\x2c\xa9\xa5\xc6\x5b\xa5\xa6\x25\xea\xb3\xfe\x24";
    assert_eq!(version(&image, &Tables { header: Some(header), ..tables }), Ok((Version::V3, Certainty::Hash)));
    assert_eq!(version(&image, &Tables { header: Some([7; 20]), ..tables }), Ok((Version::V1, Certainty::Entries)));
}

#[test]
fn entries_are_found_by_any_address_of_their_code() {
    for version in Version::ALL {
        let (image, tables) = make(version, 3000);
        let orc = Orc::new(tables, version);
        let find = |ip| {
            orc.find(&image, ip).expect("the tables").map(|entry| (entry.sp, entry.sp_offset, entry.bp, entry.kind))
        };
        assert_eq!(find(CODE - 1), None, "{version:?}");
        for function in [0, 1, 999, 2000, 2995] {
            let at = CODE + function * 0x40;
            assert_eq!(find(at), Some((Base::Sp, 8, Base::Undefined, FrameKind::Call)), "{version:?}");
            for ip in [at + 1, at + 0x3f] {
                assert_eq!(find(ip), Some((Base::Bp, 16, Base::PreviousSp, FrameKind::Call)), "{version:?}");
            }
        }
        let entered = CODE + 2999 * 0x40;
        let entry = orc.find(&image, entered).expect("the tables").expect("an entry");
        assert_eq!((entry.kind, entry.signal), (FrameKind::Regs, true), "{version:?}");
        assert_eq!(find(entered + 4).map(|entry| entry.3), Some(FrameKind::End), "{version:?}");
        assert_eq!(find(CODE + 3000 * 0x40).map(|entry| entry.3), Some(FrameKind::Call), "{version:?}");
        assert_eq!(find(CODE + 3000 * 0x40 + 0x10).map(|entry| entry.3), Some(FrameKind::Undefined), "{version:?}");
    }
}

#[test]
fn what_is_missing_or_wild_is_named() {
    let (mut image, tables) = make(Version::V3, 3000);
    let orc = Orc::new(tables, Version::V3);
    image.hole = tables.entries..tables.entries + 0x1000;
    assert!(matches!(orc.find(&image, CODE), Err(OrcError::Memory(error)) if error.address == tables.entries));
    let huge = Tables { count: u64::MAX, ..tables };
    assert_eq!(Orc::new(huge, Version::V3).find(&image, CODE), Err(OrcError::Count { count: u64::MAX }));
    assert_eq!(version(&image, &huge), Err(OrcError::Count { count: u64::MAX }));
    let none = Tables { count: 0, ..tables };
    assert_eq!(Orc::new(none, Version::V3).find(&image, CODE), Ok(None));
    assert_eq!(version(&image, &none), Err(OrcError::Version));
}

proptest! {
    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..4096), count in 0u64..600, ip in any::<u64>()) {
        let image = Image { base: CODE, bytes, hole: 0..0 };
        let tables = Tables { ip: CODE, entries: CODE + count * 4, count, header: None };
        let found = version(&image, &tables).map_or(Version::V3, |(version, _)| version);
        let _ = Orc::new(tables, found).find(&image, ip);
        let _ = Orc::new(tables, found).find(&image, CODE + ip % 4096);
    }
}
