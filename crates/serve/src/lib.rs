//! Serves the built site over HTTP/1.1 on the loopback, with the headers that `netlify.toml` gives the hosted page.
//!
//! For `cargo xtask serve`, the browser tests and `oopscope serve` in a lab without internet: GET and HEAD of a
//! table of files that is complete before the first connection, and nothing else. It must never look a request
//! path up in the file system (so there is no path to escape from), never run anything, and never keep a
//! connection, a thread or a buffer that a client can make grow.

#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "the rim: reads the site's files and measures its own time limits")]

mod content_type;
mod headers;
mod hosts;
mod request;
mod server;
mod site;

pub use content_type::content_type;
pub use headers::{HeaderRules, HeadersError};
pub use hosts::Hosts;
pub use server::Server;
pub use site::Site;
