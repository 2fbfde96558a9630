//! Questions about one address or one place, as addr2line, faddr2line and gdb's `list *(f+0x25)` answer them.
//!
//! Must never choose between two functions of one name.

use crate::matching;
use crate::object::{Object, Sort};
use crate::root;
use crate::symbolizer::Symbolizer;
use crate::table::Table;
use oopscope_dwarf::{At, Spot};
use oopscope_symbols::elf::functions::Function;
use std::rc::Rc;

/// One place in a file that a question may mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, by its name.
    pub file: String,
    /// Address in the file: of a module, the offset in `section`.
    pub address: u64,
    /// A module's section.
    pub section: Option<String>,
    /// The symbol there, the offset in it and its size as the kernel counts it.
    pub symbol: Option<(String, u64, Option<u64>)>,
    /// Innermost first, the last is the function that is really there; none where no debug information covers it.
    pub spots: Vec<Spot>,
}

/// What a question about places gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// All that it may mean.
    pub places: Vec<Place>,
    /// What must be known, in words: candidates that were left out and why.
    pub notes: Vec<String>,
}

/// Why a question could not be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is neither an address nor a place.
    #[error("{0:?} is neither an address (0xffffffff81000000) nor a place (function+0x25, function+0x25/0x50)")]
    Form(String),
    /// Nothing of that name or at that address.
    #[error("{0}")]
    Nothing(String),
}

/// What is asked.
enum Asked<'q> {
    Address(u64),
    Function { name: &'q str, offset: u64, size: Option<u64> },
}

/// The most places of one answer.
const MOST: usize = 256;

pub(crate) fn ask(
    files: &Symbolizer,
    objects: &[(&str, &Rc<Object>)],
    tables: &[(&str, &Rc<Table>)],
    query: &str,
    moved: u64,
) -> Result<Answer, QueryError> {
    let asked = parse(query).ok_or_else(|| QueryError::Form(query.to_owned()))?;
    let mut answer = Answer::default();
    for &(name, object) in objects.iter().filter(|(_, object)| object.sort != Sort::Split) {
        match asked {
            Asked::Address(address) => by_address(files, name, object, address, moved, &mut answer),
            Asked::Function { name: function, offset, size } => {
                by_name(files, name, object, (function, offset, size), &mut answer);
            }
        }
    }
    for &(name, table) in tables {
        if answer.places.is_empty() {
            in_table(name, table, &asked, moved, &mut answer);
        }
    }
    if answer.places.is_empty() {
        let why = match asked {
            _ if !answer.notes.is_empty() => answer.notes.join("\n"),
            Asked::Address(address) => format!("nothing lies at {address:#x}"),
            Asked::Function { name, .. } => format!("there is no function {name}"),
        };
        return Err(QueryError::Nothing(why));
    }
    answer.places.truncate(MOST);
    Ok(answer)
}

/// An address, with or without `0x`, or a function with an offset. A word of hex digits alone may be both: it is an address
/// where it is as long as one.
fn parse(query: &str) -> Option<Asked<'_>> {
    let text = query.trim();
    let number = |text: &str| {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
        u64::from_str_radix(digits, 16).ok()
    };
    if let Some(address) = number(text) {
        return Some(Asked::Address(address));
    }
    if text.len() >= 8 && text.len() <= 16 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return u64::from_str_radix(text, 16).ok().map(Asked::Address);
    }
    // gdb's `*(f+0x25)`, and a log's `f+0x25/0x50 [mod]`.
    let text = text.strip_prefix("*(").and_then(|text| text.strip_suffix(')')).unwrap_or(text);
    let text = text.split(' ').next().unwrap_or(text);
    let Some((name, rest)) = text.rsplit_once('+') else {
        let ok = !text.is_empty() && !text.contains(['/', ' ', '(']);
        return ok.then_some(Asked::Function { name: text, offset: 0, size: None });
    };
    let (offset, size) = match rest.split_once('/') {
        Some((offset, size)) => (offset, Some(number(size)?)),
        None => (rest, None),
    };
    let offset = number(offset).or_else(|| offset.parse().ok())?;
    (!name.is_empty()).then_some(Asked::Function { name, offset, size })
}

