//! **A process's memory accounting does not add up.** When the last user of an address space was gone, its counters of
//! pages or page tables were not zero: pages were unmapped without being counted, or page tables left behind. The task
//! that exits is only the one for which it was noticed; the bug is in whoever mapped, moved or zapped pages before.
//!
//! Headlines: `BUG: Bad rss-counter state mm:… type:MM_ANONPAGES val:1`, `BUG: non-zero pgtables_bytes on freeing mm`
//! (kernel/fork.c `check_mm`; `nr_ptes`, `nr_pmds` before 4.15).

use super::Rule;
use crate::about;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "mm-counters",
    about: about::MM_COUNTERS,
    headers: &["BUG: Bad rss-counter state", "BUG: non-zero "],
    begins: |text| what(text).is_some(),
    detail: |text| {
        let (_, rest) = text.split_once("BUG: Bad rss-counter state ")?;
        Some(("counter", rest.trim().to_owned()))
    },
    titles: |facts| match what(&facts.header) {
        // The counter of bytes says how many; those of tables before it did not.
        Some(what) if what.contains("pgtables_bytes") => {
            Titles { damage: None, ..Titles::of_header(facts, "BUG:", "") }
        }
        what => Titles::plain(what.unwrap_or_default()),
    },
    one_line: true,
    needs_trace: false,
    ..Rule::BASE
};

fn what(text: &str) -> Option<String> {
    if text.contains("BUG: Bad rss-counter state") {
        return Some("BUG: Bad rss-counter state".to_owned());
    }
    let (_, rest) = text.split_once("BUG: non-zero ")?;
    let (name, rest) = rest.split_once(' ')?;
    let sane = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (sane && rest.starts_with("on freeing mm")).then(|| format!("BUG: non-zero {name} on freeing mm"))
}
