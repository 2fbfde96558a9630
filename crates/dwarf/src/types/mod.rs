//! Types out of DWARF, where a kernel carries none with it: what BTF tells, told by a vmlinux.
//!
//! One pass over `.debug_info` finds the names (`scan`); types are read when they are asked for, one entry at a time, and
//! are known by where their entries lie. A type that a unit only declares is the one that another unit defines.
//!
//! Must never read all types, hold more than [`MOST_BYTES`] of them, nor give a definition where several differ.

mod arena;
mod index;
mod record;
mod scan;
mod sections;
#[cfg(test)]
mod tests;
mod unit;
mod window;

use crate::{DebugFile, DwarfError, Name, Store};
use arena::Arena;
use index::{Index, Sort};
use oopscope_symbols::types::{
    Constant, DEPTH, Kind, Member, Parameter, Type, TypeError, TypeId, Types, declaration, other_names,
};
use record::{Reader, Record};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use unit::Units;

use sections::Sections;

/// The most bytes of types that are held.
const MOST_BYTES: usize = 96 << 20;

/// A variable outside of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its address as the linker gave it, without KASLR; of a per-CPU variable the address in the section of those.
    pub address: u64,
    /// Its type.
    pub type_id: TypeId,
}

/// The types of a file.
pub struct DwarfTypes {
    sections: Sections,
    index: Index,
    units: Units,
    records: Arena<Record>,
    /// Where an entry's record lies.
    places: RefCell<BTreeMap<u32, usize>>,
    bytes: Cell<usize>,
}

impl std::fmt::Debug for DwarfTypes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DwarfTypes").field("names", &self.index.items.len()).finish_non_exhaustive()
    }
}

impl DwarfTypes {
    /// The types of a file. `store` keeps what was found by the file's build-id; `tick` is told how many bytes of how many
    /// were read, and ends it by false ([`DwarfError::Cancelled`]).
    pub fn of(file: &DebugFile, store: &dyn Store, tick: &mut dyn FnMut(u64, u64) -> bool) -> Result<Self, DwarfError> {
        let part = &file.units.part;
        Self::open(Sections::of(part)?, store, file.outline().build_id.as_deref().map(hex).as_deref(), tick)
    }

    /// The types of one unit alone, by the places of their entries: nothing has a name here, and what the unit only declares
    /// stays declared. Reads nothing.
    pub(crate) fn of_unit(unit: &crate::unit::Unit) -> Result<Self, DwarfError> {
        let (part, header) = (&unit.part, &unit.header);
        let too_large = DwarfError::TooLarge { what: "a unit", section: header.section, offset: header.offset };
        let place = |at: u64| u32::try_from(at).map_err(|_| too_large);
        let units = vec![place(header.offset)?, place(header.end)?];
        let index = Index { units, address_size: header.encoding.address_size, ..Index::default() };
        Ok(Self {
            sections: Sections::of(part)?,
            index,
            units: Units::default(),
            records: Arena::default(),
            places: RefCell::default(),
            bytes: Cell::new(0),
        })
    }

