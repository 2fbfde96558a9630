//! The little that both parts of the page need of the browser. Must never decide anything.

pub mod failure;
pub mod listener;

use js_sys::{Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, File, HtmlElement, Window};

/// Where browsers keep a file's path in the folder that it was chosen with.
const PATH: &str = "webkitRelativePath";

/// The window. The page runs in one, always.
pub fn window() -> Window {
    web_sys::window().expect("the page runs in a window")
}

/// The document.
pub fn document() -> Document {
    window().document().expect("a window has a document")
}

/// Milliseconds since the page began.
pub fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// Sets a mark on the browser's performance time line.
pub fn mark(name: &str) {
    if let Some(performance) = window().performance() {
        // A refused mark costs a measurement, nothing else.
        let _ = performance.mark(name);
    }
}

/// Gives the keyboard's focus to the element with this id.
pub fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // An element that can't take the focus keeps it where it is.
        let _ = element.focus();
    }
}

/// Calls after some milliseconds.
pub fn after(milliseconds: i32, call: impl FnOnce() + 'static) {
    let call = Closure::once_into_js(call);
    // Fails only for a handler of the wrong type.
    let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(call.unchecked_ref(), milliseconds);
}

/// A file's path in the folder that it came out of; nothing for one that was given by itself.
pub fn folder_path(file: &File) -> Option<String> {
    let path = Reflect::get(file, &JsValue::from_str(PATH)).ok()?.as_string()?;
    (!path.is_empty()).then_some(path)
}

/// Gives a file its path in a folder, for browsers know it only of folders that were chosen in a dialog.
pub fn set_folder_path(file: &File, path: &str) {
    let property = Object::new();
    // Neither fails: the object is new, and a file can be given properties of its own.
    let _ = Reflect::set(&property, &JsValue::from_str("value"), &JsValue::from_str(path));
    let _ = Reflect::define_property(file, &JsValue::from_str(PATH), &property);
}

/// A name for files that are opened together.
pub fn files_name(files: &[File]) -> String {
    match files {
        [] => "no file".to_owned(),
        [file] => file.name(),
        [file, rest @ ..] => format!("{} and {} more", file.name(), rest.len()),
    }
}
