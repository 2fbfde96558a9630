//! What printk itself writes: `<4>`, `[    3.487342]`, `[    3.487342][  T121]`, `[    C0]`.
//!
//! kernel/printk/printk.c: `print_syslog`, `print_time` (`"[%5lu.%06lu]"`), `print_caller` (`"[%6s]"`).

use super::{Caller, Prefix, after_space, bracketed};

pub(super) fn strip<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    if let Some((level, rest)) = level(text) {
        prefix.level = Some(level);
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

/// `<4>`, or with a syslog facility `<30>`: the level is the low three bits.
fn level(text: &str) -> Option<(u8, &str)> {
    let (number, rest) = text.strip_prefix('<')?.split_once('>')?;
    if number.is_empty() || number.len() > 3 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u16 = number.parse().ok()?;
    // The largest facility is 23 (RFC 5424, table 1): 23 * 8 + 7.
    (number <= 191).then(|| (u8::try_from(number & 7).unwrap_or(7), rest))
}

/// Seconds since boot; `dmesg -d` adds the distance to the line before: `3.487342 <    0.000012>`.
fn time(inside: &str) -> Option<f64> {
    let stamp = match inside.split_once('<') {
        Some((stamp, delta)) if delta.ends_with('>') => stamp.trim(),
        Some(_) => return None,
        None => inside,
    };
    let (seconds, fraction) = stamp.split_once('.')?;
    let digits = |s: &str| !s.is_empty() && s.len() <= 12 && s.bytes().all(|b| b.is_ascii_digit());
    (digits(seconds) && digits(fraction)).then(|| stamp.parse().ok())?
}

fn caller(inside: &str) -> Option<Caller> {
    let make = match inside.as_bytes().first()? {
        b'T' => Caller::Task,
        b'C' => Caller::Cpu,
        _ => return None,
    };
    let number = &inside[1..];
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    number.parse().ok().map(make)
}
