//! **A copy beyond the end of its buffer, caught by FORTIFY_SOURCE.** The compiler knew how large the buffer is, and a
//! string or memory function was about to read or write beyond it. The message gives both sizes.
//!
//! “Detected buffer overflow” stopped it before it happened (the BUG that follows kills the task). “Field-spanning write”
//! only warns: the copy went on, across the end of one member of a structure, which may be a bug or an old idiom (a
//! flexible array declared with length 1). The caller of the string function is the one to look at: where do its
//! length, or the string, come from?
//!
//! `strnlen: detected buffer overflow: 17 byte read of buffer size 16` and a WARNING at lib/string_helpers.c
//! (`__fortify_report`), until 6.7 `detected buffer overflow in strlen` and a BUG; `memcpy: detected field-spanning write
//! (size 40) of single field "x->y" at file.c:1 (size 16)` and a WARNING there (include/linux/fortify-string.h).

use super::{Rule, bug, warning};
use crate::about;
use crate::explain::quoted;
use crate::title::Titles;
use oopscope_report::Prose;

/// Only warned of.
pub(crate) static RULE: Rule = Rule {
    name: "fortify",
    about: about::FORTIFY,
    headers: &["WARNING: "],
    begins: |text| warning::is_at(text, "lib/string_helpers.c"),
    said: |text| text.contains(": detected buffer overflow: ") || text.contains(": detected field-spanning write "),
    blame: |_| &warning::ANY,
    titles: |facts| Titles::blaming(facts, "WARNING in {}", &[]),
    lead: |facts| {
        quoted(Prose::default().claim("A copy beyond the end of its buffer was caught", Some(facts.header_line)), facts)
    },
    ..Rule::BASE
};

/// And died of.
pub(crate) static DEADLY: Rule = Rule {
    name: "fortify",
    about: about::FORTIFY,
    headers: &["detected buffer overflow in "],
    begins: |text| text.trim_start().starts_with("detected buffer overflow in "),
    absorbs: |text| text.trim_start().starts_with("kernel BUG at "),
    dies: true,
    blame: |_| &bug::CHECK,
    titles: |facts| Titles::blaming(facts, "kernel BUG in {}", &[]),
    lead: |facts| {
        quoted(
            Prose::default().claim("A copy beyond the end of its buffer was stopped", Some(facts.header_line)),
            facts,
        )
    },
    ..Rule::BASE
};
