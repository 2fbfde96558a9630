//! One of the files that were given: what it is, once somebody has looked, and what became of it.
//!
//! Must never open a file that came out of a folder before something needs it.

use crate::Given;
use crate::names::{self, Guess};
use crate::object::{Object, Sort};
use crate::table::Table;
use crate::unpack;
use oopscope_report::{SymbolFile, SymbolStatus};
use oopscope_symbols::elf::ElfError;
use oopscope_symbols::module_places::ModulePlaces;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// Bytes by which a file is told.
const HEAD: usize = 4096;

/// A file that was given.
pub(crate) struct Entry {
    pub(crate) given: Given,
    /// What it may be by its name.
    pub(crate) guess: Option<Guess>,
    opened: OnceCell<Opened>,
    fate: RefCell<Fate>,
}

/// What became of it.
#[derive(Clone, Debug, Default)]
struct Fate {
    status: SymbolStatus,
    matched_by: Option<&'static str>,
    note: Option<String>,
}

/// What a file is.
pub(crate) enum Opened {
    /// An ELF file.
    Object(Rc<Object>),
    /// System.map, kallsyms, a kernel image: names and addresses.
    Table(Rc<Table>),
    /// Where modules were loaded.
    Modules(ModulePlaces),
    /// Source code.
    Source,
    /// It could not be read, in words.
    Unreadable(String),
    /// Nothing that symbols could be read from.
    Other,
}

impl Entry {
    /// A file, which is not looked into.
    pub(crate) fn new(given: Given) -> Self {
        let guess = names::guess(&given.name);
        Self { given, guess, opened: OnceCell::new(), fate: RefCell::default() }
    }

    /// Whether it came out of a folder.
    pub(crate) fn is_of_folder(&self) -> bool {
        self.given.name.contains('/')
    }

    /// What it is; opens it.
    pub(crate) fn open(&self) -> &Opened {
        self.opened.get_or_init(|| {
            let opened = open(&self.given, self.guess.as_ref());
            let mut fate = self.fate.borrow_mut();
            match &opened {
                Opened::Unreadable(why) => {
                    (fate.status, fate.note) = (SymbolStatus::Unreadable, Some(why.clone()));
                }
                Opened::Other => fate.status = SymbolStatus::Ignored,
                Opened::Object(object) => {
                    fate.note = note(object);
                    if object.sort == Sort::Program {
                        fate.status = SymbolStatus::Ignored;
                    }
                }
                Opened::Table(table) => fate.note.clone_from(&table.note),
                Opened::Modules(_) | Opened::Source => {}
            }
            opened
        })
    }

