//! The function that an address is in, and those that were inlined there.
//!
//! Must never read the entries of other functions, nor types: they are passed over.

use gimli::constants;

use crate::DwarfError;
use crate::entry::{Entry, Walk};
use crate::unit::Unit;

/// The most functions that are inlined into each other.
const DEEPEST: usize = 256;

/// The entries of the functions at an address: innermost first, the last is the one that is really there.
pub(crate) fn at(unit: &Unit, address: u64) -> Result<Vec<Entry>, DwarfError> {
    let mut walk = unit.walk(unit.root.next);
    if !unit.root.children {
        return Ok(Vec::new());
    }
    while let Some(head) = walk.next()? {
        match head.tag {
            constants::DW_TAG_subprogram => {
                if walk.has_addresses() {
                    let entry = walk.entry()?;
                    if unit.covers(&entry, address)? {
                        return inlined(unit, entry, address);
                    }
                }
                walk.pass_children()?;
            }
            // Rust's and C++'s functions lie in these.
            constants::DW_TAG_namespace | constants::DW_TAG_module => {}
            _ => walk.pass_children()?,
        }
    }
    // Functions may lie within types, or within other functions.
    anywhere(unit, address)
}

/// Looks at every entry of a unit.
fn anywhere(unit: &Unit, address: u64) -> Result<Vec<Entry>, DwarfError> {
    let mut walk = unit.walk(unit.root.next);
    while let Some(head) = walk.next()? {
        if head.tag == constants::DW_TAG_subprogram && walk.has_addresses() {
            let entry = walk.entry()?;
            if unit.covers(&entry, address)? {
                return inlined(unit, entry, address);
            }
        }
    }
    Ok(Vec::new())
}

/// What was inlined into a function at an address. Of several that cover it the last counts, as it lies deepest.
fn inlined(unit: &Unit, function: Entry, address: u64) -> Result<Vec<Entry>, DwarfError> {
    let mut best = vec![function.clone()];
    if !function.children {
        return Ok(best);
    }
    // The inlined functions that the walk is in, with their depths.
    let mut open: Vec<(u32, Entry)> = Vec::new();
    let mut walk: Walk<'_> = unit.walk(function.next);
    while let Some(head) = walk.next()? {
        while open.last().is_some_and(|(depth, _)| *depth >= head.depth) {
            open.pop();
        }
        let whole = head.tag == constants::DW_TAG_subprogram;
        if !whole && head.tag != constants::DW_TAG_inlined_subroutine {
            continue;
        }
        let entry = walk.entry()?;
        let covers = unit.covers(&entry, address)?;
        if covers && whole {
            best = vec![entry.clone()];
        } else if covers {
            best.clear();
            best.push(entry.clone());
            let nested = open.iter().rposition(|(_, entry)| entry.tag == constants::DW_TAG_subprogram);
            let outer = open.iter().skip(nested.unwrap_or(0)).rev().map(|(_, entry)| entry.clone());
            best.extend(outer);
            if nested.is_none() {
                best.push(function.clone());
            }
        }
        if head.children {
            if open.len() >= DEEPEST {
                return Err(DwarfError::TooLarge {
                    what: "the depth of inlined functions",
                    section: unit.header.section,
                    offset: head.offset,
                });
            }
            open.push((head.depth, entry));
        }
    }
    Ok(best)
}
