//! **The unwinder lost its way.** While walking a kernel stack the frame-pointer unwinder found saved registers or a frame
//! pointer that make no sense. That is most often assembly code that does not keep the frame pointer, sometimes a stack
//! that was overwritten. The stack traces of this kernel may be incomplete; the running code is not at fault.
//!
//! `WARNING: kernel stack regs at (____ptrval____) in comm:1 has bad 'bp' value` (arch/x86/kernel/unwind_frame.c).

use super::Rule;
use crate::about;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "stack-regs",
    about: about::STACK_REGS,
    headers: &["WARNING: kernel stack "],
    begins: |text| {
        text.split_once("WARNING: kernel stack ").is_some_and(|(_, rest)| {
            (rest.starts_with("regs at ") || rest.starts_with("frame pointer at ")) && rest.contains(" has bad ")
        })
    },
    titles: |facts| {
        let (_, rest) = facts.header.split_once("WARNING: kernel stack ").unwrap_or_default();
        let hex = rest.split_once(" at ").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_hexdigit()));
        // The address may be hidden: `(____ptrval____)`.
        Titles::plain(match rest.split_once(" has bad '").and_then(|(_, rest)| rest.split_once('\'')) {
            Some((register, _)) if hex => format!("WARNING: kernel stack regs has bad '{register}' value"),
            None if hex => "WARNING: kernel stack frame pointer has bad value".to_owned(),
            _ => "WARNING: kernel stack regs has bad value".to_owned(),
        })
    },
    needs_trace: false,
    ..Rule::BASE
};
