//! Functions by name and by address, out of tables of both widths and byte orders with what linkers and compilers put there.

mod common;

use common::elf::{ALLOC, EXEC, Elf, PROGBITS, STRTAB, Section, Symbol, module, vmlinux};
use common::{BE32, LAYOUTS, LE32, LE64};
use oopscope_symbols::Layout;
use oopscope_symbols::elf::functions::{Function, Place, at, find};
use oopscope_symbols::elf::{ElfError, Outline};

const BASE: u64 = 0x8100_0000;

/// One section of code with these symbols.
fn code(layout: Layout, form: u64, symbols: &[Symbol]) -> Elf {
    let mut elf = Elf::new(layout, form);
    let address = if form == 1 { 0 } else { BASE };
    let text = Section {
        name: ".text",
        kind: PROGBITS,
        flags: ALLOC | EXEC,
        address,
        bytes: vec![0; 0x200],
        ..Section::default()
    };
    elf.section(text.clone());
    elf.section(Section { name: ".init.text", address: if form == 1 { 0 } else { BASE + 0x1000 }, ..text });
    elf.symbols(symbols);
    elf
}

fn outline(elf: &Elf) -> (Vec<u8>, Outline) {
    let bytes = elf.made().bytes;
    let outline = Outline::read(&bytes).expect("an ELF file");
    (bytes, outline)
}

#[track_caller]
fn found(elf: &Elf, names: &[&str]) -> Vec<(usize, u64, u64, Option<u64>)> {
    let (bytes, outline) = outline(elf);
    let found = find(&bytes, &outline, names).expect("a table");
    assert!(found.iter().all(|one| one.name == names[one.asked]));
    found.into_iter().map(|one| (one.asked, one.address, one.size, one.span())).collect()
}

#[test]
fn functions_are_found_by_their_whole_name_in_every_form_of_file() {
    for layout in LAYOUTS {
        for extended in [false, true] {
            let names = ["first", "second", "weak", "econd", "secon", "", "zeroed", "main.c", "undefined", "first"];
            let linked = found(&Elf { extended, ..vmlinux(layout) }, &names);
            let expected = [
                (0, BASE, 0x10, Some(0x10)),
                (9, BASE, 0x10, Some(0x10)),
                (1, BASE + 0x10, 0x20, Some(0x20)),
                // The last of the section, which has 64 bytes.
                (2, BASE + 0x30, 0x10, Some(0x10)),
                (6, BASE + 0x3000, 0x800, None),
            ];
            assert_eq!(linked, expected, "{layout:?}");
            let placed = found(&Elf { extended, ..module(layout) }, &names);
            assert_eq!(placed, expected.map(|(asked, address, size, span)| (asked, address % 0x1000, size, span)));
        }
    }
}

#[test]
fn names_of_every_length_are_told_apart() {
    let names: Vec<&'static str> = vec![
        "a",
        "ab",
        "abcdefg",
        "abcdefgh",
        "abcdefghi",
        "abcdefgh.cold",
        "abcdefgh.isra.0",
        "abcdefgh.part.1.cold",
        "abcdefgh.constprop.0",
        "abcdefgh.llvm.1234567890",
        "abcdefgh.isra.0.cold",
    ];
    let symbols: Vec<Symbol> =
        names.iter().zip(0..).map(|(name, item)| (*name, 0x12, 1, BASE + item * 16, 9)).collect();
    let elf = code(LE64, 2, &symbols);
    for (item, name) in names.iter().enumerate() {
        let all = found(&elf, &[name]);
        assert_eq!(all.iter().map(|one| one.1).collect::<Vec<_>>(), [BASE + item as u64 * 16], "{name}");
    }
    assert_eq!(found(&elf, &names).len(), names.len());
    assert_eq!(found(&elf, &["abcdefgh.", "bcdefgh", "abcdefgh\0", "abcdefghij"]), []);
}

#[test]
fn a_name_that_is_the_tail_of_another_is_found() {
    // Linkers let names share their ends: "read" is the tail of "vfs_read".
    let mut elf = code(LE64, 2, &[("vfs_read", 0x12, 1, BASE, 8), ("read", 0x12, 1, BASE + 16, 8)]);
    let table = elf.sections.iter_mut().find(|section| section.name == ".symtab").expect("a table");
    table.bytes[24..28].copy_from_slice(&5_u32.to_le_bytes());
    let names = elf.sections.iter_mut().find(|section| section.kind == STRTAB).expect("names");
    names.bytes.truncate(10);
    assert_eq!(found(&elf, &["read", "vfs_read"]), [(1, BASE, 8, Some(16)), (0, BASE + 16, 8, Some(0x1f0))]);
}

