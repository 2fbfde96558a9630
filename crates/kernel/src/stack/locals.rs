//! Parameters and local variables of a frame: where each is, and the bytes of those that are in no memory. Must never give a
//! value that the debug information does not vouch for at this very instruction.

use crate::Kernel;
use crate::stack::recover::{self, Known};
use crate::stack::registers::Registers;
use crate::stack::walk::Step;
use oopscope_dwarf::{DwarfTypes, Function, Gone, Place, Surroundings, ValuePart, Variable, Whereabouts};
use oopscope_report::vmcore::{Frame, RegisterValue, TaskRef, Trust};
use oopscope_symbols::{Layout, TypeId, Types};
use std::cell::Cell;
use std::rc::Rc;

/// The largest value that is put together out of parts.
const LARGEST: u64 = 4096;

/// A frame with what is told of its variables.
pub struct Locals {
    /// Whose stack it is.
    pub task: Option<TaskRef>,
    /// The frame.
    pub frame: Frame,
    /// Its registers, as far as they are known.
    pub registers: Vec<RegisterValue>,
    /// The types of the variables.
    pub types: Option<DwarfTypes>,
    /// The variables.
    pub variables: Vec<Found>,
    /// What is to be known of all of them.
    pub note: Option<String>,
}

/// A variable, and where it is.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its name.
    pub name: Rc<str>,
    /// Whether it is a parameter.
    pub parameter: bool,
    /// The line on which it is declared.
    pub line: Option<u32>,
    /// Its type, one of [`Locals::types`].
    pub type_id: Option<TypeId>,
    /// Its value, or in words why there is none.
    pub held: Result<Held, String>,
    /// Where it was found, in words.
    pub from: Option<String>,
    /// Whether the compiler says that it may be uninitialized.
    pub uninitialized: bool,
}

/// Where a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// In memory, at this address.
    Memory(u64),
    /// In no memory, or in several places: these are its bytes.
    Bytes(Vec<u8>),
}

/// The variables of the function that is `inner` functions above the one that is really there, at the first of these steps
/// of a walk; the others are its callers.
pub(super) fn of(
    kernel: &Kernel,
    frames: &[(&Step, Known)],
    inner: usize,
) -> (Option<DwarfTypes>, Vec<Found>, Option<String>) {
    let Some(((step, known), callers)) = frames.split_first() else { return (None, Vec::new(), None) };
    let (address, call) = (step.address, step.call);
    let mut note = known.note.clone();
    let mut with = |why: String| {
        note = Some(match note.take() {
            Some(note) => format!("{note}; {why}"),
            None => why,
        });
    };
    let address = address.wrapping_sub(call.into());
    let Some(debug) = kernel.debug_of(address) else {
        with("variables need debug information, and none was given that covers this frame".to_owned());
        return (None, Vec::new(), note);
    };
    let functions = debug.at(address).map_or(Ok(Vec::new()), |at| debug.file().functions(at));
    let functions = match functions {
        Ok(functions) => functions,
        Err(error) => {
            with(error.to_string());
            return (None, Vec::new(), note);
        }
    };
    // Counted from the one that is really there: a list of lines may know of more than there are entries for.
    let Some(function) = functions.len().checked_sub(inner + 1).and_then(|index| functions.get(index)) else {
        with("the debug information tells no variables of this function".to_owned());
        return (None, Vec::new(), note);
    };
    let types = match function.types() {
        Ok(types) => Some(types),
        Err(error) => {
            with(error.to_string());
            None
        }
    };
    let asked = Asked { kernel, known, function, types: types.as_ref() };
    let run_time = |at| debug.run_time(at);
    let callee = functions.last().and_then(|function| function.name.clone()).filter(|_| step.exception.is_none());
    let told = Cell::new(false);
    let at_entry = |expression: &[u8]| {
        let value = passed(kernel, callee.as_deref()?, callers, expression)?;
        told.set(true);
        Some(value)
    };
    let surroundings = Surroundings { run_time: &run_time, cfa: known.cfa, at_entry: &at_entry };
    let machine = recover::Frame { kernel, registers: &known.registers };
    let variables = function
        .variables
        .iter()
        .map(|variable| {
            told.set(false);
            let mut found = match debug.file().place(function, variable, &machine, &surroundings) {
                Ok(place) => asked.found(variable, place),
                Err(error) => nothing(variable, error.to_string()),
            };
            if told.get() && found.held.is_ok() {
                found.from = Some("what the caller passed".to_owned());
            }
            found
        })
        .collect();
    (types, variables, note)
}

