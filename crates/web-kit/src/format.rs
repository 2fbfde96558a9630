//! Figures for people: sizes, rates, durations, counts. Must never be used on values that the kernel printed:
//! those are shown as they stand in the log.

use crate::num::to_f64;

/// A size with three figures: `32.7 kB`, `1.05 GB`. Decimal units, as disks and networks count.
pub fn bytes(n: u64) -> String {
    if n < 1000 {
        return format!("{n} B");
    }
    let mut value = to_f64(n) / 1000.0;
    for unit in ["kB", "MB", "GB"] {
        if value < 999.5 {
            return format!("{} {unit}", three_figures(value));
        }
        value /= 1000.0;
    }
    format!("{} TB", three_figures(value))
}

/// A share in ten-thousandths, for a bar.
pub fn share(done: u64, total: u64) -> String {
    if total == 0 {
        return "0".to_owned();
    }
    crate::num::to_u64((to_f64(done) / to_f64(total) * 10_000.0).round()).to_string()
}

/// A rate: `212 MB/s`. Nothing while too little time has passed to tell.
pub fn rate(done: u64, ms: f64) -> Option<String> {
    (ms > 50.0 && done > 0).then(|| {
        let per_second = to_f64(done) / ms * 1000.0;
        format!("{}/s", bytes(crate::num::to_u64(per_second)))
    })
}

/// A duration: `3 ms`, `4.2 s`, `2 min 05 s`.
pub fn duration(ms: f64) -> String {
    if ms < 1.0 {
        "under 1 ms".to_owned()
    } else if ms < 999.5 {
        format!("{} ms", fixed(ms, 0))
    } else if ms < 59_950.0 {
        format!("{} s", fixed(ms / 1000.0, 1))
    } else {
        let seconds = crate::num::to_u64((ms / 1000.0).round());
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

/// Time that remains at the mean speed so far. Nothing while too little has been done to tell.
pub fn remaining(done: u64, total: u64, ms: f64) -> Option<String> {
    (ms > 500.0 && done > 0 && total > done).then(|| duration(ms / to_f64(done) * to_f64(total - done)))
}

/// A count with its thousands set apart: `15,000,000`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 report`, `3 reports`.
pub fn counted(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(n)) }
}

/// Seconds since boot, as the kernel prints them but without its padding: `3.49 s`, `2 d 03:04:05`.
pub fn uptime(seconds: f64) -> String {
    if seconds < 600.0 {
        return format!("{} s", fixed(seconds, 2));
    }
    let whole = crate::num::to_u64(seconds);
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60);
    let clock = format!("{hours:02}:{minutes:02}:{:02}", whole % 60);
    if days == 0 { clock } else { format!("{days} d {clock}") }
}

/// A time in seconds since 1970 UTC as a date with minutes: `2026-11-21 14:03`.
pub fn date(unix: i64) -> String {
    let (days, second) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    // Howard Hinnant's civil_from_days: years begin in March, so that the day that leaps is the last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", second / 3600, second / 60 % 60)
}

fn three_figures(value: f64) -> String {
    let places = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    fixed(value, places)
}

/// A number with so many places after the point, by whole numbers: the standard formatting of fractions is exact to the
/// last of seventeen digits, and a tenth of the page's size.
pub fn fixed(value: f64, places: u32) -> String {
    let unit = 10_u64.pow(places);
    let scaled = crate::num::to_u64((value * to_f64(unit)).round());
    let places = places as usize;
    if places == 0 { scaled.to_string() } else { format!("{}.{:0places$}", scaled / unit, scaled % unit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (n, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (32_700, "32.7 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (1_050_000_000, "1.05 GB"),
            (7_000_000_000_000, "7.00 TB"),
            (7_000_000_000_000_000, "7000 TB"),
        ] {
            assert_eq!(bytes(n), expected);
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration(0.2), "under 1 ms");
        assert_eq!(duration(3.4), "3 ms");
        assert_eq!(duration(999.6), "1.0 s");
        assert_eq!(duration(59_960.0), "1 min 00 s");
        assert_eq!(duration(125_000.0), "2 min 05 s");
    }

    #[test]
    fn shares() {
        assert_eq!([share(0, 0), share(1, 3), share(3, 3)], ["0", "3333", "10000"]);
    }

    #[test]
    fn progress_figures_wait_until_they_mean_something() {
        assert_eq!(rate(1_000_000, 10.0), None);
        assert_eq!(rate(100_000_000, 500.0).as_deref(), Some("200 MB/s"));
        assert_eq!(remaining(0, 10, 1000.0), None);
        assert_eq!(remaining(10, 10, 1000.0), None);
        assert_eq!(remaining(250, 1000, 1000.0).as_deref(), Some("3.0 s"));
    }

    #[test]
    fn dates() {
        for (unix, expected) in [
            (0, "1970-01-01 00:00"),
            (951_825_540, "2000-02-29 11:59"),
            (1_795_269_780, "2026-11-21 14:03"),
            (-1, "1969-12-31 23:59"),
        ] {
            assert_eq!(date(unix), expected);
        }
    }

    #[test]
    fn counts_and_uptimes() {
        assert_eq!(count(15_000_000), "15,000,000");
        assert_eq!(count(489), "489");
        assert_eq!(counted(1, "line"), "1 line");
        assert_eq!(counted(1000, "line"), "1,000 lines");
        assert_eq!(uptime(3.489), "3.49 s");
        assert_eq!(uptime(3661.2), "01:01:01");
        assert_eq!(uptime(183_845.0), "2 d 03:04:05");
    }
}
