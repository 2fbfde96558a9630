//! What can go wrong, in words that say what to do next. It must never hide the cause.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The result of all that xtask does.
pub(crate) type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Usage(String),
    #[error("could not {doing} {path}: {source}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("could not start {program}: {source}")]
    Start { program: String, source: io::Error },
    #[error("{program} failed ({status}); its words are above")]
    Failed { program: String, status: String },
    #[error("{what} is missing. {advice}")]
    Missing { what: &'static str, advice: &'static str },
    #[error("wasm-bindgen could not read {wasm}: {words}")]
    Bindgen { wasm: PathBuf, words: String },
    #[error("{0}")]
    Headers(#[from] oopscope_serve::HeadersError),
    #[error("{0}")]
    Unexpected(String),
}

impl Error {
    /// Turns an I/O error into one that says what was being done to which path.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}
