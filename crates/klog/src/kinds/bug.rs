//! **BUG.** The kernel's code checked a condition that its author held to be impossible (`BUG()`, `BUG_ON()`), found
//! it, and gave up on purpose. The source line that it names is the check; the mistake lies before it.

use super::{Rule, in_function};
use crate::explain::{at_source, quoted};
use crate::grammar::die;
use crate::read::Facts;
use oopscope_report::{Kind, Prose};

pub(crate) static RULE: Rule = Rule {
    kind: Kind::new("bug"),
    headers: &["kernel BUG at ", "Kernel BUG at "],
    begins,
    dies: true,
    is_panic: false,
    titles,
    lead,
};

fn begins(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with("kernel BUG at ")
        || start.starts_with("Kernel BUG at ")
        || die::parse(text).is_some_and(|die| !die.internal_error && WORDS.contains(&die.what))
}

/// The die line of a BUG() alone, of a kernel that does not say where: riscv, mips, loongarch, s390, parisc.
const WORDS: [&str; 5] =
    ["Kernel BUG", "Kernel bug detected", "Oops - BUG", "monitor event", "Unknown kernel breakpoint"];

fn titles(facts: &Facts) -> (String, Vec<String>) {
    (format!("kernel BUG{}", in_function(facts)), Vec::new())
}

fn lead(facts: &Facts) -> Prose {
    let prose = Prose::default()
        .claim("The kernel stopped at a check of its own, ", None)
        .code("BUG()", Some(facts.header_line));
    let prose = at_source(prose, facts);
    quoted(prose, facts)
}
