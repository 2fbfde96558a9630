//! One entry of `.debug_info` as a type.
//!
//! The attributes are those of DWARF 5, chapter 5; what DWARF 2 and 3 had in their place is read too. Must never believe a
//! count, a size or a place: a struct has as many members as its unit has bytes for, and no more than [`MOST_CHILDREN`].

use super::sections::{Sections, Slice};
use super::unit::Unit;
use gimli::constants as dw;
use gimli::{AttributeValue, EntriesRaw};
use oopscope_symbols::TypeId;
use oopscope_symbols::types::{Kind, Qualifier};
use std::rc::Rc;

/// The most members, constants, parameters or dimensions.
const MOST_CHILDREN: usize = 1 << 16;
/// The most entries below one that are passed over to find its children.
const MOST_ENTRIES: usize = 1 << 20;

/// A member of a struct or union.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: Rc<str>,
    pub(super) type_id: TypeId,
    pub(super) place: Place,
}

/// Where a member lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Bits from the beginning, and how many of a bit-field.
    Bits(u64, Option<u32>),
    /// As DWARF 2 and 3 tell it of bit-fields: bytes from the beginning to a unit of storage, its size where it is told,
    /// bits from its most significant one, and how many there are. The size is else that of the member's type.
    Storage { byte: u64, size: Option<u64>, first: u64, bits: u32 },
}

impl Place {
    /// Bits from the beginning, as members have them: to the least significant bit on little-endian machines, to the most
    /// significant on others.
    pub(super) fn bits(self, little_endian: bool, of_type: impl FnOnce() -> Option<u64>) -> Option<(u64, Option<u32>)> {
        let (byte, size, first, bits) = match self {
            Self::Bits(offset, bits) => return Some((offset, bits)),
            Self::Storage { byte, size, first, bits } => (byte, size, first, bits),
        };
        let begin = byte.checked_mul(8)?;
        let offset = if little_endian {
            let end = begin.checked_add(size.or_else(of_type)?.checked_mul(8)?)?;
            end.checked_sub(first)?.checked_sub(bits.into())?
        } else {
            begin.checked_add(first)?
        };
        Some((offset, Some(bits)))
    }
}

/// A type, with all that belongs to it.
#[derive(Clone, Debug)]
pub(super) enum Record {
    Void,
    Int {
        name: Rc<str>,
        size: u64,
        signed: bool,
        boolean: bool,
        character: bool,
        bits: u32,
    },
    Float {
        name: Rc<str>,
        size: u64,
    },
    Pointer(TypeId),
    Array {
        element: TypeId,
        count: u64,
    },
    Struct {
        name: Rc<str>,
        size: u64,
        union: bool,
        members: Vec<Member>,
    },
    Enum {
        name: Rc<str>,
        size: u64,
        signed: bool,
        constants: Vec<(Rc<str>, i128)>,
    },
    Declared {
        name: Rc<str>,
        kind: Kind,
    },
    Typedef {
        name: Rc<str>,
        of: TypeId,
    },
    Qualified {
        qualifier: Qualifier,
        of: TypeId,
    },
    Function {
        result: TypeId,
        parameters: Vec<(Rc<str>, TypeId)>,
        variadic: bool,
    },
    /// A variable, or something that has a type: it is that type.
    Same(TypeId),
}

/// What the attributes of an entry tell.
#[derive(Default)]
struct Facts {
    name: Option<Rc<str>>,
    of: Option<TypeId>,
    size: Option<u64>,
    bits: Option<u64>,
    encoding: Option<u64>,
    declared: bool,
    external: bool,
    place: Option<u64>,
    bit_place: Option<u64>,
    old_bit_place: Option<u64>,
    count: Option<u64>,
    bound: Option<u64>,
    value: Option<i128>,
    specification: Option<TypeId>,
}

/// Reads entries of one unit.
pub(super) struct Reader<'u> {
    pub(super) sections: &'u Sections,
    pub(super) unit: &'u Unit,
}

/// An entry: its tag, what it tells, whether it has children.
struct Entry {
    offset: u32,
    tag: dw::DwTag,
    facts: Facts,
    children: bool,
}

