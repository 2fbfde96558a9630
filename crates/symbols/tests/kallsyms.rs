//! kallsyms in all its forms, made as scripts/kallsyms.c of each time made it, and damaged.

mod common;

use common::{BE32, BE64, Image, LAYOUTS, LE32, LE64};
use oopscope_symbols::Layout;
use oopscope_symbols::kallsyms::{Encoding, KallsymsError, Lengths, Part, Places, find, load};
use proptest::prelude::*;

/// Where the addresses come among the tables.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    /// Up to 6.1.
    First,
    /// 6.2 and 6.3: with the sequence of names before the tokens.
    FirstWithSequence,
    /// Since 6.4.
    Last,
}

struct Form {
    layout: Layout,
    order: Order,
    encoding: Encoding,
    lengths: Lengths,
}

struct Made {
    image: Image,
    places: Places,
    symbols: Vec<(u64, u8, String)>,
}

const TEXT: u64 = 0x8100_0000;

fn base_of(layout: Layout) -> u64 {
    if layout.pointer == 8 { 0xffff_ffff_0000_0000 } else { 0 }
}

/// `count` symbols by address: per-CPU ones at the front where the encoding can tell them.
fn symbols(form: &Form, count: u64) -> Vec<(u64, u8, String)> {
    let text = base_of(form.layout) + TEXT;
    let mut all = Vec::new();
    if form.encoding == Encoding::RelativeButPerCpu || form.encoding == Encoding::Absolute {
        all.push((0, b'A', "__per_cpu_start".to_owned()));
        all.push((0x1_8000, b'A', "runqueues".to_owned()));
    }
    all.push((text, b'T', "_stext".to_owned()));
    for item in 1..count {
        let name = match item % 50 {
            0 => "__key.0".to_owned(),
            7 => format!("a_name_that_is_long_{item}_{}", "y".repeat(150)),
            _ => format!("function_{item}"),
        };
        all.push((text + item * 0x20, if item % 3 == 0 { b'T' } else { b't' }, name));
    }
    all
}

/// Tokens: each character for itself, and some for more.
fn token(byte: u8) -> String {
    match byte {
        1 => "function_".to_owned(),
        2 => "Tfun".to_owned(),
        3 => "xxxx".to_owned(),
        byte if byte.is_ascii_graphic() => char::from(byte).to_string(),
        byte => format!("q{byte}z"),
    }
}

fn compress(text: &str) -> Vec<u8> {
    text.replace("function_", "\u{1}").replace("xxxx", "\u{3}").into_bytes()
}

fn make(form: &Form, count: u64) -> Made {
    let layout = form.layout;
    let pointer = usize::from(layout.pointer);
    let align = u64::from(layout.pointer);
    let mut symbols = symbols(form, count);
    let mut image = Image::new(base_of(layout) + 0x8200_0000);
    image.bytes.extend((0..0x2_1000_u32).map(|byte| byte.to_le_bytes()[0]));
    let mut places = Places::default();
    let base = base_of(layout) + TEXT;
    let addresses = |image: &mut Image, places: &mut Places| {
        let at = image.align(align);
        let whole = form.encoding == Encoding::Absolute;
        if whole {
            places.addresses = Some(at);
        } else {
            places.offsets = Some(at);
        }
        for (item, (address, ..)) in symbols.iter().enumerate() {
            let value = match form.encoding {
                Encoding::Absolute | Encoding::Absolute32 => *address,
                Encoding::Relative => address - base,
                Encoding::RelativeButPerCpu if *address < base => *address,
                Encoding::RelativeButPerCpu => base.wrapping_sub(*address).wrapping_sub(1),
                Encoding::OwnPlace => address.wrapping_sub(at + item as u64 * 4),
            };
            image.put(layout, value & if whole { u64::MAX } else { 0xffff_ffff }, if whole { pointer } else { 4 });
        }
        if matches!(form.encoding, Encoding::Relative | Encoding::RelativeButPerCpu) {
            places.relative_base = Some(image.align(align));
            image.put(layout, base, pointer);
        }
    };
    if form.order != Order::Last {
        addresses(&mut image, &mut places);
    }
    places.num_syms = image.align(align);
    image.put(layout, symbols.len() as u64, 4);
    places.names = image.align(align);
    let mut markers = Vec::new();
    for (item, (_, kind, name)) in symbols.iter().enumerate() {
        if item % 256 == 0 {
            markers.push(image.end() - places.names);
        }
        let coded = compress(&format!("{}{name}", char::from(*kind)));
        let length = u8::try_from(coded.len() & 0x7f).expect("seven bits");
        match form.lengths {
            Lengths::OneOrTwoBytes if coded.len() > 0x7f => {
                image.bytes.extend([length | 0x80, u8::try_from(coded.len() >> 7).expect("short")]);
            }
            _ => image.bytes.push(u8::try_from(coded.len()).expect("short")),
        }
        image.bytes.extend(coded);
    }
    image.align(align);
    for marker in markers {
        image.put(layout, marker, 4);
    }
    if form.order == Order::FirstWithSequence {
        image.align(align);
        for item in 0..symbols.len() {
            let [a, b, c, ..] = (item * 7 % symbols.len()).to_le_bytes();
            image.bytes.extend([c, b, a]);
        }
    }
    places.token_table = image.align(align);
    let mut index = Vec::new();
    for byte in 0..=255 {
        index.push(image.end() - places.token_table);
        image.bytes.extend(token(byte).bytes());
        image.bytes.push(0);
    }
    places.token_index = image.align(align);
    for start in index {
        image.put(layout, start, 2);
    }
    if form.order == Order::Last {
        addresses(&mut image, &mut places);
    }
    image.bytes.extend([0x55; 0x3000]);
    symbols.sort_by_key(|symbol| symbol.0);
    Made { image, places, symbols }
}

