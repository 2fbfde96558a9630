//! Parameters and variables of a frame: read out of the engine's message, and their values as text. Must never show a value
//! that was not read as if it were one.

use js_sys::{Array, Map, Reflect};
use oopscope_report::vmcore::{Address, Frame, Local, Locals, Member, RegisterValue, TaskRef, Value, ValueKind};
use oopscope_web_kit::num;
use oopscope_web_kit::read::{Unreadable, read};
use serde::Deserialize;
use std::fmt::Write as _;
use wasm_bindgen::{JsCast, JsValue};

/// Structures in structures that are read: the engine gives fewer.
const DEEP: u32 = 16;

/// Members and elements of one value that are shown.
const WIDE: usize = 32;

/// Bytes of a value's text.
const LONG: usize = 2000;

/// What of the answer is read one field after the other. Values are trees of many shapes, which that can't do.
#[derive(Deserialize)]
struct Shape {
    task: Option<TaskRef>,
    number: u32,
    frame: Frame,
    variables: Vec<Variable>,
    registers: Vec<RegisterValue>,
    note: Option<String>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    parameter: bool,
    #[serde(rename = "type")]
    type_name: String,
    from: Option<String>,
    why: Option<String>,
    uninitialized: bool,
    line: Option<u32>,
}

/// Reads the answer.
pub(crate) fn locals(event: JsValue) -> Result<Box<Locals>, Unreadable> {
    let values = list(&field(&event, "variables"));
    let Shape { task, number, frame, variables, registers, note } = read(event)?;
    let variables = variables.into_iter().zip(values.iter()).map(|(variable, given)| {
        let Variable { name, parameter, type_name, from, why, uninitialized, line } = variable;
        let given = field(&given, "value");
        let value = given.is_object().then(|| value(&given, DEEP));
        Local { name, parameter, type_name, value, from, why, uninitialized, line }
    });
    Ok(Box::new(Locals { task, number, frame, variables: variables.collect(), registers, note }))
}

/// A field: what has a shape that depends on its kind is a `Map`, all else an object.
fn field(of: &JsValue, name: &str) -> JsValue {
    let name = JsValue::from_str(name);
    match of.dyn_ref::<Map>() {
        Some(map) => map.get(&name),
        None => Reflect::get(of, &name).unwrap_or(JsValue::UNDEFINED),
    }
}

fn list(of: &JsValue) -> Array {
    of.dyn_ref::<Array>().cloned().unwrap_or_default()
}

fn text(of: &JsValue, name: &str) -> Option<String> {
    field(of, name).as_string()
}

fn number(of: &JsValue, name: &str) -> u64 {
    num::to_u64(field(of, name).as_f64().unwrap_or(0.0))
}

fn address(of: &JsValue, name: &str) -> Option<Address> {
    let text = text(of, name)?;
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok().map(Address)
}

fn value(of: &JsValue, deep: u32) -> Value {
    let digits = || text(of, "value").unwrap_or_default();
    let bits = |of: &JsValue| u32::try_from(number(of, "bits")).unwrap_or(0);
    let kind = match text(of, "kind").as_deref() {
        _ if deep == 0 => ValueKind::Unread { why: "too deep".to_owned() },
        Some("integer") => ValueKind::Integer { value: digits(), bits: bits(of), character: text(of, "character") },
        Some("bool") => ValueKind::Bool { value: field(of, "value").is_truthy() },
        Some("float") => ValueKind::Float { value: digits() },
        Some("enum") => ValueKind::Enum { value: digits(), name: text(of, "name") },
        Some("pointer") => ValueKind::Pointer {
            value: address(of, "value").unwrap_or(Address(0)),
            symbol: text(of, "symbol"),
            string: text(of, "string"),
        },
        Some("struct") => ValueKind::Struct {
            members: list(&field(of, "members"))
                .iter()
                .map(|member| Member {
                    name: text(&member, "name").unwrap_or_default(),
                    offset_bits: number(&member, "offset_bits"),
                    bits: field(&member, "bits").as_f64().map(|_| bits(&member)),
                    value: value(&field(&member, "value"), deep - 1),
                })
                .collect(),
        },
        Some("array") => ValueKind::Array {
            count: number(of, "count"),
            elements: list(&field(of, "elements")).iter().map(|element| value(&element, deep - 1)).collect(),
            string: text(of, "string"),
        },
        _ => ValueKind::Unread { why: text(of, "why").unwrap_or_else(|| "not told".to_owned()) },
    };
    Value { type_name: text(of, "type").unwrap_or_default(), address: address(of, "address"), kind }
}