impl<'u> Reader<'u> {
    /// The type whose entry begins at `offset`, and those that only it leads to: an array of arrays is one entry. None
    /// where that is no type, or damaged.
    pub(super) fn record(&self, offset: u32) -> Option<(Record, Vec<(u32, Record)>)> {
        let mut raw = self.unit.entries(self.sections, offset)?;
        let entry = self.entry(&mut raw).ok()??;
        let facts = &entry.facts;
        let name = || facts.name.clone().unwrap_or_default();
        let of = facts.of.unwrap_or(TypeId::VOID);
        let record = match entry.tag {
            dw::DW_TAG_base_type => base(name(), facts)?,
            dw::DW_TAG_unspecified_type => Record::Void,
            dw::DW_TAG_pointer_type | dw::DW_TAG_reference_type | dw::DW_TAG_rvalue_reference_type => {
                Record::Pointer(of)
            }
            dw::DW_TAG_typedef => Record::Typedef { name: name(), of },
            dw::DW_TAG_const_type => Record::Qualified { qualifier: Qualifier::Const, of },
            dw::DW_TAG_volatile_type => Record::Qualified { qualifier: Qualifier::Volatile, of },
            dw::DW_TAG_restrict_type => Record::Qualified { qualifier: Qualifier::Restrict, of },
            dw::DW_TAG_atomic_type | dw::DW_TAG_immutable_type | dw::DW_TAG_packed_type => {
                Record::Qualified { qualifier: Qualifier::Tag, of }
            }
            dw::DW_TAG_structure_type | dw::DW_TAG_class_type | dw::DW_TAG_union_type => {
                let union = entry.tag == dw::DW_TAG_union_type;
                if facts.declared {
                    let kind = if union { Kind::Union } else { Kind::Struct };
                    Record::Declared { name: name(), kind }
                } else {
                    let members = self.members(&mut raw, &entry)?;
                    Record::Struct { name: name(), size: facts.size.unwrap_or(0), union, members }
                }
            }
            dw::DW_TAG_enumeration_type if facts.declared && !entry.children => {
                Record::Declared { name: name(), kind: Kind::Enum }
            }
            dw::DW_TAG_enumeration_type => self.enumeration(&mut raw, &entry)?,
            dw::DW_TAG_array_type => return self.array(&mut raw, &entry),
            dw::DW_TAG_subroutine_type | dw::DW_TAG_subprogram => self.function(&mut raw, &entry)?,
            dw::DW_TAG_variable | dw::DW_TAG_formal_parameter | dw::DW_TAG_member => {
                Record::Same(facts.of.or(facts.specification).unwrap_or(TypeId::VOID))
            }
            _ => return None,
        };
        Some((record, Vec::new()))
    }

    /// The next entry; none ends a list of children. An error is an entry that makes no sense.
    fn entry(&self, raw: &mut EntriesRaw<'u, Slice<'u>>) -> Result<Option<Entry>, ()> {
        let at = u32::try_from(raw.next_offset().0).map_err(|_| ())?;
        let offset = self.unit.start.checked_add(at).ok_or(())?;
        let Some(abbreviation) = raw.read_abbreviation().map_err(|_| ())? else { return Ok(None) };
        let mut facts = Facts::default();
        for spec in abbreviation.attributes() {
            let attribute = raw.read_attribute(*spec).map_err(|_| ())?;
            let value = attribute.raw_value();
            let number = || number(&value);
            match spec.name() {
                dw::DW_AT_name => facts.name = self.text(&value),
                dw::DW_AT_type => facts.of = self.reference(&value),
                dw::DW_AT_specification | dw::DW_AT_abstract_origin => facts.specification = self.reference(&value),
                dw::DW_AT_byte_size => facts.size = number(),
                dw::DW_AT_bit_size => facts.bits = number(),
                dw::DW_AT_encoding => facts.encoding = number(),
                dw::DW_AT_declaration => facts.declared = value == AttributeValue::Flag(true),
                dw::DW_AT_external => facts.external = value == AttributeValue::Flag(true),
                dw::DW_AT_data_member_location => facts.place = number().or_else(|| distance(&value)),
                dw::DW_AT_data_bit_offset => facts.bit_place = number(),
                dw::DW_AT_bit_offset => facts.old_bit_place = number(),
                dw::DW_AT_count => facts.count = number(),
                dw::DW_AT_upper_bound => facts.bound = number(),
                dw::DW_AT_const_value => facts.value = constant(&value, self.sections.little_endian),
                _ => {}
            }
        }
        Ok(Some(Entry { offset, tag: abbreviation.tag(), facts, children: abbreviation.has_children() }))
    }

