//! From a struct and a path to a place in it: `se.vruntime`, `mem[2].base`.
//!
//! Must never follow a pointer: that is a read, and belongs to whoever has memory.

use super::{Type, TypeError, TypeId, Types};

/// The most anonymous members that are looked into for one name: those of a damaged table may hold themselves, twice.
const MOST: usize = 4096;

/// Where a member lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bits from the beginning of the outermost struct; of a bit-field as in [`super::Member::offset_bits`].
    pub offset_bits: u64,
    /// Bits of a bit-field.
    pub bits: Option<u32>,
    /// The member's type.
    pub type_id: TypeId,
}

impl Place {
    /// Bytes from the beginning of the outermost struct; of a bit-field, of the byte that holds its first bit.
    pub const fn offset(&self) -> u64 {
        self.offset_bits / 8
    }
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A type on the way has no such member; the number says which name of the path it was, counted from 0.
    #[error("there is no such member (part {part} of the path)")]
    NoMember {
        /// Which name of the path.
        part: usize,
    },
    /// What stands in brackets is no number of an element.
    #[error("there is no such element (part {part} of the path)")]
    NoElement {
        /// Which name of the path.
        part: usize,
    },
    /// A type on the way could not be had.
    #[error(transparent)]
    Type(#[from] TypeError),
}

/// Finds `path` in `id`: names divided by dots, each with `[number]` behind it where it is an array. Anonymous members
/// are looked through, typedefs and qualifiers as well.
pub fn member(types: &dyn Types, id: TypeId, path: &str) -> Result<Place, PathError> {
    let mut place = Place { offset_bits: 0, bits: None, type_id: id };
    for (part, word) in path.split('.').enumerate() {
        let (name, elements) = word.split_once('[').map_or((word, None), |(name, rest)| (name, Some(rest)));
        let step = within(types, place.type_id, name, &mut 0, 0)?.ok_or(PathError::NoMember { part })?;
        let offset_bits = place.offset_bits.checked_add(step.offset_bits).ok_or(PathError::NoMember { part })?;
        place = Place { offset_bits, ..step };
        let Some(elements) = elements else { continue };
        let elements = elements.strip_suffix(']').ok_or(PathError::NoElement { part })?;
        for number in elements.split("][") {
            let number: u64 = number.trim().parse().map_err(|_| PathError::NoElement { part })?;
            place = element(types, place, number).ok_or(PathError::NoElement { part })?;
        }
    }
    Ok(place)
}

/// The element of an array; flexible arrays and those of one element have as many as one asks for.
fn element(types: &dyn Types, place: Place, number: u64) -> Option<Place> {
    let Type::Array { element, count } = types.get(types.plain(place.type_id).ok()?).ok()? else { return None };
    if count > 1 && number >= count {
        return None;
    }
    let bits = types.size_of(element).ok()?.checked_mul(8)?.checked_mul(number)?;
    Some(Place { offset_bits: place.offset_bits.checked_add(bits)?, bits: None, type_id: element })
}

/// A member by its name, in `id` itself or in an anonymous member of it. `looked` counts all that was looked into.
/// What nests more deeply than `depth` may go would use up the stack before the count.
fn within(
    types: &dyn Types,
    id: TypeId,
    name: &str,
    looked: &mut usize,
    depth: usize,
) -> Result<Option<Place>, TypeError> {
    *looked += 1;
    if depth > super::DEPTH || *looked > MOST {
        return Err(TypeError::Circle(id.0));
    }
    let members = types.members(types.plain(id)?)?;
    if let Some(found) = members.iter().find(|member| member.name == name && !name.is_empty()) {
        return Ok(Some(Place { offset_bits: found.offset_bits, bits: found.bits, type_id: found.type_id }));
    }
    for outer in members.iter().filter(|member| member.name.is_empty() && member.bits.is_none()) {
        if let Some(inner) = within(types, outer.type_id, name, looked, depth + 1)? {
            let offset_bits = outer.offset_bits.checked_add(inner.offset_bits).ok_or(TypeError::Damaged(id.0))?;
            return Ok(Some(Place { offset_bits, ..inner }));
        }
    }
    Ok(None)
}
