//! Records: `/dev/kmsg` and netconsole's extended form (`4,344,3450872,-;text`), `dmesg --json` (`"msg": "text"`), a
//! field of the journal (`MESSAGE=text`), LAVA's YAML (`- {"dt": …, "lvl": "target", "msg": "text"}`).
//!
//! Documentation/ABI/testing/dev-kmsg: priority, sequence number, microseconds, flags, then fields that may be added
//! any time, up to the semicolon; `caller=T121` is one. Lines that follow with a space are a dictionary, not text.
//! Must never take a line apart that only has commas and a semicolon.

use super::escape::Escape;
use super::{Prefix, Rest, is_number, printk};

pub(super) fn strip<'a>(text: &'a str, prefix: &mut Prefix) -> Option<Rest<'a>> {
    kmsg(text, prefix).or_else(|| json(text)).or_else(|| journal(text)).or_else(|| lava(text, prefix))
}

fn kmsg<'a>(text: &'a str, prefix: &mut Prefix) -> Option<Rest<'a>> {
    let (head, message) = text.split_at_checked(text.bytes().take(192).position(|b| b == b';')?)?;
    let mut fields = head.split(',');
    let mut first = fields.next()?;
    // netconsole's `r` flag puts the kernel's release before the record (Documentation/networking/netconsole.rst).
    if !is_number(first) && first.as_bytes().first()?.is_ascii_digit() && first.contains('.') {
        first = fields.next()?;
    }
    let number = |field: &str| Some(field).filter(|field| field.len() <= 19 && is_number(field))?.parse::<u64>().ok();
    let priority = number(first)?;
    number(fields.next()?)?;
    let microseconds = number(fields.next()?)?;
    // `-` a whole record, `c` the first of a continued line, `+` its continuation.
    fields.next().filter(|flags| matches!(*flags, "-" | "c" | "+"))?;
    prefix.level = u8::try_from(priority & 7).ok();
    prefix.facility = u8::try_from(priority >> 3).ok();
    // Seconds as printk prints them, from the same digits: exact to the microsecond.
    prefix.time = format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000).parse().ok();
    prefix.caller = fields.find_map(|field| printk::caller(field.strip_prefix("caller=")?));
    Some(Rest { text: &message[1..], tail: 0, escape: Escape::Kmsg })
}

/// util-linux writes one member a line, and so does journalctl -o json-pretty.
fn json(text: &str) -> Option<Rest<'_>> {
    let text = text.trim_start();
    let text = text.strip_prefix("\"msg\"").or_else(|| text.strip_prefix("\"MESSAGE\""))?;
    let text = text.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let inside = text.trim_end().trim_end_matches(',').strip_suffix('"')?;
    Some(Rest { text, tail: text.len() - inside.len(), escape: Escape::Json })
}

/// journalctl -o verbose and -o export write one field a line.
fn journal(text: &str) -> Option<Rest<'_>> {
    text.trim_start_matches(' ').strip_prefix("MESSAGE=").map(Rest::from)
}

/// A line of a LAVA job's output.yaml: what the target printed, as a flow mapping of JSON or of bare words.
fn lava<'a>(text: &'a str, prefix: &mut Prefix) -> Option<Rest<'a>> {
    /// Date and level are shorter than this.
    const HEAD: usize = 160;
    let inside = text.trim_start().strip_prefix("- {")?.trim_end().strip_suffix('}')?;
    let head = inside.char_indices().map(|(at, _)| at).take_while(|at| *at <= HEAD).last()?;
    let at = ["\"msg\": ", "msg: "].into_iter().find_map(|key| Some(inside[..head].find(key)? + key.len()))?;
    let value = |key: &str| {
        let value = &inside[inside[..at].find(key)? + key.len()..at];
        Some(value.trim_start_matches(['"', '\'', ':', ' ']).split(['"', '\'', ',']).next().unwrap_or(value))
    };
    if !matches!(value("lvl")?, "target" | "feedback") {
        return None;
    }
    if let Some(date) = value("dt") {
        prefix.dated(date);
    }
    let quote = inside[at..].bytes().next().filter(|quote| matches!(quote, b'"' | b'\''))?;
    let closed = inside.ends_with(char::from(quote)) && inside.len() > at + 1;
    let from = text.len() - text.trim_start().len() + "- {".len() + at + 1;
    let end = from + inside[at + 1..].len() - usize::from(closed);
    let escape = if quote == b'"' { Escape::Json } else { Escape::Yaml };
    Some(Rest { text: &text[from..], tail: text.len() - end, escape })
}
