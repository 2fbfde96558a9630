//! The target for types out of debug information: whatever a file says, what is found in it can be asked for everything, or
//! an error says why not.
//!
//! Like the others it must never depend on chance.

use oopscope_dwarf::{DebugFile, DwarfTypes, NoStore};
use oopscope_source::ReadAt;
use oopscope_symbols::elf::Outline;
use oopscope_symbols::types::{Kind, Type, TypeId, Types, member};
use std::rc::Rc;

/// The most bytes of an input.
const MOST: usize = 256 << 10;
/// The most names that are asked for.
const NAMES: usize = 200;
/// The longest spelling of a type.
const LONGEST: usize = 1 << 20;

/// Any bytes are an ELF file with types.
pub fn types(bytes: &[u8]) {
    let mut file = bytes[..bytes.len().min(MOST)].to_vec();
    if let Some(front) = file.get_mut(..4) {
        front.copy_from_slice(b"\x7fELF");
    }
    let length = file.len() as u64;
    let file: Rc<dyn ReadAt> = Rc::new(file);
    let Ok(outline) = Outline::read(&*file) else { return };
    let Ok(debug) = DebugFile::open(file, Rc::new(outline)) else { return };
    let mut last = 0;
    let found = DwarfTypes::of(&debug, &NoStore, &mut |done, total| {
        assert!(last <= done && done <= total, "{done} of {total} after {last}");
        last = done;
        true
    });
    let types = match found {
        Ok(types) => types,
        Err(why) => {
            assert!(!why.to_string().is_empty());
            return;
        }
    };
    for kind in [Kind::Struct, Kind::Union, Kind::Enum, Kind::Typedef, Kind::Base] {
        let names = types.prefix(kind, "", NAMES);
        assert!(names.is_sorted() && names.len() <= NAMES);
        for name in &names {
            let all = types.find_all(kind, name);
            assert!(!all.is_empty(), "{name} is among the names, and not found");
            all.iter().take(4).for_each(|&id| ask(&types, id));
        }
    }
    for name in types.variable_names("", NAMES) {
        let all = types.variables(&name);
        assert!(!all.is_empty(), "{name} is among the variables, and not found");
        all.iter().take(4).for_each(|variable| ask(&types, variable.type_id));
    }
    // Amid entries, and behind them.
    for offset in (0..length.min(4096)).step_by(7).filter_map(|at| u32::try_from(at).ok()) {
        ask(&types, TypeId(offset));
    }
    ask(&types, TypeId(u32::MAX));
    assert!(types.memory() < 128 << 20);
}

/// All that can be asked of a type.
fn ask(types: &DwarfTypes, id: TypeId) {
    let members = types.members(id).unwrap_or_default();
    if let Ok(found) = types.get(id) {
        if let Type::Struct { members: count, .. } = found
            && let Ok(all) = types.members(id)
        {
            assert_eq!(all.len(), count as usize);
        }
        assert_eq!(types.get(id), Ok(found), "it is another the second time");
    }
    let _ = (types.size_of(id), types.plain(id));
    assert!(types.name_of(id).len() <= LONGEST);
    for of in members.iter().take(64) {
        let _ = types.declare(of.type_id, of.name);
        let _ = member(types, id, of.name);
    }
    for constant in types.constants(id).unwrap_or_default().iter().take(64) {
        let _ = types.find_constant(constant.name);
    }
    let _ = types.parameters(id);
}
