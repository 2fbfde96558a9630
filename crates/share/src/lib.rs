//! What leaves the machine when a user presses Share: the log text with private things taken out ([`redact`]), and
//! the permalink that carries it ([`link`]).
//!
//! This crate must never do I/O, know of a page or a session, or decide by itself to share: it turns text into
//! text. Both halves take hostile input: they run in linear time, bound what they allocate, and never panic.
#![forbid(unsafe_code)]

pub mod link;
pub mod redact;

pub use link::{Decoded, EncodeError, Link, LinkProblem, View, decode, encode};
pub use redact::{Kind, Piece, Redacted, redact};