    /// Finds all names, or takes them from `store`, where they are kept under `name`.
    fn open(
        sections: Sections,
        store: &dyn Store,
        name: Option<&str>,
        tick: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Self, DwarfError> {
        let of = sections.info.size();
        let name = name.map(|name| format!("types-{name}"));
        let kept = name.as_ref().and_then(|name| Index::kept(&store.get(name)?, of));
        let index = if let Some(index) = kept {
            index
        } else {
            let index = scan::scan(&sections, tick)?;
            if let Some(name) = &name {
                store.put(name, &index.keep(of));
            }
            index
        };
        if !matches!(index.address_size, 4 | 8) {
            return Err(DwarfError::Damaged { what: "the first unit", section: Name::Info, offset: 0 });
        }
        Ok(Self {
            sections,
            index,
            units: Units::default(),
            records: Arena::default(),
            places: RefCell::default(),
            bytes: Cell::new(0),
        })
    }

    /// Where in `.debug_info` the first unit begins that made no sense, if there is one: its types are not known.
    pub fn damaged(&self) -> Option<u64> {
        self.index.damaged.map(u64::from)
    }

    /// All variables of a name that have an address, in the order of the file: each `.c` file may have its own.
    pub fn variables(&self, name: &str) -> Vec<Variable> {
        let all = self.index.all(Sort::Variable, name).iter();
        all.map(|item| Variable { address: item.value, type_id: self.declared_better(TypeId(item.offset)) }).collect()
    }

    /// At most `limit` different names of variables that begin with `start`, sorted.
    pub fn variable_names(&self, start: &str, limit: usize) -> Vec<String> {
        self.index.starting(Sort::Variable, start, limit)
    }

    /// Bytes of memory that it takes, what is read again cheaply aside.
    pub fn memory(&self) -> usize {
        self.index.memory() + self.bytes.get()
    }

    /// The type of a variable's entry, or the entry itself where that cannot be told.
    fn declared_better(&self, id: TypeId) -> TypeId {
        let mut at = id;
        for _ in 0..DEPTH {
            match self.record(at) {
                Ok(Record::Same(of)) => at = *of,
                _ => return at,
            }
        }
        id
    }

    /// An entry's record.
    fn record(&self, id: TypeId) -> Result<&Record, TypeError> {
        if id == TypeId::VOID {
            return Ok(&Record::Void);
        }
        if let Some(record) = self.places.borrow().get(&id.0).and_then(|&at| self.records.get(at)) {
            return Ok(record);
        }
        let (start, end) = self.index.unit(id.0).ok_or(TypeError::Missing(id.0))?;
        let end = end.map_or_else(|| self.sections.info.size(), u64::from);
        if u64::from(id.0) >= end {
            return Err(TypeError::Missing(id.0));
        }
        let unit = self.units.get(&self.sections, start, end).ok_or(TypeError::Damaged(id.0))?;
        let reader = Reader { sections: &self.sections, unit: &unit };
        let (record, inner) = reader.record(id.0).ok_or(TypeError::Damaged(id.0))?;
        for (offset, record) in inner {
            self.keep(offset, record)?;
        }
        self.keep(id.0, record)
    }

    fn keep(&self, offset: u32, record: Record) -> Result<&Record, TypeError> {
        let bytes = self.bytes.get().saturating_add(record.bytes());
        if bytes > MOST_BYTES {
            return Err(TypeError::TooMany(offset));
        }
        let at = self.records.add(record).ok_or(TypeError::TooMany(offset))?;
        self.bytes.set(bytes);
        self.places.borrow_mut().insert(offset, at);
        self.records.get(at).ok_or(TypeError::Missing(offset))
    }

    /// The record of a type: a declaration's is that of its definition, if there is one.
    fn resolved(&self, id: TypeId) -> Result<(TypeId, &Record), TypeError> {
        let mut at = id;
        for _ in 0..DEPTH {
            let record = self.record(at)?;
            match record {
                Record::Same(of) => at = *of,
                Record::Declared { name, kind } => match self.definition(*kind, name) {
                    Some(definition) => at = definition,
                    None => return Ok((at, record)),
                },
                _ => return Ok((at, record)),
            }
        }
        Err(TypeError::Circle(id.0))
    }

    /// The definition of what is declared by a name: none where there are several of different sizes, for nothing tells
    /// which is meant.
    fn definition(&self, kind: Kind, name: &str) -> Option<TypeId> {
        let all = self.index.all(Sort::Type(kind), name);
        let first = all.first().filter(|_| !name.is_empty())?;
        all.iter().all(|item| item.value == first.value).then_some(TypeId(first.offset))
    }
}

/// A build-id in hex, as far as names of what is kept may be long.
fn hex(id: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16);
    id.iter().take(32).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().collect()
}

impl Record {
    /// Bytes that it takes, about: names are counted as if each were held once.
    fn bytes(&self) -> usize {
        let inner = match self {
            Self::Struct { members, .. } => members.len() * (size_of::<record::Member>() + 24),
            Self::Enum { constants, .. } => constants.len() * (size_of::<(std::rc::Rc<str>, i128)>() + 32),
            Self::Function { parameters, .. } => parameters.len() * 40,
            _ => 0,
        };
        size_of::<Self>() + 48 + inner
    }
}

