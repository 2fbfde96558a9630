//! What the page needs of the browser: each file here is one of its services, and what to do where it is missing.
//! Must never decide anything about logs or reports.

pub(crate) mod address;
pub(crate) mod clipboard;
pub(crate) mod failure;
pub(crate) mod folder;
pub(crate) mod icon;
pub(crate) mod image;
pub(crate) mod intake;
pub(crate) mod listener;
pub(crate) mod offline;
pub(crate) mod recent;
pub(crate) mod requests;
pub(crate) mod save;
pub(crate) mod setting;
pub(crate) mod theme;

use wasm_bindgen::JsValue;
use web_sys::{Document, Window};

/// The window. The page runs in one, always.
pub(crate) fn window() -> Window {
    web_sys::window().expect("the page runs in a window")
}

/// The document.
pub(crate) fn document() -> Document {
    window().document().expect("a window has a document")
}

/// Milliseconds since the page began.
pub(crate) fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// Sets a mark on the browser's performance time line.
pub(crate) fn mark(name: &str) {
    if let Some(performance) = window().performance() {
        // A refused mark costs a measurement, nothing else.
        let _ = performance.mark(name);
    }
}

/// True when the window is wide enough for two columns; the same figure as in `www/style.css`.
pub(crate) fn wide() -> bool {
    window().match_media("(min-width: 1000px)").ok().flatten().is_some_and(|query| query.matches())
}

/// A property of the global object, where the browser has it.
pub(crate) fn global(name: &str) -> Option<JsValue> {
    js_sys::Reflect::get(&window(), &JsValue::from_str(name)).ok().filter(|value| !value.is_undefined())
}
