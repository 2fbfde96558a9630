//! `struct`: a structure's definition, or its contents at an address. Must never show a member that was not read.

use crate::args::Line;
use crate::text::{self, Base};
use crate::{Command, Context, Output, Refusal, number, pick, values};
use oopscope_kernel::Kernel;
use oopscope_report::vmcore::Answer;
use oopscope_symbols::types::{Kind, TypeId, Types};
use std::fmt::Write as _;

pub(crate) const COMMAND: Command = Command {
    name: "struct",
    about: "a structure: its definition, or its contents at an address",
    help: "\
Usage: struct NAME[.MEMBER[,MEMBER...]] [-o] [-x] [-d] [-l NAME.MEMBER] [-m MODULE] [ADDRESS|SYMBOL [COUNT]]

Without an address the definition. With one the contents, members nested.
* NAME is short for struct NAME.

  -o             the definition with the offset of each member
  -x, -d         whole numbers in hexadecimal, in decimal
  -l MEMBER      the address is that of this member: that of a list_head, say
  -m MODULE      the module's own of that name; without it the kernel's, or
                 the one of the only module that has one

COUNT structures that lie behind each other are shown, at most 1000.
",
    run,
};

/// The most structures of one command.
const MOST: u64 = 1000;

fn run(kernel: &Kernel, _: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    show(kernel, line, &[Kind::Struct, Kind::Typedef, Kind::Union])
}

/// What `struct` and `union` do.
pub(super) fn show(kernel: &Kernel, line: &Line, kinds: &[Kind]) -> Result<Output, Refusal> {
    let options = line.options("oxd", "lm")?;
    let mut words = options.rest.iter();
    let what = words.next().ok_or_else(|| Refusal(format!("{} needs a name: help {}", line.name, line.name)))?;
    let (name, members) = what.split_once('.').unwrap_or((what, ""));
    let (module, types, id) = pick::named_type(kernel, (&line.name, kinds), name, options.value('m'))?;
    let Some(place) = words.next() else {
        let mut text = definition(types, id, options.has('o'))?;
        if let Some(module) = module {
            // Writing to a String does not fail.
            let _ = writeln!(text, "MODULE: {module}");
        }
        return Ok(Output::rows(text, Answer::Text));
    };
    let count = words.next().map_or(Ok(1), |word| number::number(word))?;
    if count > MOST {
        return Err(Refusal(format!("at most {MOST} at a time")));
    }
    let mut address = pick::address(kernel, place)?;
    if let Some(member) = options.value('l') {
        let member = member.strip_prefix(&format!("{name}.")).unwrap_or(member);
        address = address.wrapping_sub(values::place(types, id, member)?.offset());
    }
    let size = types.size_of(id)?;
    let base = if options.has('x') { Base::Sixteen } else { Base::Ten };
    let mut all = Vec::new();
    let mut out = String::new();
    for index in 0..count {
        let at = address.wrapping_add(index.wrapping_mul(size));
        if members.is_empty() {
            let value = values::of(kernel, types, id, at);
            // Writing to a String does not fail.
            let _ = writeln!(out, "{}", text::value(&value, base));
            all.push(value);
        }
        for path in members.split(',').filter(|path| !path.is_empty()) {
            let value = values::member(kernel, types, id, path, at)?;
            let _ = writeln!(out, "  {path} = {}", text::value_at(&value, base, 1));
            all.push(value);
        }
    }
    Ok(Output::rows(out, Answer::Values { values: all }))
}

/// A type's definition as C writes it, with the size at the end.
fn definition(types: &dyn Types, id: TypeId, offsets: bool) -> Result<String, Refusal> {
    let mut out = String::new();
    values::define(types, id, offsets, &mut out)?;
    if let Ok(size) = types.size_of(id) {
        let _ = writeln!(out, "SIZE: {size}");
    }
    Ok(out)
}
