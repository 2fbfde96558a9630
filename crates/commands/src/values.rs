//! From a type and an address to a tree of values, and a type's definition in C. Must never read more than is shown, and never
//! fail as a whole: a leaf that can't be read says why.

use crate::Refusal;
use oopscope_kernel::Kernel;
use oopscope_report::vmcore::{Address, Member, Value, ValueKind};
use oopscope_symbols::types::{self, DEPTH, Type, TypeId, Types};
use std::fmt::Write as _;

/// Why there is nothing to say of values.
pub(crate) const NO_TYPES: &str = "this dump holds no types (its kernel was built without BTF, or they could not be \
    read): values need them; rd and sym work without";

/// How many elements of an array are shown.
const ELEMENTS: u64 = 200;
/// How many values one tree has at most: what lies beyond says so.
const LEAVES: u32 = 100_000;
/// How much of a string behind a pointer is shown.
const STRING: u64 = 256;

/// Where a value lies: an address, and bits from there.
#[derive(Clone, Copy)]
struct Spot {
    address: u64,
    offset_bits: u64,
    bits: Option<u32>,
}

struct Reader<'a> {
    kernel: &'a Kernel,
    types: &'a dyn Types,
    left: u32,
    /// The bytes of a value that lies in no memory: addresses count from its beginning then.
    held: Option<Vec<u8>>,
}

/// The value of a type at an address.
pub(crate) fn of(kernel: &Kernel, types: &dyn Types, id: TypeId, address: u64) -> Value {
    let mut reader = Reader { kernel, types, left: LEAVES, held: None };
    reader.value(id, Spot { address, offset_bits: 0, bits: None }, 0)
}

/// The value of a type whose bytes lie in no memory, but in registers.
pub(crate) fn held(kernel: &Kernel, types: &dyn Types, id: TypeId, bytes: Vec<u8>) -> Value {
    let mut reader = Reader { kernel, types, left: LEAVES, held: Some(bytes) };
    reader.value(id, Spot { address: 0, offset_bits: 0, bits: None }, 0)
}

/// The value of a pointer to `target` that lies at an address.
pub(crate) fn pointer_to(kernel: &Kernel, types: &dyn Types, target: &str, character: bool, address: u64) -> Value {
    let reader = Reader { kernel, types, left: LEAVES, held: None };
    let kind = match reader.number(Spot { address, offset_bits: 0, bits: None }, types.pointer_size()) {
        Ok(value) => reader.pointer(value, character),
        Err(why) => ValueKind::Unread { why },
    };
    Value { type_name: target.to_owned(), address: Some(Address(address)), kind }
}

/// What a pointer's value means: the symbol there, and the text behind a pointer to characters.
pub(crate) fn pointer(kernel: &Kernel, types: &dyn Types, value: u64, character: bool) -> ValueKind {
    Reader { kernel, types, left: LEAVES, held: None }.pointer(value, character)
}

/// The value of a member of the structure at an address.
pub(crate) fn member(
    kernel: &Kernel,
    types: &dyn Types,
    id: TypeId,
    path: &str,
    address: u64,
) -> Result<Value, Refusal> {
    Ok(at(kernel, types, place(types, id, path)?, address))
}

/// Where a member lies, or a sentence on why there is none.
pub(crate) fn place(types: &dyn Types, id: TypeId, path: &str) -> Result<types::Place, Refusal> {
    types::member(types, id, path).map_err(|error| match error {
        types::PathError::NoMember { .. } => Refusal(format!("{} has no member {path}", types.name_of(id))),
        types::PathError::NoElement { .. } => Refusal(format!("{} has no element {path}", types.name_of(id))),
        types::PathError::Type(error) => Refusal(format!("{}.{path}: {error}", types.name_of(id))),
    })
}

/// The value at a place of the structure at an address.
pub(crate) fn at(kernel: &Kernel, types: &dyn Types, place: types::Place, address: u64) -> Value {
    let mut reader = Reader { kernel, types, left: LEAVES, held: None };
    reader.value(place.type_id, Spot { address, offset_bits: place.offset_bits, bits: place.bits }, 0)
}

