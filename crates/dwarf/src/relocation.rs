//! Relocations of a module's debug information: in a file that is not linked, addresses and offsets are sums that the
//! linker would have made.
//!
//! Must never read the whole table of a large module: it is in the order of the bytes that it changes, and the part for a
//! slice is found by bisection. Nor pass over a kind that is not known, which would give wrong lines.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use oopscope_symbols::Layout;

use crate::cursor::Cursor;
use crate::place::Places;
use crate::section::Section;
use crate::{DwarfError, Name};

/// Bytes of the widest number that a relocation changes.
pub(crate) const WIDEST: u64 = 10;

/// The most symbols that are remembered.
const MOST_SYMBOLS: usize = 1 << 16;

/// What is done with the bytes at the place.
#[derive(Clone, Copy)]
enum Change {
    /// Nothing.
    None,
    /// They become the sum, in so many bytes.
    Set(u8),
    /// They become the sum's distance from them.
    Distance(u8),
    /// The sum is added to what is there.
    Add(u8),
    /// It is taken off.
    Subtract(u8),
    /// The same with the low six bits of a byte.
    SetSix,
    /// The same.
    SubtractSix,
    /// They become the sum, seven bits a byte, in as many bytes as there are.
    SetUleb,
    /// The same.
    SubtractUleb,
}

/// The kinds that debug information of the kernel's architectures has. Each is in the architecture's ELF supplement; the
/// numbers are those of include/uapi/linux/elf*.h and arch/*/include/asm/elf.h.
fn change(machine: u16, kind: u32) -> Option<Change> {
    use Change::{Add, Distance, None as Nothing, Set, SetSix, SetUleb, Subtract, SubtractSix, SubtractUleb};
    Some(match (machine, kind) {
        // The last two tell the linker that code may shrink, or where a block is aligned.
        (_, 0) | (183, 256) | (243, 43 | 51) | (258, 100 | 102) => Nothing,
        (62, 1 | 17) | (183, 257) | (243 | 258, 2) | (22, 22) | (21, 38) | (43, 32 | 54) => Set(8),
        (62, 10 | 11 | 21)
        | (183, 258)
        | (40 | 8, 2)
        | (243 | 258 | 20 | 21 | 3, 1)
        | (22, 4)
        | (2 | 43, 3 | 23)
        | (243, 56) => Set(4),
        (62 | 3, 2) | (183, 261) | (40, 3) | (243, 57) | (258, 99) | (22, 5) | (20 | 21, 26) => Distance(4),
        (62, 24) | (183, 260) | (22, 23) | (21, 44) => Distance(8),
        // RISC-V relaxes code while it links, so that differences are made of two relocations.
        (243, 33) | (258, 47) => Add(1),
        (243, 34) | (258, 48) => Add(2),
        (243, 35) | (258, 50) => Add(4),
        (243, 36) | (258, 51) => Add(8),
        (243, 37) | (258, 52) => Subtract(1),
        (243, 38) | (258, 53) => Subtract(2),
        (243, 39) | (258, 55) => Subtract(4),
        (243, 40) | (258, 56) => Subtract(8),
        (243, 52) | (258, 106) => SubtractSix,
        (243, 53) => SetSix,
        (243, 54) => Set(1),
        (243, 55) => Set(2),
        (243, 60) => SetUleb,
        (243, 61) => SubtractUleb,
        _ => return None,
    })
}

/// The values of a file's symbols.
pub(crate) struct Symbols {
    table: Rc<Section>,
    /// Numbers of sections that do not fit sixteen bits (`SHT_SYMTAB_SHNDX`).
    sections: Option<Rc<Section>>,
    layout: Layout,
    places: Rc<Places>,
    known: RefCell<BTreeMap<u32, u64>>,
}

impl Symbols {
    pub(crate) fn new(table: Rc<Section>, sections: Option<Rc<Section>>, layout: Layout, places: Rc<Places>) -> Self {
        Self { table, sections, layout, places, known: RefCell::default() }
    }

