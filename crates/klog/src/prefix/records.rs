//! Records: `/dev/kmsg` (`1,344,3450872,-;text`) and `dmesg --json` (`"msg": "text"`).
//!
//! Documentation/ABI/testing/dev-kmsg: priority, sequence number, microseconds, flags, then fields that may be added
//! any time, up to the semicolon; `caller=T121` is one. Lines that follow with a space are a dictionary, not text.

use super::{Caller, Prefix};

pub(super) fn strip<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    kmsg(text, prefix).or_else(|| json(text))
}

fn kmsg<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    let (head, message) = text.split_at_checked(text.bytes().take(96).position(|b| b == b';')?)?;
    let mut fields = head.split(',');
    let number = |field: Option<&str>| {
        field.filter(|f| !f.is_empty() && f.len() <= 19 && f.bytes().all(|b| b.is_ascii_digit()))?.parse::<u64>().ok()
    };
    let priority = number(fields.next())?;
    number(fields.next())?;
    let microseconds = number(fields.next())?;
    // `-` a whole record, `c` the first of a continued line, `+` its continuation.
    fields.next().filter(|flags| matches!(*flags, "-" | "c" | "+"))?;
    prefix.level = u8::try_from(priority & 7).ok();
    // Seconds as printk prints them, from the same digits: exact to the microsecond.
    prefix.time = format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000).parse().ok();
    prefix.caller = fields.find_map(|field| {
        let caller = field.strip_prefix("caller=")?;
        let number = caller.get(1..)?.parse().ok()?;
        match caller.as_bytes()[0] {
            b'T' => Some(Caller::Task(number)),
            b'C' => Some(Caller::Cpu(number)),
            _ => None,
        }
    });
    Some(&message[1..])
}

/// util-linux writes one member a line.
fn json(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix("\"msg\": \"")?.trim_end().strip_suffix('"')
}
