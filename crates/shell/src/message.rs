//! A message of the page, taken apart.
//!
//! This module must never trust what JS hands it: anything may have been posted.

use crate::file::FileSource;
use js_sys::{Array, Reflect};
use oopscope_protocol::Problem;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

/// A request with its number and its files.
pub struct Message<R> {
    /// The number.
    pub id: u64,
    /// The request.
    pub request: R,
    /// The files.
    pub files: Vec<NamedFile>,
}

/// A file that came with a request.
pub struct NamedFile {
    /// Its path in the folder that it came out of, where the page has told it, or its name; empty for a `Blob` without one.
    pub name: String,
    /// Its bytes.
    pub source: FileSource,
}

/// A message that is no request.
pub struct Refused {
    /// Its number.
    pub id: u64,
    /// What to answer.
    pub problem: Problem,
}

/// Reads `{ id, request, files, paths }`; an error is the answer to it. Nothing at all where there is no number: nobody waits
/// for an answer then, and number 0 is the engine's own, for its last words.
pub fn read<R: DeserializeOwned>(message: &JsValue) -> Option<Result<Message<R>, Refused>> {
    let field = |name: &str| Reflect::get(message, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
    let id = serde_wasm_bindgen::from_value(field("id")).ok().filter(|id| *id > 0)?;
    Some(request(id, field("request"), field("files"), field("paths")))
}

fn request<R: DeserializeOwned>(
    id: u64,
    request: JsValue,
    files: JsValue,
    paths: JsValue,
) -> Result<Message<R>, Refused> {
    let request = serde_wasm_bindgen::from_value(request).map_err(|error| refused(id, &error.to_string()))?;
    let files = files.dyn_into::<Array>().unwrap_or_default();
    let paths = paths.dyn_into::<Array>().unwrap_or_default();
    let named = (0..).zip(files.iter()).map(|(index, one)| file(one, paths.get(index).as_string()));
    let files = named.collect::<Option<_>>().ok_or_else(|| refused(id, "a file is no Blob"))?;
    Ok(Message { id, request, files })
}

fn file(file: JsValue, path: Option<String>) -> Option<NamedFile> {
    let blob = file.dyn_into::<web_sys::Blob>().ok()?;
    let own = || blob.dyn_ref::<web_sys::File>().map(web_sys::File::name).unwrap_or_default();
    let name = path.filter(|path| !path.is_empty()).unwrap_or_else(own);
    Some(NamedFile { name, source: FileSource::new(blob) })
}

fn refused(id: u64, reason: &str) -> Refused {
    let problem = Problem {
        code: "bad-request".into(),
        message: format!("The engine did not understand a message of the page: {reason}."),
        advice: "Reload the page; if it happens again, report it as a bug.".into(),
    };
    Refused { id, problem }
}