fn forms() -> Vec<Form> {
    let mut forms = Vec::new();
    for layout in LAYOUTS {
        for order in [Order::First, Order::FirstWithSequence, Order::Last] {
            for encoding in [
                Encoding::Absolute,
                Encoding::Relative,
                Encoding::RelativeButPerCpu,
                Encoding::OwnPlace,
                Encoding::Absolute32,
            ] {
                let late = matches!(encoding, Encoding::OwnPlace | Encoding::Absolute32);
                if late && order != Order::Last || encoding == Encoding::Absolute32 && layout.pointer == 8 {
                    continue;
                }
                for lengths in [Lengths::OneByte, Lengths::OneOrTwoBytes] {
                    forms.push(Form { layout, order, encoding, lengths });
                }
            }
        }
    }
    forms
}

#[test]
fn every_form_gives_the_same_symbols() {
    let forms = forms();
    assert!(forms.len() >= 80, "only {}", forms.len());
    for form in forms {
        let made = make(&form, 1500);
        let what = format!("{:?} {:?} {:?} {:?}", form.layout, form.order, form.encoding, form.lengths);
        let stext = base_of(form.layout) + TEXT;
        let last = made.symbols.last().expect("symbols").clone();
        let known = [("_stext", stext), ("no_such_symbol", 1), (last.2.as_str(), last.0)];
        let loaded =
            load(&made.image, form.layout, &made.places, &known).unwrap_or_else(|error| panic!("{what}: {error}"));
        let found: Vec<_> = loaded.iter().map(|symbol| (symbol.address, symbol.kind, symbol.name.to_owned())).collect();
        assert_eq!(found, made.symbols, "{what}");
        assert_eq!((loaded.proven, loaded.lost), (2, None), "{what}");
        assert_eq!((loaded.encoding, loaded.lengths), (form.encoding, form.lengths), "{what}");
        assert_eq!(loaded.by_name("__key.0").count(), 29, "{what}");
        assert_eq!(loaded.at(stext + 0x25).map(|symbol| symbol.name), Some("function_1"), "{what}");
    }
}

#[test]
fn every_form_is_found_without_being_told_where() {
    for form in forms() {
        let made = make(&form, 3000);
        let what = format!("{:?} {:?} {:?} {:?}", form.layout, form.order, form.encoding, form.lengths);
        let range = made.image.base..made.image.end();
        let known = [("_stext", base_of(form.layout) + TEXT)];
        let (loaded, places) =
            find(&made.image, range, form.layout, &known).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(loaded.len(), made.symbols.len(), "{what}");
        assert_eq!(places.names, made.places.names, "{what}");
        assert_eq!(places.num_syms, made.places.num_syms, "{what}");
        assert_eq!(
            (places.token_table, places.token_index),
            (made.places.token_table, made.places.token_index),
            "{what}"
        );
        let known: Vec<_> = made.symbols.iter().take(9).map(|symbol| symbol.0).collect();
        assert_eq!(loaded.iter().take(9).map(|symbol| symbol.address).collect::<Vec<_>>(), known, "{what}");
    }
}

