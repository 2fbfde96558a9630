//! kdump-compressed dumps, written in every layout there is, read back; and those that are damaged.

mod builder;

use builder::{Kdump, Memory, Order, PACKINGS, PAGE, Packing, Page, SIZE, kdump, note, open, open_named, page, put};
use oopscope_dump::{Codec, Corruption, Dump, Loss, Machine, NoteKind, OpenError, PageError, PageState, Part};
use proptest::prelude::*;

/// Every page reads back as what it is, by each way to ask.
fn check(dump: &Dump, memory: &Memory, pages: u64, level: Option<u32>) {
    let mut bytes = vec![0; SIZE];
    for number in 0..pages + 3 {
        let physical = number * PAGE;
        let got = dump.read(physical, &mut bytes);
        let state = dump.page(physical + 17);
        match memory.get(&number) {
            Some(Page::Data(expected)) => {
                assert_eq!(got, Ok(()), "page {number}");
                assert_eq!(&bytes, expected, "page {number}");
                assert_eq!(state, PageState::Data, "page {number}");
            }
            Some(Page::Zero) => {
                assert_eq!(got, Ok(()), "page {number}");
                assert!(bytes.iter().all(|&byte| byte == 0), "page {number}");
                assert_eq!(state, PageState::Zero, "page {number}");
            }
            Some(Page::Excluded) => {
                assert_eq!(got, Err(PageError::Excluded { physical, level }));
                assert_eq!(state, PageState::Excluded);
            }
            None => {
                assert_eq!(got, Err(PageError::NotRam { physical }));
                assert_eq!(state, PageState::NotRam);
            }
        }
    }
    let ram = dump.ranges();
    let in_ranges = |at: u64| ram.iter().any(|range| range.contains(&at));
    assert!((0..pages).all(|number| in_ranges(number * PAGE) == memory.contains_key(&number)), "{ram:x?}");
    let mut present = Vec::new();
    let mut at = 0;
    while let Some(run) = dump.present(at) {
        present.extend((run.start / PAGE..run.end / PAGE).collect::<Vec<_>>());
        at = run.end;
    }
    let dumped: Vec<_> =
        memory.iter().filter(|(_, page)| **page != Page::Excluded).map(|(&number, _)| number).collect();
    assert_eq!(present, dumped);
}

fn pages() -> impl Strategy<Value = Memory> {
    let one = prop_oneof![3 => Just(0), 1 => Just(1), 2 => Just(2)];
    proptest::collection::btree_map(0_u64..150, one, 1..60).prop_map(|pages| {
        let kind = |(number, kind)| match kind {
            0 => (number, page(number)),
            1 => (number, Page::Zero),
            _ => (number, Page::Excluded),
        };
        pages.into_iter().map(kind).collect()
    })
}

