//! What programs that record a serial line or a job write before each line, and what a login or a shell left on the
//! same line.
//!
//! minicom, picocom, screen, tio, Tera Term, grabserial, conserver, `ts`, GitHub, GitLab, Jenkins, Kubernetes. Must
//! never take a number alone for a clock: the kernel's own lines begin with numbers.

use super::{Prefix, after_space, bracketed, clock, is_number, printk, word};

pub(super) fn strip<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    if let Some((inside, rest)) = bracketed(text) {
        if clock::is_date(inside) {
            prefix.dated(inside);
            return Some(after_space(rest));
        }
        return grabserial(inside).then(|| after_space(rest));
    }
    bare(text, prefix).or_else(|| prompt(text))
}

/// grabserial -t: seconds since its start and since the line before, `[12.345678 0.000012]`.
fn grabserial(inside: &str) -> bool {
    word(inside).is_some_and(|(time, delta)| [time, delta.trim()].iter().all(|text| printk::time(text).is_some()))
}

/// A date without brackets: `Aug 17 12:34:56 `, `12:34:56.123 `, `1755434096.123456 `.
fn bare<'a>(text: &'a str, prefix: &mut Prefix) -> Option<&'a str> {
    if !text.as_bytes().first()?.is_ascii_alphanumeric() {
        return None;
    }
    let (date, trimmed) = clock::leading(text)?;
    // `host program[12]: `, a line of syslog that is not the kernel's.
    if word(trimmed).and_then(|(_host, rest)| word(rest)).is_some_and(|(program, _)| program.ends_with("]:")) {
        return None;
    }
    prefix.dated(date);
    // GitLab: `00O `, the stream's number and its kind; Kubernetes: `stdout F `; logcat: `0 0 W kernel : `.
    if let Some((mark, rest)) = word(trimmed)
        && mark.len() <= 4
        && mark.as_bytes()[..2.min(mark.len())].iter().all(u8::is_ascii_hexdigit)
        && matches!(mark.get(2..), Some("O" | "E" | "O+" | "E+"))
    {
        return Some(rest);
    }
    for stream in ["stdout F ", "stderr F ", "stdout P ", "stderr P "] {
        if let Some(rest) = trimmed.strip_prefix(stream) {
            return Some(rest);
        }
    }
    if let Some(rest) = logcat(trimmed) {
        return Some(rest);
    }
    Some(after_space(&text[date.len()..]))
}

/// `logcat -b kernel -v threadtime`: process, thread, priority, tag.
fn logcat(text: &str) -> Option<&str> {
    let (process, rest) = word(text)?;
    let (thread, rest) = word(rest.trim_start())?;
    let (priority, rest) = word(rest.trim_start())?;
    let (tag, message) = rest.split_once(':')?;
    let plain = is_number(process) && is_number(thread) && matches!(priority, "V" | "D" | "I" | "W" | "E" | "F" | "A");
    (plain && tag.len() <= 24 && !tag.contains('[')).then_some(after_space(message))
}

/// A prompt waits on the line on which the kernel then prints: `debian login: [    1.000000] …`, `~ # [    1.0…`.
fn prompt(text: &str) -> Option<&str> {
    /// A prompt with the path in it is not longer.
    const LONGEST: usize = 96;
    // A host's name and one space, no more: "login: " inside a message is none.
    if let Some((host, rest)) = text.split_once(" login: ")
        && !host.is_empty()
        && host.len() <= 64
        && !host.contains(' ')
    {
        return Some(rest);
    }
    let at =
        text.bytes().take(LONGEST).enumerate().position(|(at, b)| b == b'[' && is_stamp(&text.as_bytes()[at..]))?;
    let before = text.get(..at)?;
    // The last are U-Boot's and a rescue shell's.
    let waits = ["# ", "$ ", "assword: ", "login: ", "=> ", "> "].iter().any(|end| before.ends_with(end));
    waits.then(|| &text[at..])
}

/// printk's time stamp in full: `[%5lu.%06lu]`.
fn is_stamp(bytes: &[u8]) -> bool {
    let Some(end) = bytes.iter().take(24).position(|&b| b == b']').filter(|&end| end >= 13) else { return false };
    let (seconds, fraction) = bytes[1..end].split_at(end - 8);
    let seconds = seconds.trim_ascii_start();
    fraction[0] == b'.'
        && fraction[1..].iter().all(u8::is_ascii_digit)
        && !seconds.is_empty()
        && seconds.iter().all(u8::is_ascii_digit)
}
