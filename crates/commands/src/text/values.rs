//! Values as C writes them, in the layout of crash and gdb. Must never show a value for what was not read.

use oopscope_report::vmcore::{Member, Value, ValueKind};
use std::fmt::Write as _;

/// In which base whole numbers are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Base {
    /// Decimal.
    #[default]
    Ten,
    /// Hexadecimal, as the bits are.
    Sixteen,
}

/// A value; members of structures on lines of their own.
pub(crate) fn value(value: &Value, base: Base) -> String {
    value_at(value, base, 0)
}

/// A value that stands in a line which is itself indented `depth` times.
pub(crate) fn value_at(value: &Value, base: Base, depth: usize) -> String {
    let mut out = String::new();
    write_value(&mut out, value, base, depth);
    out
}

fn write_value(out: &mut String, value: &Value, base: Base, depth: usize) {
    match &value.kind {
        // Writing to a String does not fail.
        ValueKind::Integer { value, bits, character } => {
            *out += &integer(value, *bits, base);
            if let Some(character) = character {
                let _ = write!(out, " '{character}'");
            }
        }
        ValueKind::Bool { value } => *out += if *value { "true" } else { "false" },
        ValueKind::Float { value } => *out += value,
        ValueKind::Enum { value, name } => *out += name.as_ref().unwrap_or(value),
        ValueKind::Pointer { value, symbol, string } => {
            let _ = write!(out, "{value}");
            if let Some(symbol) = symbol {
                let _ = write!(out, " <{symbol}>");
            }
            if let Some(string) = string {
                let _ = write!(out, " {string:?}");
            }
        }
        ValueKind::Struct { members } => structure(out, members, base, depth),
        ValueKind::Array { string: Some(string), .. } => {
            let _ = write!(out, "{string:?}");
        }
        ValueKind::Array { count, elements, string: None } => array(out, *count, elements, base, depth),
        ValueKind::Unread { why } => {
            let _ = write!(out, "<not read: {why}>");
        }
    }
}

fn structure(out: &mut String, members: &[Member], base: Base, depth: usize) {
    *out += "{\n";
    let indent = "  ".repeat(depth + 1);
    for (index, member) in members.iter().enumerate() {
        *out += &indent;
        if !member.name.is_empty() {
            *out += &member.name;
            *out += " = ";
        }
        write_value(out, &member.value, base, depth + 1);
        *out += if index + 1 < members.len() { ",\n" } else { "\n" };
    }
    *out += &"  ".repeat(depth);
    out.push('}');
}

fn array(out: &mut String, count: u64, elements: &[Value], base: Base, depth: usize) {
    out.push('{');
    let mut shown = 0_u64;
    let mut rest = elements;
    while let Some((first, others)) = rest.split_first() {
        let same = 1 + others.iter().take_while(|other| other.kind == first.kind).count();
        if shown > 0 {
            *out += ", ";
        }
        write_value(out, first, base, depth);
        // As gdb: only what is longer that way is told once.
        let told = if same > 3 { same } else { 1 };
        if told > 1 {
            let _ = write!(out, " <repeats {told} times>");
        }
        shown += told as u64;
        rest = &rest[told..];
    }
    if count > shown {
        let _ = write!(out, ", ... {} more", count - shown);
    }
    out.push('}');
}

fn integer(decimal: &str, bits: u32, base: Base) -> String {
    match (base, decimal.parse::<i128>()) {
        (Base::Sixteen, Ok(number)) => {
            let mask = if bits >= 128 { u128::MAX } else { (1_u128 << bits) - 1 };
            format!("{:#x}", number.cast_unsigned() & mask)
        }
        // An unsigned number of 128 bits may be larger than the signed ones.
        (Base::Sixteen, Err(_)) => {
            decimal.parse::<u128>().map_or_else(|_| decimal.to_owned(), |large| format!("{large:#x}"))
        }
        _ => decimal.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Base, value};
    use oopscope_report::vmcore::{Member, Value, ValueKind};

    fn number(number: i64) -> Value {
        let kind = ValueKind::Integer { value: number.to_string(), bits: 32, character: None };
        Value { type_name: "int".to_owned(), address: None, kind }
    }

    #[test]
    fn nested_structures_are_indented_and_repetitions_told_once() {
        let elements = vec![number(1), number(0), number(0), number(0), number(0), number(0)];
        let array = Value { kind: ValueKind::Array { count: 8, elements, string: None }, ..Value::default() };
        let members = vec![
            Member { name: "a".to_owned(), value: number(-1), ..Member::default() },
            Member { name: "b".to_owned(), value: array, ..Member::default() },
        ];
        let tree = Value { kind: ValueKind::Struct { members }, ..Value::default() };
        assert_eq!(value(&tree, Base::Ten), "{\n  a = -1,\n  b = {1, 0 <repeats 5 times>, ... 2 more}\n}");
        assert!(value(&tree, Base::Sixteen).contains("a = 0xffffffff,"));
    }
}