#[test]
fn a_function_ends_where_the_kernels_table_has_the_next() {
    for layout in LAYOUTS {
        let symbols = [
            ("f", 0x12, 1, BASE, 0x10),
            ("alias", 0x12, 1, BASE, 0x10),
            // What kallsyms leaves out.
            (".Lloop", 0, 1, BASE + 4, 0),
            ("$x", 0, 1, BASE + 5, 0),
            ("$d.1", 0, 1, BASE + 6, 0),
            ("__efistub_memcpy", 0, 1, BASE + 7, 0),
            ("__pi_$x", 0, 1, BASE + 8, 0),
            ("__kvm_nvhe_.Lx", 0, 1, BASE + 9, 0),
            ("", 3, 1, BASE + 10, 0),
            ("file.c", 4, 1, BASE + 11, 0),
            ("__pfx_g", 0x02, 1, BASE + 0x20, 0x10),
            ("g", 0x02, 1, BASE + 0x30, 0),
            // A label of assembler code is a name like any other.
            ("g_label", 0, 1, BASE + 0x34, 0),
            ("__pi_memcpy", 0x12, 1, BASE + 0x80, 4),
            ("init", 0x12, 2, BASE + 0x1040, 4),
        ];
        let elf = code(layout, 2, &symbols);
        let all = found(&elf, &["f", "alias", "g", "g_label", "__pi_memcpy", "init"]);
        let spans: Vec<_> = all.iter().map(|one| one.3).collect();
        assert_eq!(spans, [Some(0x20), Some(0x20), Some(4), Some(0x4c), Some(0x180), Some(0x1c0)], "{layout:?}");
        let (bytes, outline) = outline(&elf);
        let last = |name| find(&bytes, &outline, &[name]).expect("a table")[0].last;
        assert_eq!(["f", "g", "__pi_memcpy", "init"].map(last), [false, false, true, true]);
    }
}

#[test]
fn functions_of_one_name_are_all_given() {
    let mut symbols: Vec<Symbol> = (0..20).map(|item| ("same", 0x02, 1, BASE + item * 16, item)).collect();
    symbols.push(("same", 0x12, 1, BASE + 0x180, 3));
    let (bytes, outline) = outline(&code(LE64, 2, &symbols));
    let found = find(&bytes, &outline, &["same"]).expect("a table");
    assert_eq!(found.iter().map(|one| (one.size, one.global)).collect::<Vec<_>>().len(), 21);
    assert_eq!(found.iter().filter(|one| one.global).count(), 1);
}

#[test]
fn a_place_is_in_the_function_that_the_kernel_names() {
    let names = |found: Vec<Option<Function>>| -> Vec<Option<String>> {
        found.into_iter().map(|one| one.map(|one| one.name)).collect()
    };
    for layout in LAYOUTS {
        let symbols = [
            ("__start_it", 0x12, 1, BASE + 0x10, 0),
            ("_f", 0x12, 1, BASE + 0x10, 0x10),
            ("f", 0x22, 1, BASE + 0x10, 0x10),
            ("zz", 0x12, 1, BASE + 0x30, 0x10),
            ("aa", 0x12, 1, BASE + 0x30, 0x10),
            ("init", 0x12, 2, BASE + 0x1040, 4),
        ];
        let (bytes, linked) = outline(&code(layout, 2, &symbols));
        let places = [0x1043, 0, 0x2f, 0x30, 0x10, 0x1ff, 0x200, 0x1000, 0x1200, 0x10];
        let places = places.map(|offset| Place { section: None, address: BASE + offset });
        let expected =
            [Some("init"), None, Some("_f"), Some("aa"), Some("_f"), Some("aa"), None, None, None, Some("_f")];
        let expected = expected.map(|name| name.map(str::to_owned));
        assert_eq!(names(at(&bytes, &linked, &places).expect("a table")), expected, "{layout:?}");

        let moved = symbols.map(|(name, info, section, value, size)| (name, info, section, value % 0x1000, size));
        let (bytes, file) = outline(&code(layout, 1, &moved));
        let places = [(1, 0x35), (2, 0x35), (2, 0x41), (1, 0x12), (3, 0x35), (1, 0)];
        let places = places.map(|(section, address)| Place { section: Some(section), address });
        // A module's symbols stay in the order of its table.
        let expected = [Some("zz"), None, Some("init"), Some("__start_it"), None, None];
        let expected = expected.map(|name| name.map(str::to_owned));
        assert_eq!(names(at(&bytes, &file, &places).expect("a table")), expected, "{layout:?}");
    }
}

