//! Kernel-log text to typed reports.
//!
//! This crate must never read files, know what a dump is, or need the whole log in memory: a log is pushed through
//! [`Scanner`] in blocks of any size, and what is kept of it is bounded by [`Limits`].
//!
//! The way of the data, one module a step:
//!
//! ```text
//! bytes ─► scan: blocks ─► literals that can begin a report (aho-corasick); everything else is only counted
//!            └─► line: one line, cleaned ─► prefix: time, caller, level
//!                  └─► segment: which lines belong to which report (kinds: where one begins; grammar: what fits in)
//!                        └─► read: lines to facts (grammar, arch, address, taint)
//!                              └─► context, culprit (skip), kinds' titles ─► explain: verdict and notices
//!                                    └─► sequence: which report came first, which may follow from which
//! ```
#![forbid(unsafe_code)]

mod about;
mod address;
mod anchors;
mod arch;
mod blame_file;
mod context;
mod culprit;
mod damage;
mod explain;
mod facts;
mod grammar;
mod index;
mod kinds;
mod line;
mod links;
mod listing;
mod machine;
mod own_stack;
mod prefix;
mod read;
mod read_stacks;
mod scan;
mod segment;
mod sequence;
mod signature;
mod skip;
mod subsystem;
mod taint;
mod title;
mod walk;

pub use context::words as context_words;
pub use index::LineIndex;
pub use line::display_line;
pub use listing::{put_listing, wants_listing};
pub use scan::{Limits, Scanner};

use oopscope_report::{LogFacts, Report};

/// The literal texts by which reports are found, in the kernel's words: what to tell a reader whose log has none.
pub fn looked_for() -> Vec<String> {
    let mut texts: Vec<_> = kinds::RULES
        .iter()
        .flat_map(|rule| rule.headers)
        .map(|header| header.trim().trim_end_matches(':').to_owned())
        .collect();
    texts.sort();
    texts.dedup();
    texts
}

/// Parses a whole log that is in memory.
pub fn parse(log: &[u8]) -> (Vec<Report>, LogFacts) {
    let mut scanner = Scanner::new(Limits::default());
    scanner.push(log);
    scanner.finish();
    let facts = scanner.facts();
    (scanner.into_reports(), facts)
}
