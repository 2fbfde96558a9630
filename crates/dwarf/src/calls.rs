//! What a caller says of a call: the values that it passed, which the function itself may have overwritten since (DWARF 5,
//! section 3.4; before, GCC's own entries of the same form).
//!
//! Must never take the values of another call: the caller has to name the function that it called, which one that was reached
//! by a jump from there is not.

use std::rc::Rc;

use gimli::constants;

use crate::entry::Entry;
use crate::expression::{self, Inputs};
use crate::file::DebugFile;
use crate::machine::Machine;
use crate::unit::Unit;
use crate::value::Value;
use crate::variables::{Asked, Function, Surroundings};
use crate::{At, DwarfError};

/// The most entries of a function that are looked at.
const MOST: usize = 1 << 16;

impl DebugFile {
    /// The value that an expression had when `callee` was called, told by the call that returns to `back`; `caller` is the
    /// function there that is really there (the last of [`DebugFile::functions`]). None where the caller does not tell.
    pub fn at_call(
        &self,
        (caller, back): (&Function, At),
        callee: &str,
        expression: &[u8],
        machine: &dyn Machine,
        surroundings: &Surroundings<'_>,
    ) -> Result<Option<u64>, DwarfError> {
        let unit = &caller.unit;
        let Some(back) = self.number(back) else { return Ok(None) };
        let Some(value) = self.passed(unit, caller.entry, back, callee, expression)? else { return Ok(None) };
        let scope = Asked { function: caller, surroundings };
        let inputs = Inputs::of_unit(machine, &scope, unit.part.layout(), unit.encoding());
        Ok(expression::address(&value, &inputs, None).ok())
    }

    /// The expression of the value, evaluated in the caller.
    fn passed(
        &self,
        unit: &Rc<Unit>,
        function: u64,
        back: u64,
        callee: &str,
        expression: &[u8],
    ) -> Result<Option<Vec<u8>>, DwarfError> {
        let Some(function) = unit.entry(function)?.filter(|function| function.children) else { return Ok(None) };
        let mut walk = unit.walk(function.next);
        let mut here = None;
        for _ in 0..MOST {
            let Some(head) = walk.next()? else { break };
            if here.is_some_and(|depth| head.depth <= depth) {
                return Ok(None);
            }
            match head.tag {
                constants::DW_TAG_call_site | constants::DW_TAG_GNU_call_site => {
                    let site = walk.entry()?;
                    if returns_to(unit, &site, back)? {
                        if !self.calls(unit, &site, callee)? {
                            return Ok(None);
                        }
                        here = Some(head.depth);
                    }
                }
                constants::DW_TAG_call_site_parameter | constants::DW_TAG_GNU_call_site_parameter if here.is_some() => {
                    let parameter = walk.entry()?;
                    let place = bytes(unit, parameter.get(constants::DW_AT_location))?;
                    if place.as_deref() == Some(expression) {
                        let value = parameter.get(constants::DW_AT_call_value);
                        return bytes(unit, value.or(parameter.get(constants::DW_AT_GNU_call_site_value)));
                    }
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Whether a call names a function as what it calls.
    fn calls(&self, unit: &Rc<Unit>, site: &Entry, callee: &str) -> Result<bool, DwarfError> {
        let origin = site.get(constants::DW_AT_call_origin).or(site.get(constants::DW_AT_abstract_origin));
        let Some((unit, origin)) = origin.map(|origin| self.referred(unit, origin)).transpose()?.flatten() else {
            return Ok(false);
        };
        Ok(self.function_name(&unit, &origin)?.as_deref() == Some(callee))
    }
}

fn returns_to(unit: &Unit, site: &Entry, back: u64) -> Result<bool, DwarfError> {
    let at = site.get(constants::DW_AT_call_return_pc).or(site.get(constants::DW_AT_low_pc));
    Ok(at.map(|at| unit.address(at)).transpose()?.flatten() == Some(back))
}

fn bytes(unit: &Unit, value: Option<Value>) -> Result<Option<Vec<u8>>, DwarfError> {
    match value {
        Some(Value::Bytes { at, count, .. }) => unit.cursor(at).bytes(count).map(Some),
        _ => Ok(None),
    }
}
