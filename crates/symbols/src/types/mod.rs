//! The types of a program, wherever they come from: what kernel objects and commands know of BTF (and, later, DWARF).
//!
//! Must never know a format. Whoever walks from type to type counts its steps: what a dump says may go in circles.

mod base;
mod path;
mod spell;

pub use base::other_names;
pub use path::{PathError, Place, member};
pub use spell::declaration;

/// The most typedefs, qualifiers, array dimensions or levels of anonymous members that are gone through in a row.
pub const DEPTH: usize = 64;

/// A type of one [`Types`]; of another it means something else, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);

impl TypeId {
    /// `void`, everywhere.
    pub const VOID: Self = Self(0);
}

/// In which of C's name spaces a type is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `struct NAME`.
    Struct,
    /// `union NAME`.
    Union,
    /// `enum NAME`.
    Enum,
    /// A name made by `typedef`.
    Typedef,
    /// An integer or floating-point type: `unsigned int`.
    Base,
}

/// What a qualifier does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    /// `const`.
    Const,
    /// `volatile`.
    Volatile,
    /// `restrict`.
    Restrict,
    /// A tag of BTF (`__user`, `__rcu`): nothing that C would print.
    Tag,
}

/// A type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type<'a> {
    /// `void`.
    Void,
    /// An integer.
    Int {
        /// As the compiler has it: `long unsigned int` where one writes `unsigned long`.
        name: &'a str,
        /// Bytes.
        size: u64,
        /// Whether it may be negative.
        signed: bool,
        /// Whether it is `_Bool`.
        boolean: bool,
        /// Whether it is said to be a character. Compilers say it of few; a `char` is told by its name and size.
        character: bool,
        /// Bits that hold the value; 8 × size but in old bit-fields.
        bits: u32,
    },
    /// A floating-point number.
    Float {
        /// `double`.
        name: &'a str,
        /// Bytes.
        size: u64,
    },
    /// A pointer to what is said.
    Pointer(TypeId),
    /// An array.
    Array {
        /// Of what.
        element: TypeId,
        /// How many; 0 for a flexible member.
        count: u64,
    },
    /// A struct or a union.
    Struct {
        /// Empty for an anonymous one.
        name: &'a str,
        /// Bytes.
        size: u64,
        /// How many members.
        members: u32,
        /// Whether it is a union.
        union: bool,
    },
    /// An enumeration.
    Enum {
        /// Empty for an anonymous one.
        name: &'a str,
        /// Bytes.
        size: u64,
        /// Whether its constants may be negative.
        signed: bool,
        /// How many constants.
        constants: u32,
    },
    /// A struct, union or enum that is only declared.
    Forward {
        /// Its name.
        name: &'a str,
        /// Which of them.
        kind: Kind,
    },
    /// Another name for a type.
    Typedef {
        /// The name.
        name: &'a str,
        /// For which.
        of: TypeId,
    },
    /// A type with a qualifier.
    Qualified {
        /// Which.
        qualifier: Qualifier,
        /// Of which type.
        of: TypeId,
    },
    /// What a function takes and gives.
    Function {
        /// What it returns.
        result: TypeId,
        /// How many parameters, the `...` not counted.
        parameters: u32,
        /// Whether it ends in `...`.
        variadic: bool,
    },
}

/// A member of a struct or union.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Empty for an anonymous struct or union.
    pub name: &'a str,
    /// Its type.
    pub type_id: TypeId,
    /// Bits from the beginning of the struct. Of a bit-field: to its bit of the lowest number — the least significant on
    /// little-endian machines, the most significant on big-endian ones.
    pub offset_bits: u64,
    /// Bits of a bit-field.
    pub bits: Option<u32>,
}

/// A constant of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value, of either sign.
    pub value: i128,
}

/// A parameter of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Empty where it has none.
    pub name: &'a str,
    /// Its type.
    pub type_id: TypeId,
}

/// Why a type could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// There is no type of this number.
    #[error("there is no type number {0}")]
    Missing(u32),
    /// Its record does not lie in the data, or is of no known kind.
    #[error("the record of type number {0} is damaged")]
    Damaged(u32),
    /// The number belongs to something that is no type (a variable's section, an annotation).
    #[error("number {0} is no type")]
    NoType(u32),
    /// Too many typedefs or nested types in a row: they go in a circle.
    #[error("type number {0} refers to itself")]
    Circle(u32),
    /// There are more types than are held at once.
    #[error("type number {0} is one more than are held at once")]
    TooMany(u32),
    /// It has no size: a function, or what is only declared.
    #[error("type number {0} has no size")]
    Incomplete(u32),
}

/// The types of one program: a kernel's or a module's.
pub trait Types {
    /// All types of this name, the program's order. There may be several: each `.c` file may have its own.
    fn find_all(&self, kind: Kind, name: &str) -> Vec<TypeId>;

    /// The first type of this name.
    fn find(&self, kind: Kind, name: &str) -> Option<TypeId> {
        self.find_all(kind, name).first().copied()
    }

    /// What a type is.
    fn get(&self, id: TypeId) -> Result<Type<'_>, TypeError>;

    /// The members of a struct or union; empty for anything else.
    fn members(&self, id: TypeId) -> Result<Vec<Member<'_>>, TypeError>;

    /// The constants of an enumeration; empty for anything else.
    fn constants(&self, id: TypeId) -> Result<Vec<Constant<'_>>, TypeError>;

    /// The parameters of a function; empty for anything else.
    fn parameters(&self, id: TypeId) -> Result<Vec<Parameter<'_>>, TypeError>;

    /// The value of an enumeration's constant, whichever enumeration it belongs to: the first of that name.
    fn find_constant(&self, name: &str) -> Option<i128>;

    /// At most `limit` different names of this kind that begin with `start`, sorted.
    fn prefix(&self, kind: Kind, start: &str, limit: usize) -> Vec<String>;

    /// Bytes of a pointer.
    fn pointer_size(&self) -> u64;

    /// Bytes that a value of the type takes. `void` and functions have none.
    fn size_of(&self, id: TypeId) -> Result<u64, TypeError> {
        let mut at = id;
        let mut times = 1_u64;
        for _ in 0..DEPTH {
            let size = match self.get(at)? {
                Type::Int { size, .. }
                | Type::Float { size, .. }
                | Type::Struct { size, .. }
                | Type::Enum { size, .. } => size,
                Type::Pointer(_) => self.pointer_size(),
                Type::Array { element, count } => {
                    times = times.checked_mul(count).ok_or(TypeError::Damaged(at.0))?;
                    at = element;
                    continue;
                }
                Type::Typedef { of, .. } | Type::Qualified { of, .. } => {
                    at = of;
                    continue;
                }
                Type::Void | Type::Forward { .. } | Type::Function { .. } => return Err(TypeError::Incomplete(at.0)),
            };
            return size.checked_mul(times).ok_or(TypeError::Damaged(at.0));
        }
        Err(TypeError::Circle(id.0))
    }

    /// The type without typedefs and qualifiers.
    fn plain(&self, id: TypeId) -> Result<TypeId, TypeError> {
        let mut at = id;
        for _ in 0..DEPTH {
            match self.get(at)? {
                Type::Typedef { of, .. } | Type::Qualified { of, .. } => at = of,
                _ => return Ok(at),
            }
        }
        Err(TypeError::Circle(id.0))
    }

    /// How C spells the type: `struct list_head *[4]`, `void (*)(struct work_struct *)`.
    fn name_of(&self, id: TypeId) -> String;

    /// How C declares `name` with the type: `struct list_head *slots[4]`.
    fn declare(&self, id: TypeId, name: &str) -> String;
}
