//! Whole lines for converters that go by the line, whatever pieces the bytes come in.
//!
//! Must never hold a line of unbounded length: what is longer than [`LONGEST`] is handed on in pieces.

use crate::form::Convert;
use memchr::memchr;

/// The longest line that is held: the journal's records may have some hundred KiB.
pub(crate) const LONGEST: usize = 4 << 20;

/// A converter that takes a line at a time, without its newline.
pub(crate) trait LineConvert {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>);

    fn finish(&mut self, out: &mut Vec<u8>);
}

/// Cuts a stream into lines for a converter.
pub(crate) struct ByLine<T> {
    converter: T,
    carry: Vec<u8>,
}

impl<T: LineConvert> ByLine<T> {
    pub(crate) fn new(converter: T) -> Self {
        Self { converter, carry: Vec::new() }
    }
}

impl<T: LineConvert> Convert for ByLine<T> {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while let Some(at) = memchr(b'\n', rest) {
            let line = &rest[..at];
            if self.carry.is_empty() {
                self.converter.line(line, out);
            } else {
                self.carry.extend_from_slice(line);
                self.converter.line(&self.carry, out);
                self.carry.clear();
            }
            rest = &rest[at + 1..];
        }
        self.carry.extend_from_slice(rest);
        if self.carry.len() > LONGEST {
            self.converter.line(&self.carry, out);
            self.carry.clear();
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.carry.is_empty() {
            self.converter.line(&self.carry, out);
            self.carry.clear();
        }
        self.converter.finish(out);
    }
}

/// Appends a line.
pub(crate) fn push_line(out: &mut Vec<u8>, line: &[u8]) {
    out.extend_from_slice(line);
    out.push(b'\n');
}