    /// Calls `take` with each child of an entry that was just read, not with theirs.
    fn children(&self, raw: &mut EntriesRaw<'u, Slice<'u>>, of: &Entry, take: &mut dyn FnMut(Entry)) -> Option<()> {
        if !of.children {
            return Some(());
        }
        let (mut depth, mut taken) = (0_usize, 0);
        for _ in 0..MOST_ENTRIES {
            let Some(entry) = self.entry(raw).ok()? else {
                let Some(up) = depth.checked_sub(1) else { return Some(()) };
                depth = up;
                continue;
            };
            let below = usize::from(entry.children);
            if depth == 0 {
                taken += 1;
                if taken > MOST_CHILDREN {
                    return None;
                }
                take(entry);
            }
            depth += below;
        }
        None
    }

    fn members(&self, raw: &mut EntriesRaw<'u, Slice<'u>>, of: &Entry) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        self.children(raw, of, &mut |entry| {
            let facts = entry.facts;
            // What is declared in a class and lies elsewhere is no part of it.
            if entry.tag == dw::DW_TAG_member && !(facts.declared || facts.external) {
                let bits = facts.bits.map(|bits| u32::try_from(bits).unwrap_or(u32::MAX));
                let byte = facts.place.unwrap_or(0);
                let whole = byte.saturating_mul(8);
                let place = match (facts.bit_place, facts.old_bit_place, bits) {
                    (Some(at), _, bits) => Place::Bits(whole.saturating_add(at), bits),
                    (None, Some(first), Some(bits)) => Place::Storage { byte, size: facts.size, first, bits },
                    // A bit-field that begins where its storage does may have no place of its own.
                    (None, _, bits) => Place::Bits(whole, bits),
                };
                let type_id = facts.of.unwrap_or(TypeId::VOID);
                members.push(Member { name: facts.name.unwrap_or_default(), type_id, place });
            }
        })?;
        members.shrink_to_fit();
        Some(members)
    }

    fn enumeration(&self, raw: &mut EntriesRaw<'u, Slice<'u>>, of: &Entry) -> Option<Record> {
        let mut constants = Vec::new();
        self.children(raw, of, &mut |entry| {
            if entry.tag == dw::DW_TAG_enumerator {
                constants.push((entry.facts.name.unwrap_or_default(), entry.facts.value.unwrap_or(0)));
            }
        })?;
        constants.shrink_to_fit();
        let facts = &of.facts;
        // GCC tells the encoding, both the type; where neither is told, a negative constant does.
        let by_type = || {
            let mut raw = self.unit.entries(self.sections, facts.of?.0)?;
            self.entry(&mut raw).ok()??.facts.encoding
        };
        let signed = match facts.encoding.or_else(by_type) {
            Some(encoding) => is_signed(encoding),
            None => constants.iter().any(|&(_, value)| value < 0),
        };
        let size = facts.size.unwrap_or(4);
        Some(Record::Enum { name: facts.name.clone().unwrap_or_default(), size, signed, constants })
    }

    fn array(&self, raw: &mut EntriesRaw<'u, Slice<'u>>, of: &Entry) -> Option<(Record, Vec<(u32, Record)>)> {
        let mut dimensions = Vec::new();
        self.children(raw, of, &mut |entry| {
            if matches!(entry.tag, dw::DW_TAG_subrange_type | dw::DW_TAG_enumeration_type) {
                // The highest index; of `x[0]` it is -1, in as many bits as the compiler liked.
                let by_bound = entry.facts.bound.filter(|&bound| bound < 0xffff_ffff).map(|bound| bound + 1);
                dimensions.push((entry.offset, entry.facts.count.or(by_bound).unwrap_or(0)));
            }
        })?;
        let mut element = of.facts.of.unwrap_or(TypeId::VOID);
        let mut inner = Vec::new();
        while let Some((offset, count)) = dimensions.pop() {
            let record = Record::Array { element, count };
            if dimensions.is_empty() {
                return Some((record, inner));
            }
            inner.push((offset, record));
            element = TypeId(offset);
        }
        Some((Record::Array { element, count: 0 }, inner))
    }

    fn function(&self, raw: &mut EntriesRaw<'u, Slice<'u>>, of: &Entry) -> Option<Record> {
        let (mut parameters, mut variadic) = (Vec::new(), false);
        self.children(raw, of, &mut |entry| match entry.tag {
            dw::DW_TAG_formal_parameter => {
                let facts = entry.facts;
                parameters.push((facts.name.unwrap_or_default(), facts.of.unwrap_or(TypeId::VOID)));
            }
            dw::DW_TAG_unspecified_parameters => variadic = true,
            _ => {}
        })?;
        Some(Record::Function { result: of.facts.of.unwrap_or(TypeId::VOID), parameters, variadic })
    }

    fn text(&self, value: &AttributeValue<Slice<'u>>) -> Option<Rc<str>> {
        self.sections.text(self.sections.name_at(value, &self.unit.bases)?)
    }

    /// What an attribute refers to, as a place in `.debug_info`.
    fn reference(&self, value: &AttributeValue<Slice<'u>>) -> Option<TypeId> {
        let at = match value {
            AttributeValue::UnitRef(at) => self.unit.start.checked_add(u32::try_from(at.0).ok()?)?,
            AttributeValue::DebugInfoRef(at) => u32::try_from(at.0).ok()?,
            // In another file, or in a unit of types: nothing leads there, and no type is none.
            _ => u32::MAX,
        };
        Some(TypeId(at))
    }
}

