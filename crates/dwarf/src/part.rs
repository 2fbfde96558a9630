//! A file's sections of debug information by their names, however they are packed: as they are, compressed
//! (`SHF_COMPRESSED`, or `.zdebug_info` of old), or under the names of split units (`.debug_info.dwo`).
//!
//! Must never unpack more of a section than its place in the file can hold.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use oopscope_source::ReadAt;
use oopscope_symbols::Layout;
use oopscope_symbols::elf::{Outline, Section as ElfSection};

use crate::cursor::Cursor;
use crate::effort::Effort;
use crate::place::Places;
use crate::relocation::{Relocations, Symbols};
use crate::section::Section;
use crate::{DwarfError, Name, packed};

/// `SHT_SYMTAB_SHNDX`, `SHT_RELA`, `SHT_REL`.
const SYMBOL_SECTIONS: u32 = 18;
const WITH_ADDENDS: u32 = 4;
const WITHOUT_ADDENDS: u32 = 9;

/// A file with sections of debug information.
pub(crate) struct Part {
    pub(crate) file: Rc<dyn ReadAt>,
    pub(crate) outline: Rc<Outline>,
    pub(crate) places: Rc<Places>,
    /// Whether it holds split units, whose sections have names of their own.
    pub(crate) split: bool,
    /// What the question that is being answered has cost.
    pub(crate) effort: Effort,
    known: RefCell<BTreeMap<Name, Result<Rc<Section>, DwarfError>>>,
    symbols: RefCell<BTreeMap<u32, Rc<Symbols>>>,
}

impl Part {
    /// The sections of a file, of which nothing is read yet.
    pub(crate) fn new(file: Rc<dyn ReadAt>, outline: Rc<Outline>, split: bool) -> Self {
        let places = Rc::new(Places::of(&outline));
        Self {
            file,
            outline,
            places,
            split,
            effort: Effort::default(),
            known: RefCell::default(),
            symbols: RefCell::default(),
        }
    }

    /// Byte order and pointer size.
    pub(crate) fn layout(&self) -> Layout {
        self.outline.layout
    }

    /// Whether there is such a section, with bytes in this file.
    pub(crate) fn has(&self, name: Name) -> bool {
        self.find(name).is_some()
    }

    /// A section.
    pub(crate) fn section(&self, name: Name) -> Result<Rc<Section>, DwarfError> {
        if let Some(known) = self.known.borrow().get(&name) {
            return known.clone();
        }
        let section = self.open(name);
        self.known.borrow_mut().insert(name, section.clone());
        section
    }

    /// A cursor at a place of a section.
    pub(crate) fn cursor(&self, name: Name, at: u64) -> Result<Cursor, DwarfError> {
        Ok(Cursor::new(&self.section(name)?, self.layout().little_endian, at, u64::MAX))
    }

    /// The text at a place of a section of texts.
    pub(crate) fn text(&self, name: Name, at: u64) -> Result<Rc<str>, DwarfError> {
        self.cursor(name, at)?.text()
    }

    /// Where a section is, its number, and whether it is packed in the way of old.
    fn find(&self, name: Name) -> Option<(u32, &ElfSection, bool)> {
        let text = name.text();
        let there = |section: &ElfSection| {
            let (plain, old) = match section.name.strip_prefix(".z") {
                Some(rest) if !self.split => (text.strip_prefix('.') == Some(rest), true),
                _ if self.split => (section.name.strip_suffix(".dwo") == Some(text), false),
                _ => (section.name == text, false),
            };
            // The index of a package has no `.dwo` (DWARF 5, 7.3.5).
            let plain = plain || matches!(name, Name::CuIndex | Name::TuIndex) && section.name == text;
            (plain && section.in_file && section.size > 0).then_some(old)
        };
        (0..).zip(&self.outline.sections).find_map(|(number, section)| Some((number, section, there(section)?)))
    }

    fn open(&self, name: Name) -> Result<Rc<Section>, DwarfError> {
        let (number, section, old) = self.find(name).ok_or(DwarfError::Missing { section: name })?;
        let (bytes, start, size, spool): (Rc<dyn ReadAt>, u64, u64, _) = if section.compressed || old {
            let (spool, size) = packed::open(&self.file, section, name, self.layout())?;
            (Rc::clone(&spool) as _, 0, size, Some(spool))
        } else {
            (Rc::clone(&self.file), section.offset, section.size, None)
        };
        let relocations = self.relocations(name, number)?;
        // A browser takes as long for a small read as for a larger one. Names lie strewn over their section; what a unit has
        // in the others is a few kilobytes.
        let piece = match name {
            Name::Str => 128 << 10,
            Name::Abbrev | Name::RngLists | Name::Ranges | Name::Addr | Name::StrOffsets => 16 << 10,
            _ => 64 << 10,
        };
        Ok(Rc::new(Section::new(name, bytes, start, size, piece, relocations).unpacked_by(spool)))
    }

    fn plain(&self, name: Name, section: &ElfSection, piece: u64) -> Rc<Section> {
        Rc::new(Section::new(name, Rc::clone(&self.file), section.offset, section.size, piece, None))
    }

    /// The relocations of a section; of a linked file those that are there have been applied.
    fn relocations(&self, name: Name, number: u32) -> Result<Option<Relocations>, DwarfError> {
        if !self.outline.is_module() {
            return Ok(None);
        }
        let sections = &self.outline.sections;
        let theirs = |section: &&ElfSection| {
            matches!(section.kind, WITH_ADDENDS | WITHOUT_ADDENDS) && section.info == number && section.size > 0
        };
        let Some(table) = sections.iter().find(theirs) else { return Ok(None) };
        Ok(Some(Relocations {
            table: self.plain(name, table, 256 << 10),
            symbols: self.symbols(name, table.link)?,
            addends: table.kind == WITH_ADDENDS,
            machine: self.outline.machine,
            target: name,
            place: self.places.base(number),
            probed: RefCell::default(),
        }))
    }

    fn symbols(&self, name: Name, number: u32) -> Result<Rc<Symbols>, DwarfError> {
        if let Some(known) = self.symbols.borrow().get(&number) {
            return Ok(Rc::clone(known));
        }
        let sections = &self.outline.sections;
        let missing = DwarfError::Damaged { what: "the symbols of its relocations", section: name, offset: 0 };
        let table = usize::try_from(number).ok().and_then(|at| sections.get(at)).filter(|table| table.in_file);
        let table = table.ok_or(missing)?;
        let more = sections.iter().find(|section| section.kind == SYMBOL_SECTIONS && section.link == number);
        let symbols = Rc::new(Symbols::new(
            self.plain(name, table, 64 << 10),
            more.map(|section| self.plain(name, section, 64 << 10)),
            self.layout(),
            Rc::clone(&self.places),
        ));
        self.symbols.borrow_mut().insert(number, Rc::clone(&symbols));
        Ok(symbols)
    }
}
