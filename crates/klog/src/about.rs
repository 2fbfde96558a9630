//! What each kind means, in words for people: the documentation of the kinds' files, collected by the build.
//!
//! Must never be written by hand: `build.rs` takes it from `src/kinds/*.rs`.

include!(concat!(env!("OUT_DIR"), "/about.rs"));

/// The paragraphs of such a text.
pub(crate) fn paragraphs(about: &str) -> Vec<String> {
    about.split("\n\n").map(|paragraph| paragraph.replace('\n', " ").replace("**", "")).collect()
}
