//! **BUG.** The kernel's code checked a condition that its author held to be impossible (`BUG()`, `BUG_ON()`), found
//! it, and gave up on purpose. The source line that it names is the check; the mistake lies before it.

use super::{Rule, in_function};
use crate::explain::{at_source, quoted};
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
    let text = text.trim_start();
    text.starts_with("kernel BUG at ") || text.starts_with("Kernel BUG at ")
}

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
