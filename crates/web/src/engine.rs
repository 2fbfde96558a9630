//! The engine that reads logs, as the page speaks to it. Must never know what the messages mean: it names the protocol and
//! how an event of it is read.

use oopscope_protocol::{Event, Example, LogLine, Problem, Request};
use oopscope_web_kit::bridge;
use oopscope_web_kit::read::{Unreadable, read};
use serde::Deserialize;
use serde::de::Error as _;
use wasm_bindgen::JsValue;

pub(crate) use bridge::words;

/// A handle on the engine.
pub(crate) type Engine = bridge::Engine<Logs>;

/// The protocol for logs.
pub(crate) struct Logs;

#[derive(Deserialize)]
struct Ready {
    build_id: String,
    examples: Vec<Example>,
}

#[derive(Deserialize)]
struct Lines {
    from: u64,
    lines: Vec<LogLine>,
}

#[derive(Deserialize)]
struct Found {
    line: Option<u64>,
}

#[derive(Deserialize)]
struct Rendered {
    text: String,
    file_name: String,
}

impl bridge::Protocol for Logs {
    type Request = Request;
    type Event = Event;

    fn read(tag: &str, event: JsValue) -> Result<Event, Unreadable> {
        Ok(match tag {
            "ready" => {
                let Ready { build_id, examples } = read(event)?;
                Event::Ready { build_id, examples }
            }
            "progress" => Event::Progress(read(event)?),
            "opened" => Event::Opened(read(event)?),
            "report" => Event::Report(read(event)?),
            "symbol-progress" => Event::SymbolProgress(read(event)?),
            "symbols" => Event::Symbols(read(event)?),
            "source" => Event::Source(read(event)?),
            "lines" => {
                let Lines { from, lines } = read(event)?;
                Event::Lines { from, lines }
            }
            "found" => {
                let Found { line } = read(event)?;
                Event::Found { line }
            }
            "rendered" => {
                let Rendered { text, file_name } = read(event)?;
                Event::Rendered { text, file_name }
            }
            "shared" => Event::Shared(read(event)?),
            "triage-progress" => Event::TriageProgress(read(event)?),
            "triaged" => Event::Triaged(read(event)?),
            "failed" => Event::Failed(read(event)?),
            other => return Err(Unreadable::custom(format_args!("an event of the unknown type “{other}”"))),
        })
    }

    fn has_more(event: &Event) -> bool {
        matches!(event, Event::Progress(_) | Event::TriageProgress(_) | Event::SymbolProgress(_))
    }

    fn problem(event: &Event) -> Option<&Problem> {
        match event {
            Event::Failed(problem) => Some(problem),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tag under which `read` reads an event; a new kind of event does not compile until it is here.
    fn tag(event: &Event) -> &'static str {
        match event {
            Event::Ready { .. } => "ready",
            Event::Progress(_) => "progress",
            Event::Opened(_) => "opened",
            Event::Report(_) => "report",
            Event::SymbolProgress(_) => "symbol-progress",
            Event::Symbols(_) => "symbols",
            Event::Source(_) => "source",
            Event::Lines { .. } => "lines",
            Event::Found { .. } => "found",
            Event::Rendered { .. } => "rendered",
            Event::Shared(_) => "shared",
            Event::TriageProgress(_) => "triage-progress",
            Event::Triaged(_) => "triaged",
            Event::Failed(_) => "failed",
        }
    }

    #[test]
    fn the_tags_and_fields_are_those_of_the_protocol() {
        let text = String::new;
        let events = [
            (Event::Ready { build_id: text(), examples: Vec::new() }, "build_id examples type"),
            (Event::Progress(oopscope_protocol::Progress::default()), "done lines new_reports total type"),
            (Event::Opened(Box::default()), ""),
            (Event::Report(Box::default()), ""),
            (Event::SymbolProgress(oopscope_protocol::SymbolProgress::default()), "done stage total type"),
            (Event::Symbols(Box::default()), ""),
            (Event::Source(Box::default()), ""),
            (Event::Lines { from: 1, lines: Vec::new() }, "from lines type"),
            (Event::Found { line: Some(1) }, "line type"),
            (Event::Rendered { text: text(), file_name: text() }, "file_name text type"),
            (Event::Shared(Box::default()), ""),
            (Event::TriageProgress(oopscope_protocol::TriageProgress::default()), ""),
            (Event::Triaged(Box::default()), ""),
            (Event::Failed(Problem::default()), "advice code message type"),
        ];
        for (event, fields) in events {
            let json = serde_json::to_value(&event).expect("events are plain data");
            let json = json.as_object().expect("events are objects");
            assert_eq!(json["type"], tag(&event));
            let mut names: Vec<&str> = json.keys().map(String::as_str).collect();
            names.sort_unstable();
            assert!(fields.is_empty() || names.join(" ") == fields, "{names:?}");
        }
    }
}
