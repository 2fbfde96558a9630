//! Targets for debug information: whatever a file says, an address has lines and functions that make sense, or a sentence
//! says why it has none.
//!
//! Like the others they must never depend on chance.

use std::cell::RefCell;
use std::rc::Rc;

use oopscope_dwarf::{At, DebugFile, Spot, Store};
use oopscope_source::ReadAt;
use oopscope_symbols::elf::Outline;

/// The most bytes of an input.
const MOST: usize = 256 << 10;

/// Where the code of the seeds is.
const CODE: u64 = 0xffff_ffff_8100_0000;

/// Keeps one thing.
#[derive(Default)]
struct Kept(RefCell<Option<Vec<u8>>>);

impl Store for Kept {
    fn get(&self, _: &str) -> Option<Vec<u8>> {
        self.0.borrow().clone()
    }

    fn put(&self, _: &str, bytes: &[u8]) {
        *self.0.borrow_mut() = Some(bytes.to_vec());
    }
}

/// Any bytes are an ELF file with debug information.
pub fn file(bytes: &[u8]) {
    let mut file = bytes[..bytes.len().min(MOST)].to_vec();
    if let Some(front) = file.get_mut(..4) {
        front.copy_from_slice(b"\x7fELF");
    }
    ask(file);
}

/// A byte for byte order and for what kind of file it is, ten lengths, ten sections: any bytes are units, abbreviations, line
/// programs, tables of addresses, lists and texts.
pub fn sections(bytes: &[u8]) {
    const NAMES: [&str; 10] =
        ["info", "abbrev", "line", "aranges", "rnglists", "ranges", "str", "line_str", "addr", "str_offsets"];
    let Some((&choice, rest)) = bytes[..bytes.len().min(MOST)].split_first() else { return };
    let Some((lengths, mut rest)) = rest.split_at_checked(2 * NAMES.len()) else { return };
    let little_endian = choice & 1 == 0;
    let mut elf = Elf { bytes: vec![0; 64], little_endian };
    let mut headers = Vec::new();
    let mut names = b"\0.text\0.names\0".to_vec();
    for (name, length) in NAMES.iter().zip(lengths.chunks_exact(2)) {
        let length = usize::from(u16::from_le_bytes([length[0], length[1]])).min(rest.len());
        let (section, after) = rest.split_at(length);
        rest = after;
        headers.push((names.len(), elf.bytes.len(), section.len()));
        names.extend_from_slice(b".debug_");
        names.extend_from_slice(name.as_bytes());
        names.push(0);
        elf.bytes.extend_from_slice(section);
    }
    let names_at = elf.bytes.len();
    elf.bytes.extend_from_slice(&names);
    let table = elf.bytes.len();
    elf.section(0, 0, 0, 0, 0, 0);
    elf.section(1, 8, 6, CODE, 0, 0x1_0000);
    elf.section(7, 3, 0, 0, names_at, names.len());
    for &(name, at, length) in &headers {
        elf.section(name, 1, 0, 0, at, length);
    }
    let mut head = Elf { bytes: b"\x7fELF\x02".to_vec(), little_endian };
    head.bytes.extend([if little_endian { 1 } else { 2 }, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.number(if choice & 2 == 0 { 2 } else { 1 }, 2);
    head.number(62, 2);
    head.number(1, 4);
    head.number(0, 8);
    head.number(0, 8);
    head.number(table as u64, 8);
    for (value, size) in [(0, 4), (64, 2), (0, 2), (0, 2), (64, 2), (3 + headers.len() as u64, 2), (2, 2)] {
        head.number(value, size);
    }
    elf.bytes[..64].copy_from_slice(&head.bytes);
    ask(elf.bytes);
}

/// An ELF file as it is written.
struct Elf {
    bytes: Vec<u8>,
    little_endian: bool,
}

impl Elf {
    fn number(&mut self, value: u64, size: usize) {
        let raw = value.to_le_bytes();
        if self.little_endian {
            self.bytes.extend_from_slice(&raw[..size]);
        } else {
            self.bytes.extend(raw[..size].iter().rev());
        }
    }

    fn section(&mut self, name: usize, kind: u64, flags: u64, address: u64, at: usize, size: usize) {
        self.number(name as u64, 4);
        self.number(kind, 4);
        for value in [flags, address, at as u64, size as u64] {
            self.number(value, 8);
        }
        self.number(0, 8);
        self.number(1, 8);
        self.number(0, 8);
    }
}

fn ask(bytes: Vec<u8>) {
    let file: Rc<dyn ReadAt> = Rc::new(bytes);
    let Ok(outline) = Outline::read(&*file) else { return };
    let outline = Rc::new(outline);
    let open = || DebugFile::open(Rc::clone(&file), Rc::clone(&outline));
    let debug = match open() {
        Ok(debug) => debug,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let store = Kept::default();
    let (mut done, mut ticks) = (0, 0_u64);
    let prepared = debug.prepare(&store, &mut |now, whole| {
        assert!(done <= now && now <= whole, "{done}, then {now} of {whole}");
        done = now;
        ticks += 1;
        ticks < 10_000
    });
    // The same again, by what was kept.
    let again = open().ok().filter(|again| prepared.is_ok() && again.prepare(&store, &mut |_, _| true).is_ok());
    let bases = outline.sections.iter().zip(0_u32..).filter(|(section, _)| section.flags & 6 == 6).take(4);
    for (section, number) in bases {
        let step = usize::try_from((section.size / 24).clamp(1, 0x1000)).unwrap_or(1);
        for offset in (0..section.size).step_by(step).take(32) {
            let at = if outline.is_module() {
                At { section: Some(number), address: offset }
            } else {
                At { section: None, address: section.address.wrapping_add(offset) }
            };
            match debug.find(at) {
                Ok(spots) => {
                    check(&spots);
                    if let Some(again) = &again {
                        assert_eq!(again.find(at).as_ref(), Ok(&spots), "{at:?}");
                    }
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
    for wanted in debug.wanted() {
        assert!(!wanted.name.is_empty());
    }
}

fn check(spots: &[Spot]) {
    for (at, spot) in spots.iter().enumerate() {
        assert_eq!(spot.inlined, at + 1 < spots.len(), "the last function is the one that is there");
        assert!(spot.line != Some(0) && spot.column != Some(0), "lines and columns count from 1");
    }
}
