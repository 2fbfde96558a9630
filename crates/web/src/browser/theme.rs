//! The theme: as the system has it, light or dark. Remembered where the browser lets the page remember.

use super::{document, window};

const KEY: &str = "oopscope-theme";

/// The choices; the first is what the system has.
pub(crate) const THEMES: [&str; 3] = ["auto", "light", "dark"];

/// The theme that was chosen before.
pub(crate) fn remembered() -> &'static str {
    let stored = window().local_storage().ok().flatten().and_then(|storage| storage.get_item(KEY).ok().flatten());
    THEMES.into_iter().find(|theme| Some(*theme) == stored.as_deref()).unwrap_or(THEMES[0])
}

/// Sets and remembers a theme. `www/style.css` reads the attribute.
pub(crate) fn set(theme: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", theme);
    }
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(KEY, theme);
    }
}
