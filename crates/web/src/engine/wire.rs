//! Messages as they cross to the worker and back. Must never know what they mean.
//!
//! An event is read by its tag, one type at a time. The derived reading of the whole enumeration gives the same, but
//! first copies every message into serde's own intermediate tree, which costs time on each report and a sixth of the
//! page's size. A test holds the tags to those of `oopscope_protocol`.

use super::read::{Unreadable, read};
use js_sys::{Array, Object, Reflect};
use oopscope_protocol::{Event, Example, LogLine, Request};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use web_sys::File;

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

/// A request with its number and files, as the worker takes it.
pub(super) fn request(id: u64, request: &Request, files: &[File]) -> Result<JsValue, JsValue> {
    let message = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&message, &JsValue::from_str(name), value);
    set("id", &JsValue::from_f64(crate::num::to_f64(id)))?;
    set("request", &request.serialize(&serde_wasm_bindgen::Serializer::new())?)?;
    set("files", &files.iter().collect::<Array>())?;
    Ok(message.into())
}

/// An event with the number of its request, as the worker posts it.
pub(super) fn answer(message: &JsValue) -> Result<(u64, Event), Unreadable> {
    let field = |of: &JsValue, name: &str| Reflect::get(of, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
    let id = crate::num::to_u64(field(message, "id").as_f64().unwrap_or(0.0));
    let event = field(message, "event");
    let tag = field(&event, "type").as_string().unwrap_or_default();
    Ok((id, by_tag(&tag, event)?))
}

fn by_tag(tag: &str, event: JsValue) -> Result<Event, Unreadable> {
    Ok(match tag {
        "ready" => {
            let Ready { build_id, examples } = read(event)?;
            Event::Ready { build_id, examples }
        }
        "progress" => Event::Progress(read(event)?),
        "opened" => Event::Opened(read(event)?),
        "report" => Event::Report(read(event)?),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The tag under which `by_tag` reads an event; a new kind of event does not compile until it is here.
    fn tag(event: &Event) -> &'static str {
        match event {
            Event::Ready { .. } => "ready",
            Event::Progress(_) => "progress",
            Event::Opened(_) => "opened",
            Event::Report(_) => "report",
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
            (Event::Lines { from: 1, lines: Vec::new() }, "from lines type"),
            (Event::Found { line: Some(1) }, "line type"),
            (Event::Rendered { text: text(), file_name: text() }, "file_name text type"),
            (Event::Shared(Box::default()), ""),
            (Event::TriageProgress(oopscope_protocol::TriageProgress::default()), ""),
            (Event::Triaged(Box::default()), ""),
            (Event::Failed(oopscope_protocol::Problem::default()), "advice code message type"),
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
