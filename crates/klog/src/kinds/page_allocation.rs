//! **Page allocation failure.** Memory could not be had in the form that was asked for. Mostly there is memory left, but
//! not so many pages in one piece: look at the order (order:4 asks for 16 pages in a row) and at “free blocks”, which say
//! how many pieces of each size there were. GFP_ATOMIC must not wait for reclaim, so such a failure under load is
//! expected, and drivers should cope with it; one of order 0 with GFP_KERNEL means that memory really ran out.
//! “vmalloc error” is another thing: the size itself was too large, look at who computed it.
//!
//! The kernel goes on and the caller gets an error; what it makes of it decides. The task in the report is whoever ran.
//!
//! Headline: `comm: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=…`,
//! `comm: vmalloc error: size 17592186044416, exceeds total pages, mode:…`, until 5.15 `comm: vmalloc: allocation failure: …`
//! (mm/page_alloc.c `warn_alloc`), then the trace and `Mem-Info:`.

use super::Rule;
use crate::about;
use crate::culprit::Blame;
use crate::grammar::mem_info;
use crate::title::Titles;
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "page-allocation-failure",
    about: about::PAGE_ALLOCATION,
    headers: &[
        "page allocation failure",
        "vmalloc error: size ",
        "vmalloc: allocation failure",
        "vmemmap alloc failure",
    ],
    begins: |text| parts(text).is_some(),
    yields: true,
    owns: |text| mem_info::is_line(text),
    detail: |text| match parts(text) {
        Some(parts) => Some(("request", parts.request.to_owned())),
        None => mem_info::detail(text),
    },
    blame: |_| &CALLER,
    titles: |facts| {
        let is_vmalloc = parts(&facts.header).is_some_and(|parts| parts.is_vmalloc);
        Titles::blaming(
            facts,
            if is_vmalloc { "vmalloc allocation failure in {}" } else { "page allocation failure in {}" },
            &[],
        )
    },
    lead: |facts| {
        let (comm, request) = parts(&facts.header).map_or(("", ""), |parts| (parts.comm, parts.request));
        Prose::default()
            .claim(format!("{comm} could not get memory"), Some(facts.header_line))
            .text(" (“")
            .claim(request.to_owned(), Some(facts.header_line))
            .text("”),")
    },
    ..Rule::BASE
};

/// Whoever asked the allocator.
static CALLER: Blame = Blame::of_trace(&[
    "alloc",
    "new_slab",
    "^__get_free_page",
    "^get_free_page",
    "^cache_grow",
    "^get_zeroed_page",
    "^do_anonymous_page$",
]);

struct Parts<'a> {
    comm: &'a str,
    /// Order or size and the flags.
    request: &'a str,
    is_vmalloc: bool,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    [
        (": page allocation failure: order:", false),
        (": page allocation failure. order:", false),
        (": vmalloc error: size ", true),
        (": vmalloc: allocation failure: ", true),
        (": vmemmap alloc failure: order:", false),
    ]
    .into_iter()
    .find_map(|(words, is_vmalloc)| {
        let at = text.find(words)?;
        let (comm, rest) = (text[..at].trim_start(), &text[at + words.len()..]);
        // A comm has at most 15 bytes (TASK_COMM_LEN); `%pV` is followed by the mode.
        let ok = !comm.is_empty()
            && comm.len() < 16
            && rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.contains(", mode:0x");
        let request = text[at + 2..].split(", nodemask=").next().unwrap_or_default();
        ok.then_some(Parts { comm, request, is_vmalloc })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for text in [
            "insmod: page allocation failure: order:9, mode:0x820(GFP_ATOMIC), nodemask=(null),cpuset=/,mems_allowed=0",
            "kworker/u4:4: page allocation failure: order:0, mode:0x24000c2",
            "swapper/0: page allocation failure. order:4, mode:0x4020",
            "a: vmalloc error: size 17592186044416, exceeds total pages, mode:0xcc0(GFP_KERNEL), nodemask=(null)",
            "syz-executor5: vmalloc: allocation failure: 17178296320 bytes, mode:0x14080c0(GFP_KERNEL|__GFP_ZERO)",
        ] {
            assert!(parts(text).is_some(), "{text}");
        }
        for text in [
            "vmalloc: allocation failure: 17178820608 bytes",
            "syz-executor7: vmalloc: allocation failure: 34359738352 bytes[   76.471107] BUG: unable to handle",
            "a driver told me about its: page allocation failure: order:1, mode:0x20",
        ] {
            assert!(parts(text).is_none(), "{text}");
        }
    }
}