    fn value(&self, index: u32) -> Result<u64, DwarfError> {
        if let Some(&value) = self.known.borrow().get(&index) {
            return Ok(value);
        }
        let long = self.layout.pointer == 8;
        let at = u64::from(index) * if long { 24 } else { 16 };
        let mut cursor = Cursor::new(&self.table, self.layout.little_endian, at, u64::MAX);
        cursor.u32()?;
        let (value, section) = if long {
            cursor.u16()?;
            let section = cursor.u16()?;
            (cursor.u64()?, section)
        } else {
            let value = cursor.u32()?.into();
            cursor.skip(6);
            (value, cursor.u16()?)
        };
        let base = match section {
            // SHN_XINDEX.
            0xffff => {
                let missing = DwarfError::Damaged { what: "a symbol", section: self.table.name, offset: at };
                let sections = self.sections.as_ref().ok_or(missing)?;
                let at = u64::from(index) * 4;
                self.places.base(Cursor::new(sections, self.layout.little_endian, at, u64::MAX).u32()?)
            }
            // SHN_LORESERVE: absolute, common and others that lie in no section.
            0xff00.. => 0,
            section => self.places.base(section.into()),
        };
        let value = base.wrapping_add(value);
        let mut known = self.known.borrow_mut();
        if known.len() >= MOST_SYMBOLS {
            known.clear();
        }
        known.insert(index, value);
        Ok(value)
    }
}

/// The relocations of one section.
pub(crate) struct Relocations {
    pub(crate) table: Rc<Section>,
    pub(crate) symbols: Rc<Symbols>,
    /// Whether each has its own addend (`SHT_RELA`); otherwise it is in the bytes that it changes.
    pub(crate) addends: bool,
    pub(crate) machine: u16,
    /// Whose bytes they change, and where that section was put.
    pub(crate) target: Name,
    pub(crate) place: u64,
    /// Places of relocations that were looked at, by their number.
    pub(crate) probed: RefCell<BTreeMap<u64, u64>>,
}

/// One of them.
struct Relocation {
    offset: u64,
    symbol: u32,
    kind: u32,
    addend: Option<u64>,
}

impl Relocations {
    fn width(&self) -> u64 {
        match (self.symbols.layout.pointer, self.addends) {
            (8, true) => 24,
            (8, false) => 16,
            (_, true) => 12,
            (_, false) => 8,
        }
    }

    /// Changes bytes of the section that begin at `at`, as far as they are all there.
    pub(crate) fn apply(&self, at: u64, bytes: &mut [u8]) -> Result<(), DwarfError> {
        let count = self.table.size() / self.width();
        let end = at.saturating_add(bytes.len() as u64);
        let first = self.first(at, count)?;
        let little_endian = self.symbols.layout.little_endian;
        let mut cursor = Cursor::new(&self.table, little_endian, first * self.width(), count * self.width());
        let mut before = 0;
        while !cursor.is_end() {
            let relocation = self.next(&mut cursor)?;
            // Without the order, others that belong here would not be found.
            if relocation.offset < before {
                return Err(cursor.damaged("the order of relocations"));
            }
            before = relocation.offset;
            if relocation.offset >= end {
                break;
            }
            let Some(place) = relocation.offset.checked_sub(at).and_then(|at| usize::try_from(at).ok()) else {
                return Err(cursor.damaged("the order of relocations"));
            };
            self.change(&relocation, bytes.get_mut(place..).unwrap_or_default())?;
        }
        Ok(())
    }

    fn next(&self, cursor: &mut Cursor) -> Result<Relocation, DwarfError> {
        let long = self.symbols.layout.pointer == 8;
        let (offset, symbol, kind) = if long {
            let offset = cursor.u64()?;
            // ELF64_R_SYM and ELF64_R_TYPE are the halves of one number.
            let info = cursor.u64()?;
            (offset, u32::try_from(info >> 32).unwrap_or(u32::MAX), info & 0xffff_ffff)
        } else {
            let offset = cursor.u32()?.into();
            let info = cursor.u32()?;
            (offset, info >> 8, u64::from(info & 0xff))
        };
        // SPARC keeps data in the upper part of the kind.
        let kind = if self.machine == 43 { kind & 0xff } else { kind };
        let kind = u32::try_from(kind).unwrap_or(u32::MAX);
        let addend = match (self.addends, long) {
            (false, _) => None,
            (true, true) => Some(cursor.u64()?),
            (true, false) => Some(i64::from(cursor.u32()?.cast_signed()).cast_unsigned()),
        };
        Ok(Relocation { offset, symbol, kind, addend })
    }

