//! The journal's records: the export format, whose fields may be binary, and JSON, whose messages may be arrays of bytes.
//!
//! systemd's docs/JOURNAL_EXPORT_FORMATS.md: fields are `NAME=value` lines, or `NAME`, a newline, a length of 64 bits
//! little-endian, that many bytes and a newline; an empty line ends a record. In JSON a field is a string, an array of
//! numbers where it is no UTF-8, an array of values where it is there more than once, or null where it is too large.
//! Must never hold a field other than the few that are used.

use crate::form::Convert;
use crate::lines::{LONGEST, LineConvert, push_line};
use crate::records::Record;
use memchr::memchr;
use serde_json::Value;

/// Fields whose values are shorter than this; only the message may be longer.
const SHORT: usize = 256;

/// What is used of an entry.
#[derive(Default)]
struct Entry {
    record: Record,
    message: Option<Vec<u8>>,
    transport: String,
    identifier: String,
    pid: String,
    boot: String,
}

/// Remembers the boot, and writes a line where another begins.
#[derive(Default)]
struct Writer {
    boot: String,
}

impl Entry {
    fn field(&mut self, name: &[u8], value: &[u8]) {
        if name == b"MESSAGE" {
            self.message = Some(value[..value.len().min(LONGEST)].to_vec());
            return;
        }
        let Some(text) = value.get(..value.len().min(SHORT)).and_then(|value| str::from_utf8(value).ok()) else {
            return;
        };
        // A control character in a name would make another line of it.
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return;
        }
        match name {
            b"_TRANSPORT" => self.transport = text.into(),
            b"SYSLOG_IDENTIFIER" => self.identifier = text.into(),
            b"_PID" | b"SYSLOG_PID" => self.pid = text.into(),
            b"_BOOT_ID" => self.boot = text.into(),
            b"_HOSTNAME" => self.record.host = Some(text.into()),
            b"PRIORITY" => self.record.level = text.parse().ok(),
            b"__REALTIME_TIMESTAMP" => self.record.realtime = text.parse().ok(),
            b"__MONOTONIC_TIMESTAMP" if self.record.monotonic.is_none() => self.record.monotonic = text.parse().ok(),
            // The kernel's own clock; the other is when the journal took the message.
            b"_SOURCE_MONOTONIC_TIMESTAMP" => self.record.monotonic = text.parse().ok(),
            _ => {}
        }
    }
}

impl Writer {
    fn write(&mut self, entry: Entry, out: &mut Vec<u8>) {
        let Entry { mut record, message, transport, identifier, pid, boot } = entry;
        let Some(message) = message else { return };
        if !boot.is_empty() && boot != self.boot {
            // As journalctl writes it.
            push_line(out, format!("-- Boot {boot} --").as_bytes());
            self.boot = boot;
        }
        let is_kernel = transport == "kernel" || (transport.is_empty() && identifier == "kernel");
        record.tag = match (is_kernel, identifier.is_empty(), pid.is_empty()) {
            (true, _, _) => "kernel".into(),
            (_, true, _) => "unknown".into(),
            // A program that calls itself the kernel is none.
            (_, _, true) if identifier == "kernel" => "kernel[]".into(),
            (_, _, true) => identifier,
            (_, _, false) => format!("{identifier}[{pid}]"),
        };
        record.write(&message, out);
    }
}

/// True when an input begins like `journalctl -o export`: with a cursor, or at least with fields of that form.
pub(crate) fn is_export(head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n').skip_while(|line| line.is_empty());
    let cursor = lines.next().is_some_and(|line| line.starts_with(b"__CURSOR=") || is_trusted_field(line));
    cursor && lines.take(30).any(|line| line == b"MESSAGE" || line.starts_with(b"MESSAGE=") || is_trusted_field(line))
}

/// `_BOOT_ID=…`, `__REALTIME_TIMESTAMP=…`.
fn is_trusted_field(line: &[u8]) -> bool {
    let Some(at) = memchr(b'=', line) else { return false };
    line.starts_with(b"_") && line[..at].iter().all(|b| b.is_ascii_uppercase() || *b == b'_' || b.is_ascii_digit())
}

