//! The files of symbols and debug information that came with a dump: the kernel's vmlinux, its modules' files. Must never use
//! one that is not of this kernel's build, nor pass over one in silence that was given by itself.

use oopscope_dump::Part;
use oopscope_dwarf::{DebugFile, DwarfError, Store};
use oopscope_kernel::{Kernel, Mismatch};
use oopscope_report::vmcore::Unread;
use oopscope_report::{SymbolFile, SymbolStatus};
use oopscope_source::ReadAt;
use oopscope_symbolize::{Given, Symbolizer};
use oopscope_symbols::elf::{ElfFile, Outline};
use std::rc::Rc;

/// Up to so many files are taken for files that were given by themselves, whatever their paths: each is opened to see what it
/// is. Of a folder, which has more, only those are opened whose names are wanted.
const BY_THEMSELVES: usize = 32;

/// Told how much of how much is done; false ends it.
type Tick<'a> = &'a mut dyn FnMut(&str, u64, u64) -> bool;

/// Takes what files say to a kernel whose own symbols have been read; returns what was not used, and why.
pub(crate) fn take(kernel: &mut Kernel, parts: Vec<Part>, store: &Rc<dyn Store>, tick: Tick<'_>) -> Vec<Unread> {
    let mut unread = Vec::new();
    let alone = parts.len() <= BY_THEMSELVES;
    let given: Vec<Given> = parts
        .into_iter()
        .map(|part| {
            let bare = part.name.rsplit(['/', '\\']).next().filter(|_| alone).map(str::to_owned);
            Given { name: bare.unwrap_or(part.name), bytes: Rc::from(part.bytes) }
        })
        .collect();
    let mut symbolizer = Symbolizer::new(Rc::clone(store));
    let others = symbolizer.add(given.clone());
    let id = kernel.build_id().map(|(id, _)| id);
    let debug = id.as_deref().and_then(bytes).and_then(|id| symbolizer.debug(&id));
    let mut used = Used::default();
    match debug {
        Some(debug) => {
            used.vmlinux(kernel, Rc::clone(debug.file()), Some(debug), &mut unread, "the vmlinux that was given");
        }
        None => {
            for given in given.iter().filter(|_| alone) {
                used.candidate(kernel, given, &mut unread);
            }
        }
    }
    if let Some(debug) = &used.debug {
        prepare(debug, store, tick, &mut unread);
    }
    let loaded: Vec<(String, Option<String>)> =
        kernel.loaded().iter().map(|module| (module.name.clone(), kernel.module_build_id(module))).collect();
    for (name, id) in &loaded {
        let Some(debug) = symbolizer.module_debug(name, id.as_deref().and_then(bytes).as_deref()) else { continue };
        match kernel.use_module_debug(name, &debug) {
            Ok(()) => prepare(&debug, store, tick, &mut unread),
            Err(why) => unread.push(Unread { what: format!("debug information of module {name}"), why }),
        }
    }
    for row in symbolizer.files() {
        let why = why_not(&row, &loaded);
        unread.extend(why.map(|why| Unread { what: row.name, why }));
    }
    for given in others {
        let why = "it is neither a part of the dump nor a file of symbols".to_owned();
        unread.push(Unread { what: given.name, why });
    }
    unread
}

/// What was found for the kernel itself.
#[derive(Default)]
struct Used {
    vmlinux: bool,
    debug: Option<Rc<DebugFile>>,
}

impl Used {
    /// A file that may be the kernel's vmlinux: one without debug information, or of a kernel without a build-id.
    fn candidate(&mut self, kernel: &mut Kernel, given: &Given, unread: &mut Vec<Unread>) {
        let Ok(outline) = Outline::read(&*given.bytes) else { return };
        if self.vmlinux || outline.is_module() {
            return;
        }
        // The symbols of another kernel need not be read to say that it is another.
        let ids = outline.build_id.as_deref().map(digits).zip(kernel.build_id().map(|(id, _)| id));
        if let Some((file, kernel)) = ids.filter(|(file, kernel)| file != kernel) {
            let why = Mismatch::BuildId { file, kernel }.to_string();
            unread.push(Unread { what: format!("{} as this kernel's vmlinux", given.name), why });
            return;
        }
        let debug = DebugFile::open(Rc::clone(&given.bytes), Rc::new(outline)).ok().map(Rc::new);
        self.vmlinux(kernel, Rc::clone(&given.bytes), debug, unread, &given.name);
    }