fn base(name: Rc<str>, facts: &Facts) -> Option<Record> {
    let size = facts.size.or_else(|| Some(facts.bits?.div_ceil(8))).filter(|&size| size <= 256)?;
    let encoding = facts.encoding.and_then(|encoding| u8::try_from(encoding).ok()).map(dw::DwAte)?;
    Some(match encoding {
        dw::DW_ATE_float | dw::DW_ATE_complex_float | dw::DW_ATE_imaginary_float | dw::DW_ATE_decimal_float => {
            Record::Float { name, size }
        }
        _ => Record::Int {
            name,
            size,
            signed: is_signed(encoding.0.into()),
            boolean: encoding == dw::DW_ATE_boolean,
            character: matches!(encoding, dw::DW_ATE_signed_char | dw::DW_ATE_unsigned_char),
            bits: facts.bits.and_then(|bits| u32::try_from(bits).ok()).unwrap_or(u32::try_from(size * 8).unwrap_or(0)),
        },
    })
}

fn is_signed(encoding: u64) -> bool {
    encoding == u64::from(dw::DW_ATE_signed.0) || encoding == u64::from(dw::DW_ATE_signed_char.0)
}

/// A number without a sign, or with one that it does not need.
fn number(value: &AttributeValue<Slice<'_>>) -> Option<u64> {
    match *value {
        AttributeValue::Sdata(value) => Some(value.cast_unsigned()),
        _ => value.udata_value(),
    }
}

/// A place that a program tells: `DW_OP_plus_uconst N` (DWARF 2).
fn distance(value: &AttributeValue<Slice<'_>>) -> Option<u64> {
    let mut code = match value {
        AttributeValue::Block(code) => *code,
        AttributeValue::Exprloc(code) => code.0,
        _ => return None,
    };
    let op = gimli::Reader::read_u8(&mut code).ok()?;
    let distance = gimli::Reader::read_uleb128(&mut code).ok()?;
    (op == dw::DW_OP_plus_uconst.0 && gimli::Reader::is_empty(&code)).then_some(distance)
}

/// The value of a constant. Compilers write negative ones with a sign, all others without.
fn constant(value: &AttributeValue<Slice<'_>>, little_endian: bool) -> Option<i128> {
    match value {
        AttributeValue::Sdata(value) => Some((*value).into()),
        AttributeValue::Data16(value) => Some(value.cast_signed()),
        AttributeValue::Block(bytes) if bytes.slice().len() <= 16 => {
            let add = |value: u128, &byte: &u8| value << 8 | u128::from(byte);
            let bytes = bytes.slice();
            let value = if little_endian { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) };
            Some(value.cast_signed())
        }
        _ => value.udata_value().map(i128::from),
    }
}
