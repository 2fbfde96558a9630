//! The flattened form, LiME, AVML, raw images, and what is recognised without being read.

mod builder;

use builder::{Elf, Kdump, PAGE, Page, SIZE, Segment, avml, elf, flatten, kdump, lime, open, open_named, page};
use oopscope_dump::{Corruption, Dump, Format, OpenError, PageError, PageState, Part, identify};
use proptest::prelude::*;

fn memory() -> builder::Memory {
    (0..40).map(|number| (number, page(number))).chain([(41, Page::Zero), (44, Page::Excluded)]).collect()
}

fn same(one: &Dump, other: &Dump) {
    for number in 0..50 {
        let (mut left, mut right) = (vec![0; SIZE], vec![0; SIZE]);
        assert_eq!(one.read(number * PAGE, &mut left), other.read(number * PAGE, &mut right), "page {number}");
        assert_eq!(left, right, "page {number}");
        assert_eq!(one.page(number * PAGE), other.page(number * PAGE));
    }
    assert_eq!(one.notes(), other.notes());
    assert_eq!(one.ranges(), other.ranges());
}

fn flat_kdump(piece: usize) -> (Vec<u8>, Vec<u8>) {
    let bytes = kdump(&Kdump::default(), &memory()).bytes;
    let flat = flatten(&bytes, piece);
    (bytes, flat)
}

#[test]
fn a_flattened_dump_is_what_it_would_be_unpacked() {
    for piece in [13, 4096, 5000, 1 << 20] {
        let (bytes, flat) = flat_kdump(piece);
        let dump = open(&flat).unwrap();
        same(&open(&bytes).unwrap(), &dump);
        assert_eq!((dump.facts().format.as_str(), dump.facts().incomplete), ("kdump-flattened", false));
    }
    let segments = [Segment { virtual_address: 0, physical: 0x5000, bytes: vec![7; 9000], memory_size: 20_000 }];
    let (bytes, _) = elf(&Elf::default(), &segments);
    let dump = open(&flatten(&bytes, 1000)).unwrap();
    same(&open(&bytes).unwrap(), &dump);
    assert_eq!(dump.facts().format, "elf-flattened");
}

#[test]
fn a_flattened_dump_that_is_cut_off_says_so() {
    let (bytes, flat) = flat_kdump(4096);
    let whole = open(&bytes).unwrap();
    for cut in (0..flat.len()).step_by(997).chain([16, 4096, 4111, 4112, flat.len() - 16]) {
        let Ok(dump) = open(&flat[..cut]) else { continue };
        assert!(dump.facts().incomplete, "cut at {cut}");
        for number in 0..50 {
            let (mut left, mut right) = ([0; 64], [0; 64]);
            if dump.read(number * PAGE, &mut left).is_ok() {
                assert_eq!(whole.read(number * PAGE, &mut right), Ok(()));
                assert_eq!(left, right, "page {number}, cut at {cut}");
            }
        }
    }
}

#[test]
fn holes_of_a_whole_flattened_file_are_zeros() {
    // What makedumpfile seeks over when it puts the file together.
    let (bytes, _) = flat_kdump(4096);
    let at = bytes.chunks(512).position(|chunk| chunk.iter().all(|&byte| byte == 0)).unwrap() * 512;
    let mut flat = flatten(&[], 1);
    flat.truncate(4096);
    for (offset, piece) in [(0, &bytes[..at]), (at + 512, &bytes[at + 512..])] {
        flat.extend([offset as u64, piece.len() as u64].map(u64::to_be_bytes).concat());
        flat.extend(piece);
    }
    flat.extend([0xff; 16]);
    // makedumpfile's file may go on: zeros of a disk dump.
    flat.extend([0; 5000]);
    same(&open(&bytes).unwrap(), &open(&flat).unwrap());
}

