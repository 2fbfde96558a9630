//! DWARF's location expressions (DWARF 5, section 2.5 and 2.6): where a value is, or what it is. Must never run for ever,
//! nor take a place for certain that the compiler calls uninitialized.

use crate::machine::Machine;
use gimli::{
    Encoding, EndianSlice, Evaluation, EvaluationResult, Format, Location, Operation, RunTimeEndian, UnitOffset, Value,
    ValueType,
};
use oopscope_symbols::Layout;

/// The most steps of one expression.
const MOST_STEPS: u32 = 4096;

/// The most pieces of one value.
const MOST_PIECES: usize = 1024;

/// How deep expressions may stand in each other (`DW_OP_entry_value`, `DW_AT_frame_base`, `DW_OP_call4`).
const DEPTH: u32 = 8;

/// Why a value is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Gone {
    /// The compiler keeps it nowhere at this place.
    #[error("optimized out")]
    OptimizedOut,
    /// The compiler keeps a part of it nowhere at this place.
    #[error("a part of it is optimized out")]
    PartlyOptimizedOut,
    /// It is in a register whose value is not known in this frame.
    #[error("it is in a register that is not known in this frame (DWARF's number {number})")]
    Register {
        /// The register.
        number: u16,
    },
    /// It is what a register or an argument was when the function was called, and nothing tells that any more.
    #[error("optimized out: only what it was when the function was called would tell it")]
    EntryValue,
    /// Memory that says where it is could not be read.
    #[error("memory at {address:#x}, which says where it is, is not in the dump")]
    Memory {
        /// The first address without data.
        address: u64,
    },
    /// It is counted from the frame, and call frame information does not say where that is.
    #[error("it is counted from the frame, whose place is not known")]
    Frame,
    /// It is in memory of a thread.
    #[error("it is in memory of a thread's own")]
    Thread,
    /// It points to something that is kept nowhere.
    #[error("optimized out: it points to a variable that is kept nowhere")]
    Pointer,
    /// The expression makes no sense.
    #[error("what the debug information says of its place makes no sense")]
    Damaged,
    /// The expression is of a kind that is not read here.
    #[error("what the debug information says of its place is of a kind that is not read here")]
    Unsupported,
    /// The expression does not come to an end.
    #[error("what the debug information says of its place goes on for ever")]
    Endless,
}

/// Where a part of a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere.
    Nowhere(Gone),
    /// In a register.
    Register(u16),
    /// In memory.
    Memory(u64),
    /// It is this number.
    Number(u64),
    /// It is these bytes.
    Bytes(Vec<u8>),
}

/// A part of a value, in the order of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// How many bits; none for all of it.
    pub bits: Option<u64>,
    /// How many bits of the place come before it.
    pub skip: u64,
    /// Where it is.
    pub place: Place,
}

/// Where a value is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// Its parts; none for a value that is kept nowhere.
    pub parts: Vec<Part>,
    /// Whether the compiler says that what is there may be uninitialized.
    pub uninitialized: bool,
}

/// What an expression may ask of the unit that it is in.
pub(crate) trait Scope {
    /// The numeric type at an offset of the unit.
    fn base_type(&self, offset: u64) -> Option<ValueType>;
    /// An address by its number in `.debug_addr`, and whether it is one of the program (and not a plain constant).
    fn indexed(&self, index: u64) -> Option<u64>;
    /// An address of the file as the program ran.
    fn run_time(&self, address: u64) -> Option<u64>;
    /// The expression `DW_AT_frame_base` of the function.
    fn frame_base(&self) -> Option<Vec<u8>>;
    /// The canonical frame address.
    fn cfa(&self) -> Option<u64>;
    /// The value that an expression had when the function was called.
    fn at_entry(&self, expression: &[u8]) -> Option<u64>;
}

/// All that evaluating an expression needs.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    /// Registers and memory of the frame.
    pub(crate) machine: &'a dyn Machine,
    /// The unit; none for call frame information, whose expressions have none.
    pub(crate) scope: Option<&'a dyn Scope>,
    /// Byte order and size of addresses.
    pub(crate) layout: Layout,
    /// How the unit is written.
    pub(crate) encoding: Encoding,
    depth: u32,
}

impl std::fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inputs").field("layout", &self.layout).field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

impl<'a> Inputs<'a> {
    /// For an expression of a unit.
    pub(crate) fn of_unit(machine: &'a dyn Machine, scope: &'a dyn Scope, layout: Layout, encoding: Encoding) -> Self {
        Self { machine, scope: Some(scope), layout, encoding, depth: 0 }
    }

    /// For an expression of call frame information.
    pub(crate) fn of_frame(machine: &'a dyn Machine, layout: Layout) -> Self {
        let encoding = Encoding { format: Format::Dwarf32, version: 4, address_size: layout.pointer };
        Self { machine, scope: None, layout, encoding, depth: 0 }
    }

