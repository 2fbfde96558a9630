//! What capture channels hand over that is not yet lines of a log: the journal's export and JSON, `dmesg --json`,
//! netconsole's fragments, a terminal's hard wraps, mtdoops' flash pages, UTF-16; and which files are parts of one log.
//!
//! This crate must never know what a report is, and never hold more than a record: [`Converted`] is a stream. It takes
//! nothing away that is text: what fits no record comes out as it went in.
#![forbid(unsafe_code)]

mod dmesg_json;
mod form;
mod journal;
mod lines;
mod mtdoops;
mod netconsole;
mod order;
mod records;
mod sequel;
mod utf16;
mod wrapped;

pub use form::{Converted, Form};
pub use order::{HEAD as PART_HEAD, Ordered, Piece, order};
pub use sequel::{TAIL, goes_on};
