//! Split debug information: the file has the lines, and skeletons of units; functions and variables are in `.dwo` files, or
//! in a package of them, `.dwp` (DWARF 5, 3.1.2 and 7.3.5; before that, GCC's own form of it).
//!
//! Must never take a split unit whose number (`dwo_id`) is not the skeleton's.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use gimli::constants;
use oopscope_source::ReadAt;
use oopscope_symbols::elf::Outline;

use crate::part::Part;
use crate::unit::{Bases, Unit};
use crate::units::{self, Units};
use crate::value::Value;
use crate::{DwarfError, Name};

/// The most units of a package.
const MOST: u32 = 1 << 20;

/// The most columns of a package's index: DWARF 5 knows eight.
const COLUMNS: u32 = 16;

/// A file of split debug information that is needed and was not given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Its path, as the compiler wrote it, joined to where it ran.
    pub name: Rc<str>,
    /// What the unit in it is known by.
    pub dwo_id: u64,
}

/// Where a split unit is.
#[derive(Clone)]
struct Place {
    units: Rc<Units>,
    offset: u64,
    bases: Bases,
    abbrevs: u64,
}

/// The split files of a file.
#[derive(Default)]
pub(crate) struct Splits {
    places: RefCell<BTreeMap<u64, Place>>,
    wanted: RefCell<BTreeMap<u64, Rc<str>>>,
}

impl Splits {
    /// Takes a `.dwo` or a `.dwp`; tells how many units are in it.
    pub(crate) fn supply(&self, file: Rc<dyn ReadAt>, outline: Rc<Outline>) -> Result<usize, DwarfError> {
        let part = Rc::new(Part::new(file, outline, true));
        if !part.has(Name::Info) {
            return Err(DwarfError::None);
        }
        let found = if part.has(Name::CuIndex) {
            package(&Rc::new(Units::new(part)))?
        } else {
            single(&Rc::new(Units::new(part)))?
        };
        let count = found.len();
        for (dwo_id, place) in found {
            self.wanted.borrow_mut().remove(&dwo_id);
            self.places.borrow_mut().insert(dwo_id, place);
        }
        Ok(count)
    }

    /// What was looked for in vain.
    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        let wanted = self.wanted.borrow();
        wanted.iter().map(|(&dwo_id, name)| Wanted { name: Rc::clone(name), dwo_id }).collect()
    }

    /// The split unit of a skeleton; none where the unit is no skeleton, or its file was not given.
    pub(crate) fn unit(&self, skeleton: &Unit) -> Result<Option<Rc<Unit>>, DwarfError> {
        let Some(dwo_id) = dwo_id(skeleton) else { return Ok(None) };
        let place = self.places.borrow().get(&dwo_id).cloned();
        if let Some(Place { units, offset, bases, abbrevs }) = place {
            return units.with(Name::Info, offset, None, bases, abbrevs, Some(skeleton)).map(Some);
        }
        let names = [constants::DW_AT_dwo_name, constants::DW_AT_GNU_dwo_name];
        let name = names.into_iter().find_map(|name| skeleton.text_of(&skeleton.root, name).ok().flatten());
        let name = name.filter(|name| !name.is_empty());
        let directory = skeleton.text_of(&skeleton.root, constants::DW_AT_comp_dir).ok().flatten();
        let name = match (name, directory) {
            (Some(name), Some(directory)) if !name.starts_with('/') => format!("{directory}/{name}").into(),
            (Some(name), _) => name,
            _ => return Ok(None),
        };
        let mut wanted = self.wanted.borrow_mut();
        if wanted.len() < units::MOST {
            wanted.insert(dwo_id, name);
        }
        Ok(None)
    }
}

/// What connects a skeleton and its split unit.
fn dwo_id(unit: &Unit) -> Option<u64> {
    unit.header.dwo_id.or_else(|| unit.root.get(constants::DW_AT_GNU_dwo_id).and_then(Value::unsigned))
}

/// The units of a `.dwo`: one of code, and perhaps some of types.
fn single(units: &Rc<Units>) -> Result<Vec<(u64, Place)>, DwarfError> {
    let mut found = Vec::new();
    let mut at = 0;
    for _ in 0..units::MOST {
        let Some(header) = units.header(at)? else { break };
        if header.signature.is_none() {
            let unit = units.at(Name::Info, at, Some(header.end))?;
            if let Some(dwo_id) = dwo_id(&unit) {
                let place = Place { units: Rc::clone(units), offset: at, bases: Bases::default(), abbrevs: 0 };
                found.push((dwo_id, place));
            }
        }
        at = header.end;
    }
    units.forget();
    Ok(found)
}

/// The units of a package, by its index (DWARF 5, 7.3.5.3; GCC's form has the same shape and other columns).
fn package(units: &Rc<Units>) -> Result<Vec<(u64, Place)>, DwarfError> {
    let mut cursor = units.part.cursor(Name::CuIndex, 0)?;
    // GCC's form has a version of four bytes, which is 2; DWARF 5 has two bytes, and two of padding.
    let version = cursor.u32()?;
    let new = version & 0xffff == 5 || version >> 16 == 5;
    let (columns, rows, slots) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    if !new && version != 2 || columns > COLUMNS || rows > MOST || slots > MOST * 4 {
        return Err(cursor.damaged("the index of a package"));
    }
    let signatures = cursor.position();
    let numbers = signatures + u64::from(slots) * 8;
    let heads = numbers + u64::from(slots) * 4;
    let offsets = heads + u64::from(columns) * 4;
    let mut kinds = Vec::new();
    cursor.seek(heads);
    for _ in 0..columns {
        kinds.push(cursor.u32()?);
    }
    let mut found = Vec::new();
    for slot in 0..u64::from(slots) {
        cursor.seek(numbers + slot * 4);
        let row = cursor.u32()?;
        if row == 0 || row > rows {
            continue;
        }
        cursor.seek(signatures + slot * 8);
        let dwo_id = cursor.u64()?;
        cursor.seek(offsets + u64::from(row - 1) * u64::from(columns) * 4);
        let mut place = Place { units: Rc::clone(units), offset: 0, bases: Bases::default(), abbrevs: 0 };
        for &kind in &kinds {
            let at = u64::from(cursor.u32()?);
            match kind {
                1 => place.offset = at,
                3 => place.abbrevs = at,
                5 => place.bases.packaged_places = at,
                6 => place.bases.texts = at,
                8 if new => place.bases.packaged_ranges = at,
                _ => {}
            }
        }
        found.push((dwo_id, place));
    }
    Ok(found)
}
