//! The last resort: the page itself has failed. Must never need anything that could have failed with it.

use super::document;

/// Shows a message above everything.
pub fn show(message: &str) {
    let document = document();
    let Ok(note) = document.create_element("p") else { return };
    note.set_text_content(Some(message));
    note.set_class_name("failure");
    // Without these two the message is still there for the eyes.
    let _ = note.set_attribute("role", "alert");
    if let Some(body) = document.body() {
        let _ = body.prepend_with_node_1(&note);
    }
}

/// Makes a panic of the page say what happened, instead of leaving it frozen without a word.
pub fn show_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        show(&format!("The page itself has failed; reload it. Nothing was sent anywhere. What happened: {panic}"));
    }));
}
