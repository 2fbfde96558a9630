//! A source as a stream: what decoders read from.
//!
//! Must never read ahead more than one buffer.

use oopscope_source::ReadAt;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes asked of the source at a time.
const BUFFER: usize = 64 << 10;

/// Reads a source from front to back.
#[derive(Clone)]
pub(crate) struct Stream {
    source: Rc<dyn ReadAt>,
    /// Position in the source after `buffer`.
    next: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl Stream {
    pub(crate) fn new(source: Rc<dyn ReadAt>) -> Self {
        Self::at(source, 0)
    }

    pub(crate) fn at(source: Rc<dyn ReadAt>, next: u64) -> Self {
        Self { source, next, buffer: Vec::new(), used: 0 }
    }

    /// Position of the next byte.
    pub(crate) fn position(&self) -> u64 {
        self.next - (self.buffer.len() - self.used) as u64
    }

    /// Bytes that are there without a copy; none at the end.
    pub(crate) fn fill(&mut self) -> io::Result<&[u8]> {
        if self.used == self.buffer.len() {
            self.buffer.resize(BUFFER, 0);
            let read = self.source.read_at(self.next, &mut self.buffer);
            let n = *read.as_ref().unwrap_or(&0);
            self.buffer.truncate(n);
            self.used = 0;
            self.next += n as u64;
            read.map_err(io::Error::other)?;
        }
        Ok(&self.buffer[self.used..])
    }

    /// Takes `n` bytes of those that [`Stream::fill`] gave.
    pub(crate) fn consume(&mut self, n: usize) {
        self.used = (self.used + n).min(self.buffer.len());
    }

    /// The next byte; none at the end.
    pub(crate) fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.fill()?.first().copied();
        self.consume(1);
        Ok(byte)
    }

    /// Passes over `n` bytes.
    pub(crate) fn skip(&mut self, n: u64) {
        self.next = self.position().saturating_add(n);
        self.buffer.clear();
        self.used = 0;
    }

    /// This stream without what it holds: a place to come back to.
    pub(crate) fn bookmark(&self) -> Self {
        Self::at(Rc::clone(&self.source), self.position())
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let there = self.fill()?;
        let n = there.len().min(buf.len());
        buf[..n].copy_from_slice(&there[..n]);
        self.consume(n);
        Ok(n)
    }
}