    const fn deeper(self) -> Option<Self> {
        if self.depth >= DEPTH { None } else { Some(Self { depth: self.depth + 1, ..self }) }
    }
}

type Slice<'b> = EndianSlice<'b, RunTimeEndian>;

/// Where a value is, by an expression that asks for nothing of a unit but the frame's own place.
pub fn locate(expression: &[u8], machine: &dyn Machine, cfa: Option<u64>, layout: Layout) -> Result<Whereabouts, Gone> {
    let encoding = Encoding { format: Format::Dwarf32, version: 5, address_size: layout.pointer };
    whereabouts(expression, &Inputs::of_unit(machine, &Alone(cfa), layout, encoding))
}

/// A frame without a unit.
struct Alone(Option<u64>);

impl Scope for Alone {
    fn base_type(&self, _: u64) -> Option<ValueType> {
        None
    }

    fn indexed(&self, _: u64) -> Option<u64> {
        None
    }

    fn run_time(&self, address: u64) -> Option<u64> {
        Some(address)
    }

    fn frame_base(&self) -> Option<Vec<u8>> {
        Some(vec![gimli::constants::DW_OP_call_frame_cfa.0])
    }

    fn cfa(&self) -> Option<u64> {
        self.0
    }

    fn at_entry(&self, _: &[u8]) -> Option<u64> {
        None
    }
}

/// Where a value is.
pub(crate) fn whereabouts(expression: &[u8], inputs: &Inputs<'_>) -> Result<Whereabouts, Gone> {
    if expression.is_empty() {
        return Ok(Whereabouts::default());
    }
    let (expression, uninitialized) = initialized(expression, inputs);
    let pieces = run(expression, inputs, None)?;
    let mut parts = Vec::new();
    for piece in pieces.into_iter().take(MOST_PIECES) {
        let place = match piece.location {
            Location::Empty => Place::Nowhere(Gone::OptimizedOut),
            Location::Register { register } => Place::Register(register.0),
            Location::Address { address } => Place::Memory(inputs.layout.wrap(address)),
            Location::Value { value } => Place::Number(number(value)),
            Location::Bytes { value } => Place::Bytes(value.slice().to_vec()),
            Location::ImplicitPointer { .. } => Place::Nowhere(Gone::Pointer),
        };
        parts.push(Part { bits: piece.size_in_bits, skip: piece.bit_offset.unwrap_or(0), place });
    }
    Ok(Whereabouts { parts, uninitialized })
}

/// The address or number that an expression gives; `first` is put on its stack before.
pub(crate) fn address(expression: &[u8], inputs: &Inputs<'_>, first: Option<u64>) -> Result<u64, Gone> {
    let pieces = run(expression, inputs, first)?;
    match pieces.as_slice() {
        [piece] => match &piece.location {
            Location::Address { address } => Ok(inputs.layout.wrap(*address)),
            Location::Value { value } => Ok(number(*value)),
            Location::Register { register } => {
                inputs.machine.register(register.0).ok_or(Gone::Register { number: register.0 })
            }
            Location::Empty => Err(Gone::OptimizedOut),
            Location::ImplicitPointer { .. } => Err(Gone::Pointer),
            Location::Bytes { .. } => Err(Gone::Damaged),
        },
        _ => Err(Gone::Damaged),
    }
}

/// GCC puts `DW_OP_GNU_uninit` behind the place of a variable that may be uninitialized there.
fn initialized<'b>(expression: &'b [u8], inputs: &Inputs<'_>) -> (&'b [u8], bool) {
    let endian = endian(inputs.layout);
    let mut rest = EndianSlice::new(expression, endian);
    while !rest.is_empty() {
        let begins = expression.len() - rest.len();
        match Operation::parse(&mut rest, inputs.encoding) {
            Ok(Operation::Uninitialized) => return (&expression[..begins], true),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    (expression, false)
}

const fn endian(layout: Layout) -> RunTimeEndian {
    if layout.little_endian { RunTimeEndian::Little } else { RunTimeEndian::Big }
}

/// The bits of a value.
const fn number(value: Value) -> u64 {
    match value {
        Value::Generic(value) | Value::U64(value) => value,
        Value::I8(value) => (value as i64).cast_unsigned(),
        Value::U8(value) => value as u64,
        Value::I16(value) => (value as i64).cast_unsigned(),
        Value::U16(value) => value as u64,
        Value::I32(value) => (value as i64).cast_unsigned(),
        Value::U32(value) => value as u64,
        Value::I64(value) => value.cast_unsigned(),
        Value::F32(value) => value.to_bits() as u64,
        Value::F64(value) => value.to_bits(),
    }
}

fn run<'b>(
    expression: &'b [u8],
    inputs: &Inputs<'_>,
    first: Option<u64>,
) -> Result<Vec<gimli::Piece<Slice<'b>>>, Gone> {
    let reader = EndianSlice::new(expression, endian(inputs.layout));
    let mut evaluation = Evaluation::new(reader, inputs.encoding);
    evaluation.set_max_iterations(MOST_STEPS);
    if let Some(first) = first {
        evaluation.set_initial_value(first);
    }
    let mut state = evaluation.evaluate();
    // What asks for something is a step, too.
    for _ in 0..MOST_STEPS {
        let asked = match state {
            Ok(EvaluationResult::Complete) => return Ok(evaluation.result()),
            Ok(asked) => asked,
            Err(gimli::Error::TooManyIterations) => return Err(Gone::Endless),
            Err(gimli::Error::InvalidExpression(_)) => return Err(Gone::Unsupported),
            Err(_) => return Err(Gone::Damaged),
        };
        state = answer(&mut evaluation, asked, inputs)?;
    }
    Err(Gone::Endless)
}