/// The value that an expression had when a function was called, as its caller tells it.
fn passed(kernel: &Kernel, callee: &str, callers: &[(&Step, Known)], expression: &[u8]) -> Option<u64> {
    let ((step, known), callers) = callers.split_first()?;
    if !step.call || step.trust == Trust::Scan {
        return None;
    }
    let at = step.address.wrapping_sub(1);
    let debug = kernel.debug_of(at)?;
    let functions = debug.file().functions(debug.at(at)?).ok()?;
    let caller = functions.last()?;
    let name = caller.name.clone().filter(|_| step.exception.is_none());
    let run_time = |at| debug.run_time(at);
    let at_entry = |expression: &[u8]| passed(kernel, name.as_deref()?, callers, expression);
    let surroundings = Surroundings { run_time: &run_time, cfa: known.cfa, at_entry: &at_entry };
    let machine = recover::Frame { kernel, registers: &known.registers };
    debug.file().at_call((caller, debug.at(step.address)?), callee, expression, &machine, &surroundings).ok()?
}

struct Asked<'a> {
    kernel: &'a Kernel,
    known: &'a Known,
    function: &'a Function,
    types: Option<&'a DwarfTypes>,
}

/// A variable without a value.
fn nothing(variable: &Variable, why: String) -> Found {
    Found {
        name: Rc::clone(&variable.name),
        parameter: variable.parameter,
        line: variable.line,
        type_id: variable.type_id,
        held: Err(why),
        from: None,
        uninitialized: false,
    }
}

