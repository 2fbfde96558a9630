//! What an engine in a dedicated Web Worker needs of the browser, whatever it reads: `File` objects as sources, messages
//! taken apart, answers posted, and last words.
//!
//! This crate must never know what a request means.

mod file;
mod kept;
mod message;
mod post;

pub use file::FileSource;
pub use kept::Private;
pub use message::{Message, NamedFile, Refused, read};
pub use post::{Post, Posted};

/// The build that this engine belongs to: the page must be of the same.
pub const BUILD_ID: &str = match option_env!("OOPSCOPE_BUILD_ID") {
    Some(id) => id,
    None => "dev",
};
