//! A frame's variables, each with its value or with why it has none. Must never show a value without its type.

use super::stack::{self, line};
use super::values::{Base, value_at};
use oopscope_report::vmcore::{Local, Locals};
use std::fmt::Write as _;

/// How much of them is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Where each was found, and the registers of the frame.
    pub(crate) places: bool,
    /// In which base numbers are.
    pub(crate) base: Base,
}

/// A frame with its variables.
pub(crate) fn locals(locals: &Locals, shown: Shown) -> String {
    let mut out = line(locals.number as usize, &locals.frame);
    out.push('\n');
    if let Some(note) = &locals.note {
        // Writing to a String does not fail.
        let _ = writeln!(out, "    [{note}]");
    }
    if shown.places && !locals.registers.is_empty() {
        stack::registers(&mut out, &locals.registers);
    }
    if locals.variables.is_empty() && locals.note.is_none() {
        out += "    (neither parameters nor variables)\n";
    }
    for local in &locals.variables {
        out += "    ";
        out += &variable(local, shown);
        out.push('\n');
    }
    out
}

fn variable(local: &Local, shown: Shown) -> String {
    let mut out = if local.parameter { "parameter ".to_owned() } else { String::new() };
    if !local.type_name.is_empty() {
        let _ = write!(out, "({}) ", local.type_name);
    }
    let _ = write!(out, "{} = ", local.name);
    match (&local.value, &local.why) {
        (Some(value), _) => out += &value_at(value, shown.base, 2),
        (None, Some(why)) => {
            let _ = write!(out, "<{why}>");
        }
        (None, None) => out += "<not known>",
    }
    if local.uninitialized {
        out += "  (the compiler says that it may be uninitialized)";
    }
    if let Some(from) = local.from.as_ref().filter(|_| shown.places) {
        let _ = write!(out, "  [{from}]");
    }
    out
}
