//! Every byte of code of the committed programs, in every form that debug information comes in, against what another
//! symbolizer says of it (`tests/fixtures/symbols/README.md`).
#![allow(clippy::disallowed_methods, reason = "tests read their fixtures")]

use std::path::{Path, PathBuf};
use std::rc::Rc;

use oopscope_dwarf::{At, DebugFile, DwarfError, NoStore, Store};
use oopscope_source::{Counted, ReadAt};
use oopscope_symbols::elf::Outline;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/symbols")
}

fn source(path: &str) -> Rc<dyn ReadAt> {
    Rc::new(std::fs::read(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}")))
}

fn outline(file: &Rc<dyn ReadAt>) -> Rc<Outline> {
    Rc::new(Outline::read(&**file).unwrap())
}

fn open(path: &str) -> DebugFile {
    let file = source(path);
    let outline = outline(&file);
    DebugFile::open(file, outline).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn answers(path: &str) -> Value {
    let name = folder().join(path).with_added_extension("json");
    let read = |name: &Path| -> Value { serde_json::from_slice(&std::fs::read(name).unwrap()).unwrap() };
    let value = read(&name);
    match value.get("same") {
        Some(other) => read(&name.parent().unwrap().join(other.as_str().unwrap())),
        None => value,
    }
}

/// Where a run of addresses is: section and first address.
fn start(run: &Value, module: bool) -> At {
    let section = run[0].as_u64().filter(|_| module).map(|section| u32::try_from(section).unwrap());
    let address = run[1].as_str().and_then(|text| text.strip_prefix("0x")).unwrap();
    At { section, address: u64::from_str_radix(address, 16).unwrap() }
}

/// A function, its file, and its line, as text to be compared.
fn expected(answers: &Value, spot: &Value) -> (String, String, u64) {
    let number = |at: usize| usize::try_from(spot[at].as_u64().unwrap()).unwrap();
    let text = |list: &str, at: usize| answers[list][number(at)].as_str().unwrap_or("").to_owned();
    (text("functions", 0), text("files", 1), spot[2].as_u64().unwrap())
}

/// Compares every address of a file; tells how many had lines.
fn compare(path: &str, debug: &DebugFile, module: bool) -> usize {
    let answers = answers(path);
    let (mut count, mut wrong) = (0, Vec::new());
    for run in answers["runs"].as_array().unwrap() {
        let (At { section, address }, bytes) = (start(run, module), run[2].as_u64().unwrap());
        let wanted: Vec<_> = run[3].as_array().unwrap().iter().map(|spot| expected(&answers, spot)).collect();
        for address in address..address + bytes {
            let found = debug.find(At { section, address });
            let found = found.unwrap_or_else(|error| panic!("{path} {section:?} {address:#x}: {error}"));
            let last = found.len().saturating_sub(1);
            assert!(found.iter().enumerate().all(|(at, spot)| spot.inlined == (at < last)), "{path} {address:#x}");
            let told: Vec<_> = found
                .iter()
                .map(|spot| {
                    let text = |text: &Option<Rc<str>>| text.as_deref().unwrap_or("").to_owned();
                    (text(&spot.function), text(&spot.file), u64::from(spot.line.unwrap_or(0)))
                })
                .collect();
            count += usize::from(!wanted.is_empty());
            // Assembled code has lines and no functions; the other symbolizer takes their names from the symbol table.
            let same = wanted.len() == told.len()
                && wanted.iter().zip(&told).all(|(wanted, told)| {
                    (wanted.0 == told.0 || told.0.is_empty() && told.1.contains("/entry"))
                        && wanted.1 == told.1
                        && wanted.2 == told.2
                });
            if !same {
                wrong.push(format!("{section:?} {address:#x}: {wanted:?}, but here {told:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{path}: {} wrong\n{}", wrong.len(), wrong[..wrong.len().min(8)].join("\n"));
    count
}

#[test]
fn kernels_in_every_form() {
    for path in [
        "gcc5/vmlinux",
        "gcc4/vmlinux",
        "clang5/vmlinux",
        "clang4/vmlinux",
        "gcc5-zlib/vmlinux",
        "gcc5-zstd/vmlinux",
        "gcc4-zdebug/vmlinux",
        "gcc5-dwz/vmlinux",
        "aarch64/vmlinux",
        "arm/vmlinux",
    ] {
        assert!(compare(path, &open(path), false) > 300, "{path}");
    }
}

#[test]
fn modules_whose_relocations_are_not_applied() {
    for path in [
        "modules/gcc5/drivers.ko",
        "modules/gcc5/bad_driver.ko",
        "modules/gcc5-zlib/drivers.ko",
        "modules/clang5/sections.ko",
        "modules/aarch64/drivers.ko",
        "modules/arm/drivers.ko",
        "modules/rust/rust.ko",
    ] {
        assert!(compare(path, &open(path), true) > 30, "{path}");
    }
}

#[test]
fn split_units_and_packages_of_them() {
    let cases: [(&str, &[&str]); 3] = [
        ("gcc5-split/vmlinux", &["gcc5-split/main.dwo", "gcc5-split/disk.dwo", "gcc5-split/net.dwo"]),
        ("gcc4-split/vmlinux", &["gcc4-split/vmlinux.dwp"]),
        ("clang5-split/vmlinux", &["clang5-split/vmlinux.dwp"]),
    ];
    for (path, parts) in cases {
        let debug = open(path);
        for part in parts {
            let file = source(part);
            let outline = outline(&file);
            assert!(debug.supply(file, outline).unwrap() > 0, "{part}");
        }
        assert!(compare(path, &debug, false) > 300, "{path}");
        assert!(debug.wanted().is_empty(), "{path}: {:?}", debug.wanted());
    }
}

#[test]
fn without_its_split_files_there_are_lines_and_no_functions() {
    let debug = open("gcc5-split/vmlinux");
    let answers = answers("gcc5-split/vmlinux");
    let mut lines = 0;
    for run in answers["runs"].as_array().unwrap() {
        let Some(innermost) = run[3].as_array().unwrap().first() else { continue };
        let (_, file, line) = expected(&answers, innermost);
        let found = debug.find(start(run, false)).unwrap();
        assert_eq!((found[0].file.as_deref().unwrap(), found[0].line.map_or(0, u64::from)), (file.as_str(), line));
        lines += found.len();
    }
    assert!(lines > 20);
    let wanted = debug.wanted();
    assert_eq!(wanted.len(), 3);
    assert!(wanted.iter().all(|wanted| wanted.name.ends_with(".dwo") && wanted.dwo_id != 0), "{wanted:?}");
}

#[test]
fn a_stripped_file_names_the_one_that_has_its_debug_information() {
    let file = source("debuglink/vmlinux");
    let head = outline(&file);
    let link = oopscope_dwarf::debug_link(&*file, &head).unwrap();
    assert_eq!(link.name, "vmlinux.debug");
    assert_eq!(DebugFile::open(Rc::clone(&file), head).err(), Some(DwarfError::None));
    let debug = open("debuglink/vmlinux.debug");
    assert!(compare("gcc5/vmlinux", &debug, false) > 300);
}

/// Keeps one thing.
#[derive(Default)]
struct Kept(std::cell::RefCell<Option<(String, Vec<u8>)>>);

impl Store for Kept {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.0.borrow().as_ref().filter(|(its, _)| its == name).map(|(_, bytes)| bytes.clone())
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        *self.0.borrow_mut() = Some((name.to_owned(), bytes.to_vec()));
    }
}

#[test]
fn an_index_is_made_once_and_what_was_kept_is_not_believed_when_it_is_damaged() {
    let store = Kept::default();
    let mut ticks = 0;
    open("clang5/vmlinux")
        .prepare(&store, &mut |_, _| {
            ticks += 1;
            true
        })
        .unwrap();
    assert!(ticks > 0);
    let name = store.0.borrow().as_ref().unwrap().0.clone();
    assert!(
        name.len() <= 120 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)),
        "{name}"
    );

    let debug = open("clang5/vmlinux");
    debug.prepare(&store, &mut |_, _| panic!("it is made again")).unwrap();
    assert!(compare("clang5/vmlinux", &debug, false) > 300);

    let length = store.0.borrow().as_ref().unwrap().1.len();
    for at in 0..length {
        store.0.borrow_mut().as_mut().unwrap().1[at] ^= 0x40;
        let debug = open("clang5/vmlinux");
        let mut again = false;
        debug
            .prepare(&store, &mut |_, _| {
                again = true;
                true
            })
            .unwrap();
        assert!(again, "byte {at}");
    }
    let stopped = open("clang5/vmlinux").prepare(&NoStore, &mut |_, _| false);
    assert_eq!(stopped, Err(DwarfError::Cancelled));
    // With .debug_aranges nothing is made.
    open("gcc5/vmlinux").prepare(&NoStore, &mut |_, _| panic!("nothing is to be made")).unwrap();
}

#[test]
fn what_is_asked_again_is_not_read_again() {
    let counted = Rc::new(Counted::new(std::fs::read(folder().join("gcc5/vmlinux")).unwrap()));
    let file: Rc<dyn ReadAt> = Rc::clone(&counted) as _;
    let debug = DebugFile::open(Rc::clone(&file), outline(&file)).unwrap();
    let answers = answers("gcc5/vmlinux");
    let at = start(&answers["runs"][0], false);
    let first = debug.find(at).unwrap();
    let reads = counted.reads();
    assert_eq!(debug.find(at).unwrap(), first);
    assert_eq!(counted.reads(), reads);
    assert_eq!(debug.find(At { section: None, address: 1 }).unwrap(), []);
    assert_eq!(debug.find(At { section: Some(1), address: 0 }).unwrap(), []);
}

/// Asks everything there is to ask of a file, which must come to an end without a panic.
fn ask(bytes: Vec<u8>, addresses: &[At]) {
    let file: Rc<dyn ReadAt> = Rc::new(bytes);
    let Ok(outline) = Outline::read(&*file) else { return };
    let Ok(debug) = DebugFile::open(file, Rc::new(outline)) else { return };
    let _ = debug.prepare(&NoStore, &mut |_, _| true);
    for &at in addresses {
        let _ = debug.find(at);
    }
}

#[test]
fn files_that_are_cut_or_damaged_come_to_an_end() {
    for (path, module) in [
        ("gcc5/vmlinux", false),
        ("gcc4/vmlinux", false),
        ("clang5/vmlinux", false),
        ("gcc5-zlib/vmlinux", false),
        ("gcc5-zstd/vmlinux", false),
        ("modules/gcc5/drivers.ko", true),
        ("modules/arm/drivers.ko", true),
    ] {
        let whole = std::fs::read(folder().join(path)).unwrap();
        let answers = answers(path);
        let addresses: Vec<At> =
            answers["runs"].as_array().unwrap().iter().step_by(7).map(|run| start(run, module)).collect();
        for end in (0..whole.len()).step_by(whole.len() / 40) {
            ask(whole[..end].to_vec(), &addresses);
        }
        // The same sequence on every run: a multiplicative generator.
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..150 {
            let mut bytes = whole.clone();
            for _ in 0..4 {
                random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                let at = usize::try_from(random >> 33).unwrap() % bytes.len();
                bytes[at] ^= random.to_le_bytes()[7] | 1;
            }
            ask(bytes, &addresses);
        }
    }
}
