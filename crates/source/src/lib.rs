//! Bytes by position: what the engine reads, wherever it lies — a `File` in the browser, a file descriptor
//! natively, a slice in tests.
//!
//! This crate must never hold a whole input in memory and never use `usize` for a position in one:
//! wasm32's `usize` has 32 bits, and inputs have many gigabytes.

use std::cell::Cell;

/// Synchronous random access to bytes that do not change while they are read.
///
/// In a dedicated worker `FileReaderSync` over `Blob.slice` gives this for a file of any size; natively `pread`.
pub trait ReadAt {
    /// Number of bytes.
    fn len(&self) -> u64;

    /// True when there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `offset` as far as there are bytes; returns how many were read.
    /// Fewer than `buf.len()` only at the end of the input.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError>;
}

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is not what it was when it was opened: its size or its modification time is another.
    #[error("the file changed while it was being read (at byte {offset})")]
    Changed {
        /// Where the reading stood.
        offset: u64,
    },
    /// It is a directory.
    #[error("it is a directory")]
    Directory,
    /// It is not there any more. Browsers say the same of a folder that was dropped as if it were a file.
    #[error("it is not there any more, or it is a folder")]
    Missing,
    /// Reading is not permitted, or no longer.
    #[error("reading is not permitted (at byte {offset})")]
    Denied {
        /// Where the reading stood.
        offset: u64,
    },
    /// The medium or the system gave an error.
    #[error("the system could not read it (at byte {offset})")]
    Io {
        /// Where the reading stood.
        offset: u64,
    },
}

impl ReadAt for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let Some(rest) = usize::try_from(offset).ok().and_then(|start| self.get(start..)) else { return Ok(0) };
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        ReadAt::len(self.as_slice())
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        self.as_slice().read_at(offset, buf)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Box<T> {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        (**self).read_at(offset, buf)
    }
}

/// Counts what is read through it: the page's status bar shows it, tests hold it to a budget.
#[derive(Debug)]
pub struct Counted<T> {
    inner: T,
    reads: Cell<u64>,
    bytes: Cell<u64>,
}

impl<T: ReadAt> Counted<T> {
    /// Counts reads of `inner`.
    pub const fn new(inner: T) -> Self {
        Self { inner, reads: Cell::new(0), bytes: Cell::new(0) }
    }

    /// How many reads there were.
    pub fn reads(&self) -> u64 {
        self.reads.get()
    }

    /// How many bytes they gave.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }
}

impl<T: ReadAt> ReadAt for Counted<T> {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let n = self.inner.read_at(offset, buf)?;
        self.reads.set(self.reads.get() + 1);
        self.bytes.set(self.bytes.get() + n as u64);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_past_the_end_is_short_and_not_an_error() {
        let source = Counted::new(b"0123456789".to_vec());
        let mut buf = [0; 4];
        assert_eq!(source.read_at(8, &mut buf), Ok(2));
        assert_eq!(&buf[..2], b"89");
        assert_eq!(source.read_at(u64::MAX, &mut buf), Ok(0));
        assert_eq!((source.reads(), source.bytes()), (2, 2));
    }
}
