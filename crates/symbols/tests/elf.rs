//! ELF files of both widths and byte orders, with what linkers do seldom, and cut off everywhere.

mod common;

use common::elf::{COMPRESSED, Elf, SYMTAB, Section, module, note, vmlinux};
use common::{LAYOUTS, LE64};
use oopscope_symbols::Symbol;
use oopscope_symbols::elf::{ElfError, ElfFile, Foreign};

fn open(elf: &Elf) -> Result<ElfFile, ElfError> {
    ElfFile::open(&elf.made().bytes)
}

fn listed(file: &ElfFile) -> Vec<(u64, char, String, Option<u64>)> {
    let one = |symbol: Symbol<'_>| (symbol.address, char::from(symbol.kind), symbol.name.to_owned(), symbol.size);
    file.symbols().iter().map(one).collect()
}

fn offset(elf: &Elf, name: &str) -> usize {
    let file = ElfFile::open(&elf.made().bytes).expect("a vmlinux");
    usize::try_from(file.section(name).expect("a section").offset).expect("small")
}

#[test]
fn symbols_are_what_nm_prints() {
    for layout in LAYOUTS {
        for extended in [false, true] {
            let file = open(&Elf { extended, ..vmlinux(layout) }).expect("a vmlinux");
            let expected = [
                (0x1234, 'A', "absolute", None),
                (0x8100_0000, 'T', "first", Some(0x10)),
                (0x8100_0000, 'T', "__first", Some(0x10)),
                (0x8100_0000, 'T', "_stext", Some(0x10)),
                (0x8100_0010, 't', "second", Some(0x20)),
                (0x8100_0030, 'W', "weak", Some(0x10)),
                (0x8100_1000, 'R', "constant", Some(8)),
                (0x8100_2000, 'D', "variable", Some(16)),
                (0x8100_2010, 'd', "static_variable", Some(16)),
                (0x8100_2020, 'V', "weak_variable", Some(0xfe0)),
                (0x8100_3000, 'b', "zeroed", Some(0x800)),
            ];
            let expected = expected.map(|(address, kind, name, size)| (address, kind, name.to_owned(), size));
            assert_eq!(listed(&file), expected, "{layout:?}");
            assert_eq!(file.symbols().at(0x8100_0005).map(|symbol| symbol.name), Some("first"));
            assert_eq!(file.symbols().at(0x8100_0800), None, "nothing covers what lies behind the last function");
            assert_eq!(file.build_id(), Some(&[0xab; 20][..]));
            assert_eq!((file.machine(), file.layout()), (62, layout));
            let text = file.section(".text").expect("a section");
            assert_eq!((text.address, text.size, text.in_file, text.compressed), (0x8100_0000, 64, true, false));
            assert!(!file.section(".bss").expect("a section").in_file);
            let names: Vec<&str> = file.sections().iter().map(|section| section.name.as_str()).collect();
            let rest = [".text", ".rodata", ".data", ".bss", ".notes", ".symtab", ".strtab", ".shstrtab"];
            assert_eq!(names, [&[""][..], &rest].concat());
        }
    }
}

#[test]
fn a_modules_symbols_lie_where_its_sections_were_loaded() {
    for layout in LAYOUTS {
        let top = if layout.pointer == 4 { 0xbf00_0000 } else { 0xffff_ffff_c000_0000 };
        // `.rodata` was not loaded.
        let place = |name: &str| match name {
            ".text" => Some(top),
            ".data" => Some(top + 0x1000),
            ".bss" => Some(top + 0x2000),
            _ => None,
        };
        let made = module(layout).made();
        let file = ElfFile::open_module(&made.bytes, &place).expect("a module");
        let found: Vec<_> = listed(&file).into_iter().map(|(address, _, name, _)| (address, name)).collect();
        let expected = [
            (0x1234, "absolute"),
            (top, "first"),
            (top, "__first"),
            (top, "_stext"),
            (top + 0x10, "second"),
            (top + 0x30, "weak"),
            (top + 0x1000, "variable"),
            (top + 0x1010, "static_variable"),
            (top + 0x1020, "weak_variable"),
            (top + 0x2000, "zeroed"),
        ];
        assert_eq!(found, expected.map(|(address, name)| (address, name.to_owned())), "{layout:?}");
        assert_eq!(ElfFile::open(&made.bytes).unwrap_err(), ElfError::Module);
        let vmlinux = vmlinux(layout).made().bytes;
        assert_eq!(ElfFile::open_module(&vmlinux, &place).unwrap_err(), ElfError::NoModule);
    }
}

