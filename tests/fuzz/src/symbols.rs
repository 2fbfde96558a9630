//! Targets for names, types and unwind tables: whatever the tables say, what is found in them is consistent, or a sentence says
//! why nothing is.
//!
//! Like the others they must never depend on chance.

use oopscope_symbols::btf::Btf;
use oopscope_symbols::elf::ElfFile;
use oopscope_symbols::kallsyms::{self, Kallsyms, Places};
use oopscope_symbols::orc::{Orc, Tables, Version, version};
use oopscope_symbols::types::{Kind, Type, TypeId, Types, member};
use oopscope_symbols::{Layout, Memory, SymbolTable, Unreadable};
use std::rc::Rc;

/// The most bytes of an input.
const MOST: usize = 256 << 10;
/// Where the kernel's image lies in what the seeds were made from.
const IMAGE: u64 = 0xffff_ffff_8200_0000;
/// The longest spelling of a type.
const LONGEST: usize = 1 << 20;

/// The input as memory, of which a page is missing.
struct Image<'b> {
    base: u64,
    bytes: &'b [u8],
    hole: std::ops::Range<u64>,
}

impl Image<'_> {
    fn end(&self) -> u64 {
        self.base.saturating_add(self.bytes.len() as u64)
    }
}

impl Memory for Image<'_> {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        let end = address.checked_add(buf.len() as u64).ok_or(Unreadable { address })?;
        if address < self.base {
            return Err(Unreadable { address });
        }
        if address < self.hole.end && end > self.hole.start {
            return Err(Unreadable { address: address.max(self.hole.start) });
        }
        let from = usize::try_from(address - self.base).map_err(|_| Unreadable { address })?;
        let bytes = self.bytes.get(from..).and_then(|rest| rest.get(..buf.len()));
        buf.copy_from_slice(bytes.ok_or(Unreadable { address: self.end().max(address) })?);
        Ok(())
    }
}

/// Bit 0: big-endian; bit 1: four bytes.
const fn layout(choice: u8) -> Layout {
    Layout { little_endian: choice & 1 == 0, pointer: if choice & 2 == 0 { 8 } else { 4 } }
}

/// A byte for the layout and for what is known, eight places, memory: symbols are loaded from those places, and searched for.
pub fn kallsyms(bytes: &[u8]) {
    let Some((&choice, rest)) = bytes.split_first() else { return };
    let Some((raw, memory)) = rest.split_first_chunk::<32>() else { return };
    let memory = &memory[..memory.len().min(MOST)];
    let layout = layout(choice);
    let top = choice & 0x80 != 0;
    let base = match (layout.pointer, top) {
        // The last bytes of the address space.
        (_, true) => (u64::MAX - memory.len() as u64) & !0xfff,
        (4, false) => IMAGE & 0xffff_ffff,
        _ => IMAGE,
    };
    let word = |item: usize| u64::from(Layout { little_endian: true, pointer: 8 }.u32(&raw[item * 4..]));
    let place = |item: usize| base.wrapping_add(word(item));
    let optional = |bit: u32, item: usize| (choice >> bit & 1 == 1).then(|| place(item));
    let places = Places {
        num_syms: place(0),
        names: place(1),
        token_table: place(2),
        token_index: place(3),
        offsets: optional(2, 4),
        addresses: optional(3, 5),
        relative_base: optional(4, 6),
    };
    let page = place(7) & !0xfff;
    let image = Image { base, bytes: memory, hole: page..page.saturating_add(0x1000) };
    let stext = if layout.pointer == 4 { 0x8100_0000 } else { 0xffff_ffff_8100_0000 };
    let known = [("_stext", stext), ("", 1), ("function_9", stext + 0x120)];
    let known = &known[..if choice & 0x20 == 0 { 3 } else { 0 }];
    match kallsyms::load(&image, layout, &places, known) {
        Ok(loaded) => symbols_of_kernel(&loaded),
        Err(error) => says(&error),
    }
    match kallsyms::find(&image, base..image.end(), layout, known) {
        Ok((found, at)) => {
            symbols_of_kernel(&found);
            let again = kallsyms::load(&image, layout, &at, known).expect("what was found can be loaded");
            assert!(again.iter().eq(found.iter()), "other symbols when they are loaded again");
        }
        Err(error) => says(&error),
    }
}

