//! Targets for files of symbols: functions of an ELF file by name and address, symbols and modules as text, kernels as they are
//! booted. Whatever a file says, what is found in it is consistent, or a sentence says why nothing is.
//!
//! Like the others they must never depend on chance.

use oopscope_symbols::elf::Outline;
use oopscope_symbols::elf::functions::{Place, at, find};
use oopscope_symbols::image;
use oopscope_symbols::module_places::ModulePlaces;
use oopscope_symbols::system_map::SystemMap;
use oopscope_symbols::{Memory, SymbolTable};
use std::rc::Rc;

/// The most bytes of an input.
const MOST: usize = 256 << 10;
/// Blocks of 1 MiB that are unpacked before an image is given up.
const PATIENCE: u32 = 24;

fn says(error: &dyn std::error::Error) {
    let words = error.to_string();
    assert!(words.len() > 8 && words.contains(' '), "{error:?} says nothing");
}

/// Any bytes behind ELF's signature: what is found by name is found by its address, and ends behind its beginning.
pub fn functions(bytes: &[u8]) {
    let mut file = bytes[..bytes.len().min(MOST)].to_vec();
    if let Some(front) = file.get_mut(..4) {
        front.copy_from_slice(b"\x7fELF");
    }
    let outline = match Outline::read(&file) {
        Ok(outline) => outline,
        Err(error) => return says(&error),
    };
    let names = ["first", "second", "weak", "zeroed", "variable", "", "no such function", "econd"];
    let found = match find(&file, &outline, &names) {
        Ok(found) => found,
        Err(error) => return says(&error),
    };
    assert!(found.len() <= file.len(), "more functions than bytes");
    let mut places = Vec::new();
    for one in &found {
        assert_eq!(one.name, names[one.asked]);
        assert!((one.section as usize) < outline.sections.len());
        assert!(one.next.is_none_or(|next| next > one.address), "{one:?} ends before it begins");
        places.push(Place { section: outline.is_module().then_some(one.section), address: one.address });
    }
    let there = at(&file, &outline, &places).expect("it has just been read");
    for ((one, place), there) in found.iter().zip(&places).zip(there) {
        if let Some(there) = there {
            assert!(there.address <= place.address && there.next.is_some_and(|next| next > place.address));
            assert!(!outline.is_module() || there.section == one.section);
        }
    }
}

/// Symbols ascend, and each is found where it lies.
fn table(table: &SymbolTable) {
    let mut last = 0;
    let step = table.len() / 100 + 1;
    for (item, symbol) in table.iter().enumerate() {
        assert!(symbol.address >= last);
        last = symbol.address;
        if item % step == 0 {
            assert_eq!(table.at(symbol.address).map(|there| there.address), Some(symbol.address));
        }
    }
}

/// Any text is a map of symbols or of modules, or a sentence says why not; and the same with other ends of lines.
pub fn system_map(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(MOST)];
    let file = bytes.to_vec();
    let _ = (SystemMap::is(bytes), ModulePlaces::is(bytes));
    let lines = bytes.split(|&byte| byte == b'\n').count().saturating_sub(1);
    match SystemMap::read(&file) {
        Ok(map) => {
            let all = map.kernel.len() + map.modules.iter().map(|module| module.table.len()).sum::<usize>();
            assert!((1..=lines).contains(&all), "{all} symbols in {lines} lines");
            table(&map.kernel);
            for module in &map.modules {
                assert!(!module.table.is_empty() && map.module(&module.name).is_some());
                table(&module.table);
            }
        }
        Err(error) => says(&error),
    }
    match ModulePlaces::read(&file) {
        Ok(places) => {
            for (name, place) in places.iter() {
                assert!(places.module(name) == Some(place));
                assert!(place.base.is_some() || !place.sections.is_empty());
                if let (Some(base), Some(1..)) = (place.base, place.size) {
                    assert!(places.at(base).is_some());
                }
            }
        }
        Err(error) => says(&error),
    }
}

/// Any bytes are a kernel image, or a sentence says why not; what is unpacked can be read by its addresses.
pub fn kernel_image(bytes: &[u8]) {
    let file = bytes[..bytes.len().min(MOST)].to_vec();
    let mut left = PATIENCE;
    let opened = image::open(Rc::new(file), &mut |done, all| {
        assert!(done <= all, "{done} of {all}");
        left = left.saturating_sub(1);
        left > 0
    });
    let kernel = match opened {
        Ok(kernel) => kernel,
        Err(error) => return says(&error),
    };
    table(&kernel.symbols);
    assert!(kernel.banner.as_ref().is_none_or(|banner| banner.starts_with("Linux version ")));
    assert!(kernel.build_id.is_none_or(|id| (1..=64).contains(&id.len())));
    if let (Some(memory), Some(symbol)) = (&kernel.memory, kernel.symbols.iter().next_back()) {
        let mut there = [0; 16];
        if let Err(error) = memory.read(symbol.address, &mut there) {
            assert!(error.address.wrapping_sub(symbol.address) < 16);
        }
    }
}
