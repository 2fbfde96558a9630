//! What util-linux' dmesg writes in place of printk's own: `-x`, `-T`, `-e`, `--time-format iso`.

use super::{Prefix, after_space, bracketed};

/// Level names of `dmesg -x`, by number.
const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) fn strip<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    if let Some((level, rest)) = decoded(text) {
        prefix.level = Some(level);
        return Some(rest);
    }
    if let Some(rest) = iso(text) {
        return Some(rest);
    }
    let (inside, rest) = bracketed(text)?;
    (ctime(inside) || reltime(inside)).then(|| after_space(rest))
}

/// `-x`: `kern  :warn  : `, facility and level in columns of six.
fn decoded(text: &str) -> Option<(u8, &str)> {
    let (facility, rest) = text.split_at_checked(6)?;
    let (level, rest) = rest.strip_prefix(':')?.split_at_checked(6)?;
    let rest = rest.strip_prefix(": ")?;
    if !facility.trim_end().bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let level = LEVELS.iter().position(|name| *name == level.trim_end())?;
    Some((u8::try_from(level).ok()?, rest))
}

/// `-T`: `Mon Aug 17 12:34:56 2026`.
fn ctime(inside: &str) -> bool {
    let mut words = inside.split_ascii_whitespace();
    matches!(
        (words.next(), words.next(), words.next(), words.next(), words.next(), words.next()),
        (Some(day), Some(month), Some(date), Some(clock), Some(year), None)
            if day.len() == 3 && MONTHS.contains(&month) && number(date) && number(year)
                && clock.len() == 8 && clock.bytes().filter(|b| *b == b':').count() == 2
    )
}

/// `-e`: `Aug17 12:34` for the first line of a minute, `+0.000012` for the others.
fn reltime(inside: &str) -> bool {
    if let Some(delta) = inside.strip_prefix('+') {
        return delta.split_once('.').is_some_and(|(a, b)| number(a) && number(b));
    }
    inside.split_once(' ').is_some_and(|(date, clock)| {
        date.split_at_checked(3).is_some_and(|(month, day)| MONTHS.contains(&month) && number(day))
            && clock.split_once(':').is_some_and(|(h, m)| number(h) && number(m))
    })
}

/// `--time-format iso`: `2026-08-17T12:34:56,123456+00:00 `; with a dot for the comma other loggers write it too.
fn iso(text: &str) -> Option<&str> {
    let (stamp, rest) = text.split_once(' ')?;
    is_iso(stamp).then_some(rest)
}

/// True for `Aug`.
pub(super) fn is_month(text: &str) -> bool {
    MONTHS.contains(&text)
}

/// True for `2026-08-17T12:34:56` with an optional fraction and zone.
pub(super) fn is_iso(stamp: &str) -> bool {
    let bytes = stamp.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:dd";
    bytes.len() >= shape.len()
        && bytes.len() <= 35
        && shape.iter().zip(bytes).all(|(s, b)| if *s == b'd' { b.is_ascii_digit() } else { s == b })
        && bytes[shape.len()..].iter().all(|b| b.is_ascii_digit() || b",.+-:Z".contains(b))
}

fn number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