    fn vmlinux(
        &mut self,
        kernel: &mut Kernel,
        file: Rc<dyn ReadAt>,
        debug: Option<Rc<DebugFile>>,
        unread: &mut Vec<Unread>,
        name: &str,
    ) {
        let used = ElfFile::open(&*file).map_err(|error| error.to_string());
        let used = used.and_then(|elf| kernel.use_vmlinux(elf).map_err(|mismatch: Mismatch| mismatch.to_string()));
        if let Err(why) = used {
            unread.push(Unread { what: format!("{name} as this kernel's vmlinux"), why });
            return;
        }
        self.vmlinux = true;
        match debug {
            Some(debug) => {
                kernel.use_debug(Rc::clone(&debug));
                self.debug = Some(debug);
            }
            // A vmlinux without debug information has its symbols still: it is missed only where types are.
            None if kernel.types().is_none() => {
                let why = DwarfError::None.to_string();
                unread.push(Unread { what: format!("debug information of {name}"), why });
            }
            None => {}
        }
    }
}

/// Makes the index that a file lacks.
fn prepare(debug: &DebugFile, store: &Rc<dyn Store>, tick: Tick<'_>, unread: &mut Vec<Unread>) {
    let stage = "reading debug information";
    if let Err(why) = debug.prepare(&**store, &mut |done, total| tick(stage, done, total)) {
        unread.push(Unread { what: "source lines".to_owned(), why: why.to_string() });
    }
}

/// Why a file that was given by itself was not used; none where it was, or where nobody expected it to be.
fn why_not(row: &SymbolFile, loaded: &[(String, Option<String>)]) -> Option<String> {
    match (row.status, row.kind.as_str()) {
        (SymbolStatus::Unreadable, _) => Some(row.note.clone().unwrap_or_else(|| "it could not be read".to_owned())),
        (SymbolStatus::Used, _) => row.note.clone(),
        (_, "module") => {
            let name = row.module.as_deref()?;
            let Some((_, id)) = loaded.iter().find(|(its, _)| its == name) else {
                return Some(format!("no module {name} is loaded in this kernel"));
            };
            Some(match (&row.build_id, id) {
                (Some(file), Some(kernel)) if file != kernel => {
                    format!(
                        "it is of another build: its build-id is {file}, that of the module {name} in the dump is {kernel}"
                    )
                }
                _ if !row.has_lines => format!("it has no debug information: that of {name} is in its .ko.debug"),
                _ => return row.note.clone(),
            })
        }
        _ => None,
    }
}

/// A build-id in digits.
fn digits(id: &[u8]) -> String {
    id.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// A build-id's bytes out of its digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(byte).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(build_id: Option<&str>) -> SymbolFile {
        SymbolFile {
            name: "ext4.ko".to_owned(),
            kind: "module".to_owned(),
            module: Some("ext4".to_owned()),
            build_id: build_id.map(str::to_owned),
            has_lines: true,
            ..SymbolFile::default()
        }
    }

    #[test]
    fn a_module_of_another_build_is_told_with_both_build_ids() {
        let loaded = [("ext4".to_owned(), Some("aa".to_owned()))];
        let why = why_not(&row(Some("bb")), &loaded).unwrap();
        assert!(why.contains("its build-id is bb") && why.contains("in the dump is aa"), "{why}");
        assert_eq!(why_not(&row(Some("bb")), &[]).unwrap(), "no module ext4 is loaded in this kernel");
        assert_eq!(why_not(&SymbolFile { status: SymbolStatus::Used, ..row(Some("aa")) }, &loaded), None);
    }

    #[test]
    fn digits_become_bytes_and_back() {
        assert_eq!(bytes("00ffA1"), Some(vec![0, 255, 0xa1]));
        assert_eq!(digits(&[0, 255, 0xa1]), "00ffa1");
        assert_eq!((bytes("0"), bytes("zz")), (None, None));
    }
}