    /// The ELF file that it is.
    pub(crate) fn object(&self) -> Option<&Rc<Object>> {
        match self.open() {
            Opened::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Whether somebody has looked into it.
    pub(crate) fn is_open(&self) -> bool {
        self.opened.get().is_some()
    }

    /// It was used.
    pub(crate) fn used(&self, by: &'static str) {
        let mut fate = self.fate.borrow_mut();
        if fate.status == SymbolStatus::Mismatch {
            // Of another report it is the wrong file, of this one the right one.
            fate.note = None;
        }
        (fate.status, fate.matched_by) = (SymbolStatus::Used, Some(by));
    }

    /// It is of another build, and why that is known.
    pub(crate) fn mismatch(&self, why: &str) {
        let mut fate = self.fate.borrow_mut();
        if fate.status != SymbolStatus::Used {
            (fate.status, fate.note) = (SymbolStatus::Mismatch, Some(why.to_owned()));
        }
    }

    /// A part of it could not be read.
    pub(crate) fn problem(&self, why: &str) {
        self.fate.borrow_mut().note.get_or_insert_with(|| why.to_owned());
    }

    /// It as a row.
    pub(crate) fn row(&self) -> SymbolFile {
        let Fate { status, matched_by, note } = self.fate.borrow().clone();
        let mut row = SymbolFile {
            name: self.given.name.clone(),
            kind: self.kind().to_owned(),
            status,
            matched_by: matched_by.map(str::to_owned),
            note,
            ..SymbolFile::default()
        };
        if let Some(Guess::Module(name)) = &self.guess {
            row.module = Some(name.clone());
        }
        match self.opened.get() {
            Some(Opened::Object(object)) => {
                row.build_id = object.build_id();
                row.release = object.known_release().map(str::to_owned);
                row.has_lines = object.has_lines;
                row.module = object.module.clone().or(row.module);
            }
            Some(Opened::Table(table)) => {
                row.release.clone_from(&table.release);
                row.build_id.clone_from(&table.build_id);
            }
            _ => {}
        }
        row
    }

    fn kind(&self) -> &'static str {
        match self.opened.get() {
            Some(Opened::Object(object)) => match object.sort {
                Sort::Kernel => "vmlinux",
                Sort::Module => "module",
                Sort::Split => "split-dwarf",
                Sort::Program => "other",
            },
            Some(Opened::Table(table)) => table.kind,
            Some(Opened::Modules(_)) => "modules-list",
            Some(Opened::Source) => "source",
            Some(Opened::Other) => "other",
            Some(Opened::Unreadable(_)) | None => match self.guess {
                Some(Guess::Module(_)) => "module",
                Some(Guess::Kernel | Guess::BuildId(_)) => "vmlinux",
                Some(Guess::Image) => "kernel-image",
                Some(Guess::Map) => "system-map",
                Some(Guess::Kallsyms) => "kallsyms",
                Some(Guess::ModulesList) => "modules-list",
                Some(Guess::SplitDwarf) => "split-dwarf",
                Some(Guess::Source) => "source",
                None => "other",
            },
        }
    }
}

/// What must be known of an ELF file.
fn note(object: &Object) -> Option<String> {
    match object.sort {
        Sort::Program => Some("it is a program or a library, not a kernel".to_owned()),
        Sort::Kernel | Sort::Module if !object.has_lines => {
            Some("it has no debug information (DWARF): functions, but no source lines".to_owned())
        }
        _ => None,
    }
}

fn open(given: &Given, guess: Option<&Guess>) -> Opened {
    if guess == Some(&Guess::Source) {
        return Opened::Source;
    }
    let bytes = match unpack::unpacked(&given.bytes) {
        Ok(bytes) => bytes,
        Err(why) => return Opened::Unreadable(why),
    };
    let mut head = vec![0; HEAD];
    match bytes.read_at(0, &mut head) {
        Ok(n) => head.truncate(n),
        Err(error) => return Opened::Unreadable(error.to_string()),
    }
    if head.starts_with(b"\x7fELF") {
        return match Object::open(bytes) {
            Ok(object) => Opened::Object(Rc::new(object)),
            Err(ElfError::Foreign(_)) => Opened::Other,
            Err(error) => Opened::Unreadable(error.to_string()),
        };
    }
    if ModulePlaces::is(&head) {
        return match ModulePlaces::read(&*bytes) {
            Ok(places) => Opened::Modules(places),
            Err(why) => Opened::Unreadable(why.to_string()),
        };
    }
    match Table::open(&bytes, &head) {
        Some(Ok(table)) => Opened::Table(Rc::new(table)),
        Some(Err(why)) => Opened::Unreadable(why),
        None => match guess {
            Some(Guess::Kernel | Guess::Module(_) | Guess::BuildId(_) | Guess::SplitDwarf) => {
                let why = if head.is_empty() { "it is empty" } else { "it is no ELF file, though its name says so" };
                Opened::Unreadable(why.to_owned())
            }
            Some(Guess::Map | Guess::Kallsyms) => Opened::Unreadable("it is no list of symbols".to_owned()),
            Some(Guess::ModulesList) => Opened::Unreadable("it is no copy of /proc/modules".to_owned()),
            Some(Guess::Image) => Opened::Unreadable("it is no kernel image that is known here".to_owned()),
            Some(Guess::Source) | None => Opened::Other,
        },
    }
}
