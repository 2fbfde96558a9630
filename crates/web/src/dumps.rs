//! The page's part for dumps, as the page sees it: a module of its own that `www/boot.js` loads with the first dump. Must never
//! know what a dump is: files go in, and what is told comes back as four strings (`crates/vmcore-web/src/app.rs` tells).

use crate::engine::words;
use crate::update::Change;
use js_sys::futures::JsFuture;
use js_sys::{Array, Function, Promise};
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, File};
use yew::Callback;

#[wasm_bindgen]
extern "C" {
    /// The handle that the part gives (`crates/vmcore-web/src/lib.rs`).
    #[derive(Clone)]
    pub(crate) type Dumps;

    #[wasm_bindgen(method)]
    fn open(this: &Dumps, files: &Array);
    #[wasm_bindgen(method)]
    fn add(this: &Dumps, files: &Array);
    #[wasm_bindgen(method)]
    fn show(this: &Dumps, tab: &str);
    #[wasm_bindgen(method)]
    fn reports(this: &Dumps, current: u32, list: &str);
    #[wasm_bindgen(method)]
    fn copy(this: &Dumps);
    #[wasm_bindgen(method)]
    fn close(this: &Dumps);
}

/// What the part is asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    /// Open files as one dump.
    Open(Rc<Vec<File>>),
    /// Open what is open again, together with these.
    Add(Rc<Vec<File>>),
    /// Show a view, or none.
    Show(&'static str),
    /// The reports of the log: index of the one to look at first; a line each of first and last line, severity (0 for a
    /// warning), title.
    Reports(u32, String),
    /// Copy what is shown.
    Copy,
    /// Forget what is open.
    Close,
}

impl Dumps {
    /// Asks.
    pub(crate) fn ask(&self, what: &Ask) {
        match what {
            Ask::Open(files) => self.open(&files.iter().collect()),
            Ask::Add(files) => self.add(&files.iter().collect()),
            Ask::Show(tab) => self.show(tab),
            Ask::Reports(current, list) => self.reports(*current, list),
            Ask::Copy => self.copy(),
            Ask::Close => self.close(),
        }
    }
}

/// Loads the part and mounts it into `root`; `load` is `www/boot.js`'s. The promise gives [`Dumps`].
pub(crate) fn load(load: &Function, root: &Element, change: Callback<Change>) -> Result<JsValue, JsValue> {
    let tell = Closure::<dyn FnMut(String, String, String, String)>::new(move |what, a, b, c| {
        change.emit(Change::Told([what, a, b, c]));
    });
    // The part lives as long as the page, and so must what it calls.
    load.call2(&JsValue::UNDEFINED, root, &tell.into_js_value())
}

/// What came of a promise; why, in words, where nothing did.
pub(crate) async fn settled(promise: Result<JsValue, JsValue>) -> Result<JsValue, String> {
    let outcome = match promise {
        Ok(promise) => JsFuture::from(promise.unchecked_into::<Promise>()).await,
        Err(error) => Err(error),
    };
    outcome.map_err(|error| words(&error))
}
