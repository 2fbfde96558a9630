//! Expressions of C as far as they read memory: variables, members, elements, pointers, casts. Must never guess a type, and never
//! calculate with what was not read.

mod evaluate;
mod parse;

pub(crate) use evaluate::evaluate;
pub(crate) use parse::parse;

use oopscope_symbols::types::TypeId;

/// A type as it can be written: one of the dump's types, with pointers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ctype {
    /// The type that the pointers lead to.
    pub(crate) base: TypeId,
    /// How many pointers.
    pub(crate) pointers: u8,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// A number.
    Number(i128),
    /// A variable, function or constant.
    Name(String),
    /// `.name`, and `->name` where the flag is set.
    Member(Box<Expression>, String, bool),
    /// `[index]`.
    Element(Box<Expression>, Box<Expression>),
    /// `&`.
    AddressOf(Box<Expression>),
    /// `*`.
    Behind(Box<Expression>),
    /// `-`.
    Negative(Box<Expression>),
    /// `(type)`.
    Cast(Ctype, Box<Expression>),
    /// `sizeof(type)`.
    SizeOf(Ctype),
    /// `+`, and `-` where the flag is set.
    Sum(Box<Expression>, Box<Expression>, bool),
}