fn symbols_of_kernel(loaded: &Kallsyms) {
    assert!(!loaded.is_empty(), "there are no symbols, and no error");
    let lost = loaded.lost.map_or(0, |lost| lost.symbols);
    assert!(loaded.len() as u64 + u64::from(lost) <= 1 << 22, "{} symbols and {lost} lost", loaded.len());
    table(&loaded.table);
}

fn says(error: &dyn std::error::Error) {
    let words = error.to_string();
    assert!(words.len() > 8 && words.contains(' '), "{error:?} says nothing");
}

/// Symbols ascend, and each is found by its name, at its address and at its last byte.
fn table(table: &SymbolTable) {
    assert_eq!(table.iter().count(), table.len());
    let mut last = 0;
    let step = table.len() / 200 + 1;
    for (item, symbol) in table.iter().enumerate() {
        assert!(symbol.address >= last, "{symbol:?} comes behind {last:#x}");
        last = symbol.address;
        if item % step != 0 {
            continue;
        }
        assert!(table.by_name(symbol.name).any(|other| other == symbol), "{symbol:?} is not found by its name");
        let found = table.at(symbol.address).unwrap_or_else(|| panic!("nothing lies at {symbol:?}"));
        assert_eq!(found.address, symbol.address, "{found:?} covers {symbol:?}");
        assert_ne!(symbol.size, Some(0), "{symbol:?}");
        if let Some(inside) = found.size.and_then(|size| found.address.checked_add(size - 1)) {
            let there = table.at(inside).map(|there| there.address);
            assert!(there.is_none_or(|there| there >= found.address), "the last byte of {found:?} is in {there:x?}");
        }
        let next = table.from(symbol.address).next().map(|next| next.address);
        assert_eq!(next, Some(symbol.address));
    }
    let some = table.prefix("f", 20);
    assert!(some.len() <= 20 && some.is_sorted() && some.iter().all(|name| name.starts_with('f')));
    table.by_name("no such symbol").for_each(|symbol| assert_eq!(symbol.name, "no such symbol"));
}

/// A byte for the layout, the length of the kernel's BTF, that, and a module's behind it if there is anything.
pub fn btf(bytes: &[u8]) {
    let Some((&choice, rest)) = bytes.split_first() else { return };
    let Some((length, rest)) = rest.split_first_chunk() else { return };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let rest = &rest[..rest.len().min(MOST)];
    let (whole, module) = rest.split_at(length.min(rest.len()));
    let layout = layout(choice);
    let kernel = match Btf::parse(whole.to_vec(), layout, None) {
        Ok(kernel) => Rc::new(kernel),
        Err(error) => return says(&error),
    };
    types(&kernel, 1);
    if !module.is_empty() {
        match Btf::parse(module.to_vec(), layout, Some(Rc::clone(&kernel))) {
            Ok(own) => types(&own, kernel.end()),
            Err(error) => says(&error),
        }
    }
}

/// All that is told of all types; of many, of some.
fn types(btf: &Btf, first: u32) {
    assert_eq!(u64::from(btf.end() - first), btf.len() as u64);
    let step = btf.len() / 300 + 1;
    for id in (0..btf.end().saturating_add(2)).step_by(step).map(TypeId) {
        let name = btf.name_of(id);
        assert!(!name.is_empty() && name.len() < LONGEST, "a name of {} bytes", name.len());
        assert!(btf.declare(id, "x").len() < LONGEST);
        let (size, plain) = (btf.size_of(id), btf.plain(id));
        if let Ok(plain) = plain {
            // A way that is too long with typedefs may be short enough without.
            let bare = btf.size_of(plain);
            assert!(size == bare || size.is_err(), "{name} has {size:?}, without typedefs {bare:?}");
            assert_eq!(btf.plain(plain), Ok(plain));
        }
        for member in btf.members(id).unwrap_or_default() {
            let members = member.name;
            if !members.is_empty() && !members.contains(['.', '[']) && btf.plain(id) == Ok(id) {
                let found = oopscope_symbols::types::member(btf, id, members).expect("a member that was listed");
                assert!(found.offset_bits <= u64::from(u32::MAX) * 2, "{name}.{members} at {}", found.offset_bits);
            }
        }
        let _ = member(btf, id, "list.prev");
        let _ = (btf.parameters(id), btf.constants(id));
        let own = match btf.get(id) {
            Ok(Type::Struct { name, union, .. }) => Some((if union { Kind::Union } else { Kind::Struct }, name)),
            Ok(Type::Enum { name, .. }) => Some((Kind::Enum, name)),
            Ok(Type::Typedef { name, .. }) => Some((Kind::Typedef, name)),
            Ok(Type::Int { name, .. } | Type::Float { name, .. }) => Some((Kind::Base, name)),
            _ => None,
        };
        if let Some((kind, name)) = own.filter(|(_, name)| !name.is_empty() && *name != "<no text>") {
            assert!(!btf.find_all(kind, name).is_empty(), "{name} is not found");
            let names = btf.prefix(kind, name, 3);
            assert!(names.len() <= 3 && names.first().is_some_and(|first| first == name), "{name}: {names:?}");
        }
    }
    btf.find_constant("FIRST");
    for name in btf.variables("", 9) {
        assert!(btf.variable(&name).is_some() || name == "<no text>", "{name} is not found");
    }
}