fn usual() -> Made {
    let form = Form {
        layout: LE64,
        order: Order::Last,
        encoding: Encoding::RelativeButPerCpu,
        lengths: Lengths::OneOrTwoBytes,
    };
    make(&form, 3000)
}

#[test]
fn a_wrong_known_address_is_told_and_not_believed() {
    let made = usual();
    let error = load(&made.image, LE64, &made.places, &[("_stext", 0x1234)]).unwrap_err();
    assert_eq!(error, KallsymsError::Encoding { known: 1 });
}

#[test]
fn without_known_symbols_the_addresses_must_ascend() {
    let made = usual();
    let loaded = load(&made.image, LE64, &made.places, &[]).expect("symbols");
    assert_eq!((loaded.encoding, loaded.proven), (Encoding::RelativeButPerCpu, 0));
}

#[test]
fn what_lies_before_a_hole_is_kept() {
    let mut made = usual();
    let hole = (made.places.names + 0x3000) & !0xfff;
    made.image.hole = hole..hole + 0x1000;
    let loaded = load(&made.image, LE64, &made.places, &[("_stext", base_of(LE64) + TEXT)]).expect("symbols");
    let lost = loaded.lost.expect("some are missing");
    assert_eq!((lost.part, lost.error.address), (Part::Names, hole));
    assert_eq!(u32::try_from(loaded.len()).expect("few") + lost.symbols, 3002);
    assert!(loaded.len() > 300 && loaded.len() < 2000, "{}", loaded.len());
}

#[test]
fn damage_is_named() {
    let made = usual();
    let at = |address: u64| usize::try_from(address - made.image.base).expect("in the image");
    let known = [("_stext", base_of(LE64) + TEXT)];
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = made.image.bytes.clone();
        change(&mut bytes);
        let image = Image { base: made.image.base, bytes, hole: 0..0 };
        load(&image, LE64, &made.places, &known).map(|loaded| loaded.len())
    };
    let count = at(made.places.num_syms);
    assert_eq!(with(&|bytes| bytes[count..count + 4].fill(0xff)), Err(KallsymsError::Count { count: u32::MAX }));
    assert_eq!(with(&|bytes| bytes[count..count + 4].fill(0)), Err(KallsymsError::Count { count: 0 }));
    let names = at(made.places.names);
    assert_eq!(with(&|bytes| bytes[names] = 0), Err(KallsymsError::Name { symbol: 0 }));
    // A token table without an end.
    let table = at(made.places.token_table);
    let ends = |bytes: &mut Vec<u8>| bytes[table..].iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'x');
    assert!(with(&ends).is_err());
    let nowhere = Places { names: 0x10, ..made.places };
    let error = load(&made.image, LE64, &nowhere, &known).unwrap_err();
    assert!(matches!(error, KallsymsError::Memory { part: Part::Names, .. }), "{error}");
    let none = Places { offsets: None, addresses: None, relative_base: None, ..made.places };
    assert_eq!(load(&made.image, LE64, &none, &known).unwrap_err(), KallsymsError::NoAddresses);
    let range = made.image.base..made.image.base + 0x1000;
    let error = find(&made.image, range.clone(), LE64, &known).unwrap_err();
    assert_eq!(error, KallsymsError::NotFound { from: range.start, to: range.end });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn anything_in_the_tables_ends(changes in proptest::collection::vec((0usize..0x8000, any::<u8>()), 1..40)) {
        let mut made = usual();
        let from = usize::try_from(made.places.num_syms - made.image.base).expect("in the image");
        for (at, byte) in changes {
            let length = made.image.bytes.len();
            made.image.bytes[(from + at * 7).min(length - 1)] = byte;
        }
        for layout in [LE64, BE64, LE32, BE32] {
            if let Ok(loaded) = load(&made.image, layout, &made.places, &[("_stext", base_of(LE64) + TEXT)]) {
                prop_assert!(loaded.len() <= 3002);
                loaded.at(base_of(LE64) + TEXT);
            }
        }
    }
}
