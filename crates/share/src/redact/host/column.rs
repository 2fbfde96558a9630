//! The host column of syslog and journal lines.
//!
//! This file must never take the first words of a message for a host: a name counts only between a time and the tag of
//! a program (`kernel:`, `systemd[1]:`).

use super::name;
use std::ops::Range;

/// How many words of a line are looked at: PRI, a date and time in six parts, the host, a facility, the tag.
const WORDS: usize = 10;
/// How much of a line is looked at.
const WITHIN: usize = 400;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const ZONES: [&str; 13] = ["UTC", "GMT", "CET", "CEST", "EST", "EDT", "CST", "CDT", "PST", "PDT", "JST", "IST", "BST"];

pub(super) fn find(line: &str) -> Option<Range<usize>> {
    let mut end = line.len().min(WITHIN);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let (mut classic, mut rfc5424, mut timed) = (false, false, false);
    let mut host: Option<Range<usize>> = None;
    let mut at = 0;
    let words = line[..end].split(' ').map(|word| {
        let start = at;
        at += word.len() + 1;
        (start, word)
    });
    for (start, word) in words.filter(|(_, word)| !word.is_empty()).take(WORDS) {
        if host.is_some() && is_facility(word) {
            continue;
        }
        if let Some(host) = host {
            let is_tag = is_kernel_or_process(word) || (classic && is_tag(word)) || (rfc5424 && word == "kernel");
            return is_tag.then_some(host);
        }
        let stamp = without_priority(word);
        if is_time(stamp) {
            classic |= MONTHS.contains(&stamp);
            timed |= stamp.bytes().any(|byte| byte.is_ascii_digit());
            rfc5424 |= stamp == "1" && stamp.len() < word.len();
        } else if timed && name(line.as_bytes(), start) == word.len() {
            host = Some(start..start + word.len());
        } else {
            return None;
        }
    }
    None
}

/// A word without the `<30>` that syslog puts before it on the wire.
fn without_priority(word: &str) -> &str {
    let stripped = word.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    match stripped {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => word,
    }
}

/// A part of a date or a time, in any of the ways in which logs write them.
fn is_time(word: &str) -> bool {
    let numeric = |byte: u8| {
        byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b',' | b'-' | b'+' | b'/' | b'T' | b'Z' | b'[' | b']')
    };
    word.bytes().all(numeric) || MONTHS.contains(&word) || DAYS.contains(&word) || ZONES.contains(&word)
}

/// What BusyBox's syslogd puts between host and tag: `kern.info`.
fn is_facility(word: &str) -> bool {
    const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
    word.split_once('.').is_some_and(|(_, level)| LEVELS.contains(&level))
}

fn is_kernel_or_process(word: &str) -> bool {
    let process = || {
        let (name, number) = word.strip_suffix("]:")?.split_once('[')?;
        Some(!name.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    word == "kernel:" || process().unwrap_or(false)
}

fn is_tag(word: &str) -> bool {
    word.len() > 1 && word.ends_with(':') && word.starts_with(|first: char| first.is_ascii_alphabetic())
}
