//! The symbol table of an ELF file, as nm would print it.
//!
//! Must never hold the table as it lies in the file and as it is used at the same time, but for a piece.

use goblin::elf::section_header::{SHF_EXECINSTR, SHF_WRITE, SHN_ABS, SHT_NOBITS, SectionHeader};
use goblin::elf::sym::{
    STB_GLOBAL, STB_WEAK, STT_FILE, STT_FUNC, STT_GNU_IFUNC, STT_OBJECT, STT_SECTION, STT_TLS, st_bind, st_type,
};
use oopscope_source::ReadAt;

use super::{ElfError, Place, Section, slice};
use crate::elf_symbol::{self, ElfSymbol, is_name};
use crate::table::Builder;
use crate::{Layout, SymbolTable};

/// The most symbols that are believed.
pub(super) const MOST: u64 = 1 << 23;

/// Symbols that are read at once.
const PIECE: u64 = 1 << 15;

/// What is needed to read them.
pub(super) struct Tables<'a> {
    pub(super) table: &'a SectionHeader,
    pub(super) names: &'a SectionHeader,
    pub(super) headers: &'a [SectionHeader],
    pub(super) sections: &'a [Section],
    pub(super) place: Option<Place<'a>>,
    pub(super) layout: Layout,
}

/// A symbol, before it is known where it comes in the order.
struct Found {
    address: u64,
    /// The smaller, the better the name among those of one address.
    rank: u16,
    kind: u8,
    name: u32,
    size: u64,
}

pub(super) fn read(file: &dyn ReadAt, tables: &Tables<'_>) -> Result<SymbolTable, ElfError> {
    let width = elf_symbol::size(tables.layout);
    let count = tables.table.sh_size / width as u64;
    if count > MOST {
        return Err(ElfError::TooLarge { what: "its symbols", size: count });
    }
    let names = slice(file, tables.names.sh_offset, tables.names.sh_size, "the names of its symbols")?;
    let bases: Vec<Option<u64>> = tables.sections.iter().map(|section| base(section, tables.place)).collect();
    let mut found = Vec::new();
    let mut from = 0;
    while from < count {
        let now = PIECE.min(count - from);
        let offset = tables.table.sh_offset.checked_add(from * width as u64);
        let offset = offset.ok_or(ElfError::Damaged { what: "symbol table" })?;
        let raw = slice(file, offset, now * width as u64, "its symbols")?;
        let symbols = raw.chunks_exact(width).map(|raw| ElfSymbol::new(raw, tables.layout));
        found.extend(symbols.filter_map(|symbol| one(&symbol, tables.headers, &bases, &names)));
        from += now;
    }
    found.sort_by_key(|symbol| (symbol.address, symbol.rank));
    let mut builder = Builder::with_room(found.len());
    for symbol in &found {
        builder.push(symbol.address, symbol.kind, name(&names, symbol.name as usize), Some(symbol.size));
    }
    Ok(builder.finish())
}

/// What is added to the value of a section's symbols; `None` leaves them out.
fn base(section: &Section, place: Option<Place<'_>>) -> Option<u64> {
    place.map_or(Some(0), |place| place(&section.name))
}

/// The name that begins at `at`; none is longer than this.
fn name(names: &[u8], at: usize) -> &[u8] {
    let rest = names.get(at..).unwrap_or(&[]);
    rest.iter().take(4096).position(|&byte| byte == 0).map_or(&[], |end| &rest[..end])
}

fn one(symbol: &ElfSymbol, headers: &[SectionHeader], bases: &[Option<u64>], names: &[u8]) -> Option<Found> {
    let (form, bind) = (st_type(symbol.info), st_bind(symbol.info));
    if symbol.section == 0 || matches!(form, STT_SECTION | STT_FILE | STT_TLS) {
        return None;
    }
    let text = name(names, symbol.name as usize);
    if !is_name(text) {
        return None;
    }
    let section = usize::from(symbol.section);
    let (letter, base) = if u32::from(symbol.section) == SHN_ABS {
        (b'a', 0)
    } else {
        (letter(headers.get(section)?), (*bases.get(section)?)?)
    };
    let kind = match bind {
        STB_WEAK if form == STT_OBJECT => b'V',
        STB_WEAK => b'W',
        STB_GLOBAL => letter.to_ascii_uppercase(),
        _ => letter,
    };
    let binding = match bind {
        STB_GLOBAL => 0,
        STB_WEAK => 1,
        _ => 2,
    };
    let untyped = u16::from(!matches!(form, STT_FUNC | STT_OBJECT | STT_GNU_IFUNC));
    let underscores = u16::try_from(text.iter().take(15).take_while(|&&byte| byte == b'_').count()).unwrap_or(15);
    Some(Found {
        address: base.wrapping_add(symbol.value),
        rank: untyped << 8 | binding << 4 | underscores,
        kind,
        name: symbol.name,
        size: symbol.size,
    })
}

/// nm's letter for local symbols of a section.
fn letter(section: &SectionHeader) -> u8 {
    if section.sh_flags & u64::from(SHF_EXECINSTR) != 0 {
        b't'
    } else if section.sh_type == SHT_NOBITS {
        b'b'
    } else if section.sh_flags & u64::from(SHF_WRITE) != 0 {
        b'd'
    } else {
        b'r'
    }
}
