//! What the page needs of the browser: each file here is one of its services, and what to do where it is missing.
//! Must never decide anything about logs or reports.

pub(crate) mod address;
pub(crate) mod clipboard;
pub(crate) mod folder;
pub(crate) mod icon;
pub(crate) mod image;
pub(crate) mod intake;
pub(crate) mod offline;
pub(crate) mod recent;
pub(crate) mod requests;
pub(crate) mod save;
pub(crate) mod setting;
pub(crate) mod theme;

pub(crate) use oopscope_web_kit::browser::{
    after, document, failure, focus, folder_path, listener, mark, now, set_folder_path, window,
};

use wasm_bindgen::JsValue;

/// True when the window is wide enough for two columns; the same figure as in `www/style.css`.
pub(crate) fn wide() -> bool {
    window().match_media("(min-width: 1000px)").ok().flatten().is_some_and(|query| query.matches())
}

/// A property of the global object, where the browser has it.
pub(crate) fn global(name: &str) -> Option<JsValue> {
    js_sys::Reflect::get(&window(), &JsValue::from_str(name)).ok().filter(|value| !value.is_undefined())
}
