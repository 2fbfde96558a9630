//! **Per-CPU data used while preemptible.** Code asked for its CPU's number or per-CPU data (`smp_processor_id()`,
//! `__this_cpu_add()`) where the scheduler may move it to another CPU at any moment: what it got may belong to the wrong
//! one. It needs `preempt_disable()` around, or the variant that does not care (`raw_…`, `this_cpu_…`).
//!
//! Headline: `BUG: using smp_processor_id() in preemptible [00000000] code: comm/pid` (lib/smp_processor_id.c,
//! CONFIG_DEBUG_PREEMPT).

use super::Rule;
use crate::about;
use crate::culprit::Blame;
use crate::facts::Facts;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "preemptible",
    about: about::PREEMPTIBLE,
    headers: &["BUG: using "],
    begins: |text| using(text).is_some(),
    owns: |text| text.trim_start().starts_with("caller is "),
    detail: |text| text.trim().strip_prefix("caller is ").map(|caller| ("caller", caller.to_owned())),
    blame: |_| &CALLER,
    titles: |facts: &Facts| {
        let using = using(&facts.header).unwrap_or_default();
        Titles::blaming(facts, &format!("BUG: using {using}() in preemptible code in {{}}"), &[])
    },
    lead: |facts| {
        let call =
            facts.header.split_once("using ").and_then(|(_, rest)| rest.split(' ').next()).unwrap_or("per-CPU data");
        Prose::default()
            .text("A task used per-CPU data (")
            .code(call, Some(facts.header_line))
            .text(") ")
            .claim("where it may be moved to another CPU in between", Some(facts.header_line))
            .text(",")
    },
    ..Rule::BASE
};

static CALLER: Blame = Blame::of_trace(&["dump_stack", "preemption", "preempt", "debug_", "processor_id", "this_cpu"]);

fn using(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("BUG: using ")?;
    let (name, rest) = rest.split_once("()")?;
    (rest.starts_with(" in preemptible") && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')).then_some(name)
}
