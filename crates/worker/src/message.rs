//! A message of the page, taken apart.
//!
//! This module must never trust what JS hands it: anything may have been posted.

use crate::file::FileSource;
use js_sys::{Array, Reflect};
use oopscope_protocol::{Event, Problem, Request};
use oopscope_session::{Answer, Input};
use wasm_bindgen::{JsCast, JsValue};

/// A request with its number and its files.
pub(crate) struct Message {
    pub(crate) id: u64,
    pub(crate) request: Request,
    pub(crate) inputs: Vec<Input>,
}

/// Reads `{ id, request, files }`; an error is the answer to it. Nothing at all where there is no number: nobody waits
/// for an answer then, and number 0 is the engine's own, for its last words.
pub(crate) fn read(message: JsValue) -> Option<Result<Message, Answer>> {
    let field = |name: &str| Reflect::get(&message, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
    let id = serde_wasm_bindgen::from_value(field("id")).ok().filter(|id| *id > 0)?;
    Some(request(id, field("request"), field("files")))
}

fn request(id: u64, request: JsValue, files: JsValue) -> Result<Message, Answer> {
    let request = serde_wasm_bindgen::from_value(request).map_err(|error| bad(id, &error.to_string()))?;
    let files = files.dyn_into::<Array>().unwrap_or_default();
    let inputs = files.iter().map(input).collect::<Option<_>>().ok_or_else(|| bad(id, "a file is no Blob"))?;
    Ok(Message { id, request, inputs })
}

fn input(file: JsValue) -> Option<Input> {
    let blob = file.dyn_into::<web_sys::Blob>().ok()?;
    let name = blob.dyn_ref::<web_sys::File>().map(web_sys::File::name).unwrap_or_default();
    Some(Input { name, source: Box::new(FileSource::new(blob)) })
}

fn bad(id: u64, reason: &str) -> Answer {
    let problem = Problem {
        code: "bad-request".into(),
        message: format!("The engine did not understand a message of the page: {reason}."),
        advice: "Reload the page; if it happens again, report it as a bug.".into(),
    };
    Answer { id, event: Event::Failed(problem) }
}
