//! `dmesg --json`: util-linux writes one member of an object a line, the message last.
//!
//! Must never need the whole document: each record is written as soon as its message has come.

use crate::lines::{LineConvert, push_line};
use memchr::memmem::find;
use serde_json::Value;

/// True when an input begins like that.
pub(crate) fn is_json(head: &[u8]) -> bool {
    let head = &head[..head.len().min(512)];
    head.trim_ascii_start().starts_with(b"{") && find(head, b"\"dmesg\"").is_some()
}

#[derive(Default)]
pub(crate) struct DmesgJson {
    level: Option<u64>,
    time: Option<String>,
    caller: Option<String>,
}

/// Level names (sys-utils/dmesg.c, `level_names`): newer ones write these for the numbers.
const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];

impl LineConvert for DmesgJson {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let text = line.trim_ascii();
        if text.iter().all(|b| b"{}[], ".contains(b)) {
            return;
        }
        let Some((name, value)) = member(text) else {
            if text != b"\"dmesg\": [" {
                push_line(out, line);
            }
            return;
        };
        match (name, value) {
            ("pri", Value::Number(level)) => self.level = level.as_u64(),
            ("pri", Value::String(name)) => {
                self.level = LEVELS.iter().position(|level| *level == name.trim()).map(|at| at as u64);
            }
            ("time", Value::Number(_)) => {
                let digits = text.rsplit(|&b| b == b':').next().unwrap_or_default();
                let digits = String::from_utf8_lossy(digits);
                self.time = Some(digits.trim_matches([' ', ',']).to_owned());
            }
            ("caller", Value::String(caller)) => self.caller = Some(caller),
            ("msg", Value::String(message)) => self.write(&message, out),
            _ => {}
        }
    }

    fn finish(&mut self, _out: &mut Vec<u8>) {}
}

impl DmesgJson {
    fn write(&mut self, message: &str, out: &mut Vec<u8>) {
        for line in message.split('\n') {
            if let Some(level) = self.level {
                out.extend_from_slice(format!("<{}>", level & 7).as_bytes());
            }
            if let Some(time) = &self.time {
                out.extend_from_slice(format!("[{time:>12}]").as_bytes());
            }
            if let Some(caller) = &self.caller {
                out.extend_from_slice(format!("[{caller:>6}]").as_bytes());
            }
            if self.time.is_some() || self.caller.is_some() {
                out.push(b' ');
            }
            push_line(out, line.as_bytes());
        }
        *self = Self::default();
    }
}

/// A member alone on its line.
fn member(text: &[u8]) -> Option<(&str, Value)> {
    let text = text.strip_suffix(b",").unwrap_or(text).trim_ascii();
    let at = find(text, b"\":")?;
    let name = str::from_utf8(text.get(1..at)?).ok().filter(|_| text.starts_with(b"\""))?;
    Some((name, serde_json::from_slice(text[at + 2..].trim_ascii()).ok()?))
}