impl Asked<'_> {
    fn found(&self, variable: &Variable, place: Result<Whereabouts, Gone>) -> Found {
        let mut found = nothing(variable, Gone::OptimizedOut.to_string());
        let place = match place {
            Ok(place) => place,
            Err(gone) => {
                found.held = Err(self.words(gone));
                return found;
            }
        };
        found.uninitialized = place.uninitialized;
        if place.parts.is_empty() {
            return found;
        }
        found.from = Some(if variable.is_constant() { "constant".to_owned() } else { self.from(&place.parts) });
        found.held = match place.parts.as_slice() {
            [ValuePart { bits: None, skip: 0, place: Place::Memory(address) }] => Ok(Held::Memory(*address)),
            parts => self.assembled(variable, parts).map(Held::Bytes),
        };
        if found.held.is_err() {
            found.from = None;
        }
        found
    }

    fn assembled(&self, variable: &Variable, parts: &[ValuePart]) -> Result<Vec<u8>, String> {
        let size = variable.type_id.zip(self.types).and_then(|(id, types)| types.size_of(id).ok());
        let size = size.ok_or("its size is not known")?;
        if size > LARGEST {
            return Err("it is larger than anything that is held in registers".to_owned());
        }
        let read = |place: &Place, bytes: u64| -> Result<Vec<u8>, Gone> { self.read(place, bytes) };
        assemble(parts, size, self.kernel.layout(), &read).map_err(|gone| self.words(gone))
    }

    /// All bytes of a register or a constant, or so many of memory.
    fn read(&self, place: &Place, bytes: u64) -> Result<Vec<u8>, Gone> {
        let word = |value: u64| {
            let pointer = usize::from(self.kernel.layout().pointer);
            let raw = value.to_le_bytes();
            let mut raw = raw.get(..pointer).unwrap_or(&raw).to_vec();
            if !self.kernel.layout().little_endian {
                raw.reverse();
            }
            raw
        };
        match place {
            Place::Nowhere(gone) => Err(*gone),
            Place::Register(number) => {
                self.known.registers.by_dwarf(*number).map(word).ok_or(Gone::Register { number: *number })
            }
            Place::Memory(address) => {
                let mut raw = vec![0; usize::try_from(bytes.min(LARGEST)).unwrap_or(0)];
                let read = self.kernel.read(*address, &mut raw);
                read.map(|()| raw).map_err(|error| Gone::Memory { address: error.address() })
            }
            Place::Number(value) => Ok(if self.kernel.layout().little_endian {
                value.to_le_bytes().to_vec()
            } else {
                value.to_be_bytes().to_vec()
            }),
            Place::Bytes(bytes) => Ok(bytes.clone()),
        }
    }

    /// Where the parts are, in words.
    fn from(&self, parts: &[ValuePart]) -> String {
        let mut words: Vec<String> = Vec::new();
        for part in parts {
            let next = match &part.place {
                Place::Nowhere(_) => continue,
                Place::Register(number) => format!("register {}", self.register(*number)),
                Place::Memory(address) => format!("memory at {address:#x}"),
                Place::Number(_) | Place::Bytes(_) => "computed".to_owned(),
            };
            if !words.contains(&next) && words.len() < 8 {
                words.push(next);
            }
        }
        words.join(", ")
    }

    fn register(&self, number: u16) -> String {
        name(&self.known.registers, number)
    }

    fn words(&self, gone: Gone) -> String {
        match gone {
            Gone::Register { number } => {
                format!("it is in {}, whose value in this frame is not known", self.register(number))
            }
            Gone::Frame if self.known.cfa.is_none() => {
                let function = self.function.name.as_deref().unwrap_or("this function");
                format!(
                    "it is counted from the frame of {function}, and call frame information does not tell where that is"
                )
            }
            other => other.to_string(),
        }
    }
}

/// A register as the kernel names it.
fn name(registers: &Registers, number: u16) -> String {
    let file = registers.file();
    let index = file.dwarf.get(usize::from(number));
    index
        .and_then(|&index| file.names.get(index))
        .map_or_else(|| format!("register {number}"), |name| (*name).to_owned())
}

/// All bytes of a register or a constant, or so many of memory.
type Read<'a> = &'a dyn Fn(&Place, u64) -> Result<Vec<u8>, Gone>;

/// Bytes of a value out of its parts.
fn assemble(parts: &[ValuePart], size: u64, layout: Layout, read: Read<'_>) -> Result<Vec<u8>, Gone> {
    let wanted = size.saturating_mul(8);
    let mut bits: Vec<bool> = Vec::new();
    let some = parts.iter().any(|part| !matches!(part.place, Place::Nowhere(Gone::OptimizedOut)));
    for part in parts {
        let left = wanted.saturating_sub(bits.len() as u64);
        let count = part.bits.unwrap_or(left).min(left);
        let whole = part.skip.saturating_add(count).div_ceil(8);
        let bytes = read(&part.place, whole).map_err(|gone| match gone {
            Gone::OptimizedOut if some => Gone::PartlyOptimizedOut,
            gone => gone,
        })?;
        take(&mut bits, &bytes, part, count, layout).ok_or(Gone::Damaged)?;
    }
    if bits.len() as u64 != wanted {
        return Err(if some { Gone::PartlyOptimizedOut } else { Gone::OptimizedOut });
    }
    let byte = |bits: &[bool]| {
        let add = |byte: u8, bit: &bool| byte << 1 | u8::from(*bit);
        if layout.little_endian { bits.iter().rev().fold(0, add) } else { bits.iter().fold(0, add) }
    };
    Ok(bits.chunks(8).map(byte).collect())
}

