//! What printk itself writes: `<4>`, `[    3.487342]`, `[    3.487342][  T121]`, `[    C0]`.
//!
//! kernel/printk/printk.c: `print_syslog`, `print_time` (`"[%5lu.%06lu]"`), `print_caller` (`"[%6s]"`). Must never
//! take an address in brackets for a time.

use super::{Caller, Prefix, after_space, bracketed, is_number};

pub(super) fn strip<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    if prefix.level.is_none()
        && let Some((priority, rest)) = level(text)
    {
        prefix.priority(priority);
        return Some(rest);
    }
    if let Some(rest) = dropped(text) {
        return Some(rest);
    }
    let (inside, rest) = bracketed(text)?;
    if prefix.time.is_none()
        && let Some(time) = time(inside)
    {
        prefix.time = Some(time);
        return Some(match bracketed(rest).and_then(|(inside, rest)| Some((caller(inside)?, rest))) {
            Some((caller, rest)) => {
                prefix.caller = Some(caller);
                after_space(rest)
            }
            None => after_space(rest),
        });
    }
    if prefix.caller.is_none()
        && let Some(caller) = caller(inside)
    {
        prefix.caller = Some(caller);
        return Some(after_space(rest));
    }
    None
}

/// `** 93 printk messages dropped ** `, which stood in front of the next message's line until 4.19.
fn dropped(text: &str) -> Option<&str> {
    let (count, rest) = text.strip_prefix("** ")?.split_once(" printk messages dropped ** ")?;
    is_number(count).then_some(rest)
}

/// `<4>`, or with a syslog facility `<30>`.
fn level(text: &str) -> Option<(u8, &str)> {
    let (number, rest) = text.strip_prefix('<')?.split_once('>')?;
    if number.len() > 3 || !is_number(number) {
        return None;
    }
    // The largest facility is 23 (RFC 5424, table 1): 23 * 8 + 7.
    let number = number.parse().ok().filter(|number: &u8| *number <= 191)?;
    Some((number, rest))
}

/// Seconds since boot; `dmesg -d` adds the distance to the line before: `3.487342 <    0.000012>`.
pub(super) fn time(inside: &str) -> Option<f64> {
    let stamp = match inside.split_once('<') {
        Some((stamp, delta)) if delta.ends_with('>') => stamp.trim(),
        Some(_) => return None,
        None => inside,
    };
    let (seconds, fraction) = stamp.split_once('.')?;
    let digits = |s: &str| s.len() <= 12 && is_number(s);
    (digits(seconds) && digits(fraction)).then(|| stamp.parse().ok())?
}

/// `T121`, `C0`.
pub(super) fn caller(inside: &str) -> Option<Caller> {
    let make = match inside.as_bytes().first()? {
        b'T' => Caller::Task,
        b'C' => Caller::Cpu,
        _ => return None,
    };
    Some(&inside[1..]).filter(|number| is_number(number))?.parse().ok().map(make)
}