#[test]
fn pieces_with_wild_positions_end_the_index() {
    let (_, flat) = flat_kdump(4096);
    for wild in [[0, 0], [0, u64::MAX], [1 << 63, 8], [u64::MAX - 1, 8], [i64::MAX as u64, 1], [8, i64::MAX as u64]] {
        let mut flat = flat.clone();
        let end = flat.len() - 16;
        flat.splice(end..end, wild.map(u64::to_be_bytes).concat());
        let dump = open(&flat).unwrap();
        assert!(dump.facts().incomplete, "{wild:x?}");
        let notes = &dump.facts().notes;
        assert!(notes.iter().any(|note| note.contains("is none")), "{wild:x?}: {notes:?}");
    }
}

#[test]
fn pieces_that_follow_each_other_take_no_memory() {
    // 2 million pieces of a byte that follow each other are one run; as many in disorder are refused.
    let mut flat = flatten(&[], 1);
    flat.truncate(4096);
    let mut disorder = flat.clone();
    let number = (1 << 20) + 10;
    for at in 0..number {
        for (out, at) in [(&mut flat, at), (&mut disorder, (number - at) * 3)] {
            out.extend([at, 1_u64].map(u64::to_be_bytes).concat());
            out.push(0);
        }
    }
    let what = |bytes: &[u8]| open(bytes).unwrap_err();
    assert!(matches!(what(&flat), OpenError::Unknown { .. }));
    assert!(matches!(what(&disorder), OpenError::TooMany { .. }));
}

fn bytes_of(physical: u64, size: usize) -> Vec<u8> {
    (0..size as u64).map(|at| u8::try_from((physical / PAGE + at / 100) % 249).unwrap()).collect()
}

fn ranges() -> Vec<(u64, Vec<u8>)> {
    [(0x1000, 0x9_e000), (0x10_0000, 0x12_3000), (0x1_0000_0000, 0x1_0000)]
        .map(|(start, size)| (start, bytes_of(start, size)))
        .to_vec()
}

fn ranges_of(number: usize) -> Vec<(u64, Vec<u8>)> {
    ranges().into_iter().take(number).collect()
}

#[test]
fn lime_and_avml_read_back() {
    for (name, bytes) in [("lime", lime(&ranges())), ("avml", avml(&ranges()))] {
        let dump = open(&bytes).unwrap();
        assert_eq!(dump.facts().format, name);
        assert!(!dump.facts().incomplete && dump.facts().notes.is_empty(), "{:?}", dump.facts());
        for (start, bytes) in ranges() {
            let mut got = vec![0; bytes.len()];
            dump.read(start, &mut got).unwrap();
            assert!(got == bytes, "{name}: {start:#x}");
            let mut some = vec![0; 5000];
            dump.read(start + 60_000, &mut some).unwrap();
            assert_eq!(some, bytes[60_000..65_000]);
            let end = start + bytes.len() as u64;
            assert_eq!(dump.read(end - 1, &mut [0; 2]), Err(PageError::NotRam { physical: end }));
            assert_eq!((dump.page(start), dump.page(end)), (PageState::Data, PageState::NotRam));
        }
        let expected: Vec<_> = ranges().iter().map(|(start, bytes)| *start..start + bytes.len() as u64).collect();
        assert_eq!(dump.ranges(), expected);
        assert_eq!(dump.present(0x2000), Some(0x2000..0x9_f000));
        assert_eq!(dump.present(0x9_f000).unwrap().start, 0x10_0000);
        assert_eq!(dump.present(u64::MAX), None);
        let write = |ranges: &[_]| if name == "lime" { lime(ranges) } else { avml(ranges) };
        let ends = [1, 2].map(|ranges| write(&ranges_of(ranges)).len());
        let boundaries =
            ends.into_iter().flat_map(|end| [end - 9, end - 8, end, end + 8, end + 31, end + 32, end + 50]);
        for cut in (1..bytes.len()).step_by(61_001).chain([31, 32, 40, bytes.len() - 9]).chain(boundaries) {
            let Ok(dump) = open(&bytes[..cut]) else { continue };
            // Cut off between two ranges nothing shows it; a block of AVML's is whole without its size.
            let between = ends.iter().any(|&end| cut == end || name == "avml" && (end - 8..=end).contains(&cut));
            assert_eq!(dump.facts().incomplete, !between, "{name} cut at {cut}");
            for (start, bytes) in ranges() {
                let mut got = [0; 8];
                for at in (0..bytes.len() - 8).step_by(30_000) {
                    if dump.read(start + at as u64, &mut got).is_ok() {
                        assert_eq!(got, bytes[at..at + 8]);
                    }
                }
            }
        }
    }
}