/// Appends bits of a place, in the order in which memory has them: from the least significant one of the first byte on
/// little-endian machines, from the most significant one on others.
fn take(bits: &mut Vec<bool>, bytes: &[u8], part: &ValuePart, count: u64, layout: Layout) -> Option<()> {
    let have = (bytes.len() as u64).saturating_mul(8);
    // The lowest bits of a register or number: on big-endian machines the last ones.
    let from_end = !layout.little_endian && matches!(part.place, Place::Register(_) | Place::Number(_));
    let first = if from_end { have.checked_sub(count)?.checked_sub(part.skip)? } else { part.skip };
    let last = first.checked_add(count)?;
    if last > have {
        return None;
    }
    for bit in first..last {
        let byte = *bytes.get(usize::try_from(bit / 8).ok()?)?;
        let within = bit % 8;
        bits.push(byte >> (if layout.little_endian { within } else { 7 - within }) & 1 == 1);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: Layout = Layout { little_endian: true, pointer: 8 };
    const BIG: Layout = Layout { little_endian: false, pointer: 8 };

    fn part(bits: Option<u64>, skip: u64, place: Place) -> ValuePart {
        ValuePart { bits, skip, place }
    }

    fn read(place: &Place, bytes: u64) -> Result<Vec<u8>, Gone> {
        match place {
            Place::Register(1) => Ok(0x1122_3344_5566_7788_u64.to_le_bytes().to_vec()),
            Place::Register(2) => Ok(0x1122_3344_5566_7788_u64.to_be_bytes().to_vec()),
            Place::Register(number) => Err(Gone::Register { number: *number }),
            Place::Memory(address) => Ok((0..bytes).map(|at| (address + at).to_le_bytes()[0]).collect()),
            Place::Bytes(bytes) => Ok(bytes.clone()),
            Place::Number(number) => Ok(number.to_le_bytes().to_vec()),
            Place::Nowhere(gone) => Err(*gone),
        }
    }

    #[test]
    fn a_small_value_is_the_lower_end_of_its_register() {
        let register = |number| [part(None, 0, Place::Register(number))];
        assert_eq!(assemble(&register(1), 2, LITTLE, &read), Ok(vec![0x88, 0x77]));
        assert_eq!(assemble(&register(2), 2, BIG, &read), Ok(vec![0x77, 0x88]));
        assert_eq!(assemble(&register(7), 2, LITTLE, &read), Err(Gone::Register { number: 7 }));
        assert_eq!(assemble(&register(1), 9, LITTLE, &read), Err(Gone::Damaged), "no register has nine bytes");
    }

    #[test]
    fn parts_are_put_together_in_the_order_of_memory() {
        let parts = [
            part(Some(16), 0, Place::Register(1)),
            part(Some(8), 0, Place::Memory(0x40)),
            part(Some(4), 0, Place::Bytes(vec![0x5a])),
            part(Some(4), 8, Place::Register(1)),
        ];
        assert_eq!(assemble(&parts, 4, LITTLE, &read), Ok(vec![0x88, 0x77, 0x40, 0x7a]));
    }

    #[test]
    fn a_value_with_a_hole_is_none() {
        let hole = || part(Some(32), 0, Place::Nowhere(Gone::OptimizedOut));
        let parts = [part(Some(32), 0, Place::Register(1)), hole()];
        assert_eq!(assemble(&parts, 8, LITTLE, &read), Err(Gone::PartlyOptimizedOut));
        assert_eq!(assemble(&[hole(), hole()], 8, LITTLE, &read), Err(Gone::OptimizedOut));
        assert_eq!(assemble(&parts[..1], 8, LITTLE, &read), Err(Gone::PartlyOptimizedOut), "the rest is not told");
        assert_eq!(assemble(&parts[..1], 4, LITTLE, &read), Ok(vec![0x88, 0x77, 0x66, 0x55]));
    }
}
