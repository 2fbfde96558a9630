//! The forms of dates and clocks that stand before messages.
//!
//! Must never compute with them: there is no year in half of them, and no zone in most. They are kept as written.

use super::{is_number, word};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A date or a clock at the start of a text, and what follows it without the spaces between. The longest form that
/// fits.
pub(super) fn leading(text: &str) -> Option<(&str, &str)> {
    // The most words that a date has: `Mon Aug 17 12:34:56 UTC 2026`.
    const WORDS: usize = 6;
    let mut ends = [0; WORDS];
    let mut count = 0;
    let mut at = 0;
    for end in &mut ends {
        at += text[at..].len() - text[at..].trim_start_matches(' ').len();
        let Some(length) = text[at..].find(' ').filter(|length| (1..=40).contains(length)) else { break };
        at += length;
        *end = at;
        count += 1;
    }
    let end = ends[..count].iter().rev().find(|end| is_date(&text[..**end]))?;
    Some((&text[..*end], text[*end..].trim_start_matches(' ')))
}

/// True for a whole date or clock.
pub(super) fn is_date(text: &str) -> bool {
    let mut words = [""; 6];
    let mut count = 0;
    for part in text.split_ascii_whitespace() {
        let Some(place) = words.get_mut(count) else { return false };
        *place = part;
        count += 1;
    }
    match &words[..count] {
        [one] => is_iso(one) || is_clock(one) || is_unix(one),
        // `2026-08-17 12:34:56`; logcat's `08-17 12:34:56.789`.
        [day, clock] => (is_day(day) || is_month_and_day(day)) && is_clock(clock),
        // `Aug 17 12:34:56`; `2026-08-17 12:34:56 +0200`.
        [month, day, clock] if is_month(month) => is_day_of_month(day) && is_clock(clock),
        [day, clock, zone] if is_day(day) => is_clock(clock) && is_zone(zone),
        // `Mon 2026-08-17 12:34:56 UTC`; `Aug 17 2026 12:34:56`.
        [weekday, day, clock, zone] if is_weekday(weekday) => is_day(day) && is_clock(clock) && is_zone(zone),
        [month, day, year, clock] => is_month(month) && is_day_of_month(day) && is_year(year) && is_clock(clock),
        // `Mon Aug 17 12:34:56 2026`, and with a zone.
        [weekday, month, day, clock, rest @ ..] => {
            is_weekday(weekday)
                && is_month(month)
                && is_day_of_month(day)
                && is_clock(clock)
                && match rest {
                    [year] => is_year(year),
                    [zone, year] => is_zone(zone) && is_year(year),
                    _ => false,
                }
        }
        _ => false,
    }
}

/// `Aug`.
pub(super) fn is_month(text: &str) -> bool {
    MONTHS.contains(&text)
}

fn is_weekday(text: &str) -> bool {
    DAYS.contains(&text)
}

fn is_day_of_month(text: &str) -> bool {
    text.len() <= 2 && is_number(text)
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && is_number(text)
}

/// `UTC`, `CEST`, `+0200`, `+02`.
fn is_zone(text: &str) -> bool {
    let name = (2..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
    name || text.strip_prefix(['+', '-']).is_some_and(|digits| digits.len() <= 5 && is_number(&digits.replace(':', "")))
}

/// `2026-08-17T12:34:56` with an optional fraction and zone.
pub(super) fn is_iso(stamp: &str) -> bool {
    let Some((day, clock)) = stamp.split_once('T') else { return false };
    let end = clock.len().min(8);
    stamp.len() <= 35
        && is_day(day)
        && clock.get(..end).is_some_and(is_clock)
        && clock[end..].bytes().all(|b| b.is_ascii_digit() || b",.+-:Z".contains(&b))
}

/// `2026-08-17`.
fn is_day(text: &str) -> bool {
    fits(text, b"dddd-dd-dd") || fits(text, b"dddd/dd/dd")
}

/// `08-17`, as logcat writes it.
fn is_month_and_day(text: &str) -> bool {
    fits(text, b"dd-dd")
}

/// `12:34:56`, with a fraction.
pub(super) fn is_clock(text: &str) -> bool {
    let clock = text.split_once(['.', ',']).map_or(Some(text), |(clock, part)| is_number(part).then_some(clock));
    clock.is_some_and(|clock| fits(clock, b"dd:dd:dd"))
}

/// Seconds since 1970 with a fraction (`ts %.s`, journalctl -o short-unix): ten digits until the year 2286.
pub(super) fn is_unix(text: &str) -> bool {
    text.split_once('.').is_some_and(|(seconds, part)| {
        seconds.len() == 10 && is_number(seconds) && (3..=9).contains(&part.len()) && is_number(part)
    })
}

fn fits(text: &str, shape: &[u8]) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape).all(|(b, s)| if *s == b'd' { b.is_ascii_digit() } else { b == *s })
}

/// `Aug17 12:34`: dmesg's relative form, at the first line of a minute.
pub(super) fn is_minute(text: &str) -> bool {
    word(text).is_some_and(|(date, clock)| {
        date.split_at_checked(3).is_some_and(|(month, day)| is_month(month) && is_day_of_month(day))
            && fits(clock, b"dd:dd")
    })
}
