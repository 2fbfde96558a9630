//! `oopscope core`: reads a vmcore, and runs commands on it.
//!
//! This module must never look into a dump itself: it drives the opening and prints what that has found.

use crate::args::CoreOptions;
use crate::progress::StageLine;
use crate::{Failure, Outcome, cache, debug, input, note, print};
use oopscope_commands::Output;
use oopscope_dump::Part;
use oopscope_protocol::VmcoreEvent;
use oopscope_report::vmcore::Answer;
use oopscope_session::Input;
use oopscope_source::ReadAt;
use oopscope_vmcore::{Found, Opening, Stage};
use serde::Serialize;
use std::ffi::OsString;

/// In which form the answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CoreFormat {
    /// For people.
    Text,
    /// For tools.
    Json,
}

/// What `-c` with `--format json` prints.
#[derive(Serialize)]
struct Commands<'a> {
    schema: &'static str,
    outputs: Vec<CommandOutput<'a>>,
}

/// What came of one command.
#[derive(Serialize)]
struct CommandOutput<'a> {
    command: &'a str,
    #[serde(flatten)]
    answer: Option<Answer>,
    /// The text of what has no rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Name and version of that document.
const SCHEMA: &str = "oopscope-vmcore-commands/1";

/// Runs the command.
pub(crate) fn run(options: &CoreOptions) -> Result<Outcome, Failure> {
    let parts = options.files.iter().map(part).collect::<Result<Vec<Part>, Failure>>()?;
    let last = match (options.format, options.commands.is_empty()) {
        (CoreFormat::Json, true) => Stage::Memory,
        (CoreFormat::Text, true) => Stage::Panic,
        (_, false) => Stage::Symbols,
    };
    let symbols = debug::files(&options.debug.paths)?;
    let symbols = symbols.into_iter().map(|(name, bytes)| Part { name, bytes: Box::new(bytes) }).collect();
    let found = open(Opening::with_store(parts, cache::store(!options.debug.no_cache)), symbols, last)?;
    let outcome = if options.commands.is_empty() { whole(&found, options) } else { commands(&found, options) };
    if options.stats {
        stats(&found);
    }
    outcome
}

fn whole(found: &Found, options: &CoreOptions) -> Result<Outcome, Failure> {
    let text = match options.format {
        CoreFormat::Text => found.summary(),
        CoreFormat::Json => json(&found.document())?,
    };
    print(&text)?;
    Ok(if found.kernel().is_some() { Outcome::Found } else { Outcome::Partial })
}

/// Says what the answers cost, in a line that programs can read: names, each with its number.
fn stats(found: &Found) {
    let cost = found.cost();
    note(&format!(
        "stats: reads {}, bytes_read {}, pages_unpacked {}, bytes {}{}",
        cost.reads,
        cost.bytes_read,
        cost.pages_unpacked,
        cost.bytes,
        crate::cost::peak()
    ));
}

fn commands(found: &Found, options: &CoreOptions) -> Result<Outcome, Failure> {
    let Some(kernel) = found.kernel() else {
        found.unread().iter().for_each(|unread| note(&format!("{}: {}", unread.what, unread.why)));
        return Err(Failure::Message("no kernel was found in the dump, so that there is nothing to ask".into()));
    };
    found.unread().iter().for_each(|unread| note(&format!("{}: {}", unread.what, unread.why)));
    let mut failed = false;
    let mut outputs = Vec::new();
    for (index, line) in options.commands.iter().enumerate() {
        let Output { text, answer, problem } = oopscope_commands::run(kernel, &found.context(), line);
        failed |= problem.is_some();
        if options.format == CoreFormat::Json {
            let text = matches!(answer, Some(Answer::Text)).then_some(text);
            outputs.push(CommandOutput { command: line, answer, text, problem });
            continue;
        }
        if options.commands.len() > 1 {
            print(&format!("{}crash> {line}\n", if index == 0 { "" } else { "\n" }))?;
        }
        print(&text)?;
        if let Some(problem) = problem {
            note(&format!("{line}: {problem}"));
        }
    }
    if options.format == CoreFormat::Json {
        print(&json(&Commands { schema: SCHEMA, outputs })?)?;
    }
    Ok(if failed { Outcome::Partial } else { Outcome::Found })
}

fn json(document: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(document);
    let text = text.map_err(|error| Failure::Message(format!("the document could not be made: {error}")))?;
    Ok(text + "\n")
}

/// A file as a part of a dump.
pub(crate) fn part(name: &OsString) -> Result<Part, Failure> {
    let opened = input::open(name);
    let input =
        opened.map_err(|error| Failure::Message(format!("{}: {}", input::shown(name), input::reason(&error))))?;
    Ok(Part { name: input.name, bytes: input.source })
}

/// Opens a dump as far as a stage, with its progress on stderr.
fn open(mut opening: Opening, symbols: Vec<Part>, last: Stage) -> Result<Found, Failure> {
    opening.add_symbols(symbols);
    let mut line = StageLine::new();
    let mut post = |event| {
        if let VmcoreEvent::Progress(progress) = event {
            line.show(&progress);
        }
    };
    let mut failure = None;
    while opening.stage() <= last {
        match opening.step(&mut post) {
            Ok(true) => {}
            Ok(false) => break,
            Err(problem) => {
                failure = Some(problem);
                break;
            }
        }
    }
    line.clear();
    match failure {
        Some(problem) => Err(problem.into()),
        None => Ok(opening.into_found()),
    }
}

/// Dumps among the inputs as the logs that lie in them; all else as it is. Dumps given together are the parts of one.
pub(crate) fn logs(inputs: Vec<Input>) -> Result<Vec<Input>, Failure> {
    let (dumps, mut logs): (Vec<Input>, Vec<Input>) = inputs.into_iter().partition(|input| is_dump(&*input.source));
    if dumps.is_empty() {
        return Ok(logs);
    }
    let parts = dumps.into_iter().map(|input| Part { name: input.name, bytes: input.source }).collect();
    let found = open(Opening::new(parts), Vec::new(), Stage::Log)?;
    found.unread().iter().for_each(|unread| note(&format!("{}: {}", unread.what, unread.why)));
    let text = oopscope_kernel::log::text(found.records());
    logs.push(Input::from_bytes(found.name(), text.into_bytes()));
    Ok(logs)
}

fn is_dump(source: &dyn ReadAt) -> bool {
    let mut head = [0; 4096];
    // What can't be read is not told apart here: whoever reads it as a log says why.
    let length = source.read_at(0, &mut head).unwrap_or(0);
    oopscope_dump::identify(&head[..length]).is_some()
}