#[test]
fn thumb_functions_lie_at_even_addresses() {
    for layout in [LE32, BE32] {
        let mut made = code(layout, 2, &[("f", 0x12, 1, BASE + 0x11, 8), ("label", 0x10, 1, BASE + 0x21, 0)]).made();
        let machine = 40_u16;
        made.bytes[18..20].copy_from_slice(&if layout.little_endian {
            machine.to_le_bytes()
        } else {
            machine.to_be_bytes()
        });
        let outline = Outline::read(&made.bytes).expect("an ELF file");
        let found = find(&made.bytes, &outline, &["f", "label"]).expect("a table");
        assert_eq!(found.iter().map(|one| one.address).collect::<Vec<_>>(), [BASE + 0x10, BASE + 0x21]);
    }
}

#[test]
fn sections_beyond_16_bits_are_counted_in_their_own_table() {
    let mut elf =
        code(LE64, 1, &[("far", 0x12, 0xffff, 0x10, 8), ("near", 0x12, 1, 0x20, 8), ("wild", 0x12, 0xffff, 0, 8)]);
    let table =
        u32::try_from(elf.sections.iter().position(|one| one.name == ".symtab").expect("a table")).expect("few");
    let numbers: Vec<u8> = [2_u32, 0, 99].iter().flat_map(|number| number.to_le_bytes()).collect();
    elf.section(Section { name: ".symtab_shndx", kind: 18, bytes: numbers, link: table, ..Section::default() });
    let (bytes, outline) = outline(&elf);
    let found = find(&bytes, &outline, &["far", "near", "wild"]).expect("a table");
    assert_eq!(found.iter().map(|one| (one.asked, one.section)).collect::<Vec<_>>(), [(0, 2), (1, 1)]);
}

#[test]
fn wild_names_and_tables_cost_no_more_than_themselves() {
    let elf = vmlinux(LE64);
    let (mut bytes, outline) = outline(&elf);
    let table = usize::try_from(outline.section(".symtab").expect("a table").offset).expect("small");
    let names = outline.section(".strtab").expect("names");
    let end = usize::try_from(names.offset + names.size).expect("small");
    // `first` has a name behind the end of the names.
    bytes[table + 5 * 24..table + 5 * 24 + 4].fill(0xff);
    let count = |bytes: &Vec<u8>, name| find(bytes, &outline, &[name]).expect("a table").len();
    assert_eq!((count(&bytes, "first"), count(&bytes, "second")), (0, 1));
    // The last name has no end.
    assert_eq!(count(&bytes, "of_a_thread"), 0, "what has a place in each thread has none in the file");
    bytes[end - 1] = b'x';
    assert_eq!((count(&bytes, "of_no_section"), count(&bytes, "second")), (0, 1));
    let mut cut = bytes.clone();
    cut.truncate(table + 100);
    assert!(matches!(find(&cut, &outline, &["second"]), Err(ElfError::Outside { .. })));
    let mut stripped = outline.clone();
    stripped.sections.retain(|section| section.kind != 2);
    assert_eq!(find(&bytes, &stripped, &["second"]), Err(ElfError::Stripped));
    let mut large = outline.clone();
    large.sections.iter_mut().filter(|section| section.kind == 2).for_each(|table| table.size = (1 << 23) * 24 + 24);
    let error = find(&bytes, &large, &["second"]).expect_err("too large");
    assert_eq!(error, ElfError::TooLarge { what: "its symbols", size: (1 << 23) + 1 });
    // As large as is believed, but not there.
    large.sections.iter_mut().filter(|section| section.kind == 2).for_each(|table| table.size = (1 << 23) * 24);
    assert!(matches!(find(&bytes, &large, &["second"]), Err(ElfError::Outside { .. })));
}
