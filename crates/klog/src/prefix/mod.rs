//! What stands before the kernel's message: time, caller, level, host, and what the channel added around it.
//!
//! One file a family of prefixes; each takes one prefix off the front of a line. They are tried in turn, outermost
//! first, until none fits, because channels wrap each other (a mail that quotes a serial log captured with `ts` of a
//! console with levels). Must never take anything off that is part of the message: a frame's leading space stays.

mod clock;
mod dmesg;
mod escape;
mod printk;
mod quote;
mod records;
mod syslog;
mod terminal;
mod vendor;

use escape::Escape;
use std::borrow::Cow;

/// What the prefixes of a line told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Prefix {
    /// Seconds since boot.
    pub(crate) time: Option<f64>,
    /// Who printed: a task or a CPU in interrupt context (`CONFIG_PRINTK_CALLER`).
    pub(crate) caller: Option<Caller>,
    /// printk level, 0 (emergency) to 7 (debug).
    pub(crate) level: Option<u8>,
    /// syslog facility: 0 is the kernel, anything else a program that wrote to /dev/kmsg or to syslog.
    pub(crate) facility: Option<u8>,
    /// The outermost date or clock, as it was written.
    pub(crate) wall: Option<Box<str>>,
    /// The machine that a syslog daemon or the journal names.
    pub(crate) host: Option<Box<str>>,
}

impl Prefix {
    /// True when the prefix shows that the kernel printed the line, not a program on the same console.
    pub(crate) const fn is_kernel(&self) -> bool {
        self.host.is_some() || self.time.is_some() || self.caller.is_some() || self.level.is_some()
    }

    /// Keeps a date: the outermost one, which is the recorder's own.
    fn dated(&mut self, wall: &str) {
        self.wall.get_or_insert_with(|| wall.trim().into());
    }

    /// Keeps a priority as syslog counts it: the facility times eight and the level (RFC 5424, 6.2.1).
    fn priority(&mut self, priority: u8) {
        self.level = Some(priority & 7);
        self.facility = Some(priority >> 3);
    }
}

/// Who printed a line: `T123` a task by its PID, `C1` a CPU outside of task context.
///
/// Since Linux 5.1 ("printk: Add caller information to printk() output.").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Caller {
    Task(u32),
    Cpu(u32),
}

/// What is left of a line when a prefix has been taken off.
struct Rest<'a> {
    /// The end of the line, from behind the prefix on.
    text: &'a str,
    /// Bytes at the very end that belong to the prefix, as its closing bracket.
    tail: usize,
    /// How the channel has written what it could not write as it is.
    escape: Escape,
}

impl<'a> From<&'a str> for Rest<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, tail: 0, escape: Escape::None }
    }
}

/// More wrappings than this are no log.
const MOST: usize = 10;

/// Takes all prefixes off a line.
pub(crate) fn strip(line: &str) -> (Prefix, Cow<'_, str>) {
    let mut prefix = Prefix::default();
    let mut text = escape::entities(line);
    for _ in 0..MOST {
        let Some(Rest { text: rest, tail, escape }) = one(&text, &mut prefix) else { break };
        let (from, to) = (text.len() - rest.len(), text.len() - tail);
        text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[from..to]),
            Cow::Owned(text) => Cow::Owned(text[from..to].to_owned()),
        };
        text = escape.undo(text);
    }
    (prefix, text)
}

/// Takes one prefix off.
fn one<'a>(text: &'a str, prefix: &mut Prefix) -> Option<Rest<'a>> {
    // A message that has already given up its time stamp begins with what the kernel said: only the caller may
    // follow, as printk or a vendor's kernel writes it.
    if prefix.time.is_some() {
        return printk::strip(text, prefix).or_else(|| vendor::strip(text, prefix)).map(Rest::from);
    }
    // The journal's monotonic time stands in brackets like printk's own, and so does a recorder's clock: what has
    // more to it than a bracket goes first.
    syslog::strip(text, prefix)
        .or_else(|| records::strip(text, prefix))
        .or_else(|| vendor::strip(text, prefix).map(Rest::from))
        .or_else(|| printk::strip(text, prefix).map(Rest::from))
        .or_else(|| dmesg::strip(text, prefix).map(Rest::from))
        .or_else(|| terminal::strip(text, prefix).map(Rest::from))
        .or_else(|| quote::strip(text).map(Rest::from))
}

/// The text after a bracketed group at the start, with the group's inside: `[ a ] b` gives `a`, ` b`.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('[')?;
    // No prefix is longer; a message in brackets may be.
    let end = inside.bytes().take(64).position(|b| b == b']')?;
    Some((inside[..end].trim(), &inside[end + 1..]))
}

/// One space after a prefix belongs to it; more belong to the message.
fn after_space(text: &str) -> &str {
    text.strip_prefix(' ').unwrap_or(text)
}

/// The first word, and what follows the one space after it.
fn word(text: &str) -> Option<(&str, &str)> {
    text.split_once(' ').filter(|(word, _)| !word.is_empty())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
