//! A message with what its record tells, as a line that says the same.
//!
//! The line is one that the channels write anyway, `2026-11-21T12:34:56.123456+00:00 host kernel: <4>[    3.487342] text`,
//! so that it is read like any other. Must never put words into it that the record does not have.

use std::fmt::Write as _;

/// What a record tells about a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// Microseconds since 1970.
    pub(crate) realtime: Option<u64>,
    /// Microseconds since boot.
    pub(crate) monotonic: Option<u64>,
    pub(crate) host: Option<String>,
    /// `kernel`, or the program that logged, with its PID in brackets.
    pub(crate) tag: String,
    pub(crate) level: Option<u8>,
}

impl Record {
    /// Appends the message, each of its lines as one.
    pub(crate) fn write(&self, message: &[u8], out: &mut Vec<u8>) {
        let mut head = String::new();
        if let Some(time) = self.realtime {
            push_date(&mut head, time);
            head.push(' ');
            head.push_str(self.host.as_deref().unwrap_or("localhost"));
            let _ = write!(head, " {}: ", self.tag);
        }
        let is_kernel = self.tag == "kernel";
        if let Some(level) = self.level.filter(|_| is_kernel) {
            let _ = write!(head, "<{level}>");
        }
        let message = message.strip_suffix(b"\n").unwrap_or(message);
        for line in message.split(|&byte| byte == b'\n') {
            out.extend_from_slice(head.as_bytes());
            // A message with its own time stamp needs no second one.
            if let Some(time) = self.monotonic.filter(|_| is_kernel && !is_stamped(line)) {
                let stamp = format!("[{:5}.{:06}] ", time / 1_000_000, time % 1_000_000);
                out.extend_from_slice(stamp.as_bytes());
            }
            out.extend_from_slice(line);
            out.push(b'\n');
        }
    }
}

/// True when a line begins with printk's time stamp, `[    3.487342]`.
pub(crate) fn is_stamped(line: &[u8]) -> bool {
    let Some(end) = line.iter().take(24).position(|&b| b == b']').filter(|_| line[0] == b'[') else { return false };
    let inside = line[1..end].trim_ascii_start();
    inside.first().is_some_and(u8::is_ascii_digit)
        && inside.contains(&b'.')
        && inside.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

/// `2026-11-21T12:34:56.123456+00:00`: from days to a date by the proleptic Gregorian calendar.
fn push_date(out: &mut String, microseconds: u64) {
    const DAY: u64 = 24 * 60 * 60;
    let (seconds, fraction) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let (mut days, clock) = (seconds / DAY, seconds % DAY);
    // Whole cycles of 400 years have 146,097 days; at most 400 years are then walked.
    let mut year = 1970 + days / 146_097 * 400;
    days %= 146_097;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let day = days + 1;
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}+00:00");
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let date = |seconds: u64| {
            let mut out = String::new();
            push_date(&mut out, seconds * 1_000_000 + 7);
            out
        };
        assert_eq!(date(0), "1970-01-01T00:00:00.000007+00:00");
        assert_eq!(date(951_782_400), "2000-02-29T00:00:00.000007+00:00");
        assert_eq!(date(1_795_264_496), "2026-11-21T12:34:56.000007+00:00");
        assert_eq!(date(4_107_542_399), "2100-02-28T23:59:59.000007+00:00");
        assert_eq!(date(4_107_542_400), "2100-03-01T00:00:00.000007+00:00");
        assert_eq!(date(u64::MAX / 1_000_000 - 1).len(), "584554-01-01T00:00:00.000007+00:00".len());
    }

    #[test]
    fn a_message_becomes_lines() {
        let mut out = Vec::new();
        let record = Record {
            realtime: Some(0),
            monotonic: Some(3_487_342),
            host: Some("web1".into()),
            tag: "kernel".into(),
            level: Some(4),
        };
        record.write(b"one\n[    3.000000] two\n", &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "1970-01-01T00:00:00.000000+00:00 web1 kernel: <4>[    3.487342] one\n\
             1970-01-01T00:00:00.000000+00:00 web1 kernel: <4>[    3.000000] two\n"
        );
    }
}
