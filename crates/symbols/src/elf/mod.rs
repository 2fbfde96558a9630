//! A vmlinux, or a module's file: its symbols, its build-id, where its sections lie.
//!
//! Must never read the whole file — with debug information it has a gigabyte — nor parse it by functions that keep
//! positions in a `usize`: headers, names and symbols are read where they lie and handed over in slices.

mod error;
pub mod functions;
mod symbols;

use goblin::elf::header::{ET_CORE, ET_REL, Header, header32, header64};
use goblin::elf::section_header::{SHF_COMPRESSED, SHN_XINDEX, SHT_NOBITS, SHT_NOTE, SHT_SYMTAB, SectionHeader};
use oopscope_source::ReadAt;

pub use error::{ElfError, Foreign};

use crate::{Layout, SymbolTable};

/// The most sections that are believed: a module that was built with a section for each function has 100,000.
const MOST_SECTIONS: u64 = 1 << 19;

/// The most bytes of names and of notes.
const MOST_NAMES: u64 = 256 << 20;
/// The most bytes of one section of notes.
const MOST_NOTES: u64 = 1 << 20;

/// A section of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// `.text`.
    pub name: String,
    /// Where it lies in memory, as the file has it: without KASLR; 0 where it is not loaded.
    pub address: u64,
    /// Where it lies in the file.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// Whether it is compressed in the file.
    pub compressed: bool,
    /// Whether it has bytes in the file: zeroed data has not, nor has anything that was taken out into another file.
    pub in_file: bool,
    /// What it is, as ELF numbers it (`sh_type`): 2 is a symbol table, 4 and 9 are relocations.
    pub kind: u32,
    /// `sh_flags`: 2 is loaded into memory, 4 is code.
    pub flags: u64,
    /// The section that belongs to it: of a symbol table its names, of relocations their symbols.
    pub link: u32,
    /// Of relocations, the section whose bytes they change.
    pub info: u32,
    /// To which power of two its place in memory is rounded up (`sh_addralign`); 0 and 1 are none.
    pub align: u64,
}

/// What an ELF file's headers tell. Of a file of any size a few kilobytes are read for it.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Byte order and pointer size.
    pub layout: Layout,
    /// `e_machine`: 62 is x86-64, 183 is arm64, 40 is arm.
    pub machine: u16,
    /// `e_type`: 1 is a module or an object file, 2 and 3 are linked, 4 is a core.
    pub kind: u16,
    /// Its build-id, if it has one.
    pub build_id: Option<Vec<u8>>,
    /// Its sections by their numbers: the first is the empty one.
    pub sections: Vec<Section>,
    headers: Vec<SectionHeader>,
}

impl Outline {
    /// Reads a file's headers, the names of its sections and its build-id.
    pub fn read(file: &dyn ReadAt) -> Result<Self, ElfError> {
        let head = slice(file, 0, file.len().min(64 << 10), "its beginning")?;
        if !head.starts_with(b"\x7fELF") {
            return Err(Foreign::of(&head).map_or(ElfError::NotElf, ElfError::Foreign));
        }
        let layout = match (head.get(4), head.get(5)) {
            (Some(1), Some(order @ 1..=2)) => Layout { little_endian: *order == 1, pointer: 4 },
            (Some(2), Some(order @ 1..=2)) => Layout { little_endian: *order == 1, pointer: 8 },
            _ => return Err(ElfError::Damaged { what: "header" }),
        };
        let size = if layout.pointer == 4 { header32::SIZEOF_EHDR } else { header64::SIZEOF_EHDR };
        let header = head.get(..size).and_then(|raw| goblin::elf::Elf::parse_header(raw).ok());
        let header = header.ok_or(ElfError::Damaged { what: "header" })?;
        if header.e_type == ET_CORE {
            return Err(ElfError::Foreign(Foreign::Core));
        }
        let headers = section_headers(file, &header, layout)?;
        let sections = name_sections(file, &header, &headers)?;
        let build_id = headers.iter().filter(|section| section.sh_type == SHT_NOTE).find_map(|section| {
            let notes = slice(file, section.sh_offset, section.sh_size.min(MOST_NOTES), "its notes").ok()?;
            build_id(&notes, layout)
        });
        Ok(Self { layout, machine: header.e_machine, kind: header.e_type, build_id, sections, headers })
    }

