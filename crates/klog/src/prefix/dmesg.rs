//! What util-linux' dmesg writes in place of printk's own: `-x`, `-T`, `-e`, `-d`, `--time-format`.
//!
//! sys-utils/dmesg.c, `print_record`. Must never take a delta for a time since boot.

use super::{Prefix, after_space, bracketed, clock, is_number};

/// Level and facility names of `dmesg -x`, by number (`level_names`, `facility_names`).
pub(super) const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
pub(super) const FACILITIES: [&str; 12] =
    ["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"];

pub(super) fn strip<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    if let Some((facility, level, rest)) = decoded(text) {
        prefix.level = Some(level);
        prefix.facility = facility;
        return Some(rest);
    }
    // `--time-format iso`: a comma before the fraction, and one space. With a dot it is somebody else's.
    if let Some((stamp, rest)) = text.split_once(' ')
        && stamp.contains(',')
        && clock::is_iso(stamp)
    {
        prefix.dated(stamp);
        return Some(rest);
    }
    let (inside, rest) = bracketed(text)?;
    // `-d` adds the distance to the line before: `[Mon Aug 17 12:34:56 2026 <    0.000012>]`, and alone with -t.
    let stamp = match inside.split_once('<') {
        Some((stamp, delta)) => {
            is_seconds(delta.strip_suffix('>')?.trim()).then_some(())?;
            stamp.trim()
        }
        None if inside.starts_with('+') => {
            return is_seconds(&inside[1..]).then_some(after_space(rest));
        }
        None => inside,
    };
    if stamp.is_empty() {
        return Some(after_space(rest));
    }
    if !stamp.contains(' ') || !(clock::is_date(stamp) || clock::is_minute(stamp)) {
        return None;
    }
    prefix.dated(stamp);
    Some(after_space(rest))
}

/// `-x`: `kern  :warn  : `, facility and level in columns of six.
fn decoded(text: &str) -> Option<(Option<u8>, u8, &str)> {
    let (facility, rest) = text.split_once(':').filter(|(facility, _)| (6..=8).contains(&facility.len()))?;
    let (level, rest) = rest.split_at_checked(6)?;
    let rest = rest.strip_prefix(": ")?;
    let facility = facility.trim_end();
    if !facility.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    Some((index(&FACILITIES, facility), index(&LEVELS, level.trim_end())?, rest))
}

/// The number of a name.
pub(super) fn index(names: &[&str], name: &str) -> Option<u8> {
    u8::try_from(names.iter().position(|known| *known == name)?).ok()
}

fn is_seconds(text: &str) -> bool {
    text.split_once('.').is_some_and(|(seconds, part)| is_number(seconds) && is_number(part))
}
