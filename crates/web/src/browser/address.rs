//! The address bar: the fragment that is a permalink. Must never put anything there but at the user's word.

use super::window;
use wasm_bindgen::JsValue;

/// The fragment without its `#`, not decoded. Taken from the whole address: `location.hash` is decoded in some browsers.
pub(crate) fn fragment() -> Option<String> {
    let href = window().location().href().ok()?;
    href.split_once('#').map(|(_, fragment)| fragment.to_owned()).filter(|fragment| !fragment.is_empty())
}

/// The address of the page with another fragment.
pub(crate) fn with_fragment(fragment: &str) -> String {
    format!("{}#{fragment}", without_fragment())
}

/// Shows a permalink in the address bar, without a new entry in the history.
pub(crate) fn show(fragment: &str) {
    replace(&with_fragment(fragment));
}

/// Takes the fragment away.
pub(crate) fn clear() {
    if fragment().is_some() {
        replace(&without_fragment());
    }
}

fn without_fragment() -> String {
    let href = window().location().href().unwrap_or_default();
    href.split_once('#').map_or_else(|| href.clone(), |(page, _)| page.to_owned())
}

fn replace(url: &str) {
    if let Ok(history) = window().history() {
        // A browser that refuses (too many changes at once) leaves the old address, which does no harm.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(url));
    }
}
