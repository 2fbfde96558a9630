//! The page's part for dumps: a Yew component tree of its own, in an element that the page has given it, with the engine for
//! dumps in a worker of its own. A WebAssembly module beside the page's, loaded ahead of the first dump (`www/boot.js`).
//!
//! It must never parse anything, and never open, copy or save by itself: it tells the page, which has the means
//! ([`app::tell`] lists what it tells). Text out of a dump reaches the document as text nodes only.
//!
//! - [`state`] is what it knows, [`update`] how that changes; neither touches the browser.
//! - [`app`] carries events in and effects out; [`views`] draw.
//! - The small modules are arithmetic over rows, with tests that run natively.

#![forbid(unsafe_code)]

mod app;
mod console;
mod engine;
mod frame_rows;
mod locals;
mod log_rows;
mod state;
mod task_rows;
mod update;
mod views;

use js_sys::{Array, Function};
use log_rows::Reports;
use oopscope_web_kit::{browser::failure, format, same};
use update::{Act, Change};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use yew::AttrValue;

/// The page's handle on this part.
#[wasm_bindgen]
pub struct Dumps {
    app: yew::AppHandle<app::App>,
}

#[wasm_bindgen]
impl Dumps {
    /// Mounts it into `root`. `build_id` is the version that the engine must have too, `base` the address of the directory
    /// that holds the build's files, with a slash at its end. `tell` gets four strings: what is told and up to three values.
    #[wasm_bindgen(constructor)]
    pub fn new(root: web_sys::Element, build_id: String, base: String, tell: Function) -> Self {
        failure::show_on_panic();
        app::take_a_number();
        let props = app::Props { build_id: AttrValue::from(build_id), base: AttrValue::from(base), tell };
        Self { app: yew::Renderer::<app::App>::with_root_and_props(root, props).render() }
    }

    /// Opens files as one dump, perhaps with a vmlinux among them. What is open stays until the new dump is known as one.
    pub fn open(&self, files: Array) {
        self.change(Change::Open { files: list(&files), add: false });
    }

    /// Opens what is open again, together with these: a vmlinux that came later.
    pub fn add(&self, files: Array) {
        self.change(Change::Open { files: list(&files), add: true });
    }

    /// Shows a view by its name; `find` is that of the log, with its search field in focus. None for any other word.
    pub fn show(&self, tab: &str) {
        self.change(Change::Show(state::Tab::named(tab)));
        if tab == "find" {
            self.change(Change::Log(Act::Focus));
        }
    }

    /// Tells which reports the page has found in the dump's log: the index of the one to look at first, and `list`, a line each
    /// of first and last line (from 1), severity (0 for a warning), title.
    pub fn reports(&self, current: u32, list: &str) {
        self.change(Change::Reports(Reports::told(current, list)));
    }

    /// Copies what the view shows, where it has a text.
    pub fn copy(&self) {
        self.change(Change::Copy);
    }

    /// Forgets what is open and ends the engine.
    pub fn close(&self) {
        self.change(Change::Close);
    }
}

impl Dumps {
    fn change(&self, change: Change) {
        self.app.send_message(app::Msg::Change(change));
    }
}

fn list(files: &Array) -> Vec<web_sys::File> {
    files.iter().filter_map(|file| file.dyn_into().ok()).collect()
}