fn layouts() -> impl Strategy<Value = Kdump> {
    let machine = prop_oneof![
        Just((true, true, false, "x86_64")),
        Just((true, false, false, "s390x")),
        Just((false, true, false, "i686")),
        Just((false, false, false, "ppc")),
        Just((false, true, true, "armv7l")),
    ];
    (machine, 1_u64..=6, proptest::sample::select(&PACKINGS[..])).prop_map(
        |((wide, little, padded, machine), version, packing)| Kdump {
            order: Order { wide, little },
            padded,
            machine,
            version,
            packing,
            phys_base: 0,
            ..Kdump::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_page_of_every_layout_reads_back(layout in layouts(), memory in pages()) {
        let written = kdump(&layout, &memory);
        let dump = open(&written.bytes).unwrap();
        check(&dump, &memory, 150, Some(31));
        prop_assert_eq!(dump.layout().little_endian, layout.order.little);
        prop_assert_eq!(dump.layout().bits, if layout.order.wide { 64 } else { 32 });
        let expected = if layout.version >= 3 { Some(&layout.vmcoreinfo) } else { None };
        prop_assert_eq!(dump.notes().vmcoreinfo.as_ref(), expected);
        prop_assert_eq!(dump.facts().incomplete, false);
        prop_assert_eq!(&dump.uts().unwrap().release, "6.12.0");
        prop_assert_eq!(dump.uts().unwrap().time, Some(1_700_000_000));
    }

    #[test]
    fn a_split_set_reads_back_in_any_order(memory in pages(), cut in 1_u64..149, again in any::<bool>()) {
        let layout = Kdump { max_mapnr: 150, ..Kdump::default() };
        let part = |from, to| kdump(&Kdump { split: Some((from, to)), ..layout.clone() }, &memory).bytes;
        let (one, other) = (part(0, cut), part(cut, 150));
        let mut files: Vec<(&str, &[u8])> = vec![("b", &other), ("a", &one)];
        if again {
            files.push(("a again", &one));
        }
        let dump = open_named(&files).unwrap();
        check(&dump, &memory, 150, Some(31));
        prop_assert_eq!(&dump.facts().format, "kdump-split");
        prop_assert_eq!(dump.facts().notes.len(), usize::from(again));
        // Without the other part its pages are lost, and said to be.
        let dump = open(&one).unwrap();
        prop_assert!(dump.facts().incomplete);
        for (&number, page) in memory.range(cut..) {
            let physical = number * PAGE;
            let expected = match page {
                Page::Excluded => PageError::Excluded { physical, level: Some(31) },
                _ => PageError::Lost { physical, why: Loss::PartMissing },
            };
            prop_assert_eq!(dump.read(physical, &mut [0]), Err(expected));
        }
    }

    #[test]
    fn a_cut_off_dump_gives_what_is_there_and_nothing_else(memory in pages(), cut in 0_usize..40_000) {
        let written = kdump(&Kdump::default(), &memory);
        let cut = cut % written.bytes.len();
        cut_at(&written.bytes[..cut], &memory);
    }

    #[test]
    fn damage_is_no_panic(memory in pages(), damage in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..40)) {
        let mut bytes = kdump(&Kdump::default(), &memory).bytes;
        for (at, byte) in damage {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(dump) = open(&bytes) {
            for number in 0..200 {
                let _ = dump.read(number * PAGE, &mut [0; 8]);
                let _ = dump.page(number * PAGE);
            }
            dump.ranges();
        }
    }
}

/// Opens, or says why not; pages that are read are the right ones.
fn cut_at(bytes: &[u8], memory: &Memory) {
    let dump = match open(bytes) {
        Ok(dump) => dump,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let mut page = vec![0; SIZE];
    for (&number, expected) in memory {
        match (dump.read(number * PAGE, &mut page), expected) {
            (Ok(()), Page::Data(expected)) => assert_eq!(&page, expected),
            (Ok(()), Page::Zero) => assert!(page.iter().all(|&byte| byte == 0)),
            (Err(PageError::Excluded { .. }), Page::Excluded) => {}
            (Err(PageError::Lost { why: Loss::CutOff, .. }), Page::Data(_) | Page::Zero) => {
                assert!(dump.facts().incomplete, "page {number} is lost, but the dump is said to be whole");
            }
            other => panic!("page {number}: {other:?}"),
        }
    }
}

fn small() -> Memory {
    (0..20).map(|number| (number, page(number))).chain([(20, Page::Zero), (21, Page::Excluded)]).collect()
}

#[test]
fn a_dump_may_be_cut_off_at_every_boundary() {
    let written = kdump(&Kdump { notes: vec![1; 100], ..Kdump::default() }, &small());
    for boundary in [0, 8, 402, 404, 408, 424, 464].into_iter().chain(written.boundaries) {
        for cut in [boundary.saturating_sub(1), boundary, boundary + 1] {
            cut_at(&written.bytes[..cut.min(written.bytes.len())], &small());
        }
    }
    for &descriptor in written.descriptors.values() {
        for cut in [descriptor, descriptor + 8, descriptor + 23] {
            cut_at(&written.bytes[..cut], &small());
        }
    }
}

#[test]
fn notes_are_handed_on() {
    let order = Order { wide: true, little: true };
    let notes = [
        note(order, "CORE", 1, &[1; 336]),
        note(order, "CORE", 1, &[2; 336]),
        vec![0; 64],
        note(order, "QEMU", 0, &[3; 440]),
        note(order, "LINUX", 0x700, &[b"mlx5".as_slice(), &[0; 60]].concat()),
        note(order, "LINUX", 0x406, &[0xff; 16]),
    ]
    .concat();
    let layout = Kdump { notes, erased: b"erase task_struct.comm 16\n".to_vec(), ..Kdump::default() };
    let dump = open(&kdump(&layout, &small()).bytes).unwrap();
    let cpus: Vec<_> = dump.notes().cpus.iter().map(|cpu| (cpu.index, cpu.kind, cpu.bytes[0])).collect();
    assert_eq!(cpus, [(0, NoteKind::Prstatus, 1), (1, NoteKind::Prstatus, 2), (0, NoteKind::Qemu, 3)]);
    assert_eq!(dump.notes().other("LINUX", 0x406).unwrap().bytes, [0xff; 16]);
    let facts = dump.facts();
    assert_eq!(facts.vmcoreinfo.as_deref(), Some("kdump sub-header"));
    assert_eq!(facts.registers.as_deref(), Some("NT_PRSTATUS and QEMU notes"));
    assert!(facts.notes.iter().any(|note| note.contains("mlx5")), "{:?}", facts.notes);
    assert!(facts.notes.iter().any(|note| note.contains("erase task_struct.comm 16")), "{:?}", facts.notes);
    assert_eq!((facts.pages_present, facts.pages_of_ram), (Some(21), Some(22)));
    assert_eq!(dump.phys_base(), Some(0x100_0000));
}

#[test]
fn notes_with_wild_sizes_end_where_they_make_no_sense() {
    let order = Order { wide: true, little: true };
    let good = note(order, "CORE", 1, &[1; 336]);
    for wild in [[u32::MAX, 4, 1], [4, u32::MAX, 1], [5, 0x7fff_fff0, 1], [0xffff_fffc, 0xffff_fffc, 0]] {
        let notes = [good.clone(), wild.map(u32::to_le_bytes).concat(), vec![7; 40]].concat();
        let dump = open(&kdump(&Kdump { notes, ..Kdump::default() }, &small()).bytes).unwrap();
        assert_eq!(dump.notes().cpus.len(), 1);
        assert!(dump.facts().notes[0].contains("ignored from there"), "{:?}", dump.facts().notes);
    }
}

#[test]
fn descriptors_that_point_anywhere_are_found_out() {
    let written = kdump(&Kdump::default(), &small());
    let (descriptor, len) = (written.descriptors[&3], written.bytes.len() as u64);
    let physical = 3 * PAGE;
    let corrupt = |what| PageError::Corrupt { physical, what };
    let with = |offset: u64, size: u32, flags: u32| {
        let mut bytes = written.bytes.clone();
        let new = [&offset.to_le_bytes()[..], &size.to_le_bytes(), &flags.to_le_bytes()].concat();
        put(&mut bytes, descriptor, &new);
        let dump = open(&bytes).unwrap();
        let state = dump.page(physical);
        (dump.read(physical, &mut [0]).unwrap_err(), state)
    };
    let data = written.boundaries[5] as u64;
    assert_eq!(with(data, 0, 1), (corrupt(Corruption::Size { size: 0 }), PageState::Corrupt));
    assert_eq!(with(data, 4097, 1), (corrupt(Corruption::Size { size: 4097 }), PageState::Corrupt));
    assert_eq!(with(data, 100, 0), (corrupt(Corruption::Size { size: 100 }), PageState::Corrupt));
    assert_eq!(with(data, 100, 3), (corrupt(Corruption::Flags { flags: 3 }), PageState::Corrupt));
    assert_eq!(with(64, 100, 1), (corrupt(Corruption::Offset { offset: 64 }), PageState::Corrupt));
    let lost = |why| PageError::Lost { physical, why };
    assert_eq!(with(len, 100, 1), (lost(Loss::CutOff), PageState::Lost));
    assert_eq!(with(u64::MAX, 100, 1), (lost(Loss::CutOff), PageState::Lost));
    for (flags, codec) in [(1, Codec::Zlib), (2, Codec::Lzo), (4, Codec::Snappy), (0x20, Codec::Zstd)] {
        // A page of zeros is no stream of any.
        let (error, state) = with(data, 200, flags);
        assert_eq!((error, state), (corrupt(Corruption::Stream { codec }), PageState::Data));
    }
}

#[test]
fn a_page_that_unpacks_to_more_or_less_is_damaged() {
    for packing in [Packing::Zlib, Packing::Lzo, Packing::Snappy, Packing::Zstd] {
        for size in [4095, 4097, 1 << 20, 64 << 20] {
            if packing == Packing::Lzo && size > 4097 {
                continue;
            }
            let (packed, flags) = builder::pack(packing, &vec![5; size]);
            let mut written = kdump(&Kdump::default(), &small());
            let at = written.bytes.len() as u64;
            let packed = if packing == Packing::Lzo { &packed[..] } else { &packed[..packed.len().min(4096)] };
            written.bytes.extend(packed);
            let size = u32::try_from(packed.len()).unwrap().min(4096);
            let new =
                [&at.to_le_bytes()[..], &size.to_le_bytes(), &u32::try_from(flags).unwrap().to_le_bytes()].concat();
            put(&mut written.bytes, written.descriptors[&3], &new);
            let dump = open(&written.bytes).unwrap();
            let error = dump.read(3 * PAGE, &mut [0]).unwrap_err();
            assert!(
                matches!(error, PageError::Corrupt { what: Corruption::Stream { .. }, .. }),
                "{packing:?}: {error}"
            );
        }
    }
}

#[test]
fn an_incomplete_dump_has_lost_what_was_not_written() {
    let mut written = kdump(&Kdump { status: 8, ..Kdump::default() }, &small());
    put(&mut written.bytes, written.descriptors[&7], &[0; 16]);
    let dump = open(&written.bytes).unwrap();
    assert!(dump.facts().incomplete);
    let error = PageError::Lost { physical: 7 * PAGE + 5, why: Loss::NotWritten };
    assert_eq!(dump.read(7 * PAGE + 5, &mut [0]), Err(error));
    assert_eq!(dump.page(7 * PAGE), PageState::Lost);
    assert_eq!(dump.read(8 * PAGE, &mut [0]), Ok(()));
}

#[test]
fn a_read_goes_over_pages_and_fails_at_the_first_that_is_not_there() {
    let dump = open(&kdump(&Kdump::default(), &small()).bytes).unwrap();
    let mut bytes = vec![0; 3 * SIZE];
    dump.read(PAGE + 100, &mut bytes).unwrap();
    let all: Vec<u8> =
        (1..5).flat_map(|number| if let Page::Data(bytes) = page(number) { bytes } else { vec![] }).collect();
    assert_eq!(bytes, all[100..][..bytes.len()]);
    let error = dump.read(19 * PAGE + 1, &mut bytes).unwrap_err();
    assert_eq!(error, PageError::Excluded { physical: 21 * PAGE, level: Some(31) });
    assert_eq!(error.to_string(), "page at physical 0x15000 was left out of the dump (dump level 31)");
    assert!(dump.read(u64::MAX - 3, &mut bytes).is_err());
    assert_eq!(dump.read(u64::MAX, &mut []), Ok(()));
}

#[test]
fn a_small_budget_only_costs_time() {
    let dump = open(&kdump(&Kdump::default(), &small()).bytes).unwrap();
    dump.set_budget(0);
    for _ in 0..3 {
        check(&dump, &small(), 30, Some(31));
    }
    assert!(dump.cost().pages_unpacked > 60, "{:?}", dump.cost());
}

#[test]
fn pages_are_counted_from_where_ram_begins_on_arm() {
    let layout = |machine, phys_base| Kdump {
        order: Order { wide: false, little: true },
        padded: true,
        machine,
        phys_base,
        ..Kdump::default()
    };
    let dump = open(&kdump(&layout("armv7l", 0x8000_0000), &small()).bytes).unwrap();
    assert_eq!(dump.layout().machine, Some(Machine::Arm));
    let mut bytes = [0; 8];
    dump.read(0x8000_0000 + 4 * PAGE, &mut bytes).unwrap();
    assert_eq!(u64::from_le_bytes(bytes), 4);
    assert_eq!(dump.page(0), PageState::NotRam);
    assert_eq!(dump.ranges()[0].start, 0x8000_0000);
    assert_eq!(dump.present(0).unwrap().start, 0x8000_0000);
    // Other machines count from 0, whatever phys_base is.
    let dump = open(&kdump(&layout("i686", 0x8000_0000), &small()).bytes).unwrap();
    assert_eq!(dump.page(0), PageState::Data);
}

#[test]
fn one_bitmap_is_both() {
    let memory: Memory = small().into_iter().filter(|(_, page)| *page != Page::Excluded).collect();
    let dump = open(&kdump(&Kdump { two: false, ..Kdump::default() }, &memory).bytes).unwrap();
    check(&dump, &memory, 25, Some(31));
    let disk = Kdump { disk: true, version: 1, ..Kdump::default() };
    let dump = open(&kdump(&disk, &memory).bytes).unwrap();
    assert_eq!((dump.facts().format.as_str(), dump.facts().dump_level), ("diskdump", None));
    check(&dump, &memory, 25, None);
}

#[test]
fn parts_of_different_dumps_are_refused() {
    let part = |from, to, time| {
        kdump(&Kdump { split: Some((from, to)), time, max_mapnr: 22, ..Kdump::default() }, &small()).bytes
    };
    let (one, other, whole) = (part(0, 10, 5), part(10, 22, 6), kdump(&Kdump::default(), &small()).bytes);
    let refused = |files: &[(&str, &[u8])]| match open_named(files) {
        Err(OpenError::Parts { .. }) => {}
        other => panic!("{other:?}"),
    };
    refused(&[("one", &one), ("other", &other)]);
    refused(&[("one", &one), ("whole", &whole)]);
    refused(&[("whole", &whole), ("again", &whole)]);
    refused(&[("one", &one), ("overlapping", &part(9, 22, 5))]);
    let (elf, _) = builder::elf(&builder::Elf::default(), &[]);
    refused(&[("one", &one), ("an ELF core", &elf)]);
}

#[test]
fn headers_that_lie_are_refused() {
    let written = kdump(&Kdump::default(), &small());
    let refused = |at: usize, field: u32| {
        let mut bytes = written.bytes.clone();
        put(&mut bytes, at, &field.to_le_bytes());
        open(&bytes).map(|dump| panic!("{dump:?}")).unwrap_err()
    };
    // Block size, blocks of the sub-header, of the bitmaps.
    assert!(matches!(refused(428, 0), OpenError::Header { .. }));
    assert!(matches!(refused(428, 4097), OpenError::Header { .. }));
    assert!(matches!(refused(428, 1 << 31), OpenError::Header { .. }));
    assert!(matches!(refused(432, 0), OpenError::Header { .. }));
    assert!(matches!(refused(436, 0), OpenError::Header { .. }));
    assert!(matches!(refused(432, 0xffff), OpenError::CutOff { .. }));
    assert!(matches!(refused(436, u32::MAX), OpenError::CutOff { .. }));
    // max_mapnr_64: more than the bitmap has bits for.
    assert!(matches!(refused(4096 + 100, 0xffff_ffff), OpenError::Header { .. }));
}

#[test]
fn bitmaps_of_gigabytes_are_read_once_and_not_held() {
    // 512 GiB of addresses, pages at both ends: 16 MiB of each bitmap.
    let most = 1_u64 << 27;
    let written = kdump(&Kdump::default(), &small());
    let bitmap = most / 8;
    let mut head = written.bytes[..3 * 4096].to_vec();
    let blocks = u32::try_from(2 * bitmap / PAGE).unwrap();
    put(&mut head, 436, &blocks.to_le_bytes());
    put(&mut head, 4096 + 96, &most.to_le_bytes());
    let bits = &written.bytes[3 * 4096..][..3];
    let at = 3 * PAGE;
    let mut file = builder::Sparse::default();
    let last = at + bitmap - 1;
    let shift = at + 2 * bitmap - written.boundaries[4] as u64 + 24;
    let mut tail = written.bytes[written.boundaries[4]..written.boundaries[5]].to_vec();
    for descriptor in tail.chunks_exact_mut(24) {
        let offset = u64::from_le_bytes(*descriptor.first_chunk().unwrap()) + shift;
        descriptor[..8].copy_from_slice(&offset.to_le_bytes());
    }
    // One more page at the end, with the bytes of page 0.
    tail.extend_from_within(..24);
    tail.extend(&written.bytes[written.boundaries[5]..]);
    file.len = at + 2 * bitmap + tail.len() as u64;
    let second = &written.bytes[4 * 4096..][..3];
    file.pieces.extend([
        (0, head),
        (at, bits.to_vec()),
        (last, vec![0x80]),
        (at + bitmap, second.to_vec()),
        (last + bitmap, vec![0x80]),
        (at + 2 * bitmap, tail),
    ]);
    let mut ticks = 0;
    let parts = vec![Part { name: "huge".to_owned(), bytes: Box::new(file.clone()) }];
    let dump = Dump::open(parts, &mut |progress| {
        ticks += 1;
        progress.done <= progress.total
    })
    .unwrap();
    assert!(ticks > 16, "{ticks}");
    assert!(dump.cost().bytes_read < 3 * bitmap, "{:?}", dump.cost());
    let mut bytes = [0; 8];
    dump.read((most - 1) * PAGE, &mut bytes).unwrap();
    assert_eq!(u64::from_le_bytes(bytes), 0);
    dump.read(19 * PAGE, &mut bytes).unwrap();
    assert_eq!(u64::from_le_bytes(bytes), 19);
    assert_eq!(dump.present(21 * PAGE), Some((most - 1) * PAGE..most * PAGE));
    assert_eq!(dump.facts().pages_present, Some(22));
    let parts = vec![Part { name: "huge".to_owned(), bytes: Box::new(file) }];
    assert_eq!(Dump::open(parts, &mut |progress| progress.done < 1 << 20).unwrap_err(), OpenError::Cancelled);
}

#[test]
fn opening_reads_little() {
    let dump = open(&kdump(&Kdump::default(), &small()).bytes).unwrap();
    assert_eq!(dump.cost().reads, 1);
}
