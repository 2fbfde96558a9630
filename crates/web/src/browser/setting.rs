//! Choices of how things are shown, remembered where the browser lets the page remember. Must never keep anything of a
//! log.

use super::window;

/// What was remembered under a name.
pub(crate) fn get(name: &str) -> Option<String> {
    window().local_storage().ok().flatten().and_then(|storage| storage.get_item(&key(name)).ok().flatten())
}

/// Remembers a choice.
pub(crate) fn set(name: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // A storage that is full or forbidden forgets the choice, nothing else.
        let _ = storage.set_item(&key(name), value);
    }
}

fn key(name: &str) -> String {
    format!("oopscope-{name}")
}
