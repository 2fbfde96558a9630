//! **BUG.** The kernel's code checked a condition that its author held to be impossible (`BUG()`, `BUG_ON()`), found
//! it, and gave up on purpose. The source line that it names is the check; the mistake lies before it.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, NOBODY, Pick};
use crate::explain::{at_source, quoted};
use crate::facts::Facts;
use crate::grammar::die;
use crate::title::Titles;
use crate::walk::Step;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "bug",
    about: about::BUG,
    headers: &["kernel BUG at ", "Kernel BUG "],
    begins,
    dies: true,
    blame: |facts| if facts.header.contains("Kernel BUG at ") { &NOBODY } else { &CHECK },
    titles,
    lead,
    ..Rule::BASE
};

/// The check, and who called it.
pub(super) static CHECK: Blame = Blame {
    steps: &[Step::Pc, Step::Trace, Step::Frames],
    or: &[],
    // Socket buffers check what their caller asks of them.
    innocent: &["^skb_"],
    pick: Pick::First,
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

fn titles(facts: &Facts) -> Titles {
    match facts.header.split_once("Kernel BUG at ") {
        // Without CONFIG_DEBUG_BUGVERBOSE: `Kernel BUG at f+0x1/0x2 [verbose debug info unavailable]`.
        Some((_, rest)) => Titles::plain(format!("kernel BUG at {rest}")),
        None => Titles::blaming(facts, "kernel BUG in {}", &[]),
    }
}

fn lead(facts: &Facts) -> Prose {
    let prose = Prose::default()
        .claim("The kernel stopped at a check of its own, ", None)
        .code("BUG()", Some(facts.header_line));
    let prose = at_source(prose, facts);
    quoted(prose, facts)
}
