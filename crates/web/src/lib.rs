//! The page: a Yew component tree over one state, and the bridge to the engine in its worker.
//!
//! It must never parse anything: what it knows of a log it has from the engine, by `oopscope_protocol`. Log text
//! reaches the document as text nodes only, and sizes are set by CSSOM only, because the page's policy forbids the rest.
//!
//! - [`state`] is what the page knows, [`update`] how that changes; neither touches the browser.
//! - [`app`] and [`input`] carry the browser's events in and the effects out; [`engine`] carries messages.
//! - [`components`] draw; [`browser`] has one file for each of the browser's services.
//! - The small modules hold arithmetic and figures, with tests that run natively.

#![forbid(unsafe_code)]

mod app;
mod browser;
mod components;
mod dumps;
mod engine;
mod excerpt_window;
mod input;
mod keyboard;
mod listing_text;
mod many;
mod source_link;
mod stack_rows;
mod state;
mod update;

use oopscope_web_kit::{format, highlight, num, same};
use wasm_bindgen::prelude::wasm_bindgen;
use yew::AttrValue;

/// Mounts the page into `#app`. `build_id` is the version that the engine must have too, `base` the address of the
/// directory that holds the build's files, with a slash at its end; `dumps` loads the part for dumps into the element that it
/// is given, `example` fetches the example of a dump. `www/boot.js` calls it.
#[wasm_bindgen]
pub fn start(build_id: String, base: String, dumps: js_sys::Function, example: js_sys::Function) {
    browser::failure::show_on_panic();
    browser::theme::set(browser::theme::remembered());
    browser::icon::carry();
    let Some(root) = browser::document().get_element_by_id("app") else {
        return browser::failure::show("index.html has no element “app”: the page's files are of different builds.");
    };
    // What stands there until now is the shell for the time of loading.
    root.set_text_content(None);
    let props = app::Props { build_id: AttrValue::from(build_id), base: AttrValue::from(base), dumps, example };
    yew::Renderer::<app::App>::with_root_and_props(root, props).render();
}
