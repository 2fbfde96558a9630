//! ELF cores of both widths and byte orders, with holes and overlaps, whole and cut off.

mod builder;

use builder::{Elf, Order, PAGE, Segment, elf, note, open, put};
use oopscope_dump::{Dump, Format, Loss, Machine, NoteKind, OpenError, PageError, PageState, Part};
use proptest::prelude::*;

const ORDERS: [Order; 4] = [
    Order { wide: true, little: true },
    Order { wide: true, little: false },
    Order { wide: false, little: true },
    Order { wide: false, little: false },
];

fn segment(physical: u64, byte: u8, file_size: u64, memory_size: u64) -> Segment {
    let bytes = vec![byte; usize::try_from(file_size).unwrap()];
    Segment { virtual_address: 0x8000_0000 + physical, physical, bytes, memory_size }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_reads_back(
        order in proptest::sample::select(&ORDERS[..]),
        xnum in any::<bool>(),
        segments in proptest::collection::vec((0_u64..20, 0_u64..6000, 0_u64..9000), 0..8),
        reads in proptest::collection::vec((0_u64..100_000, 0_usize..10_000), 1..20),
    ) {
        let segments: Vec<_> = segments
            .into_iter()
            .zip(1..)
            .map(|((page, file_size, more), byte)| segment(page * PAGE, byte, file_size, file_size + more))
            .collect();
        // What is first in the file comes before what is later, and bytes before memory without.
        let mut expected = vec![None; 120_000];
        for holes in [true, false] {
            for segment in segments.iter().rev() {
                let at = usize::try_from(segment.physical).unwrap();
                let size = if holes { usize::try_from(segment.memory_size).unwrap() } else { segment.bytes.len() };
                let byte = if holes { 0 } else { segment.bytes.first().copied().unwrap_or(0) };
                expected[at..at + size].fill(Some(byte));
            }
        }
        let notes = note(order, "VMCOREINFO", 0, b"PAGESIZE=4096\n");
        let machine = if order.wide { 62 } else { 3 };
        let (bytes, _) = elf(&Elf { order, machine, xnum, notes, ..Elf::default() }, &segments);
        let dump = open(&bytes).unwrap();
        prop_assert_eq!(dump.notes().vmcoreinfo.as_deref(), Some(&b"PAGESIZE=4096\n"[..]));
        prop_assert_eq!(dump.layout().little_endian, order.little);
        prop_assert_eq!(dump.layout().machine, Some(if order.wide { Machine::X86_64 } else { Machine::I386 }));
        prop_assert_eq!(dump.load_segments().len(), segments.len());
        for (at, size) in reads {
            let mut buf = vec![0xaa; size];
            let from = usize::try_from(at).unwrap();
            let want = &expected[from..from + size];
            match want.iter().position(Option::is_none) {
                None => {
                    prop_assert_eq!(dump.read(at, &mut buf), Ok(()));
                    prop_assert!(want.iter().zip(&buf).all(|(want, got)| *want == Some(*got)));
                }
                Some(first) => {
                    prop_assert_eq!(dump.read(at, &mut buf), Err(PageError::NotRam { physical: at + first as u64 }));
                }
            }
        }
        let ranges = dump.ranges();
        for (at, want) in expected.iter().enumerate() {
            prop_assert_eq!(ranges.iter().any(|range| range.contains(&(at as u64))), want.is_some());
        }
    }

    #[test]
    fn damage_is_no_panic(damage in proptest::collection::vec((0_usize..600, any::<u8>()), 1..30)) {
        let order = ORDERS[0];
        let notes = note(order, "CORE", 1, &[1; 100]);
        let (mut bytes, _) = elf(&Elf { notes, ..Elf::default() }, &[segment(0, 1, 5000, 9000), segment(1 << 20, 2, 9, 9)]);
        for (at, byte) in damage {
            bytes[at] = byte;
        }
        if let Ok(dump) = open(&bytes) {
            for range in dump.ranges().into_iter().take(10) {
                let _ = dump.read(range.start, &mut [0; 8]);
                let _ = dump.page(range.end - 1);
            }
            let _ = dump.present(0);
        }
    }
}

