//! **A panic in Rust code of the kernel.** An index out of bounds, an arithmetic overflow, an `unwrap()` of nothing: Rust
//! stopped before anything worse happened, and in the kernel that means BUG(). The message names the source line and what
//! was wrong; the first function of the trace that is not the panic's own machinery is where.
//!
//! `rust_kernel: panicked at drivers/x.rs:12:5:` and the message on the next line (rust/kernel/lib.rs `panic`), then
//! `kernel BUG at rust/helpers/bug.c:7!`, which belongs to it.

use super::Rule;
use crate::about;
use crate::culprit::Blame;
use crate::facts::Facts;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "rust-panic",
    about: about::RUST_PANIC,
    headers: &["rust_kernel: panicked"],
    begins: |text| text.contains("rust_kernel: panicked"),
    dies: true,
    absorbs: |text| text.contains("kernel BUG at rust/"),
    blame: |_| &CALLER,
    titles: |facts| match message(facts) {
        Some((message, _)) => Titles::blaming(facts, &format!("{} in {{}}", message.replace(['{', '}'], "")), &[]),
        None => Titles::of_header(facts, "rust_kernel:", "the message of the panic is not in the report"),
    },
    lead: |facts| {
        let prose = Prose::default().text("Rust code panicked, “");
        match message(facts) {
            Some((message, line)) => prose.claim(message.to_owned(), Some(line)).text("”,"),
            None => prose.claim(facts.header.clone(), Some(facts.header_line)).text("”,"),
        }
    },
    ..Rule::BASE
};

static CALLER: Blame = Blame::of_trace(&[]);

/// The line after the headline.
fn message(facts: &Facts) -> Option<(&str, u64)> {
    facts.message.iter().find(|(_, line)| *line > facts.header_line).map(|(text, line)| (text.as_str(), *line))
}
