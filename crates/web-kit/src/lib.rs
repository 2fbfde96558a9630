//! What the two parts of the page share: the page itself (`crates/web`) and the part for dumps (`crates/vmcore-web`), which are
//! two WebAssembly modules. It must never know what a log or a dump is.
//!
//! - [`bridge`] carries messages to an engine in a worker and back, [`read`] makes Rust values of them.
//! - [`virtual_scroll`] and [`scroller`] show lists that are too long to lay out; [`highlight`] finds what is searched in a row.
//! - [`browser`] is the little that both need of the browser; [`few`], [`format`], [`num`] and [`same`] are values and figures.

#![forbid(unsafe_code)]

pub mod bridge;
pub mod browser;
pub mod few;
pub mod format;
pub mod highlight;
pub mod num;
pub mod read;
pub mod same;
pub mod scroller;
pub mod virtual_scroll;
