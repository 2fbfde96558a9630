//! Debug information of the kernel and of its modules: which file tells about an address, and at which address of its own.
//! Must never ask a file that was not found to be this kernel's, nor hold what the file can give again.

use crate::Kernel;
use oopscope_dwarf::{At, CallFrames, DebugFile, DwarfError, Row, Spot, short_path};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most addresses whose source is kept: the stacks of many tasks go through the same few functions.
const MOST_KEPT: usize = 1 << 14;

/// A file with debug information, and where its code lay as the kernel ran.
pub(crate) struct Debug {
    file: Rc<DebugFile>,
    /// Of a linked file, what is added to its addresses.
    offset: u64,
    /// Of a module's, where each of its sections lay, by their numbers.
    sections: Option<BTreeMap<u32, u64>>,
    frames: OnceCell<Result<Option<CallFrames>, DwarfError>>,
    spots: RefCell<BTreeMap<u64, Rc<[Spot]>>>,
}

impl std::fmt::Debug for Debug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Debug").field("offset", &self.offset).field("sections", &self.sections).finish_non_exhaustive()
    }
}

impl Debug {
    pub(crate) fn new(file: Rc<DebugFile>, offset: u64, sections: Option<BTreeMap<u32, u64>>) -> Self {
        Self { file, offset, sections, frames: OnceCell::new(), spots: RefCell::default() }
    }

    /// The file.
    pub(crate) fn file(&self) -> &DebugFile {
        &self.file
    }

    /// The file's own address of one of the kernel's.
    pub(crate) fn at(&self, address: u64) -> Option<At> {
        let Some(sections) = &self.sections else {
            return Some(At { section: None, address: address.wrapping_sub(self.offset) });
        };
        let nearest = sections.iter().filter(|(_, start)| **start <= address).max_by_key(|(_, start)| **start);
        nearest.map(|(&section, &start)| At { section: Some(section), address: address - start })
    }

    /// The kernel's address of one of the file's.
    pub(crate) fn run_time(&self, at: At) -> Option<u64> {
        match (at.section, &self.sections) {
            (None, None) => Some(at.address.wrapping_add(self.offset)),
            (Some(section), Some(sections)) => Some(sections.get(&section)?.wrapping_add(at.address)),
            _ => None,
        }
    }

    /// The source of an address, innermost function first; its paths as people read them.
    fn spots(&self, address: u64) -> Result<Rc<[Spot]>, DwarfError> {
        if let Some(spots) = self.spots.borrow().get(&address) {
            return Ok(Rc::clone(spots));
        }
        let Some(at) = self.at(address) else { return Ok(Rc::default()) };
        let mut spots = self.file.find(at)?;
        for spot in &mut spots {
            spot.file = spot.file.as_ref().map(|file| short_path(file).into());
        }
        let spots: Rc<[Spot]> = spots.into();
        let mut kept = self.spots.borrow_mut();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(address, Rc::clone(&spots));
        Ok(spots)
    }

    /// What call frame information says of an address.
    pub(crate) fn row(&self, address: u64, convention: &oopscope_dwarf::Convention) -> Result<Option<Row>, DwarfError> {
        let frames = self.frames.get_or_init(|| self.file.call_frames());
        match (frames, self.at(address)) {
            (Ok(Some(frames)), Some(at)) => self.file.row(frames, at, convention),
            (Err(error), _) => Err(*error),
            _ => Ok(None),
        }
    }
}

impl Kernel {
    /// Takes debug information that was found to be this kernel's. Its addresses are those of the vmlinux, without KASLR.
    pub fn use_debug(&mut self, file: Rc<DebugFile>) {
        self.debug = Some(Debug::new(file, self.vmlinux_offset, None));
    }

    /// Takes debug information that was found to be a module's. Where its sections lay is read out of the dump; where that
    /// is not told, they are not used, and that is noted.
    pub fn use_module_debug(&self, name: &str, file: &Rc<DebugFile>) -> Result<(), String> {
        let module = self.loaded().iter().find(|module| module.name == name);
        let module = module.ok_or_else(|| format!("no module is called {name}"))?;
        let places = self.module_sections(module)?;
        let sections: BTreeMap<u32, u64> = (0..)
            .zip(&file.outline().sections)
            .filter_map(|(number, section)| Some((number, *places.get(section.name.as_str())?)))
            .collect();
        if sections.is_empty() {
            return Err(format!("the kernel does not tell where the sections of {name} lie"));
        }
        // A second file for the same module does not displace the first.
        let _ = module.debug.set(Debug::new(Rc::clone(file), 0, Some(sections)));
        Ok(())
    }

    /// The debug information that covers an address.
    pub(crate) fn debug_of(&self, address: u64) -> Option<&Debug> {
        match self.loaded_at(address) {
            Some(module) => module.debug.get(),
            None => self.debug.as_ref(),
        }
    }

    /// Whether there is any debug information.
    pub fn has_debug(&self) -> bool {
        self.debug.is_some() || self.loaded().iter().any(|module| module.debug.get().is_some())
    }

    /// The source of an address of code: innermost function first, the last is the one that is really there. Nothing where
    /// no debug information covers it, or it is damaged, which is noted.
    pub fn source_of(&self, address: u64) -> Rc<[Spot]> {
        let Some(debug) = self.debug_of(address) else { return Rc::default() };
        debug.spots(address).unwrap_or_else(|error| {
            self.note("source lines", &error);
            Rc::default()
        })
    }

    /// What call frame information says of an address.
    pub(crate) fn row_of(&self, address: u64, convention: &oopscope_dwarf::Convention) -> Option<Row> {
        self.debug_of(address)?.row(address, convention).unwrap_or_else(|error| {
            self.note("call frame information", &error);
            None
        })
    }
}
