//! Several inputs as one: the files of an opening, joined in the order given, read by position.
//!
//! This module must never hold more of an input than the caller's buffer, and never loses track of which file a byte
//! belongs to: an error names its file.

use crate::intake::{Ready, Source, Text};
use oopscope_source::{ReadAt, ReadError};
use oopscope_unpack::Damage;
use std::rc::Rc;

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

/// Bytes that somebody else looks into, too.
pub(crate) struct Shared<T: ?Sized>(pub(crate) Rc<T>);

impl<T: ReadAt + ?Sized> ReadAt for Shared<T> {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        self.0.read_at(offset, buf)
    }
}

/// One file of the whole.
pub(crate) struct Part {
    pub(crate) name: String,
    text: Text,
    /// What it is made of.
    source: Source,
    /// Where the part begins in the whole.
    pub(crate) start: u64,
    /// Its length; of one that is being unpacked, what has been seen of it.
    len: u64,
    /// There may be more than `len`.
    open: bool,
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
    /// Inputs that were looked at and left out.
    others: Vec<Source>,
}

/// A read that failed, with the file it failed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartError {
    pub(crate) name: String,
    pub(crate) error: ReadError,
}

impl Joined {
    /// Appends a file. The one before it gets a newline when it ends without one, and is not added to any more.
    pub(crate) fn push(&mut self, ready: Ready) -> Result<(), PartError> {
        self.settle();
        if let Some(last) = self.parts.last_mut() {
            let mut byte = [0];
            last.text
                .bytes()
                .read_at(last.len.saturating_sub(1), &mut byte)
                .map_err(|error| PartError { name: last.name.clone(), error })?;
            last.newline = last.len > 0 && byte != *b"\n";
        }
        let Ready { name, text, source, .. } = ready;
        let start = self.len();
        let open = matches!(text, Text::Made(_));
        let len = text.bytes().len();
        self.parts.push(Part { name, text, source, start, len, open, newline: false });
        Ok(())
    }

    /// Keeps an input that is no part, for its counters.
    pub(crate) fn count(&mut self, source: Source) {
        self.others.push(source);
    }

    /// Learns how long the last part is, as far as it has been read; why it ends too early, when it has ended so.
    pub(crate) fn settle(&mut self) -> Option<Damage> {
        let last = self.parts.last_mut().filter(|last| last.open)?;
        let Text::Made(spool) = &last.text else { return None };
        last.len = spool.len();
        last.open = !spool.is_complete();
        spool.damage()
    }

    /// How far the last part has been read, in bytes of its input.
    pub(crate) fn position(&self) -> Option<u64> {
        match &self.parts.last()?.text {
            Text::Own(_) => None,
            Text::Made(spool) => Some(spool.position()),
        }
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(crate) fn len(&self) -> u64 {
        self.parts.last().map_or(0, Part::end)
    }

    /// End of the part that holds `offset`: a block that is read up to here belongs to one file alone.
    pub(crate) fn part_end(&self, offset: u64) -> u64 {
        self.part_at(offset).map_or(self.len(), |part| if part.open { u64::MAX } else { part.end() })
    }

    fn part_at(&self, offset: u64) -> Option<&Part> {
        self.parts.get(self.parts.partition_point(|part| part.end() <= offset && !part.open))
    }

    /// Fills `buf` from `offset`; fewer bytes only at the end of the whole.
    pub(crate) fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, PartError> {
        let mut done = 0;
        while done < buf.len() {
            let at = offset.saturating_add(done as u64);
            let Some(part) = self.part_at(at) else { break };
            let within = at - part.start;
            if within == part.len && !part.open {
                buf[done] = b'\n';
                done += 1;
                continue;
            }
            let left = if part.open { u64::MAX } else { part.len - within };
            let wanted = clamp(left).min(buf.len() - done);
            let fail = |error| PartError { name: part.name.clone(), error };
            let read = part.text.bytes().read_at(within, &mut buf[done..done + wanted]).map_err(fail)?;
            if read < wanted && part.open {
                // Its end, which is known only now.
                return Ok(done + read);
            }
            if read < wanted {
                // Shorter than it was when it was opened.
                return Err(fail(ReadError::Changed { offset: within + read as u64 }));
            }
            done += read;
        }
        Ok(done)
    }

    /// Bytes of the inputs that the parts are made of.
    pub(crate) fn inputs_len(&self) -> u64 {
        self.parts.iter().map(|part| part.source.len()).sum()
    }

    /// How many reads of inputs there were, and how many bytes they gave.
    pub(crate) fn counters(&self) -> (u64, u64) {
        let sources = self.parts.iter().map(|part| &part.source).chain(&self.others);
        sources.fold((0, 0), |(reads, bytes), source| (reads + source.reads(), bytes + source.bytes()))
    }
}

/// A length as `usize`, cut to what fits: always compared with a buffer's length afterwards.
pub(crate) fn clamp(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oopscope_source::Counted;

    fn ready(name: &str, source: Box<dyn ReadAt>) -> Ready {
        let source = Rc::new(Counted::new(source));
        Ready { name: name.into(), text: Text::Own(Rc::clone(&source)), head: Vec::new(), source }
    }

    fn joined(parts: &[&str]) -> Joined {
        let mut joined = Joined::default();
        for (i, text) in parts.iter().enumerate() {
            joined.push(ready(&format!("file{i}"), Box::new(text.as_bytes().to_vec()))).unwrap();
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
        whole.push(ready("short.log", Box::new(Shrunk))).unwrap();
        let error = whole.read_at(0, &mut [0; 50]).unwrap_err();
        assert_eq!(error, PartError { name: "short.log".into(), error: ReadError::Changed { offset: 10 } });
    }
}
