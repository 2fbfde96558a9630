//! The ring of bytes before Linux 3.5: text as it was printed, with `<6>` where a line begins. Must never give more bytes
//! than the ring has.

use super::found::{Found, Loss};
use super::source::{Read, Window};
use oopscope_report::vmcore::LogRecord;

/// No kernel of that time had more (`CONFIG_LOG_BUF_SHIFT` up to 21, `log_buf_len=` beyond).
const MOST_BYTES: u64 = 64 << 20;
/// Read at once.
const CHUNK: u64 = 4096;

/// Where the ring is and how much of it is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// `log_buf`, the pointer's value.
    pub buffer: u64,
    /// `log_buf_len`: a power of two.
    pub size: u64,
    /// `log_end`: bytes that were ever written, modulo 2^32.
    pub end: u64,
    /// `logged_chars`: how many of them are still there.
    pub logged: u64,
}

/// The lines of the ring, the oldest first.
pub fn records(read: Read<'_>, place: Place) -> Found {
    let mut found = Found::default();
    if place.size > MOST_BYTES || !place.size.is_power_of_two() {
        found.losses.push(Loss::Size { what: "log_buf_len", value: place.size });
        return found;
    }
    let length = place.logged.min(place.size);
    let mut window = Window::new(read);
    let mut text = Vec::new();
    let mut at = place.end.wrapping_sub(length) & (place.size - 1);
    let mut left = length;
    while left > 0 {
        let piece = left.min(place.size - at).min(CHUNK - at % CHUNK);
        match window.get(place.buffer.wrapping_add(at), piece) {
            Ok(bytes) => text.extend_from_slice(bytes),
            Err(error) => {
                found.lose(error.into());
                text.push(b'\n');
            }
        }
        at = (at + piece) & (place.size - 1);
        left -= piece;
    }
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    found.records.extend(lines.map(line));
    found
}

/// `<6>text`. The time, where there is one, is part of the text.
fn line(line: &[u8]) -> LogRecord {
    let (level, text) = match line {
        [b'<', level @ b'0'..=b'7', b'>', text @ ..] => (Some(level - b'0'), text),
        _ => (None, line),
    };
    LogRecord { time: None, level, caller: None, text: String::from_utf8_lossy(text).into_owned() }
}
