//! To the clipboard. Must never read from it.

use super::window;
use js_sys::futures::JsFuture;

/// Copies a text; false where the browser has no clipboard (plain http) or refuses.
pub(crate) async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    let has_clipboard =
        js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| !clipboard.is_undefined());
    has_clipboard && JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}
