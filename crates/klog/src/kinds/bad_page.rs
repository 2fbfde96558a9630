//! **Bad page.** A page of memory is in a state that it can't be in: freed with references or flags left (“Bad page
//! state”), found in the page cache while it is not of it, or mapped by a page-table entry that makes no sense (“Bad page
//! map”). The task named is only the one that noticed, when it freed, allocated or unmapped the page. With page_owner
//! built in, “page last allocated via” says whose page it is: that is the trail. Without it, suspect a reference that was
//! put twice, or memory that was overwritten.
//!
//! Headlines: `BUG: Bad page state in process comm  pfn:12345` (mm/page_alloc.c), `BUG: Bad page map in process …`
//! (mm/memory.c), `BUG: Bad page cache in process …` (mm/filemap.c).

use super::Rule;
use crate::about;
use crate::culprit::{Blame, NOBODY, Pick};
use crate::explain::{folded, history, next as advice};
use crate::facts::Facts;
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::{Advice, Prose};

pub(crate) static RULE: Rule = Rule {
    name: "bad-page",
    about: about::BAD_PAGE,
    headers: &["BUG: Bad page "],
    begins: |text| what(text).is_some(),
    owns: |text| {
        let text = text.trim_start();
        [
            "page:",
            "page: ",
            "head:",
            "flags: ",
            "raw: ",
            "page dumped because: ",
            "page_owner tracks the page",
            "page last ",
            "bad because of flags",
            "addr:",
            "file:",
            "page_type: ",
            "aops:",
            "pte:",
        ]
        .iter()
        .any(|start| text.starts_with(start))
    },
    detail: |text| {
        let text = text.trim();
        [
            ("page dumped because: ", "because"),
            ("flags: ", "flags"),
            ("page last allocated via ", "last allocated"),
            ("page_type: ", "type"),
        ]
        .into_iter()
        .find_map(|(words, name)| Some((name, text.strip_prefix(words)?.to_owned())))
    },
    blame: |facts| if what(&facts.header) == Some("map") { &NOBODY } else { &OWNER },
    titles: |facts: &Facts| match what(&facts.header) {
        Some("map") => Titles::plain("BUG: Bad page map"),
        what => Titles::blaming(facts, &format!("BUG: Bad page {} in {{}}", what.unwrap_or("state")), &[]),
    },
    lead: |facts| {
        let words = match what(&facts.header) {
            Some("map") => "A page-table entry maps what it can't map",
            Some("cache") => "A page was found in the page cache that is not of it",
            _ => "A page of memory was found in a state that it can't be in",
        };
        Prose::default()
            .claim(words, Some(facts.header_line))
            .text(" (“")
            .claim(folded(&facts.header), Some(facts.header_line))
            .text("”),")
    },
    evidence,
    innocent: |facts| super::slab::finder(facts, "noticed").into_iter().collect(),
    next,
    ..Rule::BASE
};

/// Whoever allocated the page last, where page_owner knows.
static OWNER: Blame = Blame {
    steps: &[Step::Line(last_allocated), Step::Frames],
    or: &[],
    innocent: &[
        "free_page",
        "put_page",
        "get_page",
        "update_page",
        "release_page",
        "free_unref",
        "^_folio",
        "^__folio",
        "^folio",
        "truncate_inode_pages",
        "page_frag_free",
        "alloc",
        "vmap",
        "page_owner",
    ],
    pick: Pick::First,
};

fn last_allocated(text: &str) -> Option<Mark<'_>> {
    text.contains("page last allocated").then_some(Mark::Here)
}

fn what(text: &str) -> Option<&'static str> {
    let (_, rest) = text.split_once("BUG: Bad page ")?;
    ["state", "cache", "map"]
        .into_iter()
        .find(|what| rest.strip_prefix(what).is_some_and(|rest| rest.starts_with(" in ")))
}

fn evidence(facts: &Facts) -> Vec<Prose> {
    let because = facts.report.details.iter().find(|detail| detail.name == "because").map(|detail| {
        Prose::default()
            .text("The page was refused because of ")
            .claim(detail.value.clone(), Some(detail.line))
            .text(".")
    });
    because.into_iter().chain(history(facts, "page")).collect()
}

fn next(facts: &Facts) -> Vec<Advice> {
    let tracked = facts.find_line(|text| text.contains("page last allocated").then_some(())).is_some();
    let owner = (!tracked).then(|| {
        advice::advice(
            "Boot with page_owner on (CONFIG_PAGE_OWNER): the next report says who allocated the page and who freed it.",
            "page_owner=on",
        )
    });
    let check = advice::advice(
        "Unmap pages when they are freed (CONFIG_DEBUG_PAGEALLOC): a late use then faults where it happens.",
        "debug_pagealloc=on",
    );
    owner.into_iter().chain([check, advice::kasan()]).collect()
}
