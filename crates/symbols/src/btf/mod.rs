//! BTF: the types of a kernel or a module, as the dump itself holds them.
//!
//! The format is that of include/uapi/linux/btf.h and Documentation/bpf/btf.rst. The bytes stay as they are; beside them
//! there is one offset for every type and an index of names. A module's types are *split*: their numbers and the offsets
//! of their names go on where the kernel's end.
//!
//! Must never trust a number of the bytes: what a type refers to may not be there, or lead back to it.

mod header;
mod record;

use std::cell::OnceCell;
use std::rc::Rc;

pub use header::BtfError;

use crate::Layout;
use crate::index::Index;
use crate::types::{
    Constant, DEPTH, Kind, Member, Parameter, Qualifier, Type, TypeError, TypeId, Types, declaration, other_names,
};
use header::Header;
use record::{Kind as Record, Raw};

/// The types of a kernel or a module.
#[derive(Debug)]
pub struct Btf {
    bytes: Vec<u8>,
    layout: Layout,
    header: Header,
    /// Where each type's record begins, counted from the first.
    offsets: Vec<u32>,
    /// The number of the first type here.
    first: u32,
    base: Option<Rc<Btf>>,
    names: Index,
    constants: OnceCell<Constants>,
    /// Whether enumerations say if they have negative constants (6.0, "libbpf: Add enum64 parsing and new enum64 public
    /// API", and pahole 1.24). Before, all are read as signed, as the header then said.
    tells_signs: bool,
    /// The number of the first record that could not be told, from which on there is nothing.
    cut: Option<u32>,
}

/// All constants of all enumerations.
#[derive(Debug)]
struct Constants {
    /// A type's number and the constant's in it.
    all: Vec<(u32, u32)>,
    names: Index,
}

impl Btf {
    /// Reads the header and finds all types. `base` are the kernel's own types, for a module's.
    pub fn parse(bytes: Vec<u8>, layout: Layout, base: Option<Rc<Self>>) -> Result<Self, BtfError> {
        let header = Header::parse(&bytes, layout)?;
        let first = base.as_ref().map_or(1, |base| base.end());
        let mut btf = Self {
            bytes,
            layout,
            header,
            offsets: Vec::new(),
            first,
            base,
            names: Index::default(),
            constants: OnceCell::new(),
            tells_signs: false,
            cut: None,
        };
        btf.find_types();
        let count = u32::try_from(btf.offsets.len()).unwrap_or(u32::MAX);
        btf.names = Index::new(count, |item| {
            let raw = btf.raw(TypeId(first + item)).ok()?;
            // Functions are most of the names, and nobody asks for them.
            if raw.kind == Record::Function {
                None
            } else {
                Some(btf.bytes_of(raw.name)).filter(|name| !name.is_empty())
            }
        });
        Ok(btf)
    }

    /// How many types there are here, those of the base not counted.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether there are no types here.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// The number after the last type's.
    pub fn end(&self) -> u32 {
        self.first.saturating_add(u32::try_from(self.offsets.len()).unwrap_or(u32::MAX))
    }

    /// The number of the first record that is damaged or of an unknown kind: from it on nothing can be found.
    pub const fn cut(&self) -> Option<u32> {
        self.cut
    }

    /// The type of a variable. BTF has them for per-CPU variables; for others only where pahole was told to
    /// (`global_var`).
    pub fn variable(&self, name: &str) -> Option<TypeId> {
        let own = self.named(name).find(|&(_, raw)| raw.kind == Record::Variable).map(|(_, raw)| TypeId(raw.value));
        own.or_else(|| self.base.as_ref()?.variable(name))
    }

    /// At most `limit` different names of variables that begin with `start`, sorted.
    pub fn variables(&self, start: &str, limit: usize) -> Vec<String> {
        let mut found = self.starting(start, |kind| kind == Record::Variable);
        found.truncate(limit);
        found
    }

    /// Bytes of memory that it takes.
    pub fn memory(&self) -> usize {
        let constants = self.constants.get().map_or(0, |all| all.all.len() * 8 + all.names.memory());
        self.bytes.len() + self.offsets.len() * 4 + self.names.memory() + constants
    }

