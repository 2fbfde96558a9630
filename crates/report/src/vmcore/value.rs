//! Values of the kernel's variables, as trees. Must never hold more than was read: what could not be is a leaf that says why.

use super::Address;
use serde::{Deserialize, Serialize};

/// A value with its type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// Its type in C: `struct list_head`, `char [16]`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Where it lies; absent for what has no place of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// What it is.
    #[serde(flatten)]
    pub kind: ValueKind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ValueKind {
    /// A whole number or character.
    Integer {
        /// In decimal, with its sign.
        value: String,
        /// Its size in bits: less than its type's for a bit-field.
        bits: u32,
        /// The character, where it is one that can be printed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        character: Option<String>,
    },
    /// True or false.
    Bool {
        /// Which.
        value: bool,
    },
    /// A floating-point number.
    Float {
        /// In decimal.
        value: String,
    },
    /// A constant of an enumeration.
    Enum {
        /// The number, in decimal.
        value: String,
        /// Its name, where the enumeration has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// A pointer.
    Pointer {
        /// To where.
        value: Address,
        /// The symbol there, with an offset: `init_task`, `schedule+0x10`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        symbol: Option<String>,
        /// The string there, for a pointer to characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        string: Option<String>,
    },
    /// A structure or union.
    Struct {
        /// Its members in their order.
        members: Vec<Member>,
    },
    /// An array.
    Array {
        /// How many elements its type has.
        count: u64,
        /// The first of them, as many as are shown.
        elements: Vec<Value>,
        /// The text, for an array of characters that holds one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        string: Option<String>,
    },
    /// It could not be read.
    Unread {
        /// Why.
        why: String,
    },
}

impl Default for ValueKind {
    fn default() -> Self {
        Self::Unread { why: String::new() }
    }
}

/// A member of a structure or union.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its name; empty for a nested structure or union without one.
    pub name: String,
    /// Its offset in bits from the beginning of the structure.
    pub offset_bits: u64,
    /// Its size in bits, for a bit-field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// Its value.
    pub value: Value,
}