impl Reader<'_> {
    fn value(&mut self, id: TypeId, spot: Spot, depth: usize) -> Value {
        let address = Address(spot.address.wrapping_add(spot.offset_bits / 8));
        let kind = self.kind(id, spot, depth).unwrap_or_else(|why| ValueKind::Unread { why });
        let address = if self.held.is_some() { None } else { Some(address) };
        Value { type_name: self.types.name_of(id), address, kind }
    }

    fn fill(&self, at: u64, buffer: &mut [u8]) -> Result<(), String> {
        let Some(held) = &self.held else { return self.kernel.read(at, buffer).map_err(|error| error.to_string()) };
        let from = usize::try_from(at).ok();
        let bytes = from.and_then(|from| held.get(from..from.checked_add(buffer.len())?));
        buffer.copy_from_slice(bytes.ok_or("it is larger than what is known of it")?);
        Ok(())
    }

    fn kind(&mut self, id: TypeId, spot: Spot, depth: usize) -> Result<ValueKind, String> {
        if depth > DEPTH {
            return Err("its type is nested too deeply".to_owned());
        }
        self.left = self.left.checked_sub(1).ok_or("there is too much to show at once: ask for a member")?;
        let plain = self.types.plain(id).map_err(|error| error.to_string())?;
        Ok(match self.types.get(plain).map_err(|error| error.to_string())? {
            Type::Int { name, size, signed, boolean, bits, .. } => {
                let bits = spot.bits.unwrap_or(bits);
                if bits > 64 {
                    // `__int128`: the vector registers that arm64 keeps of a task.
                    let value = self.wide_number(spot, size)?;
                    let value = if signed { value.cast_signed().to_string() } else { value.to_string() };
                    return Ok(ValueKind::Integer { value, bits, character: None });
                }
                let value = self.number(spot, size)?;
                if boolean && value <= 1 {
                    ValueKind::Bool { value: value == 1 }
                } else {
                    integer(value, bits, signed, size == 1 && name.contains("char"))
                }
            }
            Type::Float { size, .. } => ValueKind::Float { value: float(self.number(spot, size)?, size)? },
            Type::Enum { size, signed, .. } => {
                let bits = spot.bits.unwrap_or_else(|| u32::try_from(size.saturating_mul(8)).unwrap_or(64));
                let value = extended(self.number(spot, size)?, bits, signed);
                let constants = self.types.constants(plain).map_err(|error| error.to_string())?;
                let name = constants.iter().find(|constant| constant.value == value);
                ValueKind::Enum { value: value.to_string(), name: name.map(|constant| constant.name.to_owned()) }
            }
            Type::Pointer(target) => {
                let value = self.number(spot, self.types.pointer_size())?;
                self.pointer(value, is_character(self.types, target))
            }
            Type::Array { element, count } => self.array(element, count, spot, depth)?,
            Type::Struct { .. } => self.structure(plain, spot, depth)?,
            Type::Function { .. } => {
                ValueKind::Pointer { value: Address(spot.address), symbol: self.symbol(spot.address), string: None }
            }
            Type::Void => return Err("void has no value".to_owned()),
            Type::Forward { .. } => return Err("its type is only declared in this kernel's types".to_owned()),
            Type::Typedef { .. } | Type::Qualified { .. } => return Err("its type refers to itself".to_owned()),
        })
    }

    fn structure(&mut self, id: TypeId, spot: Spot, depth: usize) -> Result<ValueKind, String> {
        let members = self.types.members(id).map_err(|error| error.to_string())?;
        let members = members
            .iter()
            .map(|member| {
                let offset_bits = spot.offset_bits.saturating_add(member.offset_bits);
                let spot = Spot { address: spot.address, offset_bits, bits: member.bits };
                Member {
                    name: member.name.to_owned(),
                    offset_bits: member.offset_bits,
                    bits: member.bits,
                    value: self.value(member.type_id, spot, depth + 1),
                }
            })
            .collect();
        Ok(ValueKind::Struct { members })
    }

    fn array(&mut self, element: TypeId, count: u64, spot: Spot, depth: usize) -> Result<ValueKind, String> {
        let size = self.types.size_of(element).map_err(|error| error.to_string())?;
        if let Some(string) = self.string(element, count, spot) {
            return Ok(ValueKind::Array { count, elements: Vec::new(), string: Some(string) });
        }
        let elements = (0..count.min(ELEMENTS))
            .map(|index| {
                let offset_bits = spot.offset_bits.saturating_add(size.saturating_mul(8).saturating_mul(index));
                self.value(element, Spot { offset_bits, bits: None, ..spot }, depth + 1)
            })
            .collect();
        Ok(ValueKind::Array { count, elements, string: None })
    }

    /// The text in an array of characters: up to its first NUL, or to its end.
    fn string(&self, element: TypeId, count: u64, spot: Spot) -> Option<String> {
        if !is_character(self.types, element) || count == 0 {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(count.min(4096)).ok()?];
        self.fill(spot.address.wrapping_add(spot.offset_bits / 8), &mut bytes).ok()?;
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        let signed = matches!(self.types.get(self.types.plain(element).ok()?), Ok(Type::Int { name: "char", .. }));
        // Bytes that are numbers often begin with 0: only of plain `char` is that the empty text.
        if end == 0 && !signed {
            return None;
        }
        printable(&bytes[..end])
    }

    fn pointer(&self, value: u64, character: bool) -> ValueKind {
        let string = if character && value != 0 {
            self.kernel.string(value, STRING).ok().filter(|text| !text.chars().any(char::is_control))
        } else {
            None
        };
        ValueKind::Pointer { value: Address(value), symbol: self.symbol(value), string }
    }

    fn symbol(&self, address: u64) -> Option<String> {
        let named = self.kernel.name_of(address)?;
        Some(if named.offset == 0 { named.name } else { format!("{}+{:#x}", named.name, named.offset) })
    }

    /// The same of at most 64 bits; of a larger one the lower bits.
    fn number(&self, spot: Spot, size: u64) -> Result<u64, String> {
        let value = self.wide_number(spot, size)? & u128::from(u64::MAX);
        u64::try_from(value).map_err(|error| error.to_string())
    }

    /// A number of `size` bytes, or the bits of a bit-field, without its sign.
    fn wide_number(&self, spot: Spot, size: u64) -> Result<u128, String> {
        let shift = spot.offset_bits % 8;
        let width = spot.bits.map_or(size.saturating_mul(8), u64::from);
        let bytes = usize::try_from((shift + width).div_ceil(8)).ok().filter(|bytes| *bytes <= 16);
        let bytes = bytes.ok_or("numbers of more than 16 bytes are not known")?;
        let mut buffer = [0; 16];
        let buffer = &mut buffer[..bytes];
        let at = spot.address.wrapping_add(spot.offset_bits / 8);
        self.fill(at, buffer)?;
        let little = self.kernel.layout().little_endian;
        Ok(bit_field(buffer, shift, width, little))
    }
}

