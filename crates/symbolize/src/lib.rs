//! The files of symbols and debug information that a user gave beside a log or a dump: what each is, whether it belongs to
//! the kernel in question, and what it says about the frames.
//!
//! Must never give a line out of a file that does not match, nor choose silently between two functions of one name.
#![forbid(unsafe_code)]

mod annotate;
mod bare;
mod calls;
mod code;
mod entry;
mod evidence;
mod exact;
mod given;
mod matching;
mod names;
mod object;
mod query;
mod register_line;
mod root;
mod source;
mod symbolizer;
mod table;
mod unpack;
mod work;

pub use annotate::{Annotated, annotate};
pub use given::Given;
pub use query::{Answer, Place, QueryError};
pub use register_line::{register_line, same_place};
pub use source::Excerpt;
pub use symbolizer::{Cancelled, Symbolizer, Tick, Wanted};