    /// Whether it is a module or an object file: its addresses count from the beginnings of its sections.
    pub const fn is_module(&self) -> bool {
        self.kind == ET_REL
    }

    /// The first section of a name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }
}

/// What a vmlinux or a module's file tells.
#[derive(Debug)]
pub struct ElfFile {
    layout: Layout,
    machine: u16,
    build_id: Option<Vec<u8>>,
    sections: Vec<Section>,
    symbols: SymbolTable,
}

impl ElfFile {
    /// Reads a vmlinux: headers, build-id and symbols.
    pub fn open(file: &dyn ReadAt) -> Result<Self, ElfError> {
        read(file, None)
    }

    /// Reads a module's file (`.ko`, `.ko.debug`). `place` says where a section of that name was loaded; symbols of
    /// sections that were not are left out.
    pub fn open_module(file: &dyn ReadAt, place: &dyn Fn(&str) -> Option<u64>) -> Result<Self, ElfError> {
        read(file, Some(place))
    }

    /// Its symbols: a vmlinux's with the addresses of the file (without KASLR), a module's where it was loaded.
    pub const fn symbols(&self) -> &SymbolTable {
        &self.symbols
    }

    /// Its symbols alone.
    pub fn into_symbols(self) -> SymbolTable {
        self.symbols
    }

    /// Its machine, as ELF numbers them (`e_machine`): 62 is x86-64, 183 is arm64.
    pub const fn machine(&self) -> u16 {
        self.machine
    }

    /// Its build-id, if it has one.
    pub fn build_id(&self) -> Option<&[u8]> {
        self.build_id.as_deref()
    }

    /// Its byte order and pointer size.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Its sections, in their order.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The first section of a name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }
}

/// Where a module's section was loaded.
type Place<'a> = &'a dyn Fn(&str) -> Option<u64>;

fn read(file: &dyn ReadAt, place: Option<Place<'_>>) -> Result<ElfFile, ElfError> {
    let Outline { layout, machine, kind, build_id, sections, headers } = Outline::read(file)?;
    match (kind == ET_REL, place) {
        (true, None) => return Err(ElfError::Module),
        (false, Some(_)) => return Err(ElfError::NoModule),
        _ => {}
    }
    let table = headers.iter().find(|section| section.sh_type == SHT_SYMTAB).ok_or(ElfError::Stripped)?;
    let names = headers.get(table.sh_link as usize).ok_or(ElfError::Damaged { what: "symbol table" })?;
    if is_compressed(table) || is_compressed(names) {
        return Err(ElfError::Compressed);
    }
    let symbols =
        symbols::read(file, &symbols::Tables { table, names, headers: &headers, sections: &sections, place, layout })?;
    Ok(ElfFile { layout, machine, build_id, sections, symbols })
}

fn is_compressed(section: &SectionHeader) -> bool {
    section.sh_flags & u64::from(SHF_COMPRESSED) != 0
}

/// The headers of all sections. Where there are more than 16 bits can count, the first one tells how many.
fn section_headers(file: &dyn ReadAt, header: &Header, layout: Layout) -> Result<Vec<SectionHeader>, ElfError> {
    if header.e_shoff == 0 {
        return Err(ElfError::Stripped);
    }
    let size = if layout.pointer == 4 { 40 } else { 64 };
    if usize::from(header.e_shentsize) != size {
        return Err(ElfError::Damaged { what: "section headers" });
    }
    let parse = |count: u64| -> Result<Vec<SectionHeader>, ElfError> {
        let bytes = slice(file, header.e_shoff, count.saturating_mul(size as u64), "its section headers")?;
        Ok(bytes.chunks_exact(size).map(|raw| section_header(raw, layout)).collect())
    };
    let mut count = u64::from(header.e_shnum);
    if count == 0 {
        count = parse(1)?.first().map_or(0, |first| first.sh_size);
    }
    if count == 0 {
        return Err(ElfError::Stripped);
    }
    if count > MOST_SECTIONS {
        return Err(ElfError::TooLarge { what: "section headers", size: count });
    }
    parse(count)
}