/// `width` bits behind `shift` bits. On a big-endian machine bits are counted from the most significant one.
fn bit_field(bytes: &[u8], shift: u64, width: u64, little: bool) -> u128 {
    let add = |number: u128, byte: &u8| number << 8 | u128::from(*byte);
    let (number, below) = if little {
        (bytes.iter().rev().fold(0, add), shift)
    } else {
        (bytes.iter().fold(0, add), (bytes.len() as u64 * 8).saturating_sub(shift + width))
    };
    let mask = if width >= 128 { u128::MAX } else { (1_u128 << width) - 1 };
    number >> below & mask
}

/// A number of `bits` bits with its sign.
pub(crate) fn extended(value: u64, bits: u32, signed: bool) -> i128 {
    if signed && (1..64).contains(&bits) && value >> (bits - 1) & 1 == 1 {
        i128::from(value) - (1_i128 << bits)
    } else if signed && bits >= 64 {
        i128::from(value.cast_signed())
    } else {
        i128::from(value)
    }
}

/// A whole number as a value.
pub(crate) fn integer(value: u64, bits: u32, signed: bool, character: bool) -> ValueKind {
    let character = u8::try_from(value).ok().filter(|byte| character && (byte.is_ascii_graphic() || *byte == b' '));
    ValueKind::Integer {
        value: extended(value, bits, signed).to_string(),
        bits,
        character: character.map(|byte| char::from(byte).to_string()),
    }
}

fn float(value: u64, size: u64) -> Result<String, String> {
    match (size, u32::try_from(value)) {
        (4, Ok(bits)) => Ok(f32::from_bits(bits).to_string()),
        (8, _) => Ok(f64::from_bits(value).to_string()),
        _ => Err(format!("floating-point numbers of {size} bytes are not known")),
    }
}

