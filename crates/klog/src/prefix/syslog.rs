//! What syslog daemons and journalctl write before a kernel message: a date, the host, `kernel: `.
//!
//! RFC 3164 and what rsyslog, syslog-ng, BusyBox and OpenWrt's logread make of it; RFC 5424; journalctl's short forms
//! with every date they have. Lines of other programs are left as they are: they are no kernel's.

use super::dmesg::{FACILITIES, LEVELS, index};
use super::escape::Escape;
use super::{Prefix, Rest, after_space, bracketed, clock, is_number, printk, word};

/// A date, a host and the program's name are shorter than this.
const LONGEST: usize = 192;

pub(super) fn strip<'a>(text: &'a str, prefix: &mut Prefix) -> Option<Rest<'a>> {
    rfc5424(text, prefix).or_else(|| rfc3164(text, prefix)).or_else(|| broadcast(text)).map(repeated)
}

/// `Aug 17 12:34:56 host kernel: message`, and without the host (journalctl --no-hostname, logread).
fn rfc3164<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    let (head, message) = tagged(text)?;
    // `-o short-monotonic`: the time since boot is all the date there is.
    let monotonic = bracketed(head).and_then(|(inside, rest)| Some((rest.strip_prefix(' ')?, printk::time(inside)?)));
    let dated = if monotonic.is_none() { Some(clock::leading(head)?) } else { None };
    let rest = monotonic.map(|(rest, _)| rest).or(dated.map(|(_, rest)| rest))?;
    let mut words = rest.split_ascii_whitespace();
    let mut host = words.next();
    // BusyBox' syslogd and logread: `kern.warn` between the host and the tag, or in the host's place.
    let mut place = words.next();
    if place.is_none() && host.is_some_and(|host| priority(host).is_some()) {
        (host, place) = (None, host);
    }
    let priority = match place {
        Some(place) => Some(priority(place)?),
        None => None,
    };
    if words.next().is_some() {
        return None;
    }
    if let Some((date, _)) = dated {
        prefix.dated(date);
    }
    if let Some((facility, level)) = priority {
        (prefix.facility, prefix.level) = (facility, Some(level));
    }
    prefix.host = host.map(Into::into).or(prefix.host.take());
    // A message with a time stamp of its own has the better one: this is when the journal took it.
    if bracketed(message).is_none_or(|(inside, _)| printk::time(inside).is_none()) {
        prefix.time = monotonic.map(|(_, time)| time);
    }
    Some(message)
}

/// The head and the message around the kernel's tag: `kernel: `, `kernel[0]: `.
fn tagged(text: &str) -> Option<(&str, &str)> {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last()?;
    let at = text[..end].find(" kernel")?;
    let after = &text[at + " kernel".len()..];
    let after = match after.strip_prefix('[') {
        Some(pid) => pid.split_once(']').filter(|(pid, _)| is_number(pid))?.1,
        None => after,
    };
    // The head keeps its space, so that a date is a word that ends.
    Some((&text[..=at], after_space(after.strip_prefix(':')?)))
}

/// `kern.warn`.
fn priority(word: &str) -> Option<(Option<u8>, u8)> {
    let (facility, level) = word.split_once('.')?;
    let level = match level {
        "warning" => "warn",
        "error" => "err",
        "panic" => "emerg",
        level => level,
    };
    Some((Some(index(&FACILITIES, facility)?), index(&LEVELS, level)?))
}

/// `1 2026-08-17T12:34:56.123456+00:00 host kernel - - - message`, behind its priority (RFC 5424, 6).
fn rfc5424<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    let (date, rest) = word(text.strip_prefix("1 ")?)?;
    let (host, rest) = word(rest)?;
    let (app, rest) = word(rest)?;
    let (_process, rest) = word(rest)?;
    let (_message_id, rest) = word(rest)?;
    if app != "kernel" || !(clock::is_iso(date) || date == "-") {
        return None;
    }
    let message = match rest.strip_prefix('-') {
        Some(message) => message,
        None => rest[..rest.len().min(1 << 10)].rfind("\"]").map(|at| &rest[at + 2..])?,
    };
    prefix.dated(date);
    prefix.host = Some(host.into());
    let message = after_space(message);
    Some(message.strip_prefix('\u{feff}').unwrap_or(message))
}

/// What syslogd writes to every terminal, below `Message from syslogd@host at …`: ` kernel:[  123.4] message`.
fn broadcast(text: &str) -> Option<&str> {
    text.strip_prefix(' ').unwrap_or(text).strip_prefix("kernel:").map(after_space)
}

/// `message repeated 3 times: [ message]`.
fn repeated(text: &str) -> Rest<'_> {
    let inside = text.strip_prefix("message repeated ").and_then(|rest| {
        let (count, rest) = rest.split_once(" times: [")?;
        let closed = rest.strip_suffix(']')?;
        is_number(count).then(|| (after_space(rest), rest.len() - closed.len()))
    });
    let (text, tail) = inside.unwrap_or((text, 0));
    Rest { text, tail, escape: Escape::Syslog }
}