/// One section header, of the size that it has.
fn section_header(raw: &[u8], layout: Layout) -> SectionHeader {
    let word = |at: usize| layout.u32(raw.get(at..).unwrap_or(&[]));
    let long = |at: usize| layout.long(raw.get(at..).unwrap_or(&[]));
    // Elf32_Shdr has ten words; in Elf64_Shdr flags, address, offset, size, alignment and entry size have two.
    let at: [usize; 8] =
        if layout.pointer == 4 { [8, 12, 16, 20, 24, 28, 32, 36] } else { [8, 16, 24, 32, 40, 44, 48, 56] };
    SectionHeader {
        sh_name: word(0) as usize,
        sh_type: word(4),
        sh_flags: long(at[0]),
        sh_addr: long(at[1]),
        sh_offset: long(at[2]),
        sh_size: long(at[3]),
        sh_link: word(at[4]),
        sh_info: word(at[5]),
        sh_addralign: long(at[6]),
        sh_entsize: long(at[7]),
    }
}

fn name_sections(file: &dyn ReadAt, header: &Header, headers: &[SectionHeader]) -> Result<Vec<Section>, ElfError> {
    let mut names = usize::from(header.e_shstrndx);
    if u32::from(header.e_shstrndx) == SHN_XINDEX {
        names = headers.first().map_or(0, |first| first.sh_link as usize);
    }
    let names = headers.get(names).ok_or(ElfError::Damaged { what: "names of sections" })?;
    let names = slice(file, names.sh_offset, names.sh_size, "the names of its sections")?;
    let section = |header: &SectionHeader| {
        let rest = names.get(header.sh_name..).unwrap_or(&[]);
        let end = rest.iter().take(1024).position(|&byte| byte == 0).unwrap_or(0);
        Section {
            name: String::from_utf8_lossy(&rest[..end]).into_owned(),
            address: header.sh_addr,
            offset: header.sh_offset,
            size: header.sh_size,
            compressed: is_compressed(header),
            in_file: header.sh_type != SHT_NOBITS,
            kind: header.sh_type,
            flags: header.sh_flags,
            link: header.sh_link,
            info: header.sh_info,
            align: header.sh_addralign,
        }
    };
    Ok(headers.iter().map(section).collect())
}

/// Bytes of the file; all of them or an error.
fn slice(file: &dyn ReadAt, offset: u64, size: u64, what: &'static str) -> Result<Vec<u8>, ElfError> {
    let outside = ElfError::Outside { what, offset, size, length: file.len() };
    if offset.checked_add(size).is_none_or(|end| end > file.len()) {
        return Err(outside);
    }
    if size > MOST_NAMES {
        return Err(ElfError::TooLarge { what, size });
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| ElfError::TooLarge { what, size })?];
    if file.read_at(offset, &mut bytes)? < bytes.len() {
        return Err(outside);
    }
    Ok(bytes)
}

/// The build-id among notes (include/uapi/linux/elf.h: NT_GNU_BUILD_ID is 3).
pub(crate) fn build_id(notes: &[u8], layout: Layout) -> Option<Vec<u8>> {
    let mut rest = notes;
    while rest.len() >= 12 {
        let number = |at: usize| layout.u32(&rest[at..]) as usize;
        let (name_size, size, kind) = (number(0), number(4), number(8));
        let padded = |size: usize| size.checked_next_multiple_of(4);
        let name_end = padded(name_size)?.checked_add(12)?;
        let end = name_end.checked_add(size)?;
        let name = rest.get(12..12_usize.checked_add(name_size)?)?;
        let value = rest.get(name_end..end)?;
        if kind == 3 && name == b"GNU\0" && !value.is_empty() && value.len() <= 64 {
            return Some(value.to_vec());
        }
        rest = rest.get(name_end.checked_add(padded(size)?)?..)?;
    }
    None
}
