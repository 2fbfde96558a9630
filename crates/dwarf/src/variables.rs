//! Parameters and local variables: which there are at an address, of the function there and of those that were inlined, and
//! how the place of each is told (DWARF 5, sections 3.3, 3.5 and 4.1).
//!
//! Must never take a variable of a block that does not cover the address, nor follow references for ever.

use std::rc::Rc;

use gimli::{DwAt, ValueType, constants};

use crate::entry::Entry;
use crate::expression::{self, Gone, Inputs, Place, Whereabouts};
use crate::file::DebugFile;
use crate::location;
use crate::machine::Machine;
use crate::unit::Unit;
use crate::value::Value;
use crate::{At, DwarfError, DwarfTypes, Name};
use oopscope_symbols::TypeId;

/// The most references from a variable to what it was made from.
const MOST_ORIGINS: usize = 8;

/// The deepest nesting of blocks and inlined functions.
const DEEPEST: usize = 64;

/// The most variables of all functions at an address.
const MOST: usize = 4096;

/// A function at an address: what lies there, or was inlined there.
pub struct Function {
    /// Its name.
    pub name: Option<Rc<str>>,
    /// Whether it was inlined into the next one.
    pub inlined: bool,
    /// Its parameters and variables, those of inner blocks behind those of outer ones.
    pub variables: Vec<Variable>,
    pub(crate) unit: Rc<Unit>,
    /// Where the entry of the function that is really there begins.
    pub(crate) entry: u64,
    frame_base: Option<Value>,
    address: u64,
}

/// A parameter or a variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: Rc<str>,
    /// Whether it is a parameter.
    pub parameter: bool,
    /// The line on which it is declared.
    pub line: Option<u32>,
    /// Its type, one of [`Function::types`]; none where nothing tells it.
    pub type_id: Option<TypeId>,
    place: Option<Value>,
    constant: Option<Value>,
}

impl Variable {
    /// Whether it is the same wherever it is looked at.
    pub const fn is_constant(&self) -> bool {
        self.constant.is_some()
    }
}

/// What of the running program evaluating a place needs, besides registers and memory.
pub struct Surroundings<'a> {
    /// Where an address of the file lay as the program ran.
    pub run_time: &'a dyn Fn(At) -> Option<u64>,
    /// The canonical frame address of the frame, where it is known.
    pub cfa: Option<u64>,
    /// The value that an expression had when the function was called: [`DebugFile::at_call`] of the caller's file.
    pub at_entry: &'a dyn Fn(&[u8]) -> Option<u64>,
}

impl Function {
    /// The types of its variables, by [`Variable::type_id`].
    pub fn types(&self) -> Result<DwarfTypes, DwarfError> {
        DwarfTypes::of_unit(&self.unit)
    }
}

impl DebugFile {
    /// The functions at an address with their variables: innermost first, the last is the one that is really there.
    pub fn functions(&self, at: At) -> Result<Vec<Function>, DwarfError> {
        let Some(address) = self.number(at) else { return Ok(Vec::new()) };
        let Some(unit) = self.unit_at(address)? else { return Ok(Vec::new()) };
        let Some(entry) = subprogram(&unit, address)? else { return Ok(Vec::new()) };
        let frame_base = entry.get(constants::DW_AT_frame_base);
        let whole = entry.offset;
        let mut collected =
            Collected { file: self, unit: &unit, address, whole, frame_base, left: MOST, functions: Vec::new() };
        collected.function(&entry, false, 0)?;
        collected.functions.reverse();
        Ok(collected.functions)
    }

    /// Where a function's variable is.
    pub fn place(
        &self,
        function: &Function,
        variable: &Variable,
        machine: &dyn Machine,
        surroundings: &Surroundings<'_>,
    ) -> Result<Result<Whereabouts, Gone>, DwarfError> {
        let unit = &function.unit;
        let layout = unit.part.layout();
        if let Some(constant) = variable.constant {
            return Ok(Ok(Whereabouts { parts: vec![constant_part(unit, constant)?], uninitialized: false }));
        }
        let Some(bytes) =
            variable.place.map(|place| expression_of(unit, place, function.address)).transpose()?.flatten()
        else {
            return Ok(Err(Gone::OptimizedOut));
        };
        let scope = Asked { function, surroundings };
        let inputs = Inputs::of_unit(machine, &scope, layout, unit.encoding());
        Ok(expression::whereabouts(&bytes, &inputs))
    }
}

