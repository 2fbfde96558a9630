//! **List corruption.** A linked list's neighbours do not point back at each other: the entry was added twice, removed
//! twice, or its memory was freed and used for something else. The check stands in front of every insertion and removal
//! (CONFIG_DEBUG_LIST); the message before the BUG says which pointer was wrong: LIST_POISON1 or 2 there means that the
//! entry had already been removed. The function named is the one that noticed; suspect a missing lock around the list or
//! an object that lives shorter than its place in it.
//!
//! `list_del corruption. prev->next should be …`, then `kernel BUG at lib/list_debug.c:62!`, or a WARNING there where
//! CONFIG_BUG_ON_DATA_CORRUPTION is not set: then the list is left as it was and the kernel goes on.

use super::{Rule, warning};
use crate::about;
use crate::address;
use crate::culprit;
use crate::explain::{next, quoted};
use crate::facts::Facts;
use crate::title::Titles;
use oopscope_report::{AddressClass, Prose};

pub(crate) static RULE: Rule = Rule {
    name: "list-corruption",
    about: about::LIST_CORRUPTION,
    headers: &["kernel BUG at lib/list_debug.c"],
    begins: |text| text.contains("kernel BUG at lib/list_debug.c"),
    dies: true,
    blame: |_| &culprit::TRACE,
    titles: |facts| Titles::blaming(facts, "BUG: corrupted list in {}", &["bad-access in {}"]),
    lead: |facts| quoted(Prose::default().claim("A linked list is corrupt", Some(facts.header_line)), facts),
    evidence: |facts| {
        let words = facts.message.iter().filter(|(text, _)| text.contains("corruption"));
        words.filter_map(|(text, line)| poisoned(text, *line, facts)).take(1).collect()
    },
    next: |_| vec![next::kasan()],
    ..Rule::BASE
};

/// The same where the kernel goes on.
pub(crate) static WARNED: Rule = Rule {
    name: "list-corruption",
    about: about::LIST_CORRUPTION,
    headers: &["WARNING: "],
    begins: |text| warning::is_at(text, "lib/list_debug.c"),
    blame: |_| &warning::ANY,
    titles: |facts| Titles::blaming(facts, "WARNING: corrupted list in {}", &[]),
    lead: |facts| quoted(Prose::default().claim("A linked list is corrupt", Some(facts.header_line)), facts),
    ..Rule::BASE
};

/// The pointer in the check's words that is one of those which the kernel writes into an entry that it took off.
fn poisoned(text: &str, line: u64, facts: &Facts) -> Option<Prose> {
    text.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 16).find_map(|word| {
        let meaning = address::classify(u64::from_str_radix(word, 16).ok()?, facts.report.arch);
        (meaning.class == AddressClass::Poison)
            .then(|| Prose::default().code(word, Some(line)).text(" is ").guess(meaning.words, Some(line)).text("."))
    })
}
