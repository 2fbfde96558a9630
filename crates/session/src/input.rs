//! Several inputs as one: the files of an opening, joined in the order given, read by position.
//!
//! This module must never hold more of an input than the caller's buffer, and never loses track of which file a byte
//! belongs to: an error names its file.

use oopscope_source::{Counted, ReadAt, ReadError};

/// Something to open: a name for people, and its bytes.
pub struct Input {
    /// What the user calls it: a file's name, `-` for standard input, empty for pasted text.
    pub name: String,
    /// Its bytes.
    pub source: Box<dyn ReadAt>,
}

impl Input {
    /// An input of bytes in memory.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), source: Box::new(bytes) }
    }
}

/// One file of the whole.
pub(crate) struct Part {
    pub(crate) name: String,
    source: Counted<Box<dyn ReadAt>>,
    /// Where the part begins in the whole.
    pub(crate) start: u64,
    len: u64,
    /// The part does not end with a newline: one is inserted, so that two files never share a line.
    newline: bool,
}

impl Part {
    fn end(&self) -> u64 {
        self.start + self.len + u64::from(self.newline)
    }
}

/// Files read as one log.
#[derive(Default)]
pub(crate) struct Joined {
    parts: Vec<Part>,
    /// Reads of files that were looked at and left out, or converted in memory.
    pub(crate) other_reads: u64,
    /// Bytes of those reads.
    pub(crate) other_bytes: u64,
}

/// A read that failed, with the file it failed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartError {
    pub(crate) name: String,
    pub(crate) error: ReadError,
}

impl Joined {
    /// Appends a file. The one before it gets a newline when it ends without one.
    pub(crate) fn push(&mut self, name: String, source: Counted<Box<dyn ReadAt>>) -> Result<(), PartError> {
        if let Some(last) = self.parts.last_mut() {
            let mut byte = [0];
            last.source
                .read_at(last.len.saturating_sub(1), &mut byte)
                .map_err(|error| PartError { name: last.name.clone(), error })?;
            last.newline = last.len > 0 && byte != *b"\n";
        }
        let start = self.len();
        let len = source.len();
        self.parts.push(Part { name, source, start, len, newline: false });
        Ok(())
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(crate) fn len(&self) -> u64 {
        self.parts.last().map_or(0, Part::end)
    }

    /// End of the part that holds `offset`: a block that is read up to here belongs to one file alone.
    pub(crate) fn part_end(&self, offset: u64) -> u64 {
        self.part_at(offset).map_or(self.len(), Part::end)
    }

    fn part_at(&self, offset: u64) -> Option<&Part> {
        self.parts.get(self.parts.partition_point(|part| part.end() <= offset))
    }

    /// Fills `buf` from `offset`; fewer bytes only at the end of the whole.
    pub(crate) fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, PartError> {
        let mut done = 0;
        while done < buf.len() {
            let at = offset.saturating_add(done as u64);
            let Some(part) = self.part_at(at) else { break };
            let within = at - part.start;
            if within == part.len {
                buf[done] = b'\n';
                done += 1;
                continue;
            }
            let wanted = clamp(part.len - within).min(buf.len() - done);
            let fail = |error| PartError { name: part.name.clone(), error };
            let read = part.source.read_at(within, &mut buf[done..done + wanted]).map_err(fail)?;
            if read < wanted {
                // Shorter than it was when it was opened.
                return Err(fail(ReadError::Changed { offset: within + read as u64 }));
            }
            done += read;
        }
        Ok(done)
    }

    /// How many reads there were, and how many bytes they gave.
    pub(crate) fn counters(&self) -> (u64, u64) {
        self.parts.iter().fold((self.other_reads, self.other_bytes), |(reads, bytes), part| {
            (reads + part.source.reads(), bytes + part.source.bytes())
        })
    }
}

/// A length as `usize`, cut to what fits: always compared with a buffer's length afterwards.
pub(crate) fn clamp(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(parts: &[&str]) -> Joined {
        let mut joined = Joined::default();
        for (i, text) in parts.iter().enumerate() {
            let source: Box<dyn ReadAt> = Box::new(text.as_bytes().to_vec());
            joined.push(format!("file{i}"), Counted::new(source)).unwrap();
        }
        joined
    }

    #[test]
    fn files_are_joined_at_line_ends() {
        let whole = joined(&["one", "two\n", "", "three"]);
        let mut buf = [0; 64];
        let n = whole.read_at(0, &mut buf).unwrap();
        assert_eq!(std::str::from_utf8(&buf[..n]).unwrap(), "one\ntwo\nthree");
        assert_eq!(whole.len(), n as u64);
        assert_eq!(whole.part_end(3), 4, "the inserted newline belongs to the first file");
        let n = whole.read_at(2, &mut buf[..4]).unwrap();
        assert_eq!(&buf[..n], b"e\ntw");
    }

    #[test]
    fn a_file_that_got_shorter_is_named() {
        struct Shrunk;
        impl ReadAt for Shrunk {
            fn len(&self) -> u64 {
                100
            }
            fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
                b"0123456789".as_slice().read_at(offset, buf)
            }
        }
        let mut whole = joined(&["head\n"]);
        whole.push("short.log".into(), Counted::new(Box::new(Shrunk))).unwrap();
        let error = whole.read_at(0, &mut [0; 50]).unwrap_err();
        assert_eq!(error, PartError { name: "short.log".into(), error: ReadError::Changed { offset: 10 } });
    }
}
