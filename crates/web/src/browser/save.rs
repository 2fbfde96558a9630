//! To a file, by the browser's own download. Nothing is sent: the bytes lie in the page.

use super::{document, window};
use js_sys::Array;
use std::path::Path;
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// How long the browser may take to begin the download before the bytes are given up, in milliseconds.
const KEEP: i32 = 60_000;

/// Offers a text as a file for download.
pub(crate) fn save(name: &str, text: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    let json = Path::new(name).extension().is_some_and(|extension| extension == "json");
    options.set_type(if json { "application/json" } else { "text/plain;charset=utf-8" });
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&JsValue::from_str(text)), &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let anchor: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    let give_up = Closure::once_into_js(move || Url::revoke_object_url(&url));
    window().set_timeout_with_callback_and_timeout_and_arguments_0(give_up.unchecked_ref(), KEEP)?;
    Ok(())
}