fn by_address(files: &Symbolizer, file: &str, object: &Rc<Object>, address: u64, moved: u64, answer: &mut Answer) {
    let at = if object.sort == Sort::Module {
        // addr2line counts from the beginning of `.text`; with the module's base, from the beginning of all its code.
        let place = match moved {
            0 => (0_u32..)
                .zip(&object.outline.sections)
                .find(|(_, section)| section.name == ".text")
                .filter(|(_, section)| address < section.size)
                .map(|(number, _)| At { section: Some(number), address }),
            base => address.checked_sub(base).and_then(|offset| object.in_module(offset)),
        };
        let Some(place) = place else { return };
        place
    } else {
        At { section: None, address: address.wrapping_sub(moved) }
    };
    let function = match object.function_at(at) {
        Ok(function) => function,
        Err(error) => {
            answer.notes.push(format!("{file}: {error}"));
            None
        }
    };
    let place = place(files, file, object, at, function.as_ref(), answer);
    if place.symbol.is_some() || !place.spots.is_empty() {
        answer.places.push(place);
    }
}

fn by_name(
    files: &Symbolizer,
    file: &str,
    object: &Rc<Object>,
    (name, offset, size): (&str, u64, Option<u64>),
    answer: &mut Answer,
) {
    let functions = match object.functions(name) {
        Ok(functions) => functions,
        Err(error) => {
            answer.notes.push(format!("{file}: {error}"));
            return;
        }
    };
    let mut seen: Vec<(u32, u64)> = Vec::new();
    for function in functions.iter() {
        let key = (function.section, function.address);
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let at = object.place(function, offset);
        let have = function.span().unwrap_or(function.size);
        let address = at.address;
        if let Some(size) = size.filter(|&size| !matching::fits(function, size)) {
            answer.notes.push(format!(
                "{file}: {name} at {:#x} is left out: it has {have:#x} bytes, not {size:#x}",
                function.address
            ));
        } else if offset > have.max(function.size) {
            answer.notes.push(format!("{file}: {name} has {have:#x} bytes: {address:#x} lies beyond its end"));
        } else {
            let place = place(files, file, object, at, Some(function), answer);
            answer.places.push(place);
        }
    }
}

fn place(
    files: &Symbolizer,
    file: &str,
    object: &Rc<Object>,
    at: At,
    function: Option<&Function>,
    answer: &mut Answer,
) -> Place {
    let spots = files.spots(object, at).unwrap_or_else(|error| {
        answer.notes.push(format!("{file}: {error}"));
        Vec::new()
    });
    if let Some(why) = object.missed() {
        answer.notes.push(format!("{file}: {why}"));
    }
    let root = || object.root().map(str::to_owned);
    let spots = spots.into_iter().map(|mut spot| {
        spot.file = spot.file.map(|path| Rc::from(root::shorten(&path, &root)));
        spot
    });
    let section = at.section.and_then(|number| object.outline.sections.get(usize::try_from(number).ok()?));
    Place {
        file: file.to_owned(),
        address: at.address,
        section: section.map(|section| section.name.clone()),
        symbol: function.map(|function| {
            let size = function.span().or(Some(function.size)).filter(|&size| size > 0);
            (function.name.clone(), at.address.wrapping_sub(function.address), size)
        }),
        spots: spots.collect(),
    }
}

fn in_table(file: &str, table: &Rc<Table>, asked: &Asked<'_>, moved: u64, answer: &mut Answer) {
    let own = |address: u64, name: &str, offset: u64, size: Option<u64>| Place {
        file: file.to_owned(),
        address,
        symbol: Some((name.to_owned(), offset, size)),
        ..Place::default()
    };
    match *asked {
        Asked::Address(address) => {
            let address = address.wrapping_sub(moved);
            if let Some((symbol, _)) = table.at(address) {
                answer.places.push(own(address, symbol.name, address - symbol.address, symbol.size));
            }
        }
        Asked::Function { name, offset, size } => {
            let fits = |have: Option<u64>| size.is_none() || have == size;
            for symbol in table.symbols.by_name(name).filter(|symbol| fits(symbol.size)).take(MOST) {
                answer.places.push(own(symbol.address.wrapping_add(offset), symbol.name, offset, symbol.size));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_question() {
        let address = |text| match parse(text) {
            Some(Asked::Address(address)) => Some(address),
            _ => None,
        };
        assert_eq!(address("0x2345"), Some(0x2345));
        assert_eq!(address("ffffffff81000000"), Some(0xffff_ffff_8100_0000));
        let function = |text| match parse(text) {
            Some(Asked::Function { name, offset, size }) => Some((name.to_owned(), offset, size)),
            _ => None,
        };
        assert_eq!(function("f+0x25"), Some(("f".into(), 0x25, None)));
        assert_eq!(function("f+0x25/0x50 [mod]"), Some(("f".into(), 0x25, Some(0x50))));
        assert_eq!(function("*(f.isra.0+37)"), Some(("f.isra.0".into(), 37, None)));
        assert_eq!(function("schedule"), Some(("schedule".into(), 0, None)));
        assert!(parse("f+").is_none() && parse("").is_none() && parse("a/b").is_none());
    }
}
