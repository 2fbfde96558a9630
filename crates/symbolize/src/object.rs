//! One ELF file that was given: what it is, some of its functions, its debug information, its bytes.
//!
//! Must never make a table of all its symbols: what a log names is looked up in one pass and kept.

use crate::names;
use oopscope_dwarf::{At, DebugFile, DwarfError, Spot, Store};
use oopscope_source::ReadAt;
use oopscope_symbols::elf::functions::{self, Function, Place};
use oopscope_symbols::elf::{ElfError, Outline, Section};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The longest `linux_banner` that is read.
const BANNER: u64 = 1024;

/// The most of a module's `.modinfo` that is read.
const MODINFO: u64 = 64 << 10;

/// The most of `.comment` that is read: a module has the compiler's line once for each of its files.
const COMMENT: u64 = 64 << 10;

/// The most bytes of code that are compared.
const MARKS: u64 = 4096;

/// `sh_flags`: loaded into memory, code.
const ALLOC: u64 = 2;
const EXEC: u64 = 4;

/// What sort of ELF file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// A vmlinux, or its debug information.
    Kernel,
    /// A module or an object file.
    Module,
    /// Debug information that was split off an object file (`.dwo`, `.dwp`).
    Split,
    /// A program or a library.
    Program,
}

/// One ELF file.
pub(crate) struct Object {
    pub(crate) bytes: Rc<dyn ReadAt>,
    pub(crate) outline: Rc<Outline>,
    pub(crate) sort: Sort,
    /// Whether it has source lines.
    pub(crate) has_lines: bool,
    /// Of a module, its name, as it says itself.
    pub(crate) module: Option<String>,
    /// Of a module, the release that it was built for.
    pub(crate) vermagic: Option<String>,
    /// Functions that were asked for; a name without any has an empty list.
    functions: RefCell<BTreeMap<String, Rc<[Function]>>>,
    debug: OnceCell<Result<Rc<DebugFile>, DwarfError>>,
    banner: OnceCell<Option<String>>,
    root: OnceCell<Option<String>>,
    /// Split files that were handed over, by their numbers.
    supplied: RefCell<BTreeSet<usize>>,
}

impl Object {
    /// Reads a file's headers.
    pub(crate) fn open(bytes: Rc<dyn ReadAt>) -> Result<Self, ElfError> {
        let outline = Outline::read(&*bytes)?;
        let in_file = |name: &str| outline.section(name).is_some_and(|section| section.in_file && section.size > 0);
        let has_lines =
            (in_file(".debug_line") || in_file(".zdebug_line")) && (in_file(".debug_info") || in_file(".zdebug_info"));
        let is_split = in_file(".debug_info.dwo") || in_file(".debug_cu_index");
        let sort = if is_split && !has_lines {
            Sort::Split
        } else if outline.is_module() {
            Sort::Module
        } else if outline.section(".interp").is_some() {
            Sort::Program
        } else {
            Sort::Kernel
        };
        let info = outline.section(".modinfo").filter(|section| section.in_file && sort == Sort::Module);
        let info = info.map(|section| read(&*bytes, section.offset, section.size.min(MODINFO))).unwrap_or_default();
        let word = |key: &str| modinfo(&info, key);
        Ok(Self {
            module: word("name").map(|name| names::module(&name)),
            vermagic: word("vermagic").and_then(|words| words.split(' ').next().map(str::to_owned)),
            outline: Rc::new(outline),
            bytes,
            sort,
            has_lines,
            functions: RefCell::default(),
            debug: OnceCell::new(),
            banner: OnceCell::new(),
            root: OnceCell::new(),
            supplied: RefCell::default(),
        })
    }

    /// Its build-id as hex digits.
    pub(crate) fn build_id(&self) -> Option<String> {
        self.outline.build_id.as_deref().map(names::hex)
    }

    /// Looks these names up, those that are not known yet, in one pass over the symbol table.
    pub(crate) fn look_up<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<(), ElfError> {
        let mut missing: Vec<&str> = {
            let known = self.functions.borrow();
            names.filter(|name| !known.contains_key(*name)).collect()
        };
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        let mut found: Vec<Vec<Function>> = vec![Vec::new(); missing.len()];
        for function in functions::find(&*self.bytes, &self.outline, &missing)? {
            if let Some(list) = found.get_mut(function.asked) {
                list.push(function);
            }
        }
        let mut known = self.functions.borrow_mut();
        known.extend(missing.into_iter().map(str::to_owned).zip(found.into_iter().map(Rc::from)));
        Ok(())
    }

    /// All symbols of a name.
    pub(crate) fn functions(&self, name: &str) -> Result<Rc<[Function]>, ElfError> {
        if let Some(known) = self.functions.borrow().get(name) {
            return Ok(Rc::clone(known));
        }
        self.look_up(std::iter::once(name))?;
        Ok(self.functions.borrow().get(name).cloned().unwrap_or_else(|| Rc::from([])))
    }