/// A byte for the version, the number of entries, the places of both tables (16 bits each), memory.
pub fn orc(bytes: &[u8]) {
    let Some((&choice, rest)) = bytes.split_first() else { return };
    let Some((raw, memory)) = rest.split_first_chunk::<6>() else { return };
    let memory = &memory[..memory.len().min(MOST)];
    let number = |item: usize| u64::from(Layout { little_endian: true, pointer: 8 }.u16(&raw[item * 2..]));
    let base = if choice & 0x80 == 0 { IMAGE } else { u64::MAX - memory.len() as u64 };
    let image = Image { base, bytes: memory, hole: 0..0 };
    let tables = Tables {
        count: number(0),
        ip: base.wrapping_add(number(1)),
        entries: base.wrapping_add(number(2)),
        header: (choice & 0x40 != 0).then_some([choice; 20]),
    };
    let told = version(&image, &tables);
    if let Err(error) = told {
        says(&error);
    }
    let version = told.map_or(Version::ALL[usize::from(choice & 3)], |(version, _)| version);
    let orc = Orc::new(tables, version);
    // What the table says, read from its front.
    let mut addresses = Vec::new();
    for item in 0..tables.count {
        let mut raw = [0; 4];
        let at = tables.ip.wrapping_add(item * 4);
        if image.read(at, &mut raw).is_err() {
            break;
        }
        addresses.push(at.wrapping_add(i64::from(i32::from_le_bytes(raw)).cast_unsigned()));
    }
    let whole = addresses.len() as u64 == tables.count && addresses.is_sorted();
    for (item, &address) in addresses.iter().enumerate().take(2000) {
        let here = orc.find(&image, address);
        if let Err(error) = here {
            says(&error);
        }
        if whole {
            assert_ne!(here, Ok(None), "nothing holds at {address:#x}");
            let next = addresses.iter().find(|&&next| next > address).copied();
            let last = next.map_or(address, |next| next - 1);
            assert_eq!(orc.find(&image, last), here, "entry {item}: {address:#x} and {last:#x} differ");
        }
    }
    if let Some(before) = addresses.first().filter(|_| whole).and_then(|first| first.checked_sub(1)) {
        assert_eq!(orc.find(&image, before), Ok(None), "something holds before the first entry");
    }
    let _ = (orc.find(&image, 0), orc.find(&image, u64::MAX));
}

/// Any bytes behind ELF's signature are a vmlinux or a module's file, or a sentence says why not.
pub fn elf(bytes: &[u8]) {
    let mut file = bytes[..bytes.len().min(MOST)].to_vec();
    if let Some(front) = file.get_mut(..4) {
        front.copy_from_slice(b"\x7fELF");
    }
    let place = |name: &str| match name.len() % 4 {
        0 => None,
        length => Some(0xffff_ffff_c000_0000 + length as u64 * 0x1_0000),
    };
    for found in [ElfFile::open(&file), ElfFile::open_module(&file, &place)] {
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                says(&error);
                continue;
            }
        };
        table(found.symbols());
        assert!(found.symbols().len() <= file.len(), "more symbols than bytes");
        assert!(found.build_id().is_none_or(|id| (1..=64).contains(&id.len())));
        for section in found.sections() {
            let first = found.section(&section.name).expect("it is there");
            assert_eq!(first.name, section.name);
        }
    }
}
