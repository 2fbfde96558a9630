//! How C spells a type: declarations are written from the inside out.
//!
//! Must never invent a name: what has none is `<anonymous>`; what can't be read is `<damaged>`.

use super::base::written;
use super::{DEPTH, Kind, Qualifier, Type, TypeId, Types};

/// The most characters of one spelling: parameters that are functions with parameters can be nested without end.
const LONGEST: usize = 2048;

/// The most types that one spelling goes through: parameters of parameters may refer to themselves, several times.
const MOST: usize = 512;

/// Declares `name` with the type; with an empty name it spells the type alone.
pub fn declaration(types: &dyn Types, id: TypeId, name: &str) -> String {
    spell(types, id, name.to_owned(), "", 0, &mut 0)
}

/// Puts the type `id` with `qualifiers` around `inner`, which is what has been said of the declaration already.
fn spell(types: &dyn Types, id: TypeId, inner: String, qualifiers: &str, depth: usize, seen: &mut usize) -> String {
    *seen += 1;
    if depth > DEPTH || *seen > MOST || inner.len() > LONGEST {
        return leaf("<too deep>", inner, qualifiers);
    }
    let Ok(found) = types.get(id) else { return leaf("<damaged>", inner, qualifiers) };
    match found {
        Type::Void => leaf("void", inner, qualifiers),
        Type::Int { name, .. } | Type::Float { name, .. } => leaf(written(name), inner, qualifiers),
        Type::Typedef { name, .. } => leaf(name, inner, qualifiers),
        Type::Struct { name, union, .. } => tagged(if union { "union" } else { "struct" }, name, inner, qualifiers),
        Type::Enum { name, .. } => tagged("enum", name, inner, qualifiers),
        Type::Forward { name, kind } => tagged(word(kind), name, inner, qualifiers),
        Type::Qualified { qualifier, of } => {
            let word = match qualifier {
                Qualifier::Const => "const",
                Qualifier::Volatile => "volatile",
                Qualifier::Restrict => "restrict",
                Qualifier::Tag => return spell(types, of, inner, qualifiers, depth + 1, seen),
            };
            // An array's and its elements' `const` are one.
            if qualifiers.split(' ').any(|other| other == word) {
                return spell(types, of, inner, qualifiers, depth + 1, seen);
            }
            let all = if qualifiers.is_empty() { word.to_owned() } else { format!("{word} {qualifiers}") };
            spell(types, of, inner, &all, depth + 1, seen)
        }
        Type::Pointer(to) => {
            let mut text = "*".to_owned();
            if !qualifiers.is_empty() {
                text.push(' ');
                text.push_str(qualifiers);
                if !inner.is_empty() {
                    text.push(' ');
                }
            }
            text.push_str(&inner);
            let text = if binds_tighter(types, to) { format!("({text})") } else { text };
            spell(types, to, text, "", depth + 1, seen)
        }
        Type::Array { element, count } => {
            let text = if count == 0 { format!("{inner}[]") } else { format!("{inner}[{count}]") };
            spell(types, element, text, qualifiers, depth + 1, seen)
        }
        Type::Function { result, variadic, .. } => {
            let mut list: Vec<String> = Vec::new();
            let mut length = 0;
            for parameter in types.parameters(id).unwrap_or_default() {
                let text = spell(types, parameter.type_id, String::new(), "", depth + 1, seen);
                length += text.len();
                if length > LONGEST {
                    list.push("<too deep>".to_owned());
                    break;
                }
                list.push(text);
            }
            if variadic {
                list.push("...".to_owned());
            }
            let list = if list.is_empty() { "void".to_owned() } else { list.join(", ") };
            spell(types, result, format!("{inner}({list})"), "", depth + 1, seen)
        }
    }
}

/// Whether a pointer to it must stand in brackets.
fn binds_tighter(types: &dyn Types, id: TypeId) -> bool {
    let mut at = id;
    for _ in 0..DEPTH {
        match types.get(at) {
            Ok(Type::Qualified { of, .. }) => at = of,
            Ok(Type::Array { .. } | Type::Function { .. }) => return true,
            _ => return false,
        }
    }
    false
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Union => "union",
        Kind::Enum => "enum",
        Kind::Struct | Kind::Typedef | Kind::Base => "struct",
    }
}

fn tagged(word: &str, name: &str, inner: String, qualifiers: &str) -> String {
    let name = if name.is_empty() { "<anonymous>" } else { name };
    leaf(&format!("{word} {name}"), inner, qualifiers)
}

fn leaf(name: &str, inner: String, qualifiers: &str) -> String {
    let name = if name.is_empty() { "<anonymous>" } else { name };
    let mut text = String::with_capacity(qualifiers.len() + name.len() + inner.len() + 2);
    if !qualifiers.is_empty() {
        text.push_str(qualifiers);
        text.push(' ');
    }
    text.push_str(name);
    if !inner.is_empty() {
        text.push(' ');
        text.push_str(&inner);
    }
    text
}