#[test]
fn a_chunk_of_avml_with_a_wrong_checksum_is_damaged() {
    let mut bytes = avml(&[(0, bytes_of(0, 0x2_0000))]);
    // Header, stream identifier, head of the first chunk; then its checksum.
    bytes[32 + 10 + 4] ^= 1;
    let dump = open(&bytes).unwrap();
    let corrupt = |physical| Err(PageError::Corrupt { physical, what: Corruption::Checksum });
    assert_eq!(dump.read(100, &mut [0]), corrupt(100));
    assert_eq!(dump.read(0x1_0000, &mut [0]), Ok(()));
}

#[test]
fn a_chunk_that_goes_beyond_its_block_is_read_as_far_as_that() {
    // Found by fuzzing: the block's last address is less than its bytes.
    let mut bytes = avml(&[(0x1000, bytes_of(0, 0x8000))]);
    builder::put(&mut bytes, 16, &0x4fff_u64.to_le_bytes());
    let dump = open(&bytes).unwrap();
    let mut page = vec![0; SIZE];
    assert_eq!(dump.read(0x4000, &mut page), Ok(()));
    assert_eq!(dump.read(0x4800, &mut page), Err(PageError::NotRam { physical: 0x5000 }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_is_no_panic(kind in 0..3, damage in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..40)) {
        let ranges = [(0x1000, bytes_of(0, 0x8000)), (0x10_0000, bytes_of(9, 0x3000))];
        let mut bytes = match kind {
            0 => lime(&ranges),
            1 => avml(&ranges),
            _ => flat_kdump(300).1,
        };
        for (at, byte) in damage {
            let at = usize::from(at) % bytes.len().min(9000);
            bytes[at] = byte;
        }
        if let Ok(dump) = open(&bytes) {
            for number in 0..50 {
                let _ = dump.read(number * PAGE, &mut [0; 9]);
                let _ = dump.page(number * PAGE);
            }
            let _ = (dump.ranges(), dump.present(0));
        }
    }
}

#[test]
fn raw_images_lie_where_their_names_say() {
    let mut bytes = bytes_of(0, 2 << 20);
    bytes[0] = 0xff;
    let word = |dump: &Dump, at: u64| {
        let mut word = [0; 2];
        dump.read(at, &mut word).map(|()| word)
    };
    let at = |offset: usize| Ok([bytes[offset], bytes[offset + 1]]);
    let raw = open(&bytes).unwrap();
    assert_eq!((raw.facts().format.as_str(), word(&raw, 4096)), ("raw", at(4096)));
    let moved = open_named(&[("ram@0x40000000", &bytes)]).unwrap();
    assert_eq!(word(&moved, 0x4000_1000), at(4096));
    assert_eq!(word(&moved, 0), Err(PageError::NotRam { physical: 0 }));
    let holed = open_named(&[("ram@hole=0x100000", &bytes)]).unwrap();
    assert_eq!(word(&holed, 0x1_0000_1000), at(0x10_1000));
    assert_eq!(holed.ranges(), [0..0x10_0000, 0x1_0000_0000..0x1_0010_0000]);
    let both = open_named(&[("a@0x0", &bytes), ("b@0x80000000", &bytes)]).unwrap();
    assert_eq!(word(&both, 0x8000_1000), at(4096));
    let unknown = |files: &[(&str, &[u8])]| match open_named(files) {
        Err(OpenError::Unknown { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    assert!(unknown(&[("a", &bytes), ("b", &bytes)]).contains("NAME@"));
    assert!(unknown(&[("small", &bytes[..4096])]).contains("a megabyte"));
    assert!(unknown(&[("uneven", &bytes[..(1 << 20) + 7])]).contains("whole pages"));
    assert!(unknown(&[("text", &b"[    0.000000] Linux version\n".repeat(1 << 18)[..4 << 20])]).contains("text"));
    assert!(unknown(&[("far@0xfffffffffffff000", &bytes)]).contains("beyond"));
}

#[test]
fn what_is_not_read_is_named_with_what_to_do() {
    let cases: [(&[u8], Format); 14] = [
        (b"\xed\x23\x8f\x61\x73\x01\x19\xa8", Format::Lkcd),
        (b"\xa8\x19\x01\x73\x61\x8f\x23\xfd", Format::S390),
        (b"\xdd\xcc\x8b\x9a", Format::Mclx),
        (b"QEVM\0\0\0\x03", Format::QemuSave),
        (b"LibvirtQemudSave", Format::LibvirtSave),
        (b"\xee\xeb\x0f\xf0", Format::XenCore),
        (b"LinuxGuestRecord", Format::XenSave),
        (b"sadump\0\0", Format::Sadump),
        (b"\xd2\xbe\xd2\xbe", Format::Vmware),
        (b"PAGEDU64", Format::Windows),
        (b"MDMP", Format::Minidump),
        (b"\x1f\x8b\x08", Format::Packed),
        (b"LUKS\xba\xbe\0\x02", Format::Encrypted),
        (b"QFI\xfb", Format::DiskImage),
    ];
    for (head, format) in cases {
        let mut bytes = head.to_vec();
        bytes.resize(1 << 20, 1);
        assert_eq!(identify(&bytes), Some(format));
        assert!(!format.is_read());
        let error = open(&bytes).unwrap_err();
        assert_eq!(error, OpenError::Unsupported { name: "dump".to_owned(), format });
        let sentence = error.to_string();
        assert!(sentence.starts_with("dump is ") && sentence.contains(format.advice()), "{sentence}");
    }
    assert!(matches!(open(&[]), Err(OpenError::Empty { .. })));
    assert!(matches!(open_named(&[]), Err(OpenError::Nothing)));
    assert_eq!(identify(b"[    0.000000] Linux version 6.12"), None);
}

#[test]
fn a_file_that_ends_while_it_is_read_gives_errors() {
    struct Shrinking(Vec<u8>);
    impl oopscope_source::ReadAt for Shrinking {
        fn len(&self) -> u64 {
            1 << 30
        }
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, oopscope_source::ReadError> {
            if offset > 1 << 29 {
                return Err(oopscope_source::ReadError::Changed { offset });
            }
            self.0.read_at(offset, buf)
        }
    }
    let segments = [Segment { virtual_address: 0, physical: 0, bytes: vec![7; 9000], memory_size: 9000 }];
    let (mut bytes, _) = elf(&Elf::default(), &segments);
    builder::put(&mut bytes, 128 + 56 + 32, &(1_u64 << 30).to_le_bytes());
    let dump =
        Dump::open(vec![Part { name: "x".to_owned(), bytes: Box::new(Shrinking(bytes)) }], &mut |_| true).unwrap();
    assert_eq!(dump.read(0, &mut [0]), Ok(()));
    assert!(matches!(dump.read(1 << 20, &mut [0]), Err(PageError::Lost { .. })));
    assert!(matches!(dump.read((1 << 29) + (1 << 20), &mut [0]), Err(PageError::Read { .. })));
}
