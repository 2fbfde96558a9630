//! kallsyms as scripts/kallsyms.c of each time made it. Must never use the reader's own code.

use super::{Image, LE64};
use oopscope_symbols::Layout;
use oopscope_symbols::kallsyms::{Encoding, Lengths, Places};

/// Where the addresses come among the tables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Order {
    /// Up to 6.1.
    First,
    /// 6.2 and 6.3: with the sequence of names before the tokens.
    FirstWithSequence,
    /// Since 6.4.
    Last,
}

pub(crate) struct Form {
    pub(crate) layout: Layout,
    pub(crate) order: Order,
    pub(crate) encoding: Encoding,
    pub(crate) lengths: Lengths,
}

pub(crate) struct Made {
    pub(crate) image: Image,
    pub(crate) places: Places,
    pub(crate) symbols: Vec<(u64, u8, String)>,
}

pub(crate) const TEXT: u64 = 0x8100_0000;

pub(crate) fn base_of(layout: Layout) -> u64 {
    if layout.pointer == 8 { 0xffff_ffff_0000_0000 } else { 0 }
}

/// `count` symbols by address: per-CPU ones at the front where the encoding can tell them.
pub(crate) fn symbols(form: &Form, count: u64) -> Vec<(u64, u8, String)> {
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
pub(crate) fn token(byte: u8) -> String {
    match byte {
        1 => "function_".to_owned(),
        2 => "Tfun".to_owned(),
        3 => "xxxx".to_owned(),
        byte if byte.is_ascii_graphic() => char::from(byte).to_string(),
        byte => format!("q{byte}z"),
    }
}

pub(crate) fn compress(text: &str) -> Vec<u8> {
    text.replace("function_", "\u{1}").replace("xxxx", "\u{3}").into_bytes()
}

pub(crate) fn make(form: &Form, count: u64) -> Made {
    make_with(form, count, 0x2_1000)
}

/// The same with so many bytes of something else before it.
pub(crate) fn make_with(form: &Form, count: u64, before: u32) -> Made {
    let layout = form.layout;
    let pointer = usize::from(layout.pointer);
    let align = u64::from(layout.pointer);
    let mut symbols = symbols(form, count);
    let mut image = Image::new(base_of(layout) + 0x8200_0000);
    image.bytes.extend((0..before).map(|byte| byte.to_le_bytes()[0]));
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

/// The form of most kernels before 6.15.
pub(crate) fn usual() -> Made {
    let form = Form {
        layout: LE64,
        order: Order::Last,
        encoding: Encoding::RelativeButPerCpu,
        lengths: Lengths::OneOrTwoBytes,
    };
    make(&form, 3000)
}