#[test]
fn other_files_are_named() {
    let error = |bytes: &[u8]| ElfFile::open(&bytes.to_vec()).unwrap_err();
    let mut boot = vec![0; 0x400];
    boot[0x202..0x206].copy_from_slice(b"HdrS");
    let zimage = [&[0; 0x24][..], b"\x18\x28\x6f\x01"].concat();
    let arm64 = [&[0; 56][..], b"ARM\x64"].concat();
    for (bytes, foreign) in [
        (&b"KDUMP   rest"[..], Foreign::Dump),
        (b"\x1f\x8b\x08", Foreign::Gzip),
        (b"\xfd7zXZ\0", Foreign::Xz),
        (b"\x28\xb5\x2f\xfd", Foreign::Zstd),
        (b"BZh9", Foreign::Bzip2),
        (b"!<arch>\ndebian-binary", Foreign::Archive),
        (b"\xed\xab\xee\xdb", Foreign::Rpm),
        (b"MZ\xea\x07", Foreign::Boot),
        (&boot, Foreign::Boot),
        (&zimage, Foreign::Boot),
        (&arm64, Foreign::Boot),
        (b"\x27\x05\x19\x56", Foreign::Boot),
        (b"ANDROID!", Foreign::Boot),
        (b"\x02\x21\x4c\x18", Foreign::Lz4),
        (b"\x89LZO\0", Foreign::Lzop),
        (b"ffffffff81000000 T _stext\n", Foreign::Map),
        (b"c0008000 T _text\n", Foreign::Map),
    ] {
        assert_eq!(error(bytes), ElfError::Foreign(foreign), "{bytes:?}");
    }
    for bytes in [&b""[..], b"#!/bin/sh\nexit 0\n", b"\x7fEL", &[0; 4096]] {
        assert_eq!(error(bytes), ElfError::NotElf, "{bytes:?}");
    }
    let core = Elf { form: 4, ..vmlinux(LE64) };
    assert_eq!(open(&core).unwrap_err(), ElfError::Foreign(Foreign::Core));
    let said = ElfError::Foreign(Foreign::Core).to_string();
    assert_eq!(said, "it is an ELF core: a dump, not the kernel that was dumped");
}

#[test]
fn what_is_missing_is_named() {
    for layout in LAYOUTS {
        let mut stripped = vmlinux(layout);
        stripped.sections.retain(|section| section.kind != SYMTAB);
        assert_eq!(open(&stripped).unwrap_err(), ElfError::Stripped);
        let mut bare = vmlinux(layout).made().bytes;
        // No section headers at all, as in what boot loaders are given.
        let at = if layout.pointer == 4 { 32 } else { 40 };
        bare[at..at + usize::from(layout.pointer)].fill(0);
        assert_eq!(ElfFile::open(&bare).unwrap_err(), ElfError::Stripped);
        // No sections in the first one's count either.
        let made = Elf { extended: true, ..vmlinux(layout) }.made();
        let mut bare = made.bytes;
        let at = made.headers + if layout.pointer == 4 { 20 } else { 32 };
        bare[at..at + usize::from(layout.pointer)].fill(0);
        assert_eq!(ElfFile::open(&bare).unwrap_err(), ElfError::Stripped);
    }
}

#[test]
fn compressed_symbols_are_refused_and_other_compressed_sections_are_told() {
    for name in [".symtab", ".strtab"] {
        let mut elf = vmlinux(LE64);
        let table = elf.sections.iter_mut().find(|section| section.name == name).expect("a table");
        table.flags |= COMPRESSED;
        assert_eq!(open(&elf).unwrap_err(), ElfError::Compressed, "{name}");
    }
    assert!(ElfError::Compressed.to_string().contains("compressed"));
    let mut elf = vmlinux(LE64);
    elf.section(Section { name: ".debug_info", kind: 1, flags: COMPRESSED, bytes: vec![9; 40], ..Section::default() });
    let file = open(&elf).expect("a vmlinux");
    assert!(file.section(".debug_info").expect("a section").compressed);
}

