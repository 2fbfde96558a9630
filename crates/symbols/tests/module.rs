//! A module's own symbols in memory, with nm's letters in each of the three places where kernels have kept them.

mod common;

use common::{Image, LAYOUTS, LE64};
use oopscope_symbols::module::{ModuleSymbols, load};
use oopscope_symbols::{Layout, Unreadable};

/// Where the letters are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Letters {
    /// In `typetab`, since 5.2.
    Table,
    /// In `st_size`: 5.0 and 5.1.
    Size,
    /// In `st_info`, before.
    Info,
}

/// Name, letter, section, value, size.
const SYMBOLS: [(&str, u8, u64, u64, u64); 7] = [
    ("", b'?', 0, 0, 0),
    ("init", b't', 1, 0x1000, 0x20),
    ("_exit", b'T', 1, 0x1020, 0x10),
    ("$x", b't', 1, 0x1020, 0),
    ("printk", b'U', 0, 0, 0),
    ("state", b'b', 3, 0x3000, 8),
    ("absolute", b'a', 0xfff1, 0x77, 0),
];

fn base(layout: Layout) -> u64 {
    if layout.pointer == 4 { 0xbf00_0000 } else { 0xffff_ffff_c000_0000 }
}

fn made(layout: Layout, letters: Letters) -> (Image, ModuleSymbols) {
    let mut image = Image::new(base(layout) + 0x8000);
    let mut names = Vec::new();
    let symtab = image.base;
    let long = usize::from(layout.pointer);
    for (name, letter, section, value, size) in SYMBOLS {
        let value = base(layout) + value;
        let size = if letters == Letters::Size { u64::from(letter) } else { size };
        let info = if letters == Letters::Info { u64::from(letter) } else { 0x12 };
        image.put(layout, names.len() as u64, 4);
        if long == 4 {
            image.put(layout, value, 4);
            image.put(layout, size, 4);
        }
        image.put(layout, info, 1);
        image.put(layout, 0, 1);
        image.put(layout, section, 2);
        if long == 8 {
            image.put(layout, value, 8);
            image.put(layout, size, 8);
        }
        names.extend_from_slice(name.as_bytes());
        names.push(0);
    }
    let strtab = image.end();
    image.bytes.extend(names);
    let typetab = image.end();
    if letters == Letters::Table {
        image.bytes.extend(SYMBOLS.map(|symbol| symbol.1));
    }
    let count = u32::try_from(SYMBOLS.len()).expect("few");
    (image, ModuleSymbols { symtab, count, strtab, typetab: (letters == Letters::Table).then_some(typetab) })
}

#[test]
fn letters_are_found_wherever_the_kernel_keeps_them() {
    for layout in LAYOUTS {
        for letters in [Letters::Table, Letters::Size, Letters::Info] {
            let (image, places) = made(layout, letters);
            let table = load(&image, layout, &places).expect("symbols");
            let found: Vec<_> = table.iter().map(|symbol| (symbol.address, symbol.kind, symbol.name)).collect();
            let at = |offset: u64| base(layout) + offset;
            let expected = [(at(0x1000), b't', "init"), (at(0x1020), b'T', "_exit"), (at(0x3000), b'b', "state")];
            assert_eq!(found, expected, "{layout:?} {letters:?}");
            // Where the letter took the size's place, a symbol goes on to the next.
            let size = if letters == Letters::Size { Some(0x1fe0) } else { Some(0x10) };
            assert_eq!(table.by_name("_exit").next().and_then(|symbol| symbol.size), size, "{layout:?} {letters:?}");
        }
    }
}

#[test]
fn what_is_no_letter_is_shown_as_unknown() {
    let (image, places) = made(LE64, Letters::Info);
    // The table of names, taken for letters.
    let table = load(&image, LE64, &ModuleSymbols { typetab: Some(places.symtab), ..places }).expect("symbols");
    assert_eq!(table.by_name("init").next().map(|symbol| symbol.kind), Some(b'?'));
    assert_eq!(table.len(), 3);
}

#[test]
fn what_can_not_be_read_is_an_error_or_costs_its_names() {
    let (mut image, places) = made(LE64, Letters::Table);
    let nowhere = |places: ModuleSymbols| load(&image, LE64, &places).map(|table| table.len());
    assert_eq!(nowhere(ModuleSymbols { symtab: 0x10, ..places }), Err(Unreadable { address: 0x10 }));
    assert_eq!(nowhere(ModuleSymbols { strtab: 0x10, ..places }), Err(Unreadable { address: 0x10 }));
    assert_eq!(nowhere(ModuleSymbols { typetab: Some(0x10), ..places }), Err(Unreadable { address: 0x10 }));
    assert_eq!(nowhere(ModuleSymbols { count: 0, ..places }), Ok(0));
    assert!(nowhere(ModuleSymbols { count: u32::MAX, ..places }).is_err(), "more symbols than memory");
    // Names on two pages, of which the second is missing.
    let (end, last) = (image.end(), image.end().next_multiple_of(0x1000));
    let padding = usize::try_from(last - end).expect("small") - 7;
    image.bytes.resize(image.bytes.len() + padding, 0);
    let strtab = image.end() - 1;
    image.bytes.extend(b"init\0_e");
    image.bytes.extend(b"xit\0");
    image.hole = last..last + 0x1000;
    let table = load(&image, LE64, &ModuleSymbols { strtab, ..places }).expect("symbols");
    assert_eq!(table.iter().map(|symbol| symbol.name).collect::<Vec<_>>(), ["init"]);
}
