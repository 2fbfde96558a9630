//! ORC tables in their four versions, with and without the hash.

mod common;

use common::Image;
use common::orc::{CODE, make};
use oopscope_symbols::orc::{Base, Certainty, FrameKind, Orc, OrcError, Tables, Version, version};
use proptest::prelude::*;

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