    /// The number of the first relocation at or behind a place.
    fn first(&self, at: u64, count: u64) -> Result<u64, DwarfError> {
        let (mut low, mut high) = (0, count);
        let little_endian = self.symbols.layout.little_endian;
        while low < high {
            let middle = low + (high - low) / 2;
            let known = self.probed.borrow().get(&middle).copied();
            let offset = if let Some(offset) = known {
                offset
            } else {
                let from = middle * self.width();
                // Near the end of the search, what is read is what will be needed.
                let near = (high - low) * self.width() <= 128 << 10;
                let piece = if near { self.table.piece(from)? } else { self.table.read(from, self.width())? };
                let mut cursor =
                    Cursor::within(&self.table, little_endian, &piece, from, from.saturating_add(self.width()));
                let offset = self.next(&mut cursor)?.offset;
                if !near && self.probed.borrow().len() < 4096 {
                    self.probed.borrow_mut().insert(middle, offset);
                }
                offset
            };
            if offset < at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn change(&self, relocation: &Relocation, bytes: &mut [u8]) -> Result<(), DwarfError> {
        let Relocation { offset, symbol, kind, addend } = *relocation;
        let unknown = DwarfError::Relocation { section: self.target, kind, machine: self.machine };
        let change = change(self.machine, kind).ok_or(unknown)?;
        let little_endian = self.symbols.layout.little_endian;
        let value = |implicit: u64| -> Result<u64, DwarfError> {
            Ok(self.symbols.value(symbol)?.wrapping_add(addend.unwrap_or(implicit)))
        };
        let put = |bytes: &mut [u8], size: u8, new: &dyn Fn(u64) -> Result<u64, DwarfError>| {
            // What is not all here does not belong to what was asked for.
            let Some(bytes) = bytes.get_mut(..size.into()) else { return Ok(()) };
            let mut whole = [0; 8];
            whole[..bytes.len()].copy_from_slice(bytes);
            if !little_endian {
                whole[..bytes.len()].reverse();
            }
            let mut whole = new(u64::from_le_bytes(whole))?.to_le_bytes();
            if !little_endian {
                whole[..bytes.len()].reverse();
            }
            bytes.copy_from_slice(&whole[..bytes.len()]);
            Ok(())
        };
        match change {
            Change::None => Ok(()),
            Change::Set(size) => put(bytes, size, &value),
            Change::Distance(size) => {
                put(bytes, size, &|there| Ok(value(there)?.wrapping_sub(self.place.wrapping_add(offset))))
            }
            Change::Add(size) => put(bytes, size, &|there| Ok(there.wrapping_add(value(0)?))),
            Change::Subtract(size) => put(bytes, size, &|there| Ok(there.wrapping_sub(value(0)?))),
            Change::SetSix => put(bytes, 1, &|there| Ok(there & 0xc0 | value(0)? & 0x3f)),
            Change::SubtractSix => put(bytes, 1, &|there| Ok(there & 0xc0 | there.wrapping_sub(value(0)?) & 0x3f)),
            Change::SetUleb => uleb(bytes, &|_| value(0)),
            Change::SubtractUleb => uleb(bytes, &|there| Ok(there.wrapping_sub(value(0)?))),
        }
    }
}

/// Changes a number of seven bits a byte, which keeps its length.
fn uleb(bytes: &mut [u8], new: &dyn Fn(u64) -> Result<u64, DwarfError>) -> Result<(), DwarfError> {
    let last = bytes.iter().take(usize::try_from(WIDEST).unwrap_or(0)).position(|&byte| byte < 0x80);
    let Some(bytes) = last.and_then(|last| bytes.get_mut(..=last)) else { return Ok(()) };
    let there = bytes.iter().rev().fold(0_u64, |value, &byte| value << 7 | u64::from(byte & 0x7f));
    let mut value = new(there)?;
    for byte in bytes {
        *byte = *byte & 0x80 | (value & 0x7f).to_le_bytes()[0];
        value >>= 7;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use oopscope_source::ReadAt;

    /// A table of one relocation each: offset, symbol, kind, addend; symbol 1 is absolute, with the value 0x1000.
    fn relocations(machine: u16, little_endian: bool, all: &[(u64, u64, u64, i64)]) -> Relocations {
        let number = |value: u64| if little_endian { value.to_le_bytes() } else { value.to_be_bytes() };
        let mut table = Vec::new();
        for &(offset, symbol, kind, addend) in all {
            table.extend([offset, symbol << 32 | kind, addend.cast_unsigned()].into_iter().flat_map(number));
        }
        let mut symbols = vec![0; 24 + 6];
        symbols.extend([0xff, 0xf1]);
        if little_endian {
            symbols[30..].reverse();
        }
        symbols.extend(number(0x1000));
        symbols.extend([0; 8]);
        let section = |bytes: Vec<u8>| {
            let size = bytes.len() as u64;
            let bytes: Rc<dyn ReadAt> = Rc::new(bytes);
            Rc::new(Section::new(Name::Info, bytes, 0, size, 64, None))
        };
        let layout = Layout { little_endian, pointer: 8 };
        let symbols = Rc::new(Symbols::new(section(symbols), None, layout, Rc::default()));
        let (table, probed) = (section(table), RefCell::default());
        Relocations { table, symbols, addends: true, machine, target: Name::Info, place: 0, probed }
    }

    #[test]
    fn each_slice_gets_its_own_and_no_others() {
        let all: Vec<_> = (0_u64..400).map(|at| (at * 8, 1, 1, at.cast_signed())).collect();
        let relocations = relocations(62, true, &all);
        for from in [0_u64, 8, 1600, 3192] {
            let mut bytes = [0xaa; 20];
            relocations.apply(from, &mut bytes).unwrap();
            let there = bytes.chunks_exact(8).map(|raw| Layout { little_endian: true, pointer: 8 }.u64(raw));
            let wanted = [from / 8, from / 8 + 1].map(|at| if at < 400 { 0x1000 + at } else { 0xaaaa_aaaa_aaaa_aaaa });
            assert_eq!(there.collect::<Vec<_>>(), wanted);
            assert_eq!(bytes[16..], [0xaa; 4], "what is not all there is left alone");
        }
    }

    #[test]
    fn differences_of_two_and_numbers_of_other_byte_orders() {
        // RISC-V: a length is one label less another.
        let mut bytes = [0, 0, 0, 0, 0x85, 0x01];
        relocations(243, true, &[(0, 1, 35, 0x30), (0, 1, 39, 0x10), (4, 1, 60, 0x7f), (4, 1, 61, 0)])
            .apply(0, &mut bytes)
            .unwrap();
        assert_eq!(bytes, [0x20, 0, 0, 0, 0xff, 0x00]);
        // s390x.
        let mut bytes = [0; 4];
        relocations(22, false, &[(0, 1, 4, 2)]).apply(0, &mut bytes).unwrap();
        assert_eq!(bytes, [0, 0, 0x10, 2]);
    }

    #[test]
    fn what_is_not_known_or_out_of_order_is_said() {
        let unknown = relocations(62, true, &[(0, 1, 250, 0)]).apply(0, &mut [0; 8]);
        assert_eq!(unknown, Err(DwarfError::Relocation { section: Name::Info, kind: 250, machine: 62 }));
        let mixed = relocations(62, true, &[(0, 1, 1, 0), (16, 1, 1, 0), (8, 1, 1, 0)]).apply(0, &mut [0; 32]);
        assert!(matches!(mixed, Err(DwarfError::Damaged { what: "the order of relocations", .. })), "{mixed:?}");
    }
}