fn answer<'b>(
    evaluation: &mut Evaluation<Slice<'b>>,
    asked: EvaluationResult<Slice<'b>>,
    inputs: &Inputs<'_>,
) -> Result<gimli::Result<EvaluationResult<Slice<'b>>>, Gone> {
    let scope = || inputs.scope.ok_or(Gone::Damaged);
    Ok(match asked {
        EvaluationResult::RequiresMemory { address, size, base_type, space: None } => {
            let value = memory(inputs, address, size)?;
            evaluation.resume_with_memory(typed(inputs, base_type, value)?)
        }
        EvaluationResult::RequiresRegister { register, base_type } => {
            let value = inputs.machine.register(register.0).ok_or(Gone::Register { number: register.0 })?;
            evaluation.resume_with_register(typed(inputs, base_type, value)?)
        }
        EvaluationResult::RequiresFrameBase => {
            let expression = scope()?.frame_base().ok_or(Gone::Frame)?;
            let deeper = inputs.deeper().ok_or(Gone::Endless)?;
            evaluation.resume_with_frame_base(address(&expression, &deeper, None)?)
        }
        EvaluationResult::RequiresCallFrameCfa => {
            evaluation.resume_with_call_frame_cfa(scope()?.cfa().ok_or(Gone::Frame)?)
        }
        EvaluationResult::RequiresEntryValue(expression) => {
            let value = scope()?.at_entry(expression.0.slice()).ok_or(Gone::EntryValue)?;
            evaluation.resume_with_entry_value(Value::Generic(value))
        }
        EvaluationResult::RequiresRelocatedAddress(address) => {
            let address = scope()?.run_time(address).ok_or(Gone::Unsupported)?;
            evaluation.resume_with_relocated_address(address)
        }
        EvaluationResult::RequiresIndexedAddress { index, relocate } => {
            let value = scope()?.indexed(index.0 as u64).ok_or(Gone::Damaged)?;
            let value = if relocate { scope()?.run_time(value).ok_or(Gone::Unsupported)? } else { value };
            evaluation.resume_with_indexed_address(value)
        }
        EvaluationResult::RequiresBaseType(offset) => {
            let base = scope()?.base_type(offset.0 as u64).ok_or(Gone::Unsupported)?;
            evaluation.resume_with_base_type(base)
        }
        EvaluationResult::RequiresTls(_) => return Err(Gone::Thread),
        EvaluationResult::RequiresAtLocation(_)
        | EvaluationResult::RequiresParameterRef(_)
        | EvaluationResult::RequiresMemory { .. }
        | EvaluationResult::Complete
        | EvaluationResult::RequiresWasmLocal { .. }
        | EvaluationResult::RequiresWasmGlobal { .. }
        | EvaluationResult::RequiresWasmStack { .. } => return Err(Gone::Unsupported),
    })
}

/// A number in memory.
fn memory(inputs: &Inputs<'_>, address: u64, size: u8) -> Result<u64, Gone> {
    let mut bytes = [0; 8];
    let bytes = bytes.get_mut(..usize::from(size)).filter(|bytes| !bytes.is_empty()).ok_or(Gone::Damaged)?;
    let address = inputs.layout.wrap(address);
    inputs.machine.read(address, bytes).map_err(|error| Gone::Memory { address: error.address })?;
    let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    Ok(if inputs.layout.little_endian { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
}

/// A number as the type that the expression wants; offset 0 of a unit is no type, and stands for the generic one.
fn typed(inputs: &Inputs<'_>, base_type: UnitOffset<usize>, value: u64) -> Result<Value, Gone> {
    if base_type.0 == 0 {
        return Ok(Value::Generic(value));
    }
    let scope = inputs.scope.ok_or(Gone::Damaged)?;
    let kind = scope.base_type(base_type.0 as u64).ok_or(Gone::Unsupported)?;
    let raw = value.to_le_bytes();
    Value::parse(kind, EndianSlice::new(&raw, RunTimeEndian::Little)).map_err(|_| Gone::Damaged)
}

#[cfg(test)]
#[path = "expression_tests.rs"]
mod tests;
