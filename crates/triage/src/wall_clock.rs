//! The date before a log's line, as seconds since 1970. Must never guess a year that nothing tells.

use oopscope_report::triage::{Seen, SeenBy};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY: i64 = 86_400;

/// What a date says, as far as it does.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    seconds: Option<i64>,
    /// Seconds that the zone is ahead of UTC.
    zone: Option<i64>,
}

/// Reads a date in any form that channels write: ISO 8601, syslog's, ctime's, seconds since 1970. A year that it does
/// not tell is that of the file, or the year before when the date would lie after the file's last writing.
pub(crate) fn parse(text: &str, modified: Option<i64>) -> Option<Seen> {
    if let Some(unix) = unix(text) {
        return Some(Seen { unix, by: SeenBy::Log });
    }
    let mut parts = Parts::default();
    // The longest date has six words.
    for word in text.split_ascii_whitespace().take(8) {
        let word = word.trim_matches(['[', ']', '(', ')']);
        match word.split_once('T') {
            Some((date, clock)) if clock.starts_with(|c: char| c.is_ascii_digit()) => {
                parts.date(date);
                parts.clock(clock);
            }
            _ => parts.word(word),
        }
    }
    parts.seen(modified)
}

/// `1723900000`, `1723900000.123456`.
fn unix(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let plausible = (9..=11).contains(&whole.len()) && digits(whole) && digits(fraction);
    plausible.then(|| whole.parse().ok())?
}

impl Parts {
    fn word(&mut self, word: &str) {
        if word.contains(':') && word.starts_with(|c: char| c.is_ascii_digit()) {
            self.clock(word);
        } else if let Some(month) = MONTHS.iter().position(|month| word.get(..3) == Some(month)) {
            self.month = i64::try_from(month + 1).ok();
        } else if let Some(zone) = zone(word) {
            self.zone = Some(zone);
        } else if word.contains('-') {
            self.date(word);
        } else if let Ok(number) = word.trim_end_matches(',').parse::<i64>() {
            match number {
                1..=31 if self.day.is_none() => self.day = Some(number),
                1970..=9999 => self.year = Some(number),
                _ => {}
            }
        }
    }

    /// `2026-08-17`, logcat's `08-17`.
    fn date(&mut self, word: &str) {
        let numbers: Vec<i64> = word.split('-').map_while(|part| part.parse().ok()).take(4).collect();
        match numbers[..] {
            [year, month, day] if year >= 1970 => {
                (self.year, self.month, self.day) = (Some(year), Some(month), Some(day));
            }
            [month, day] => (self.month, self.day) = (Some(month), Some(day)),
            _ => {}
        }
    }

    /// `12:34:56`, `12:34:56.789`, `12:34:56,789+02:00`, `12:34:56Z`.
    fn clock(&mut self, word: &str) {
        let end = word.find(['+', '-', 'Z']).unwrap_or(word.len());
        let (clock, after) = word.split_at(end);
        let mut numbers = clock.split([':', '.', ',']).map(str::parse::<i64>);
        let mut next = |limit: i64| numbers.next()?.ok().filter(|number| (0..limit).contains(number));
        if let (Some(hours), Some(minutes)) = (next(24), next(60)) {
            self.seconds = Some(hours * 3600 + minutes * 60 + next(61).unwrap_or(0));
        }
        self.zone = zone(after).or(self.zone);
    }

    fn seen(&self, modified: Option<i64>) -> Option<Seen> {
        let month = self.month.filter(|month| (1..=12).contains(month))?;
        let day = self.day.filter(|day| (1..=31).contains(day))?;
        let at = |year: i64| days(year, month, day) * DAY + self.seconds.unwrap_or(0) - self.zone.unwrap_or(0);
        let unix = match (self.year.filter(|year| *year <= 9999), modified) {
            (Some(year), _) => at(year),
            (None, Some(modified)) => {
                // A day for the zone that it may not tell.
                let year = year_of(modified + DAY);
                if at(year) > modified + DAY { at(year - 1) } else { at(year) }
            }
            (None, None) => return None,
        };
        let by = if self.zone.is_some() && self.seconds.is_some() { SeenBy::Log } else { SeenBy::LogWithoutZone };
        Some(Seen { unix, by })
    }
}

/// `Z`, `UTC`, `+0200`, `-05:30`. Other names of zones stand for several of them.
fn zone(word: &str) -> Option<i64> {
    if matches!(word, "Z" | "UTC" | "GMT") {
        return Some(0);
    }
    let (sign, digits) = match word.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, word.strip_prefix('-')?),
    };
    let digits = digits.replace(':', "");
    let number: i64 = digits.parse().ok().filter(|_| matches!(digits.len(), 2 | 4))?;
    let (hours, minutes) = if digits.len() == 2 { (number, 0) } else { (number / 100, number % 100) };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counted in years that begin in March: then the leap day
/// is the last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

/// Year, month and day of a day counted from 1970-01-01.
pub(crate) const fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

const fn year_of(unix: i64) -> i64 {
    date(unix.div_euclid(DAY)).0
}

/// A time for people: `2026-08-17 12:34`.
pub(crate) fn shown(unix: i64) -> String {
    let (year, month, day) = date(unix.div_euclid(DAY));
    let minutes = unix.rem_euclid(DAY) / 60;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-08-17 12:34:56 UTC.
    const THEN: i64 = 1_786_970_096;

    #[test]
    fn all_forms_mean_the_same_time() {
        for text in [
            "2026-08-17T12:34:56Z",
            "2026-08-17T14:34:56.123456+02:00",
            "2026-08-17T14:34:56,123456+0200",
            "2026-08-17T07:04:56-0530",
            "Mon 2026-08-17 12:34:56 UTC",
            "Mon Aug 17 12:34:56 UTC 2026",
            "1786970096.5",
        ] {
            assert_eq!(parse(text, None), Some(Seen { unix: THEN, by: SeenBy::Log }), "{text}");
        }
        for text in ["2026-08-17 12:34:56", "Mon Aug 17 12:34:56 2026", "Aug 17 2026 12:34:56"] {
            assert_eq!(parse(text, None), Some(Seen { unix: THEN, by: SeenBy::LogWithoutZone }), "{text}");
        }
    }

    #[test]
    fn a_missing_year_is_the_files() {
        let unix = |text, modified| parse(text, modified).map(|seen| seen.unix);
        for text in ["Aug 17 12:34:56", "08-17 12:34:56.789"] {
            assert_eq!(unix(text, Some(THEN + 60)), Some(THEN));
            assert_eq!(unix(text, Some(THEN + 100 * DAY)), Some(THEN));
            assert_eq!(unix(text, Some(THEN + 300 * DAY)), Some(THEN), "written in the next year");
            assert_eq!(unix(text, None), None);
        }
        assert_eq!(unix("Dec 31 23:59:59", Some(days(2027, 1, 1) * DAY)), Some(days(2027, 1, 1) * DAY - 1));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "12:34:56", "Aug", "2026-13-01 00:00:00", "99", "Aug 32 10:00:00", "ü 2026"] {
            assert_eq!(parse(text, Some(THEN)), None, "{text}");
        }
    }

    #[test]
    fn days_and_dates_are_inverse() {
        for day in (-100_000..100_000).step_by(17) {
            let (y, m, d) = date(day);
            assert_eq!(days(y, m, d), day);
        }
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(shown(THEN), "2026-08-17 12:34");
    }
}