/// True when an input begins like `journalctl -o json`, json-sse (`data: {`) or json-seq (RS before each record).
pub(crate) fn is_json(head: &[u8]) -> bool {
    let first = head.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let first = json_line(first);
    first.starts_with(b"{")
        && [&b"\"MESSAGE\""[..], b"\"__CURSOR\"", b"\"__REALTIME_TIMESTAMP\"", b"\"_BOOT_ID\""]
            .into_iter()
            .any(|name| memchr::memmem::find(first, name).is_some())
}

fn json_line(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(b"data: ").unwrap_or(line);
    line.strip_prefix(b"\x1e").unwrap_or(line).trim_ascii()
}

/// `journalctl -o json`: an object a line.
#[derive(Default)]
pub(crate) struct Json {
    writer: Writer,
}

impl LineConvert for Json {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let Ok(Value::Object(fields)) = serde_json::from_slice(json_line(line)) else {
            return push_line(out, line);
        };
        let mut entry = Entry::default();
        for (name, value) in &fields {
            if let Some(value) = bytes_of(value) {
                entry.field(name.as_bytes(), &value);
            }
        }
        self.writer.write(entry, out);
    }

    fn finish(&mut self, _out: &mut Vec<u8>) {}
}

fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::Number(number) => Some(number.to_string().into_bytes()),
        Value::Array(items) => {
            let bytes: Option<_> = items.iter().map(|item| item.as_u64().and_then(|n| u8::try_from(n).ok())).collect();
            // A field that is there more than once: its first value.
            bytes.or_else(|| items.first()?.as_str().map(|text| text.as_bytes().to_vec()))
        }
        _ => None,
    }
}

/// `journalctl -o export`.
#[derive(Default)]
pub(crate) struct Export {
    writer: Writer,
    entry: Entry,
    pending: Vec<u8>,
    state: State,
}

/// What the next bytes are.
#[derive(Default)]
enum State {
    #[default]
    Line,
    /// The rest of a binary field: its name, what is kept of its value, and the bytes still to come, newline included.
    Binary { name: Vec<u8>, kept: Vec<u8>, left: u64 },
}

impl Export {
    /// Takes what it can of the pending bytes; how many.
    fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        if let State::Binary { name, kept, left } = &mut self.state {
            let n = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let limit = if name == b"MESSAGE" { LONGEST } else { SHORT };
            let room = limit.saturating_sub(kept.len());
            kept.extend_from_slice(&bytes[..n.min(room)]);
            *left -= n as u64;
            if *left == 0 {
                if kept.len() < limit {
                    // The newline that ends the field.
                    kept.pop();
                }
                self.entry.field(name, kept);
                self.state = State::Line;
            }
            return n;
        }
        let Some(end) = memchr(b'\n', bytes) else {
            // A line that never ends is no field.
            return if bytes.len() > LONGEST { bytes.len() } else { 0 };
        };
        let line = &bytes[..end];
        if line.is_empty() {
            self.writer.write(std::mem::take(&mut self.entry), out);
            return 1;
        }
        if let Some(at) = memchr(b'=', line) {
            self.entry.field(&line[..at], &line[at + 1..]);
            return end + 1;
        }
        let Some(length) = bytes.get(end + 1..end + 9).and_then(|length| length.try_into().ok()) else { return 0 };
        let left = u64::from_le_bytes(length).saturating_add(1);
        self.state = State::Binary { name: line[..end.min(SHORT)].to_vec(), kept: Vec::new(), left };
        end + 9
    }
}

impl Convert for Export {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(bytes);
        let mut at = 0;
        while at < pending.len() {
            match self.take(&pending[at..], out) {
                0 => break,
                n => at += n,
            }
        }
        pending.drain(..at);
        self.pending = pending;
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.pending.ends_with(b"\n") {
            self.push(b"\n", out);
        }
        if let State::Binary { name, kept, .. } = std::mem::take(&mut self.state) {
            self.entry.field(&name, &kept);
        }
        self.writer.write(std::mem::take(&mut self.entry), out);
    }
}
