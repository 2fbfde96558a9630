//! What syslog daemons and journalctl write before a kernel message: a date, the host, `kernel: `.
//!
//! `Nov 21 12:34:56 host kernel: ` (RFC 3164's form, also journalctl's short one), `2026-11-21T12:34:56+0000 host
//! kernel: ` (rsyslog, journalctl -o short-iso), `[ 1234.567890] host kernel: ` (journalctl -o short-monotonic).
//! Lines of other programs are left as they are: they are no kernel's.

use super::dmesg;

/// A date, a host and the program's name are shorter than this.
const LONGEST: usize = 160;

pub(super) fn strip(text: &str) -> Option<&str> {
    let head_end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last()?;
    let at = text[..head_end].find(" kernel: ").or_else(|| text[..head_end].find(" kernel[0]: "))?;
    let (head, rest) = text.split_at(at);
    let message = rest.split_once(": ")?.1;
    let host_at = head.rfind(' ')?;
    (is_date(head[..host_at].trim_end()) && !head[host_at + 1..].is_empty()).then_some(message)
}

/// `Nov 21 12:34:56`, with a fraction in journalctl's short-precise; ISO 8601.
fn is_date(text: &str) -> bool {
    if dmesg::is_iso(text) {
        return true;
    }
    let mut words = text.split_ascii_whitespace();
    matches!(
        (words.next(), words.next(), words.next(), words.next()),
        (Some(month), Some(day), Some(clock), None) if dmesg::is_month(month) && day.parse::<u8>().is_ok() && is_clock(clock)
    )
}

fn is_clock(text: &str) -> bool {
    let clock = text.split('.').next().unwrap_or(text);
    clock.len() == 8
        && clock.bytes().enumerate().all(|(at, b)| if at % 3 == 2 { b == b':' } else { b.is_ascii_digit() })
}