impl Types for DwarfTypes {
    fn find_all(&self, kind: Kind, name: &str) -> Vec<TypeId> {
        let find = |name: &str| -> Vec<TypeId> {
            let defined = self.index.all(Sort::Type(kind), name);
            let all = if defined.is_empty() { self.index.all(Sort::Declared(kind), name) } else { defined };
            all.iter().map(|item| TypeId(item.offset)).collect()
        };
        let mut found = find(name);
        if found.is_empty() && kind == Kind::Base {
            found = other_names(name).iter().flat_map(|name| find(name)).collect();
        }
        found
    }

    fn get(&self, id: TypeId) -> Result<Type<'_>, TypeError> {
        Ok(match self.resolved(id)?.1 {
            Record::Void | Record::Same(_) => Type::Void,
            Record::Int { name, size, signed, boolean, character, bits } => {
                Type::Int { name, size: *size, signed: *signed, boolean: *boolean, character: *character, bits: *bits }
            }
            Record::Float { name, size } => Type::Float { name, size: *size },
            Record::Pointer(of) => Type::Pointer(*of),
            Record::Array { element, count } => Type::Array { element: *element, count: *count },
            Record::Struct { name, size, union, members } => {
                Type::Struct { name, size: *size, members: count(members), union: *union }
            }
            Record::Enum { name, size, signed, constants } => {
                Type::Enum { name, size: *size, signed: *signed, constants: count(constants) }
            }
            Record::Declared { name, kind } => Type::Forward { name, kind: *kind },
            Record::Typedef { name, of } => Type::Typedef { name, of: *of },
            Record::Qualified { qualifier, of } => Type::Qualified { qualifier: *qualifier, of: *of },
            Record::Function { result, parameters, variadic } => {
                Type::Function { result: *result, parameters: count(parameters), variadic: *variadic }
            }
        })
    }

    fn members(&self, id: TypeId) -> Result<Vec<Member<'_>>, TypeError> {
        let (_, Record::Struct { members, .. }) = self.resolved(id)? else { return Ok(Vec::new()) };
        let member = |member: &'_ record::Member| {
            let of_type = || self.size_of(member.type_id).ok();
            member.place.bits(self.sections.little_endian, of_type)
        };
        members
            .iter()
            .map(|of| {
                let (offset_bits, bits) = member(of).ok_or(TypeError::Damaged(id.0))?;
                Ok(Member { name: &of.name, type_id: of.type_id, offset_bits, bits })
            })
            .collect()
    }

    fn constants(&self, id: TypeId) -> Result<Vec<Constant<'_>>, TypeError> {
        let (_, Record::Enum { constants, .. }) = self.resolved(id)? else { return Ok(Vec::new()) };
        Ok(constants.iter().map(|(name, value)| Constant { name, value: *value }).collect())
    }

    fn parameters(&self, id: TypeId) -> Result<Vec<Parameter<'_>>, TypeError> {
        let (_, Record::Function { parameters, .. }) = self.resolved(id)? else { return Ok(Vec::new()) };
        Ok(parameters.iter().map(|(name, of)| Parameter { name, type_id: *of }).collect())
    }

    fn find_constant(&self, name: &str) -> Option<i128> {
        let item = self.index.all(Sort::Constant, name).first()?;
        let (_, Record::Enum { constants, .. }) = self.resolved(TypeId(item.offset)).ok()? else { return None };
        constants.iter().find(|(of, _)| &**of == name).map(|&(_, value)| value)
    }

    fn prefix(&self, kind: Kind, start: &str, limit: usize) -> Vec<String> {
        self.index.starting(Sort::Type(kind), start, limit)
    }

    fn pointer_size(&self) -> u64 {
        self.index.address_size.into()
    }

    fn name_of(&self, id: TypeId) -> String {
        declaration(self, id, "")
    }

    fn declare(&self, id: TypeId, name: &str) -> String {
        declaration(self, id, name)
    }
}

fn count<T>(of: &[T]) -> u32 {
    u32::try_from(of.len()).unwrap_or(u32::MAX)
}
