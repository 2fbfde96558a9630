//! Types by the names that C has for them. Must never guess a layout: what BTF does not tell, VMCOREINFO may; else it is
//! not known.

use crate::Kernel;
use crate::error::ObjectError;
use oopscope_symbols::types::{Kind, Place, member};
use oopscope_symbols::{Type, TypeId, Types};

/// The most declarators of one name.
const MOST_DECLARATORS: usize = 8;

/// The type that a C name means: `struct task_struct`, `union x`, `enum pid_type`, `atomic_t`, `unsigned long`.
/// Pointers and arrays have no type of their own here: see [`parse`].
fn find(types: &dyn Types, name: &str) -> Option<TypeId> {
    let name = name.trim();
    let name = name.strip_prefix("const ").or_else(|| name.strip_prefix("volatile ")).unwrap_or(name).trim();
    let tagged = |tag: &str| name.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')).map(str::trim);
    if let Some(name) = tagged("struct") {
        return types.find(Kind::Struct, name);
    }
    if let Some(name) = tagged("union") {
        return types.find(Kind::Union, name);
    }
    if let Some(name) = tagged("enum") {
        return types.find(Kind::Enum, name);
    }
    types
        .find(Kind::Base, name)
        .or_else(|| types.find(Kind::Base, spelling(name)?))
        .or_else(|| types.find(Kind::Typedef, name))
}

/// Compilers spell integers in one way of the many that C allows.
fn spelling(name: &str) -> Option<&'static str> {
    Some(match name {
        "unsigned" => "unsigned int",
        "unsigned long" | "ulong" => "long unsigned int",
        "long" | "signed long" | "long signed int" => "long int",
        "unsigned short" | "short unsigned" => "short unsigned int",
        "short" => "short int",
        "unsigned long long" => "long long unsigned int",
        "long long" => "long long int",
        "bool" => "_Bool",
        "signed" | "signed int" => "int",
        _ => return None,
    })
}

/// A type that a C name means, with what stands around it: pointers to it and arrays of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The innermost type; none for `void`.
    pub(crate) base: Option<TypeId>,
    /// From the inside out.
    pub(crate) around: Vec<Around>,
}

/// What stands around a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    /// A pointer to it.
    Pointer,
    /// An array of so many.
    Array(u64),
}

/// Reads `struct list_head`, `struct task_struct *`, `unsigned long [4]`, `char [][8]`.
pub(crate) fn parse(types: &dyn Types, name: &str) -> Option<Named> {
    let end = name.find(['*', '[']).unwrap_or(name.len());
    let (inner, mut rest) = name.split_at(end);
    let inner = inner.trim();
    let base = if inner == "void" { None } else { Some(find(types, inner)?) };
    let mut around = Vec::new();
    let mut dimensions = Vec::new();
    rest = rest.trim_start();
    while !rest.is_empty() {
        if around.len() + dimensions.len() >= MOST_DECLARATORS {
            return None;
        }
        if let Some(after) = rest.strip_prefix('*') {
            if !dimensions.is_empty() {
                return None;
            }
            around.push(Around::Pointer);
            rest = after;
        } else {
            let (count, after) = rest.strip_prefix('[')?.split_once(']')?;
            dimensions.push(Around::Array(if count.trim().is_empty() { 0 } else { count.trim().parse().ok()? }));
            rest = after;
        }
        rest = rest.trim_start();
    }
    // `x[2][3]` is two arrays of three: the last dimension is the innermost.
    around.extend(dimensions.into_iter().rev());
    (base.is_some() || around.first() == Some(&Around::Pointer)).then_some(Named { base, around })
}

impl Kernel {
    /// Size of a type in bytes: BTF's, else VMCOREINFO's.
    pub fn size_of(&self, type_name: &str) -> Option<u64> {
        let by_types = self.types().and_then(|types| types.size_of(find(types, type_name)?).ok());
        by_types.or_else(|| self.info.size(untagged(type_name)))
    }

    /// Offset of a member in bytes, through nested ones (`mm.pgd`, `mem[1].base`): BTF's, else VMCOREINFO's. None for a
    /// bit-field that does not begin a byte.
    pub fn offset_of(&self, type_name: &str, path: &str) -> Option<u64> {
        match self.place_of(type_name, path) {
            Some(place) => place.offset_bits.is_multiple_of(8).then(|| place.offset()),
            None => self.info.offset(&format!("{}.{path}", untagged(type_name))),
        }
    }

    /// Place of a member, with its type, by BTF alone.
    pub fn place_of(&self, type_name: &str, path: &str) -> Option<Place> {
        let types = self.types()?;
        member(types, find(types, type_name)?, path).ok()
    }

    /// Whether a type has a member.
    pub fn has_member(&self, type_name: &str, path: &str) -> bool {
        self.place_of(type_name, path).is_some()
            || self.info.offset(&format!("{}.{path}", untagged(type_name))).is_some()
    }

    /// Whether there is such a type.
    pub fn has_type(&self, type_name: &str) -> bool {
        self.types().is_some_and(|types| find(types, type_name).is_some())
    }

    /// Value of an enumeration's constant.
    pub fn constant(&self, enumerator: &str) -> Option<i64> {
        self.types()?.find_constant(enumerator).and_then(|value| i64::try_from(value).ok())
    }

    /// Number of elements of a member that is an array: BTF's, else VMCOREINFO's LENGTH.
    pub fn length_of(&self, type_name: &str, path: &str) -> Option<u64> {
        let by_types = self.types().zip(self.place_of(type_name, path)).and_then(|(types, place)| {
            match types.get(types.plain(place.type_id).ok()?).ok()? {
                Type::Array { count, .. } => Some(count),
                _ => None,
            }
        });
        by_types.or_else(|| self.info.length(&format!("{}.{path}", untagged(type_name))))
    }

    /// The type that a C name means; its declarators are not looked at.
    pub(crate) fn find_type(&self, name: &str) -> Result<(&dyn Types, Named), ObjectError> {
        let types = self.types().ok_or_else(|| ObjectError::NoTypes { wanted: name.to_owned() })?;
        let named = parse(types, name).ok_or_else(|| ObjectError::NoType { name: name.to_owned() })?;
        Ok((types, named))
    }
}

/// VMCOREINFO's names have no tag.
fn untagged(name: &str) -> &str {
    let name = name.trim();
    name.strip_prefix("struct ").or_else(|| name.strip_prefix("union ")).unwrap_or(name).trim()
}