    /// The function in which a place lies.
    pub(crate) fn function_at(&self, at: At) -> Result<Option<Function>, ElfError> {
        // What lies in no code needs no pass over the symbols.
        if self.section_of(at).is_none_or(|section| section.flags & EXEC == 0) {
            return Ok(None);
        }
        let place = Place { section: at.section, address: at.address };
        Ok(functions::at(&*self.bytes, &self.outline, &[place])?.pop().flatten())
    }

    /// A function's place with an offset from its beginning.
    pub(crate) fn place(&self, function: &Function, offset: u64) -> At {
        let section = self.outline.is_module().then_some(function.section);
        At { section, address: function.address.wrapping_add(offset) }
    }

    /// Whether a symbol is of code, which nothing but patching changes.
    pub(crate) fn is_code(&self, function: &Function) -> bool {
        self.section_of(self.place(function, 0)).is_some_and(|section| section.flags & EXEC != 0)
    }

    /// Whether gcc alone compiled it, as `.comment` says.
    pub(crate) fn is_of_gcc(&self) -> bool {
        let Some(section) = self.outline.section(".comment").filter(|section| section.in_file) else { return false };
        let text = read(&*self.bytes, section.offset, section.size.min(COMMENT));
        let has = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
        has(b"GCC:") && !has(b"clang")
    }

    /// `linux_banner` of a vmlinux: `Linux version 6.1.0-50-amd64 (…) #1 SMP …`, without its line end.
    pub(crate) fn banner(&self) -> Option<&str> {
        let banner = self.banner.get_or_init(|| {
            let symbols = (self.sort == Sort::Kernel).then(|| self.functions("linux_banner").ok()).flatten()?;
            let symbol = symbols.first()?;
            let raw = self.loaded(self.place(symbol, 0), symbol.size.clamp(64, BANNER))?;
            let text = raw.split(|&byte| byte == 0 || byte == b'\n').next()?;
            let text = std::str::from_utf8(text).ok()?;
            text.starts_with("Linux version ").then(|| text.to_owned())
        });
        banner.as_deref()
    }

    /// The release of the kernel that it is or was built for, as far as it is known by now: no pass over a vmlinux's symbols
    /// is made for it alone.
    pub(crate) fn known_release(&self) -> Option<&str> {
        let is_known = self.functions.borrow().contains_key("linux_banner");
        self.vermagic.as_deref().or_else(|| is_known.then(|| self.banner().and_then(release_of)).flatten())
    }

    /// Its debug information.
    pub(crate) fn debug(&self) -> Result<&Rc<DebugFile>, DwarfError> {
        let opened =
            self.debug.get_or_init(|| DebugFile::open(Rc::clone(&self.bytes), Rc::clone(&self.outline)).map(Rc::new));
        opened.as_ref().map_err(|error| *error)
    }

    /// Whether a split file has not been handed over yet; it counts as such from now on.
    pub(crate) fn supplied(&self, at: usize) -> bool {
        self.supplied.borrow_mut().insert(at)
    }

    /// Makes the index that it lacks.
    pub(crate) fn prepare(&self, store: &dyn Store, tick: &mut dyn FnMut(u64, u64) -> bool) -> Result<(), DwarfError> {
        self.debug()?.prepare(store, tick)
    }

    /// The source of a place, innermost first; empty where no debug information covers it.
    pub(crate) fn spots(&self, at: At) -> Result<Vec<Spot>, DwarfError> {
        if !self.has_lines {
            return Ok(Vec::new());
        }
        self.debug()?.find(at)
    }

    /// Why answers of [`Object::spots`] since the last call lack something.
    pub(crate) fn missed(&self) -> Option<DwarfError> {
        self.debug.get()?.as_ref().ok()?.missed()
    }

    /// Bytes as they are loaded into memory, before anything patched them; none where the file has not got them.
    pub(crate) fn loaded(&self, at: At, size: u64) -> Option<Vec<u8>> {
        let section = self.section_of(at)?;
        if !section.in_file || section.compressed || section.flags & ALLOC == 0 {
            return None;
        }
        let base = if at.section.is_some() { 0 } else { section.address };
        let from = at.address.checked_sub(base)?;
        let size = size.min(section.size.checked_sub(from)?);
        let bytes = read(&*self.bytes, section.offset.checked_add(from)?, size);
        (bytes.len() as u64 == size).then_some(bytes)
    }