    /// Walks over all records once.
    fn find_types(&mut self) {
        let types = self.bytes.get(self.header.types.clone()).unwrap_or(&[]);
        let mut offsets = Vec::with_capacity(types.len() / 24);
        let mut at = 0;
        let mut tells_signs = self.base.as_ref().is_some_and(|base| base.tells_signs);
        while at < types.len() {
            let whole = Raw::read(types, at, self.layout)
                .and_then(|raw| raw.size(&self.header).map(|size| (raw, size)))
                .filter(|&(_, size)| size <= types.len() - at);
            let (Some((raw, size)), Ok(offset)) = (whole, u32::try_from(at)) else {
                self.cut = Some(self.first + u32::try_from(offsets.len()).unwrap_or(u32::MAX));
                break;
            };
            tells_signs |= raw.kind == Record::Enum64 || (raw.kind == Record::Enum && raw.flag);
            offsets.push(offset);
            at += size;
        }
        offsets.shrink_to_fit();
        self.offsets = offsets;
        self.tells_signs = tells_signs;
    }

    /// A record of this BTF, not of its base.
    fn raw(&self, id: TypeId) -> Result<Raw<'_>, TypeError> {
        let at = id.0.checked_sub(self.first).and_then(|item| self.offsets.get(item as usize));
        let at = *at.ok_or(TypeError::Missing(id.0))?;
        let types = self.bytes.get(self.header.types.clone()).unwrap_or(&[]);
        Raw::read(types, at as usize, self.layout).ok_or(TypeError::Damaged(id.0))
    }

    /// A record of this BTF or its base. Functions lead to their prototypes, variables to their types.
    fn resolved(&self, id: TypeId) -> Result<(&Self, TypeId, Raw<'_>), TypeError> {
        let mut at = id;
        for _ in 0..DEPTH {
            let mut owner = self;
            while at.0 < owner.first {
                owner = owner.base.as_deref().ok_or(TypeError::Missing(at.0))?;
            }
            let raw = owner.raw(at)?;
            match raw.kind {
                Record::Function | Record::Variable if raw.value != 0 => at = TypeId(raw.value),
                _ => return Ok((owner, at, raw)),
            }
        }
        Err(TypeError::Circle(id.0))
    }

    /// The name that begins at `offset` of the names of base and split together.
    fn bytes_of(&self, offset: u32) -> &[u8] {
        let mut owner = self;
        while offset < Header::names_before(owner.base.as_deref()) {
            let Some(base) = owner.base.as_deref() else { break };
            owner = base;
        }
        let before = Header::names_before(owner.base.as_deref());
        let names = owner.bytes.get(owner.header.names.clone()).unwrap_or(&[]);
        let rest = names.get(offset.saturating_sub(before) as usize..).unwrap_or(&[]);
        // A name without an end is none.
        rest.iter().position(|&byte| byte == 0).map_or(&[], |end| &rest[..end])
    }

    fn text(&self, offset: u32) -> &str {
        std::str::from_utf8(self.bytes_of(offset)).unwrap_or("<no text>")
    }

    /// The records here that have this name.
    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (TypeId, Raw<'a>)> + 'a {
        self.names.candidates(name.as_bytes()).filter_map(move |item| {
            let id = TypeId(self.first + item);
            let raw = self.raw(id).ok()?;
            (self.bytes_of(raw.name) == name.as_bytes()).then_some((id, raw))
        })
    }

    /// All names that begin with `start`, of records of some kinds.
    fn starting(&self, start: &str, kind: impl Fn(Record) -> bool + Copy) -> Vec<String> {
        let mut found = self.base.as_ref().map_or_else(Vec::new, |base| base.starting(start, kind));
        for id in self.first..self.end() {
            let Ok(raw) = self.raw(TypeId(id)) else { continue };
            let name = if kind(raw.kind) { self.text(raw.name) } else { continue };
            if !name.is_empty() && name.starts_with(start) {
                found.push(name.to_owned());
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Old BTF has bit-fields as integers of fewer bits than their size.
    fn old_bits(&self, id: TypeId) -> Option<(u32, u64)> {
        let (_, _, raw) = self.resolved(self.plain(id).ok()?).ok()?;
        let int = if raw.kind == Record::Int { raw.int(self.layout) } else { return None };
        let odd = int.bits != raw.value.saturating_mul(8) || int.offset != 0;
        odd.then_some((int.bits, u64::from(int.offset)))
    }

    fn all_constants(&self) -> &Constants {
        self.constants.get_or_init(|| {
            let mut all = Vec::new();
            for id in self.first..self.end() {
                let Ok(raw) = self.raw(TypeId(id)) else { continue };
                if matches!(raw.kind, Record::Enum | Record::Enum64) {
                    all.extend((0..raw.count).map(|item| (id, item)));
                }
            }
            let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
            let names = Index::new(count, |item| {
                let (id, item) = *all.get(item as usize)?;
                Some(self.bytes_of(self.raw(TypeId(id)).ok()?.constant(item, self.layout)?.0))
            });
            Constants { all, names }
        })
    }

    /// Whether an enumeration's constants are signed. Where nothing tells, a guess: numbers near zero are negative ones, far
    /// ones are flags or hashes.
    fn is_signed(&self, raw: &Raw<'_>) -> bool {
        let far =
            |item| raw.constant(item, self.layout).is_some_and(|(_, bits)| (1 << 31..0xffff_0000).contains(&bits));
        raw.flag || (!self.tells_signs && !(0..raw.count).any(far))
    }

    /// A constant of an enumeration that is here.
    fn constant(&self, raw: &Raw<'_>, item: u32) -> Option<Constant<'_>> {
        let (name, bits) = raw.constant(item, self.layout)?;
        let value = match raw.kind {
            Record::Enum64 if raw.flag => i128::from(bits.cast_signed()),
            Record::Enum64 => i128::from(bits),
            _ => {
                let bits = u32::try_from(bits).unwrap_or(0);
                if self.is_signed(raw) { i128::from(bits.cast_signed()) } else { i128::from(bits) }
            }
        };
        Some(Constant { name: self.text(name), value })
    }
}

/// Whether a record is of the kind that is asked for.
fn is(kind: Kind, record: Record) -> bool {
    match kind {
        Kind::Struct => record == Record::Struct,
        Kind::Union => record == Record::Union,
        Kind::Enum => matches!(record, Record::Enum | Record::Enum64),
        Kind::Typedef => record == Record::Typedef,
        Kind::Base => matches!(record, Record::Int | Record::Float),
    }
}

impl Types for Btf {
    fn find_all(&self, kind: Kind, name: &str) -> Vec<TypeId> {
        let mut found = self.base.as_ref().map_or_else(Vec::new, |base| base.find_all(kind, name));
        found.extend(self.named(name).filter(|(_, raw)| is(kind, raw.kind)).map(|(id, _)| id));
        if found.is_empty() && kind == Kind::Base {
            let others = other_names(name);
            let ids = others.iter().flat_map(|name| self.named(name)).filter(|(_, raw)| is(kind, raw.kind));
            found.extend(ids.map(|(id, _)| id));
        }
        found
    }

    fn get(&self, id: TypeId) -> Result<Type<'_>, TypeError> {
        if id == TypeId::VOID {
            return Ok(Type::Void);
        }
        let (owner, id, raw) = self.resolved(id)?;
        let name = owner.text(raw.name);
        let size = u64::from(raw.value);
        let of = TypeId(raw.value);
        Ok(match raw.kind {
            Record::Int => {
                let int = raw.int(owner.layout);
                Type::Int {
                    name,
                    size,
                    signed: int.encoding & 1 != 0,
                    boolean: int.encoding & 4 != 0,
                    character: int.encoding & 2 != 0,
                    bits: int.bits,
                }
            }
            Record::Float => Type::Float { name, size },
            Record::Pointer => Type::Pointer(of),
            Record::Array => {
                let (element, count) = raw.array(owner.layout);
                Type::Array { element: TypeId(element), count: u64::from(count) }
            }
            Record::Struct | Record::Union => {
                Type::Struct { name, size, members: raw.count, union: raw.kind == Record::Union }
            }
            Record::Enum | Record::Enum64 => {
                Type::Enum { name, size, signed: owner.is_signed(&raw), constants: raw.count }
            }
            // The flag tells unions; enumerations that are only declared are ENUM records without constants.
            Record::Forward => Type::Forward { name, kind: if raw.flag { Kind::Union } else { Kind::Struct } },
            Record::Typedef => Type::Typedef { name, of },
            Record::Volatile => Type::Qualified { qualifier: Qualifier::Volatile, of },
            Record::Const => Type::Qualified { qualifier: Qualifier::Const, of },
            Record::Restrict => Type::Qualified { qualifier: Qualifier::Restrict, of },
            Record::TypeTag => Type::Qualified { qualifier: Qualifier::Tag, of },
            Record::Prototype => {
                // A last parameter without name and type is `...`.
                let last = raw.count.checked_sub(1).and_then(|last| raw.parameter(last, owner.layout));
                let variadic = last == Some((0, 0));
                Type::Function { result: of, parameters: raw.count - u32::from(variadic), variadic }
            }
            Record::Function | Record::Variable => Type::Void,
            Record::Section | Record::DeclTag | Record::Other(_) => return Err(TypeError::NoType(id.0)),
        })
    }

    fn members(&self, id: TypeId) -> Result<Vec<Member<'_>>, TypeError> {
        if id == TypeId::VOID {
            return Ok(Vec::new());
        }
        let (owner, id, raw) = self.resolved(id)?;
        if !matches!(raw.kind, Record::Struct | Record::Union) {
            return Ok(Vec::new());
        }
        let mut members = Vec::with_capacity(raw.count.min(1 << 10) as usize);
        for item in 0..raw.count {
            let (name, type_id, place) = raw.member(item, owner.layout).ok_or(TypeError::Damaged(id.0))?;
            let name = owner.text(name);
            let type_id = TypeId(type_id);
            members.push(if raw.flag {
                let bits = Some(place >> 24).filter(|&bits| bits != 0);
                Member { name, type_id, offset_bits: u64::from(place & 0xff_ffff), bits }
            } else {
                let (bits, more) = owner.old_bits(type_id).map_or((None, 0), |(bits, more)| (Some(bits), more));
                Member { name, type_id, offset_bits: u64::from(place) + more, bits }
            });
        }
        Ok(members)
    }

    fn constants(&self, id: TypeId) -> Result<Vec<Constant<'_>>, TypeError> {
        if id == TypeId::VOID {
            return Ok(Vec::new());
        }
        let (owner, id, raw) = self.resolved(id)?;
        if !matches!(raw.kind, Record::Enum | Record::Enum64) {
            return Ok(Vec::new());
        }
        (0..raw.count).map(|item| owner.constant(&raw, item).ok_or(TypeError::Damaged(id.0))).collect()
    }

    fn parameters(&self, id: TypeId) -> Result<Vec<Parameter<'_>>, TypeError> {
        if id == TypeId::VOID {
            return Ok(Vec::new());
        }
        let (owner, id, raw) = self.resolved(id)?;
        if raw.kind != Record::Prototype {
            return Ok(Vec::new());
        }
        let mut parameters = Vec::with_capacity(raw.count.min(1 << 6) as usize);
        for item in 0..raw.count {
            let (name, type_id) = raw.parameter(item, owner.layout).ok_or(TypeError::Damaged(id.0))?;
            if item + 1 == raw.count && (name, type_id) == (0, 0) {
                break;
            }
            parameters.push(Parameter { name: owner.text(name), type_id: TypeId(type_id) });
        }
        Ok(parameters)
    }

    fn find_constant(&self, name: &str) -> Option<i128> {
        if let Some(value) = self.base.as_ref().and_then(|base| base.find_constant(name)) {
            return Some(value);
        }
        let constants = self.all_constants();
        constants.names.candidates(name.as_bytes()).find_map(|item| {
            let (id, item) = *constants.all.get(item as usize)?;
            let found = self.constant(&self.raw(TypeId(id)).ok()?, item)?;
            (found.name == name).then_some(found.value)
        })
    }

    fn prefix(&self, kind: Kind, start: &str, limit: usize) -> Vec<String> {
        let mut found = self.starting(start, |record| is(kind, record));
        found.truncate(limit);
        found
    }

    fn pointer_size(&self) -> u64 {
        u64::from(self.layout.pointer)
    }

    fn name_of(&self, id: TypeId) -> String {
        declaration(self, id, "")
    }

    fn declare(&self, id: TypeId, name: &str) -> String {
        declaration(self, id, name)
    }
}