/// A value in one line.
pub(crate) fn words(value: &Value) -> String {
    let mut out = String::new();
    put(&mut out, value);
    out
}

fn put(out: &mut String, value: &Value) {
    if out.len() > LONG {
        return out.push('…');
    }
    // Writing to a String does not fail.
    let _ = match &value.kind {
        ValueKind::Integer { value, character: Some(character), .. } => write!(out, "{value} '{character}'"),
        ValueKind::Integer { value, .. } | ValueKind::Float { value } | ValueKind::Enum { value, name: None } => {
            write!(out, "{value}")
        }
        ValueKind::Bool { value } => write!(out, "{value}"),
        ValueKind::Enum { value, name: Some(name) } => write!(out, "{name} ({value})"),
        ValueKind::Pointer { value: Address(0), .. } => write!(out, "NULL"),
        ValueKind::Pointer { value, symbol, string } => {
            let symbol = symbol.as_ref().map(|symbol| format!(" <{symbol}>")).unwrap_or_default();
            let string = string.as_ref().map(|string| format!(" {string:?}")).unwrap_or_default();
            write!(out, "{value}{symbol}{string}")
        }
        ValueKind::Struct { members } => {
            let shown = members.iter().take(WIDE).map(|member| (Some(member.name.as_str()), &member.value));
            return braces(out, shown, members.len() > WIDE);
        }
        ValueKind::Array { string: Some(string), .. } => write!(out, "{string:?}"),
        ValueKind::Array { count, elements, string: None } => {
            let shown = elements.iter().take(WIDE);
            let more = *count > shown.len() as u64;
            return braces(out, shown.map(|element| (None, element)), more);
        }
        ValueKind::Unread { why } => write!(out, "<{why}>"),
    };
}

fn braces<'a>(out: &mut String, values: impl Iterator<Item = (Option<&'a str>, &'a Value)>, more: bool) {
    out.push('{');
    for (index, (name, value)) in values.enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            out.push_str(name);
            out.push_str(" = ");
        }
        put(out, value);
    }
    out.push_str(if more { ", …}" } else { "}" });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: ValueKind) -> Value {
        Value { kind, ..Value::default() }
    }

    fn integer(value: i64) -> Value {
        self::value(ValueKind::Integer { value: value.to_string(), bits: 32, character: None })
    }

    #[test]
    fn values_are_one_line() {
        let pointer = value(ValueKind::Pointer {
            value: Address(0xffff_8880_0000_1000),
            symbol: None,
            string: Some("sda\n".to_owned()),
        });
        let member = |name: &str, value| Member { name: name.to_owned(), value, ..Member::default() };
        let array = value(ValueKind::Array { count: 3, elements: vec![integer(1), integer(-2)], string: None });
        let members = vec![member("a", integer(7)), member("", array), member("p", pointer)];
        let all = value(ValueKind::Struct { members });
        assert_eq!(words(&all), "{a = 7, {1, -2, …}, p = 0xffff888000001000 \"sda\\n\"}");
        assert_eq!(words(&value(ValueKind::Enum { value: "2".to_owned(), name: Some("B".to_owned()) })), "B (2)");
        assert_eq!(words(&value(ValueKind::Pointer { value: Address(0), symbol: None, string: None })), "NULL");
        assert_eq!(words(&value(ValueKind::Unread { why: "excluded".to_owned() })), "<excluded>");
    }

    #[test]
    fn the_text_of_a_value_is_bounded() {
        let wide = value(ValueKind::Array { count: 99, elements: vec![integer(1 << 40); 99], string: None });
        let nested = value(ValueKind::Array { count: 99, elements: vec![wide; 99], string: None });
        assert!(words(&nested).len() < LONG + 1000);
    }

    #[test]
    fn all_fields_are_read() {
        // A new field does not compile until it is here, and in `Shape` or `Variable`.
        let Locals { task: _, number: _, frame: _, variables: _, registers: _, note: _ } = Locals::default();
        let Local { name: _, parameter: _, type_name: _, value: _, from: _, why: _, uninitialized: _, line: _ } =
            Local::default();
        let json = serde_json::to_value(Local { value: Some(integer(1)), ..Local::default() }).unwrap();
        assert_eq!(json["value"]["kind"], "integer");
        assert_eq!((json["value"]["value"].as_str(), json["value"]["bits"].as_u64()), (Some("1"), Some(32)));
    }
}