#[test]
fn a_core_may_be_cut_off_at_every_boundary() {
    let notes = note(ORDERS[0], "CORE", 1, &[1; 100]);
    let segments = [segment(0, 1, 2 * PAGE, 3 * PAGE), segment(1 << 20, 2, 100, 100)];
    let (bytes, boundaries) = elf(&Elf { notes, ..Elf::default() }, &segments);
    for boundary in boundaries {
        for cut in [boundary - 1, boundary, (boundary + 1).min(bytes.len())] {
            let Ok(dump) = open(&bytes[..cut]) else { continue };
            assert_eq!(dump.facts().incomplete, cut < bytes.len(), "cut at {cut}");
            let mut page = vec![0; 100];
            match dump.read(1 << 20, &mut page) {
                Ok(()) => assert_eq!((cut, page), (bytes.len(), vec![2; 100])),
                Err(PageError::Lost { why: Loss::CutOff, physical }) => {
                    assert!((1 << 20..(1 << 20) + 100).contains(&physical));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    let sentence = open(&bytes[..290]).unwrap_err().to_string();
    assert_eq!(sentence, "dump is cut off: the program headers should end at byte 296, the file has 290");
}

#[test]
fn states_of_pages() {
    let segments = [segment(0, 1, 2 * PAGE, 4 * PAGE), segment(8 * PAGE, 2, 100, 100)];
    let (bytes, _) = elf(&Elf::default(), &segments);
    let dump = open(&bytes).unwrap();
    let states: Vec<_> = (0..9).map(|number| dump.page(number * PAGE + 5)).collect();
    let (data, hole, none) = (PageState::Data, PageState::ZeroOrExcluded, PageState::NotRam);
    assert_eq!(states, [data, data, hole, hole, none, none, none, none, data]);
    assert_eq!(dump.present(0), Some(0..2 * PAGE));
    assert_eq!(dump.present(PAGE + 1), Some(PAGE + 1..2 * PAGE));
    assert_eq!(dump.present(2 * PAGE), Some(8 * PAGE..8 * PAGE + 100));
    assert_eq!(dump.present(9 * PAGE), None);
    let cut = open(&bytes[..bytes.len() - 100]).unwrap();
    assert_eq!(cut.page(8 * PAGE), PageState::Lost);
}

#[test]
fn a_segment_at_the_end_of_all_positions_is_cut_off() {
    // Found by fuzzing: position and size together are more than 64 bits hold.
    let (mut bytes, _) = elf(&Elf::default(), &[segment(0, 1, 2 * PAGE, 2 * PAGE)]);
    put(&mut bytes, 128 + 56 + 8, &(u64::MAX - 9).to_le_bytes());
    let dump = open(&bytes).unwrap();
    assert_eq!(dump.page(PAGE), PageState::Lost);
    assert_eq!(dump.read(PAGE, &mut [0]), Err(PageError::Lost { physical: PAGE, why: Loss::CutOff }));
}

#[test]
fn flags_and_notes_are_told() {
    let order = ORDERS[0];
    let notes = [
        note(order, "CORE", 1, &[1; 336]),
        note(order, "QEMU", 0, &[2; 440]),
        note(order, "ERASEINFO", 0, b"erase x\n"),
    ];
    let mut loads = vec![segment(0, 1, PAGE, PAGE)];
    loads.push(Segment { physical: u64::MAX, ..segment(0, 9, 8, 8) });
    let (bytes, _) = elf(&Elf { flags: 1, notes: notes.concat(), machine: 183, ..Elf::default() }, &loads);
    let dump = open(&bytes).unwrap();
    assert!(dump.facts().incomplete);
    assert_eq!(dump.facts().machine.as_deref(), Some("aarch64"));
    assert_eq!(dump.notes().cpus.iter().map(|cpu| cpu.kind).collect::<Vec<_>>(), [NoteKind::Prstatus, NoteKind::Qemu]);
    assert_eq!(
        dump.facts().notes,
        ["erased on purpose: erase x", "1 of 2 segments have no physical address, and are not read"]
    );
    assert_eq!(dump.load_segments().len(), 1);
}

#[test]
fn what_is_no_vmcore_is_named() {
    let unsupported = |bytes: &[u8]| match open(bytes) {
        Err(OpenError::Unsupported { format, .. }) => format,
        other => panic!("{other:?}"),
    };
    let segments = [segment(0, 1, PAGE, PAGE), segment(0, 2, PAGE, PAGE)];
    assert_eq!(unsupported(&elf(&Elf { kind: 2, ..Elf::default() }, &segments).0), Format::ElfObject);
    let notes = note(ORDERS[0], "CORE", 3, &[0; 136]);
    assert_eq!(unsupported(&elf(&Elf { notes, ..Elf::default() }, &segments).0), Format::ProcessCore);
    let notes = note(ORDERS[0], "Xen", 0x200_0001, &[0; 32]);
    assert_eq!(unsupported(&elf(&Elf { notes, ..Elf::default() }, &segments[..1]).0), Format::XenElf);
}

#[test]
fn a_million_segments_are_taken_and_more_refused() {
    let (bytes, _) = elf(&Elf { xnum: true, ..Elf::default() }, &[]);
    let number = 100_000_u32;
    let mut bytes = bytes;
    put(&mut bytes, 64 + 44, &(number + 1).to_le_bytes());
    let mut table = Vec::new();
    for index in 0..u64::from(number) {
        let mut program = [1_u32.to_le_bytes(), 7_u32.to_le_bytes()].concat();
        // Every second page, each with the first eight bytes of the file.
        program.extend([index * 8, 0, index * 2 * PAGE, 8, PAGE, 0].map(u64::to_le_bytes).concat());
        table.extend(program);
    }
    bytes.extend(table);
    let dump = open(&bytes).unwrap();
    let mut word = [0; 8];
    dump.read(99_999 * 2 * PAGE, &mut word).unwrap();
    assert_eq!(word[..], bytes[99_999 * 8..][..8]);
    // Ranges are bounded: the gaps between some are closed.
    assert!((1..=1 << 16).contains(&dump.ranges().len()));
    put(&mut bytes, 64 + 44, &u32::MAX.to_le_bytes());
    assert!(matches!(open(&bytes), Err(OpenError::TooMany { .. })));
}

#[test]
fn memory_beyond_four_gib_of_file_is_read() {
    let (head, _) = elf(&Elf::default(), &[segment(0, 0, 0, 0)]);
    let (offset, size) = (0x1000, 6_u64 << 30);
    let mut file = builder::Sparse { len: offset + size, ..builder::Sparse::default() };
    let mut head = head;
    put(&mut head, 128 + 56 + 8, &[offset, 0, 0, size, size].map(u64::to_le_bytes).concat());
    file.pieces.extend([(0, head), (offset + (5 << 30), b"far".to_vec())]);
    let dump = Dump::open(vec![Part { name: "far".to_owned(), bytes: Box::new(file) }], &mut |_| true).unwrap();
    let mut bytes = [0; 3];
    dump.read(5 << 30, &mut bytes).unwrap();
    assert_eq!(&bytes, b"far");
    assert!(dump.cost().bytes_read < 1 << 20);
}
