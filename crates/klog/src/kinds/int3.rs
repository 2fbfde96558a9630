//! **A breakpoint that nobody owns.** The CPU ran an `int3` that no debugger, kprobe or ftrace had set: padding between
//! functions was run (a jump went astray), or code was being patched (static keys, ftrace) and another CPU ran the byte in
//! between. Suspect whatever was being patched or probed at that moment.
//!
//! `int3: 0000 [#1]` (x86).

use super::{Rule, trap};
use crate::about;
use crate::culprit;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "int3",
    about: about::INT3,
    headers: &["int3: "],
    begins: |text| trap::is_die(text, &["int3"]),
    dies: true,
    blame: |_| &culprit::PC_THEN_TRACE,
    titles: |facts| Titles::blaming(facts, "int3 in {}", &[]),
    lead: trap::lead,
    ..Rule::BASE
};