    /// Which of these bytes the loader fills in: the operands that a module's relocations are of. Empty for what is linked.
    pub(crate) fn relocated(&self, at: At, size: u64) -> Vec<bool> {
        let Some(section) = at.section else { return Vec::new() };
        let layout = self.outline.layout;
        let mut marks = vec![false; usize::try_from(size.min(MARKS)).unwrap_or(0)];
        for table in self.outline.sections.iter().filter(|table| table.info == section && matches!(table.kind, 4 | 9)) {
            let long = u64::from(layout.pointer);
            // Offset and kind, and for kind 4 (SHT_RELA) what is added.
            let width = if table.kind == 4 { 3 * long } else { 2 * long };
            let raw = read(&*self.bytes, table.offset, table.size);
            for entry in raw.chunks_exact(usize::try_from(width).unwrap_or(24)) {
                let place = layout.long(entry);
                // An instruction's operand has four bytes. The first of them may lie before what is asked.
                for byte in place..place.saturating_add(4) {
                    let n = byte.checked_sub(at.address).and_then(|n| usize::try_from(n).ok());
                    if let Some(mark) = n.and_then(|n| marks.get_mut(n)) {
                        *mark = true;
                    }
                }
            }
        }
        marks
    }

    fn section_of(&self, at: At) -> Option<&Section> {
        let sections = &self.outline.sections;
        match at.section {
            Some(number) => sections.get(usize::try_from(number).ok()?),
            None => sections.iter().find(|section| {
                section.flags & ALLOC != 0
                    && at.address.checked_sub(section.address).is_some_and(|from| from < section.size)
            }),
        }
    }

    /// Where an offset from a loaded module's beginning lies: code comes first, section behind section in the order of
    /// the file, each rounded up to its alignment (kernel/module/main.c, `layout_sections`).
    pub(crate) fn in_module(&self, offset: u64) -> Option<At> {
        let mut end = 0_u64;
        let sections = (0_u32..).zip(&self.outline.sections);
        for (number, section) in sections {
            if section.flags & (ALLOC | EXEC) != ALLOC | EXEC || section.name.starts_with(".init") {
                continue;
            }
            let begin = end.checked_next_multiple_of(section.align.max(1))?;
            end = begin.checked_add(section.size)?;
            if (begin..end).contains(&offset) {
                return Some(At { section: Some(number), address: offset - begin });
            }
        }
        None
    }

    /// Where an address of a loaded module lies, by the places of its sections (/sys/module/NAME/sections).
    pub(crate) fn in_section(&self, places: &BTreeMap<String, u64>, address: u64) -> Option<At> {
        (0_u32..).zip(&self.outline.sections).find_map(|(number, section)| {
            let from = address.checked_sub(*places.get(&section.name)?)?;
            (from < section.size).then_some(At { section: Some(number), address: from })
        })
    }

    /// Where its sources lay when it was built: what all paths begin with, up to the kernel's own folders. Told by the
    /// place of `start_kernel`, which is `init/main.c` in every kernel.
    pub(crate) fn root(&self) -> Option<&str> {
        let root = self.root.get_or_init(|| {
            if self.sort != Sort::Kernel || !self.has_lines {
                return None;
            }
            let function = self.functions("start_kernel").ok()?.first().cloned()?;
            let spots = self.spots(self.place(&function, 0)).ok()?;
            let file = spots.last()?.file.clone()?;
            file.strip_suffix("init/main.c").map(str::to_owned)
        });
        root.as_deref().filter(|root| !root.is_empty())
    }
}

/// The release in a banner.
pub(crate) fn release_of(banner: &str) -> Option<&str> {
    banner.strip_prefix("Linux version ")?.split(' ').next().filter(|release| !release.is_empty())
}

/// Bytes of a file, as far as it has them.
fn read(bytes: &dyn ReadAt, offset: u64, size: u64) -> Vec<u8> {
    let Ok(size) = usize::try_from(size.min(1 << 20)) else { return Vec::new() };
    let mut raw = vec![0; size];
    let done = bytes.read_at(offset, &mut raw).unwrap_or(0);
    raw.truncate(done);
    raw
}

/// A value of `.modinfo`: strings with zero bytes between them, `name=oops_guest`.
fn modinfo(info: &[u8], key: &str) -> Option<String> {
    info.split(|&byte| byte == 0).find_map(|entry| {
        let value = entry.strip_prefix(key.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(value).ok().map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_says_of_itself() {
        let info = b"license=GPL\0name=oops_guest\0vermagic=6.1.0 SMP \0";
        assert_eq!(modinfo(info, "name").as_deref(), Some("oops_guest"));
        assert_eq!(modinfo(info, "vermagic").as_deref(), Some("6.1.0 SMP "));
        assert_eq!(modinfo(info, "nam"), None);
        assert_eq!(release_of("Linux version 6.1.0-50-amd64 (x)"), Some("6.1.0-50-amd64"));
        assert_eq!(release_of("6.1"), None);
    }
}