#[test]
fn names_and_tables_that_lead_outside_cost_what_needs_them() {
    // A name behind the end of the names.
    let elf = vmlinux(LE64);
    let mut bytes = elf.made().bytes;
    let (table, names) = (offset(&elf, ".symtab"), offset(&elf, ".strtab"));
    let first = 5 * 24 + table;
    bytes[first..first + 4].fill(0xff);
    let file = ElfFile::open(&bytes).expect("a vmlinux");
    assert_eq!((file.symbols().by_name("first").count(), file.symbols().by_name("second").count()), (0, 1));
    // The last name has no end.
    let mut bytes = elf.made().bytes;
    let end = names + elf.sections.last().expect("names").bytes.len();
    bytes[end - 1] = b'x';
    let file = ElfFile::open(&bytes).expect("a vmlinux");
    assert_eq!(file.symbols().by_name("variable").count(), 1);
    assert!(file.symbols().iter().all(|symbol| !symbol.name.contains("of_no_section")));
    // The table's names are no section's.
    let mut wild = elf.clone();
    wild.sections.iter_mut().for_each(|section| section.link = 99);
    assert_eq!(open(&wild).unwrap_err(), ElfError::Damaged { what: "symbol table" });
    // The table is larger than the file, and larger than any.
    for (size, large) in [(1 << 20, false), (u64::MAX, true)] {
        let mut wild = elf.clone();
        wild.sections.iter_mut().filter(|section| section.kind == SYMTAB).for_each(|table| table.size = Some(size));
        let error = open(&wild).unwrap_err();
        let right = match error {
            ElfError::Outside { what: "its symbols", .. } => !large,
            ElfError::TooLarge { what: "its symbols", .. } => large,
            _ => false,
        };
        assert!(right, "{error:?}");
    }
}

#[test]
fn build_ids_are_found_among_other_notes_and_wild_ones_are_passed_over() {
    for layout in LAYOUTS {
        let id = note(layout, b"GNU\0", 3, &[7; 20]);
        let other = [note(layout, b"GNU\0", 1, &[1; 16]), note(layout, b"Xen\0", 3, &[2; 8])].concat();
        let long = note(layout, b"GNU\0", 3, &[3; 65]);
        let mut wild = note(layout, b"GNU\0", 3, &[7; 20]);
        wild[..4].fill(0xff);
        for (notes, found) in [
            ([other.clone(), id.clone()].concat(), true),
            ([note(layout, b"", 3, &[]), id.clone()].concat(), true),
            ([long, id.clone()].concat(), true),
            (other, false),
            (note(layout, b"GNU\0", 3, &[]), false),
            (id[..id.len() - 1].to_vec(), false),
            ([wild, id].concat(), false),
            (Vec::new(), false),
        ] {
            let mut elf = vmlinux(layout);
            let section = elf.sections.iter_mut().find(|section| section.name == ".notes").expect("notes");
            section.bytes.clone_from(&notes);
            let file = open(&elf).expect("a vmlinux");
            assert_eq!(file.build_id(), found.then_some(&[7; 20][..]), "{layout:?} {notes:?}");
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused_with_a_sentence() {
    for layout in LAYOUTS {
        for extended in [false, true] {
            for elf in [Elf { extended, ..vmlinux(layout) }, Elf { extended, ..module(layout) }] {
                let made = elf.made();
                for end in made.boundaries.iter().flat_map(|&at| [at.saturating_sub(1), at, at + 1]) {
                    let short = made.bytes[..end.min(made.bytes.len())].to_vec();
                    for found in [ElfFile::open(&short), ElfFile::open_module(&short, &|_| Some(0x1000))] {
                        let Err(error) = found else {
                            assert_eq!(short.len(), made.bytes.len(), "cut off at {end}, and nothing is missing");
                            continue;
                        };
                        assert!(error.to_string().contains(' '), "{error:?} says nothing");
                    }
                }
            }
        }
    }
}

#[test]
fn too_many_sections_are_not_believed() {
    let mut made = Elf { extended: true, ..vmlinux(LE64) }.made();
    made.bytes[made.headers + 32..made.headers + 40].copy_from_slice(&u64::MAX.to_le_bytes());
    let error = ElfFile::open(&made.bytes).unwrap_err();
    assert_eq!(error, ElfError::TooLarge { what: "section headers", size: u64::MAX });
}
