//! netconsole's extended records: fragments joined, and records put into the order of their numbers.
//!
//! Documentation/networking/netconsole.rst: a message that is longer than a packet is sent in several, each with the
//! whole header and `ncfrag=<byte-offset>/<total-bytes>`; packets may come in another order, or not at all. A fragment
//! does not end with a newline, so that a receiver that writes down what comes puts several on a line. Must never hold
//! more than [`WINDOW`] records, and never throw one away.

use crate::lines::{LineConvert, push_line};
use memchr::memmem::{find, find_iter};
use std::collections::BTreeMap;

/// Records that are waited for: so far the network may bring them out of order.
const WINDOW: usize = 64;

/// A message has no more bytes than this (`PRINTKRB_RECORD_MAX` is 1024, kmsg's extended form up to 8 KiB).
const LARGEST: usize = 64 << 10;

const FRAGMENT: &[u8] = b",ncfrag=";

/// The fields of a record's header that count here.
struct Header<'a> {
    /// All of it before the fragment's field or the semicolon.
    text: &'a [u8],
    sequence: u64,
    /// Offset and total.
    fragment: Option<(usize, usize)>,
    body: &'a [u8],
}

/// True when the beginning holds such records, in fragments or not in order.
pub(crate) fn needs_order(head: &[u8]) -> bool {
    let mut last = 0;
    head.split(|&byte| byte == b'\n').filter_map(header).take(2000).any(|header| {
        let behind = header.sequence < last && last - header.sequence < WINDOW as u64;
        last = header.sequence;
        behind || header.fragment.is_some()
    })
}

/// `[release,]level,sequence,microseconds,flags[,field…];body`.
fn header(line: &[u8]) -> Option<Header<'_>> {
    let end = line.iter().take(256).position(|&b| b == b';')?;
    let (head, body) = (&line[..end], &line[end + 1..]);
    let mut fields = head.split(|&b| b == b',');
    let mut level = fields.next()?;
    if number(level).is_none() && level.contains(&b'.') {
        level = fields.next()?;
    }
    number(level).filter(|level| *level < 2048)?;
    let sequence = number(fields.next()?)?;
    number(fields.next()?)?;
    matches!(fields.next()?, b"-" | b"c" | b"+").then_some(())?;
    let at = find(head, FRAGMENT);
    let fragment = match at {
        Some(at) => {
            let range = head[at + FRAGMENT.len()..].split(|&b| b == b',').next()?;
            let slash = range.iter().position(|&b| b == b'/')?;
            let number = |text| number(text).and_then(|n| usize::try_from(n).ok());
            Some((number(&range[..slash])?, number(&range[slash + 1..])?))
        }
        None => None,
    };
    let fragment = fragment.filter(|(offset, total)| offset < total && *total <= LARGEST);
    Some(Header { text: &head[..at.unwrap_or(end)], sequence, fragment, body })
}

fn number(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    text.parse().ok()
}

/// A record that waits for its turn or for its other fragments.
struct Waiting {
    head: Vec<u8>,
    /// Fragments by their offsets.
    pieces: BTreeMap<usize, Vec<u8>>,
    total: usize,
    /// Lines behind it that are not records: a dictionary, or another program's.
    after: Vec<u8>,
}

impl Waiting {
    fn is_whole(&self) -> bool {
        self.total == 0
            || self
                .pieces
                .iter()
                .try_fold(0, |end, (at, piece)| (*at <= end).then_some(end.max(at + piece.len())))
                .is_some_and(|end| end + 1 >= self.total)
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.push(b';');
        let mut end = 0;
        for (at, piece) in self.pieces {
            if at > end {
                out.extend_from_slice("[…]".as_bytes());
            }
            let known = end.saturating_sub(at).min(piece.len());
            out.extend_from_slice(&piece[known..]);
            end = end.max(at + piece.len());
        }
        if self.total > end + 1 {
            out.extend_from_slice("[…]".as_bytes());
        }
        if out.last() != Some(&b'\n') {
            out.push(b'\n');
        }
        out.extend_from_slice(&self.after);
    }
}

#[derive(Default)]
pub(crate) struct Netconsole {
    waiting: BTreeMap<u64, Waiting>,
    /// The last one that was written.
    written: Option<u64>,
    /// The one that came last: what is no record belongs behind it.
    last: Option<u64>,
}

impl Netconsole {
    fn record(&mut self, header: &Header<'_>, out: &mut Vec<u8>) {
        let sequence = header.sequence;
        let newest = self.waiting.last_key_value().map(|(newest, _)| *newest).or(self.written);
        // Far behind all that is known: the machine has booted again and counts anew.
        if newest.is_some_and(|newest| sequence.saturating_add(WINDOW as u64) < newest) {
            self.flush(0, out);
            self.written = None;
        }
        let (offset, total) = header.fragment.unwrap_or((0, 0));
        let waiting = self.waiting.entry(sequence).or_insert_with(|| Waiting {
            head: header.text.to_vec(),
            pieces: BTreeMap::new(),
            total,
            after: Vec::new(),
        });
        if offset < LARGEST {
            waiting.pieces.entry(offset).or_insert_with(|| header.body.to_vec());
        }
        self.last = Some(sequence);
        // What is next in line need not wait.
        while let Some(entry) = self.waiting.first_entry() {
            let next = self.written.is_some_and(|written| *entry.key() <= written + 1);
            if !(next && entry.get().is_whole() && self.last != Some(*entry.key())) {
                break;
            }
            self.written = Some(*entry.key());
            entry.remove().write(out);
        }
        self.flush(WINDOW, out);
    }

    /// Writes all but the newest `keep`.
    fn flush(&mut self, keep: usize, out: &mut Vec<u8>) {
        while self.waiting.len() > keep {
            let Some((sequence, waiting)) = self.waiting.pop_first() else { break };
            self.written = Some(sequence);
            waiting.write(out);
        }
    }
}

impl LineConvert for Netconsole {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let Some(first) = header(line) else {
            let last = self.last.and_then(|last| self.waiting.get_mut(&last));
            match last.filter(|last| last.after.len() < LARGEST) {
                // The rest of a fragment that held a newline, or a dictionary.
                Some(last) => push_line(&mut last.after, line),
                None => push_line(out, line),
            }
            return;
        };
        if first.fragment.is_none() {
            return self.record(&first, out);
        }
        // Further fragments of the same record on the same line begin with the same header.
        let mut again = first.text.to_vec();
        again.extend_from_slice(FRAGMENT);
        let starts: Vec<_> = find_iter(line, &again).collect();
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).copied().unwrap_or(line.len());
            if let Some(header) = header(&line[*start..end]) {
                self.record(&header, out);
            }
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.flush(0, out);
    }
}
