//! **The test program failed, not the kernel.** A fuzzer (syzkaller) or a program written in Go gave up, and its last
//! words are in the log: it could not do what it needs, or ran out of memory. Look above for what the kernel said; if it
//! said nothing, the machine was overloaded or misconfigured.
//!
//! `SYZFAIL: …`, `SYZFATAL: …` from syzkaller; `fatal error: …` or `panic: …` and goroutines
//! from Go's runtime.

use super::Rule;
use crate::about;
use crate::facts::Facts;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "fuzzer",
    about: about::FUZZER,
    headers: &["SYZFAIL:", "SYZFATAL:", "fatal error: ", "panic: "],
    begins: |text| {
        text.contains("SYZFAIL:")
            || text.contains("SYZFATAL:")
            || text.starts_with("fatal error: ")
            || text.starts_with("panic: ")
    },
    owns: |text| text.starts_with("goroutine ") || text.starts_with("runtime stack:") || text.starts_with("runtime."),
    confirms: |facts| {
        !(facts.header.starts_with("fatal error: ") || facts.header.starts_with("panic: "))
            || facts
                .find_line(|text| (text.starts_with("goroutine ") || text.starts_with("runtime stack:")).then_some(()))
                .is_some()
    },
    titles,
    needs_trace: false,
    went_on: "",
    ..Rule::BASE
};

fn titles(facts: &Facts) -> Titles {
    let header = &facts.header;
    if let Some((_, rest)) = header.split_once("SYZFATAL:") {
        return Titles { alts: vec!["SYZFATAL".to_owned()], ..Titles::plain(format!("SYZFATAL:{rest}")) };
    }
    match header.split_once("SYZFAIL:") {
        Some((_, rest)) => Titles::plain(format!("SYZFAIL:{rest}")),
        None if header.starts_with("panic: ") => Titles::plain(header.as_str()),
        None => Titles::plain("go runtime error"),
    }
}