/// The expression that an attribute gives at an address: its own, or one of a list.
fn expression_of(unit: &Unit, place: Value, address: u64) -> Result<Option<Vec<u8>>, DwarfError> {
    let encoding = unit.encoding();
    let (section, word) =
        if encoding.version >= 5 { (Name::LocLists, u64::from(encoding.format.word_size())) } else { (Name::Loc, 0) };
    let at = match place {
        Value::Bytes { at, count, .. } => return unit.cursor(at).bytes(count).map(Some),
        Value::List(number) => {
            let damaged = DwarfError::Damaged { what: "a location list", section, offset: number };
            let entry = number.checked_mul(word).and_then(|at| at.checked_add(unit.bases.places)).ok_or(damaged)?;
            let offset = unit.part.cursor(section, entry)?.offset(encoding)?;
            offset.checked_add(unit.bases.places).ok_or(damaged)?
        }
        other => match other.offset() {
            Some(at) => at.saturating_add(unit.bases.packaged_places),
            None => return Ok(None),
        },
    };
    let list = location::List { encoding, base: unit.low.unwrap_or(0), indexed: &|number| unit.numbered(number) };
    location::find(&mut unit.part.cursor(section, at)?, &list, address)
}

fn constant_part(unit: &Unit, constant: Value) -> Result<expression::Part, DwarfError> {
    let place = match constant {
        Value::Number { value, .. } => Place::Number(value),
        Value::Signed(value) => Place::Number(value.cast_unsigned()),
        Value::Flag(flag) => Place::Number(flag.into()),
        Value::Address(address) => Place::Number(address),
        Value::Bytes { at, count, .. } => Place::Bytes(unit.cursor(at).bytes(count)?),
        Value::Text(text) => {
            let mut bytes = unit.text(text)?.map_or_else(Vec::new, |text| text.as_bytes().to_vec());
            bytes.push(0);
            Place::Bytes(bytes)
        }
        _ => Place::Nowhere(Gone::Unsupported),
    };
    Ok(expression::Part { bits: None, skip: 0, place })
}

/// The entry of the function that covers an address.
fn subprogram(unit: &Unit, address: u64) -> Result<Option<Entry>, DwarfError> {
    if !unit.root.children {
        return Ok(None);
    }
    let mut walk = unit.walk(unit.root.next);
    while let Some(head) = walk.next()? {
        match head.tag {
            constants::DW_TAG_subprogram => {
                let entry = walk.entry()?;
                if unit.covers(&entry, address)? {
                    return Ok(Some(entry));
                }
                walk.pass_children()?;
            }
            // Functions of Rust stand in these.
            constants::DW_TAG_namespace
            | constants::DW_TAG_module
            | constants::DW_TAG_structure_type
            | constants::DW_TAG_enumeration_type
            | constants::DW_TAG_class_type => {}
            _ => walk.pass_children()?,
        }
    }
    Ok(None)
}

struct Collected<'a> {
    file: &'a DebugFile,
    unit: &'a Rc<Unit>,
    address: u64,
    whole: u64,
    frame_base: Option<Value>,
    left: usize,
    /// Outermost first.
    functions: Vec<Function>,
}

