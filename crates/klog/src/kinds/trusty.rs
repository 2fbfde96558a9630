//! **The secure world crashed.** Trusty, the operating system in the processor's secure mode on Android devices, hit an
//! assertion or panicked, and its log came out through the kernel's. The bug is in Trusty or in one of its applications,
//! not in Linux; the WARNING that follows in drivers/trusty only notices that the secure side no longer answers.
//!
//! `trusty: panic (caller 0x…): ASSERT FAILED at (file:line): condition`.

use super::Rule;
use crate::about;
use crate::facts::Facts;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "trusty",
    about: about::TRUSTY,
    headers: &["trusty: panic"],
    begins: |text| text.contains("trusty: panic"),
    absorbs: |text| text.contains(" at drivers/trusty/"),
    titles,
    needs_trace: false,
    ..Rule::BASE
};

fn titles(facts: &Facts) -> Titles {
    let (_, rest) = facts.header.split_once("trusty: panic").unwrap_or_default();
    let rest = rest.trim_start().strip_prefix('(').and_then(|rest| rest.split_once("):")).map(|(_, rest)| rest.trim());
    let Some(rest) = rest else { return Titles::of_header(facts, "trusty:", "the headline is cut off") };
    let assertion = rest.strip_prefix("DEBUG ").unwrap_or(rest).strip_prefix("ASSERT FAILED at (");
    match assertion.and_then(|rest| rest.split_once("): ")) {
        Some((_, condition)) => Titles::plain(format!("trusty: ASSERT FAILED: {condition}")),
        None if rest.contains("ASSERT FAILED") => {
            let condition = rest.rsplit_once(':').map_or("", |(_, condition)| condition.trim());
            Titles::plain(format!("trusty: ASSERT FAILED: {condition}")).damaged("the headline is cut off")
        }
        None => Titles::plain(format!("trusty: panic: {rest}")),
    }
}
