//! `oopscope addr`: source lines of addresses and of places in functions.
//!
//! This module must never choose between the answers: it prints all of them.

use crate::args::AddrOptions;
use crate::{Failure, Outcome, cache, cost, debug, input, note, print};
use oopscope_symbolize::{Answer, Excerpt, Given, Place, Symbolizer};
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;
use std::rc::Rc;

/// Name and version of the JSON document.
const SCHEMA: &str = "oopscope-addr/1";

/// Lines before and behind a place, as gdb shows them.
const AROUND: u32 = 5;

/// What `--format json` prints.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    answers: Vec<One>,
}

/// What came of one question.
#[derive(Serialize)]
struct One {
    query: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<OnePlace>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// One place that it may mean.
#[derive(Serialize)]
struct OnePlace {
    file: String,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    section: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    frames: Vec<OneFrame>,
}

/// One function there, innermost first.
#[derive(Serialize)]
struct OneFrame {
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    inlined: bool,
}

/// Runs the command.
pub(crate) fn run(options: &AddrOptions) -> Result<Outcome, Failure> {
    let Some((file, queries)) = options.words.split_first() else { return Ok(Outcome::Nothing) };
    if Path::new(file).is_dir() {
        let file = input::shown(file);
        return Err(Failure::Message(format!("{file}: it is a directory; name a vmlinux or a module that is in it")));
    }
    let mut symbolizer = Symbolizer::new(cache::store(!options.debug.no_cache));
    let given = debug::files(std::slice::from_ref(file))?;
    let given = given.into_iter().map(|(name, bytes)| Given { name, bytes: Rc::new(bytes) }).collect();
    if !symbolizer.add(given).is_empty() {
        return Err(Failure::Message(format!("{}: there are no symbols in it", input::shown(file))));
    }
    if let Some(why) = symbolizer.files().into_iter().find_map(|row| row.note.filter(|_| !row.has_lines)) {
        note(&format!("{}: {why}", input::shown(file)));
    }
    let source = debug::files(&options.source)?;
    symbolizer.add(source.into_iter().map(|(name, bytes)| Given { name, bytes: Rc::new(bytes) }).collect());
    // Nothing stops it but an interrupt.
    let _ = symbolizer.prepare_all(&mut |_, _, _| true);
    let mut outcome = Outcome::Found;
    let mut text = String::new();
    let mut answers = Vec::new();
    for query in queries {
        let query = input::shown(query);
        let answer = symbolizer.address(&query, options.moved);
        let problem = answer.as_ref().err().map(ToString::to_string);
        let answer = answer.unwrap_or_default();
        if let Some(problem) = &problem {
            outcome = Outcome::Partial;
            note(&format!("{query}: {problem}"));
        }
        if options.json {
            answers.push(one(query, answer, problem));
            continue;
        }
        answer.notes.iter().for_each(|text| note(text));
        for at in &answer.places {
            place(&mut text, at, &symbolizer, options);
        }
    }
    if options.json {
        let json = serde_json::to_string_pretty(&Document { schema: SCHEMA, answers });
        text = json.map_err(|error| Failure::Message(format!("the document could not be made: {error}")))? + "\n";
    }
    print(&text)?;
    if options.stats {
        note(&cost::line());
    }
    Ok(outcome)
}

/// A place with its functions, innermost first, as faddr2line prints it.
fn place(out: &mut String, place: &Place, symbolizer: &Symbolizer, options: &AddrOptions) {
    // Writing to a string does not fail.
    let _ = write!(out, "{:#x}", place.address);
    if let Some(section) = &place.section {
        let _ = write!(out, " in {section}");
    }
    if let Some((name, offset, size)) = &place.symbol {
        let _ = write!(out, " {name}+{offset:#x}");
        if let Some(size) = size {
            let _ = write!(out, "/{size:#x}");
        }
    }
    let _ = writeln!(out, " ({})", place.file);
    if place.spots.is_empty() {
        let _ = writeln!(out, "  no source line is known");
    }
    for spot in &place.spots {
        let function = spot.function.as_deref().unwrap_or("??");
        let file = spot.file.as_deref().unwrap_or("??");
        let line = spot.line.map_or_else(|| "?".to_owned(), |line| line.to_string());
        let inlined = if spot.inlined { " (inlined)" } else { "" };
        let _ = writeln!(out, "  {function} at {file}:{line}{inlined}");
        if options.list
            && let (Some(file), Some(line)) = (spot.file.as_deref(), spot.line)
        {
            match symbolizer.excerpt(file, line, AROUND) {
                Some(excerpt) => list(out, &excerpt, line),
                None if options.source.is_empty() => {}
                None => {
                    let _ = writeln!(out, "      {file} is not in the folders of source");
                }
            }
        }
    }
}

fn list(out: &mut String, excerpt: &Excerpt, line: u32) {
    for (number, text) in (excerpt.first..).zip(&excerpt.lines) {
        let mark = if number == line { '>' } else { ' ' };
        let _ = writeln!(out, "    {mark} {number:5} {text}");
    }
}

fn one(query: String, answer: Answer, problem: Option<String>) -> One {
    let place = |place: Place| OnePlace {
        file: place.file,
        address: format!("{:#x}", place.address),
        section: place.section,
        offset: place.symbol.as_ref().map(|symbol| symbol.1),
        size: place.symbol.as_ref().and_then(|symbol| symbol.2),
        function: place.symbol.map(|symbol| symbol.0),
        frames: place
            .spots
            .iter()
            .map(|spot| OneFrame {
                function: spot.function.as_deref().map(str::to_owned),
                file: spot.file.as_deref().map(str::to_owned),
                line: spot.line,
                column: spot.column,
                inlined: spot.inlined,
            })
            .collect(),
    };
    One { query, places: answer.places.into_iter().map(place).collect(), notes: answer.notes, problem }
}
