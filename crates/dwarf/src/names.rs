//! The names of functions: an inlined one has its name where it was defined, which may be in another unit.
//!
//! Must never follow references in a circle.

use std::rc::Rc;

use gimli::constants;

use crate::DwarfError;
use crate::entry::Entry;
use crate::file::DebugFile;
use crate::unit::Unit;
use crate::value::Value;

/// The longest chain of references that is followed: a function that was cloned and inlined has three.
const MOST: usize = 16;

impl DebugFile {
    /// What an entry refers to by `DW_AT_abstract_origin` or `DW_AT_specification`: where it gets attributes from that it has
    /// not itself.
    pub(crate) fn origin(&self, unit: &Rc<Unit>, entry: &Entry) -> Result<Option<(Rc<Unit>, Entry)>, DwarfError> {
        let names = [constants::DW_AT_abstract_origin, constants::DW_AT_specification];
        let Some(value) = names.into_iter().find_map(|name| entry.get(name)) else { return Ok(None) };
        self.referred(unit, value)
    }

    /// The entry that a value refers to, in its own unit or in another; none where that is in a file that is not read.
    pub(crate) fn referred(&self, unit: &Rc<Unit>, value: Value) -> Result<Option<(Rc<Unit>, Entry)>, DwarfError> {
        let Value::Entry(at) = value else { return Ok(None) };
        let unit = if unit.contains(at) {
            Rc::clone(unit)
        } else if unit.part.split {
            return Err(DwarfError::Damaged { what: "a reference", section: unit.header.section, offset: at });
        } else {
            self.unit_around(at)?
        };
        let entry = unit.entry(at)?;
        Ok(entry.map(|entry| (unit, entry)))
    }

    /// The name of a function: the one that the linker knows it by, where the source's is not that; as the source has it.
    pub(crate) fn function_name(&self, unit: &Rc<Unit>, entry: &Entry) -> Result<Option<Rc<str>>, DwarfError> {
        let mut next = Some((Rc::clone(unit), entry.clone()));
        let mut plain = None;
        for _ in 0..MOST {
            let Some((unit, entry)) = next else { break };
            for name in [constants::DW_AT_linkage_name, constants::DW_AT_MIPS_linkage_name] {
                if let Some(text) = unit.text_of(&entry, name)? {
                    return Ok(Some(demangled(text)));
                }
            }
            if plain.is_none() {
                plain = unit.text_of(&entry, constants::DW_AT_name)?;
            }
            next = self.origin(&unit, &entry)?;
        }
        Ok(plain)
    }
}

/// A name of Rust as the source has it, without the hash; any other as it is.
fn demangled(name: Rc<str>) -> Rc<str> {
    match rustc_demangle::try_demangle(&name) {
        Ok(readable) => format!("{readable:#}").into(),
        Err(_) => name,
    }
}