/// Whether C would take it for a character: an integer of one byte that is called `char` in its own name.
pub(crate) fn is_character(types: &dyn Types, id: TypeId) -> bool {
    let plain = types.plain(id).and_then(|plain| types.get(plain));
    matches!(plain, Ok(Type::Int { name, size: 1, boolean: false, .. }) if name.contains("char"))
}

fn printable(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let fine = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'));
    fine.then(|| text.to_owned())
}

/// A structure's definition as C writes it: one member a line, with its offset in bytes where wanted.
pub(crate) fn define(types: &dyn Types, id: TypeId, offsets: bool, out: &mut String) -> Result<(), Refusal> {
    let plain = types.plain(id)?;
    let name = types.name_of(id);
    match types.get(plain)? {
        Type::Struct { .. } => {
            // Writing to a String does not fail.
            let _ = writeln!(out, "{name} {{");
            members(types, plain, offsets, (0, 1), out)?;
            *out += "}\n";
        }
        Type::Enum { .. } => {
            let _ = writeln!(out, "{name} {{");
            for constant in types.constants(plain)? {
                let _ = writeln!(out, "    {} = {},", constant.name, constant.value);
            }
            *out += "}\n";
        }
        _ => {
            let _ = writeln!(out, "typedef {};", types.declare(plain, &name));
        }
    }
    Ok(())
}

/// The members' lines; `(base, depth)` is where the structure lies in the outermost one, in bits, and how deep it is nested.
fn members(
    types: &dyn Types,
    id: TypeId,
    offsets: bool,
    (base, depth): (u64, usize),
    out: &mut String,
) -> Result<(), Refusal> {
    if depth > DEPTH {
        return Err(Refusal("the type is nested too deeply".to_owned()));
    }
    let indent = "    ".repeat(depth);
    for member in types.members(id)? {
        let at = base.saturating_add(member.offset_bits);
        let place = if offsets { format!("{:>6} ", format!("[{}]", at / 8)) } else { String::new() };
        let plain = types.plain(member.type_id)?;
        // What has no name of its own is shown where it stands.
        let nested = matches!(types.get(plain)?, Type::Struct { name: "", .. }) && plain == member.type_id;
        if nested {
            let word = if matches!(types.get(plain)?, Type::Struct { union: true, .. }) { "union" } else { "struct" };
            // Writing to a String does not fail.
            let _ = writeln!(out, "{place}{indent}{word} {{");
            members(types, plain, offsets, (at, depth + 1), out)?;
            let name = if member.name.is_empty() { String::new() } else { format!(" {}", member.name) };
            let _ = writeln!(out, "{}{indent}}}{name};", " ".repeat(place.len()));
            continue;
        }
        let bits = member.bits.map(|bits| format!(" : {bits}")).unwrap_or_default();
        let _ = writeln!(out, "{place}{indent}{}{bits};", types.declare(member.type_id, member.name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{bit_field, extended, integer};
    use oopscope_report::vmcore::ValueKind;

    #[test]
    fn bit_fields_are_taken_out_in_the_machines_order() {
        // 0b101 behind 3 bits: counted from below, and from above.
        assert_eq!(bit_field(&[0b0010_1000], 3, 3, true), 0b101);
        assert_eq!(bit_field(&[0b0001_0100], 3, 3, false), 0b101);
        // Over the end of a byte.
        assert_eq!(bit_field(&[0b1100_0000, 0b0000_0001], 6, 3, true), 0b111);
        assert_eq!(bit_field(&[0xff; 8], 0, 64, true), u128::from(u64::MAX));
        assert_eq!(bit_field(&[0xff; 16], 0, 128, true), u128::MAX);
    }

    #[test]
    fn signs_are_extended_from_the_fields_own_width() {
        assert_eq!(extended(0b111, 3, true), -1);
        assert_eq!(extended(0b111, 3, false), 7);
        assert_eq!(extended(u64::MAX, 64, true), -1);
        assert_eq!(extended(u64::MAX, 64, false), i128::from(u64::MAX));
        let kind = integer(65, 8, true, true);
        assert_eq!(kind, ValueKind::Integer { value: "65".into(), bits: 8, character: Some("A".into()) });
    }
}
