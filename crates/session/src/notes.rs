//! Things about a log that a reader should know, in words.
//!
//! This module must never repeat what a report says: its notes are about the log as a whole.

use crate::problem::subject;
use crate::words::{number, plural, size};
use oopscope_panicqr::PanicLog;
use oopscope_protocol::Problem;
use oopscope_report::LogFacts;
use oopscope_unpack::Damage;

/// The most files that are named one by one.
const NAMED: usize = 8;

/// A name for a log made of these files.
pub(crate) fn name_of(starts: &[(String, u64)]) -> Option<String> {
    let (first, rest) = starts.split_first().filter(|(first, _)| !first.0.is_empty())?;
    Some(match rest.len() {
        0 => first.0.clone(),
        n => format!("{} and {}", first.0, plural(n as u64, "more file", "more files")),
    })
}

/// Which files make up the log, and which were left out.
pub(crate) fn about_files(starts: &[(String, u64)], left_out: &[Problem]) -> Vec<String> {
    let mut notes = Vec::new();
    if starts.len() > 1 {
        let mut names: Vec<String> =
            starts.iter().take(NAMED).map(|(name, line)| format!("{name} from line {}", number(*line))).collect();
        if starts.len() > NAMED {
            names.push(plural((starts.len() - NAMED) as u64, "more file", "more files"));
        }
        notes.push(format!("{} were read as one log, in this order: {}.", count_files(starts.len()), names.join(", ")));
    }
    notes.extend(left_out.iter().take(NAMED).map(|why| format!("Left out: {}", why.message)));
    if left_out.len() > NAMED {
        let more = plural((left_out.len() - NAMED) as u64, "more file", "more files");
        notes.push(format!("Left out: {more} that could not be read as a log."));
    }
    notes
}

fn count_files(n: usize) -> String {
    plural(n as u64, "file", "files")
}

/// What the scan met on its way.
pub(crate) fn about_facts(facts: &LogFacts) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |count: u64, words: String| {
        if count > 0 {
            notes.push(words);
        }
    };
    note(
        facts.lines_not_utf8,
        format!(
            "{} not UTF-8; such bytes are shown as \u{fffd}.",
            plural(facts.lines_not_utf8, "line holds bytes that are", "lines hold bytes that are")
        ),
    );
    note(facts.nul_bytes, format!("The log holds {}.", plural(facts.nul_bytes, "NUL byte", "NUL bytes")));
    note(
        facts.lines_cut,
        format!("{} too long and read only in part.", plural(facts.lines_cut, "line is", "lines are")),
    );
    note(
        facts.reports_not_kept,
        format!(
            "{} found beyond the limit and only counted.",
            plural(facts.reports_not_kept, "more report was", "more reports were")
        ),
    );
    notes
}

/// The user stopped the opening.
pub(crate) fn cancelled(done: u64, total: u64) -> String {
    format!("Cancelled after {} of {}: the reports are those found until there.", size(done), size(total))
}

/// A read failed on the way.
pub(crate) fn broken(why: &Problem, done: u64, total: u64) -> String {
    format!("{} Only the first {} of {} were read. {}", why.message, size(done), size(total), why.advice)
}

/// A file was not lines of text.
pub(crate) fn converted(name: &str, what: &str) -> String {
    format!("{} {what}.", subject(name))
}

/// A packed record of pstore's was unpacked.
pub(crate) fn pstore_block(name: &str) -> String {
    format!("{} is a packed record without a header, as pstore leaves it; it was unpacked.", subject(name))
}

/// A packed file gave not all that it should.
pub(crate) fn damaged(name: &str, damage: Damage) -> String {
    format!("{} could be unpacked only in part: {damage}. What came out until there was read.", subject(name))
}

/// Files of symbols were given and nothing that they could be of.
pub(crate) fn symbols_alone() -> String {
    "No log is open yet: give a kernel log, or a dump, and its addresses are looked up in these files.".to_owned()
}

/// A file that came with files of symbols is none.
pub(crate) fn no_symbols(name: &str) -> String {
    format!("{} holds neither symbols nor source; it was left alone. A log is to be opened by itself.", subject(name))
}

/// Which files of symbols are at hand.
pub(crate) fn symbols(names: &[&str]) -> Option<String> {
    let mut listed: Vec<String> = names.iter().take(NAMED).map(|name| (*name).to_owned()).collect();
    if names.len() > NAMED {
        listed.push(plural((names.len() - NAMED) as u64, "more file", "more files"));
    }
    (!listed.is_empty()).then(|| format!("Symbols are looked for in {}.", listed.join(", ")))
}

/// A file of symbols is of no use.
pub(crate) fn unreadable(name: &str, why: &str) -> String {
    format!("{} gives no symbols: {}.", subject(name), why.trim_end_matches('.'))
}

/// Files of a folder are nothing that could be of use.
pub(crate) fn left_alone(count: usize) -> String {
    format!("{} of the folder were left alone: neither symbols nor source.", plural(count as u64, "file", "files"))
}

/// The user stopped the sorting of many files.
pub(crate) fn sorting_stopped() -> String {
    "It was cancelled before all files had been looked at; those that had been are kept.".to_owned()
}

/// The user stopped the making of an index.
pub(crate) fn lookup_stopped() -> String {
    "Looking up the source lines was cancelled. Give the files again to go on.".to_owned()
}

/// No file of source was given that a place could be in.
pub(crate) fn no_source(file: &str) -> String {
    format!(
        "No source file was given that could be {file}. Drop the folder of the kernel's source to see its lines here."
    )
}

/// The log came out of a panic screen's QR code.
pub(crate) fn panic_code(name: &str, log: &PanicLog) -> String {
    let release = log.release.as_ref().map_or_else(String::new, |release| format!(" of Linux {release}"));
    let architecture = log.architecture.as_ref().map_or_else(String::new, |name| format!(" on {name}"));
    let cut = if log.cut { " The code's address was cut, so that the last lines are missing." } else { "" };
    format!(
        "{} is the QR code of a panic screen{release}{architecture}. Such a code holds only the end of the kernel's \
         log, as much as fits: what came before is not in it.{cut}",
        subject(name)
    )
}