impl Collected<'_> {
    fn function(&mut self, entry: &Entry, inlined: bool, depth: usize) -> Result<(), DwarfError> {
        let name = self.file.function_name(self.unit, entry)?;
        self.functions.push(Function {
            name,
            inlined,
            variables: Vec::new(),
            unit: Rc::clone(self.unit),
            entry: self.whole,
            frame_base: self.frame_base,
            address: self.address,
        });
        let number = self.functions.len() - 1;
        self.block(entry, number, depth)
    }

    /// Takes the variables of a block, then of the blocks in it that cover the address.
    fn block(&mut self, entry: &Entry, number: usize, depth: usize) -> Result<(), DwarfError> {
        if !entry.children {
            return Ok(());
        }
        let unit = self.unit;
        if depth > DEEPEST {
            let (section, offset) = (unit.header.section, entry.offset);
            return Err(DwarfError::Damaged { what: "the depth of the blocks", section, offset });
        }
        let mut inner = Vec::new();
        let mut walk = unit.walk(entry.next);
        while let Some(head) = walk.next()? {
            match head.tag {
                constants::DW_TAG_formal_parameter | constants::DW_TAG_variable if self.left > 0 => {
                    self.left -= 1;
                    let variable = self.variable(&walk.entry()?)?;
                    self.functions[number].variables.extend(variable);
                }
                constants::DW_TAG_lexical_block | constants::DW_TAG_inlined_subroutine => {
                    let entry = walk.entry()?;
                    if unit.covers(&entry, self.address)? {
                        inner.push(entry);
                    }
                }
                _ => {}
            }
            walk.pass_children()?;
        }
        for entry in inner {
            if entry.tag == constants::DW_TAG_inlined_subroutine {
                self.function(&entry, true, depth + 1)?;
            } else {
                self.block(&entry, number, depth + 1)?;
            }
        }
        Ok(())
    }

    fn variable(&self, entry: &Entry) -> Result<Option<Variable>, DwarfError> {
        let get = |name: DwAt| self.attribute(self.unit, entry, name);
        let name = match get(constants::DW_AT_name)? {
            Some((unit, Value::Text(text))) => unit.text(text)?,
            _ => None,
        };
        let Some(name) = name else { return Ok(None) };
        let place = entry.get(constants::DW_AT_location);
        // `extern int jiffies;` in a function.
        if place.is_none() && entry.get(constants::DW_AT_declaration).is_some() {
            return Ok(None);
        }
        let line = get(constants::DW_AT_decl_line)?.and_then(|(_, value)| u32::try_from(value.unsigned()?).ok());
        let type_id = get(constants::DW_AT_type)?.and_then(|(_, value)| match value {
            Value::Entry(at) => u32::try_from(at).ok().map(TypeId),
            _ => None,
        });
        // A constant is the same in every copy of an inlined function.
        let constant = match place {
            Some(_) => None,
            None => get(constants::DW_AT_const_value)?.filter(|(unit, _)| Rc::ptr_eq(unit, self.unit)),
        };
        let parameter = entry.tag == constants::DW_TAG_formal_parameter;
        Ok(Some(Variable { name, parameter, line, type_id, place, constant: constant.map(|(_, value)| value) }))
    }

    /// An attribute of an entry, or of that which it was made from; with the unit that it stands in.
    fn attribute(&self, unit: &Rc<Unit>, entry: &Entry, name: DwAt) -> Result<Option<(Rc<Unit>, Value)>, DwarfError> {
        let mut unit = Rc::clone(unit);
        let mut entry = entry.clone();
        for _ in 0..MOST_ORIGINS {
            if let Some(value) = entry.get(name) {
                return Ok(Some((unit, value)));
            }
            let origin = entry.get(constants::DW_AT_abstract_origin).or(entry.get(constants::DW_AT_specification));
            let Some(Value::Entry(at)) = origin else { return Ok(None) };
            if !unit.contains(at) {
                unit = self.file.unit_around(at)?;
            }
            match unit.entry(at)? {
                Some(next) => entry = next,
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// What expressions of a function ask of its unit.
pub(crate) struct Asked<'a> {
    pub(crate) function: &'a Function,
    pub(crate) surroundings: &'a Surroundings<'a>,
}

impl expression::Scope for Asked<'_> {
    fn base_type(&self, offset: u64) -> Option<ValueType> {
        let unit = &self.function.unit;
        let entry = unit.entry(unit.header.offset.checked_add(offset)?).ok()??;
        let encoding = entry.get(constants::DW_AT_encoding)?.unsigned()?;
        let size = entry.get(constants::DW_AT_byte_size)?.unsigned()?;
        ValueType::from_encoding(gimli::DwAte(u8::try_from(encoding).ok()?), size)
    }

    fn indexed(&self, index: u64) -> Option<u64> {
        self.function.unit.numbered(index).ok()
    }

    fn run_time(&self, address: u64) -> Option<u64> {
        (self.surroundings.run_time)(self.function.unit.main.places.address(address)?)
    }

    fn frame_base(&self) -> Option<Vec<u8>> {
        expression_of(&self.function.unit, self.function.frame_base?, self.function.address).ok()?
    }

    fn cfa(&self) -> Option<u64> {
        self.surroundings.cfa
    }

    fn at_entry(&self, expression: &[u8]) -> Option<u64> {
        (self.surroundings.at_entry)(expression)
    }
}
