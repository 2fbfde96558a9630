//! kallsyms in all its forms, made as scripts/kallsyms.c of each time made it, and damaged.

mod common;

use common::kallsyms::{Form, Order, TEXT, base_of, make, usual};
use common::{BE32, BE64, Image, LAYOUTS, LE32, LE64};
use oopscope_symbols::kallsyms::{Encoding, KallsymsError, Lengths, Part, Places, find, load};
use oopscope_symbols::{Memory, Unreadable};
use proptest::prelude::*;
use std::cell::Cell;

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

/// Counts what is read.
struct Counted {
    image: Image,
    bytes: Cell<u64>,
}

impl Memory for Counted {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        self.bytes.set(self.bytes.get() + buf.len() as u64);
        self.image.read(address, buf)
    }
}

#[test]
fn what_looks_like_markers_everywhere_does_not_make_the_search_endless() {
    let mut made = usual();
    // Before a token table that is whole, nothing but beginnings of markers: 0, 600, 0, 600.
    let from = usize::try_from(made.places.num_syms - made.image.base).expect("in the image") - 0x8000;
    let to = usize::try_from(made.places.token_table - made.image.base).expect("in the image");
    for at in (from & !7..to & !7).step_by(8) {
        made.image.bytes[at..at + 8].copy_from_slice(&(600_u64 << 32).to_le_bytes());
    }
    let range = made.image.base..made.image.end();
    let counted = Counted { image: made.image, bytes: Cell::new(0) };
    let error = find(&counted, range, LE64, &[("_stext", base_of(LE64) + TEXT)]).unwrap_err();
    assert!(matches!(error, KallsymsError::NotFound { .. }), "{error}");
    assert!(counted.bytes.get() < 256 << 20, "{} bytes were read", counted.bytes.get());
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
