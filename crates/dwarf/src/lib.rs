//! Debug information: which source line and which inlined functions an address belongs to, what the variables there are,
//! how to get to the caller, and types; out of DWARF 2 to 5, read by the spoonful.
//!
//! A vmlinux has half a gigabyte of debug information, and a backtrace needs a few hundred kilobytes of it: the table of
//! `.debug_aranges`, then the units, line programs and lists of the frames alone.
//!
//! Must never read a section whole to answer for one address, never hold a section whole, never believe a length, a count
//! or a reference of the file without a bound.
#![forbid(unsafe_code)]

mod abbrev;
mod calls;
mod cfi;
mod chain;
mod cursor;
mod effort;
mod entry;
mod error;
mod expression;
mod file;
mod index;
mod lines;
mod link;
mod location;
mod machine;
mod names;
mod packed;
mod part;
mod path;
mod place;
mod ranges;
mod relocation;
mod section;
mod split;
mod spot;
mod store;
pub mod types;
mod unit;
mod units;
mod value;
mod variables;

pub use cfi::{CallFrames, Caller, Form, Row};
pub use error::{DwarfError, Name};
pub use expression::{Gone, Part as ValuePart, Place, Whereabouts, locate};
pub use file::DebugFile;
pub use link::{Alternate, DebugLink, debug_link};
pub use machine::{AARCH64, ARM, Convention, Machine, X86_64};
pub use path::short_path;
pub use split::Wanted;
pub use spot::{At, Spot};
pub use store::{NoStore, Store};
pub use types::DwarfTypes;
pub use variables::{Function, Surroundings, Variable};
