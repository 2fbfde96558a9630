//! Many logs at once: their reports in groups of the same bug, and those as text, JSON lines or HTML.
//!
//! A log's reports are boiled down to a [`Digest`], in any thread and any order; [`group`] makes groups of digests.
//! The same files always give the same answer. This crate must never read a file, parse a log or look at a clock: all
//! times come from the logs and the files.
#![forbid(unsafe_code)]

mod digest;
mod group;
mod kernel;
mod render;
mod wall_clock;

pub use digest::{Digest, File, digest, unreadable};
pub use group::{Options, Sort, group};
pub use render::{html, json_lines, text};
