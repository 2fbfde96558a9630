//! The theme: as the system has it, light or dark. Must never decide a colour: `www/style.css` does.

use super::{document, setting};

const NAME: &str = "theme";

/// The choices; the first is what the system has.
pub(crate) const THEMES: [&str; 3] = ["auto", "light", "dark"];

/// The theme that was chosen before.
pub(crate) fn remembered() -> &'static str {
    let stored = setting::get(NAME);
    THEMES.into_iter().find(|theme| Some(*theme) == stored.as_deref()).unwrap_or(THEMES[0])
}

/// Sets and remembers a theme. `www/style.css` reads the attribute.
pub(crate) fn set(theme: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", theme);
    }
    setting::set(NAME, theme);
}
