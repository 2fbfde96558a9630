//! zip (PKWARE's APPNOTE.TXT): the central directory, members stored or deflated.
//!
//! Must never believe the directory about what a member holds: it is unpacked up to the caller's limit.

use crate::Damage;
use crate::archive::{Content, Member};
use crate::input::Stream;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use oopscope_source::ReadAt;
use std::io::Read;
use std::rc::Rc;

/// The end record with the longest comment that its length field allows.
const END: u64 = 22 + 0xffff;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

pub(crate) struct Zip {
    source: Rc<dyn ReadAt>,
    directory: Stream,
    left: u16,
    limit: usize,
}

impl Zip {
    pub(crate) fn open(source: Rc<dyn ReadAt>, limit: usize) -> Result<Self, Damage> {
        let from = source.len().saturating_sub(END);
        let mut tail = vec![0; usize::try_from(source.len() - from).unwrap_or(0)];
        let n = source.read_at(from, &mut tail)?;
        tail.truncate(n);
        let end = tail.windows(4).rposition(|bytes| bytes == b"PK\x05\x06").ok_or(Damage::Truncated)?;
        let end = &tail[end..];
        let left = u16_at(end, 10).ok_or(Damage::Truncated)?;
        let directory = u32_at(end, 16).ok_or(Damage::Truncated)?;
        if directory == u32::MAX {
            // zip64: for archives of more than 4 GiB.
            return Err(Damage::Unsupported);
        }
        let directory = Stream::at(Rc::clone(&source), directory.into());
        Ok(Self { source, directory, left, limit })
    }

    /// The next file; none at the end.
    pub(crate) fn next_member(&mut self) -> Result<Option<Member>, Damage> {
        loop {
            let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
            self.left = left;
            let mut entry = [0; 46];
            self.directory.read_exact(&mut entry)?;
            if !entry.starts_with(b"PK\x01\x02") {
                return Err(Damage::Corrupt);
            }
            let field = |at| u16_at(&entry, at).unwrap_or(0);
            let mut name = vec![0; field(28).into()];
            self.directory.read_exact(&mut name)?;
            self.directory.skip(u64::from(field(30)) + u64::from(field(32)));
            if name.ends_with(b"/") {
                continue;
            }
            let packed = u32_at(&entry, 20).unwrap_or(0);
            let size = u32_at(&entry, 24).unwrap_or(0);
            let local = u32_at(&entry, 42).unwrap_or(0);
            let content = self.content(field(8) & 1 == 1, field(10), packed, size, local)?;
            return Ok(Some(Member { name: String::from_utf8_lossy(&name).into_owned(), content }));
        }
    }

    fn content(&self, encrypted: bool, method: u16, packed: u32, size: u32, local: u32) -> Result<Content, Damage> {
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        if u64::from(size.max(packed)) > limit {
            return Ok(Content::TooLarge(size.into()));
        }
        if encrypted {
            return Ok(Content::Damaged(Damage::Unsupported));
        }
        let mut stream = Stream::at(Rc::clone(&self.source), local.into());
        let mut header = [0; 30];
        stream.read_exact(&mut header)?;
        let field = |at| u64::from(u16_at(&header, at).unwrap_or(0));
        stream.skip(field(26) + field(28));
        let mut bytes = Vec::new();
        stream.take(packed.into()).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != u64::from(packed) {
            return Err(Damage::Truncated);
        }
        Ok(match method {
            STORED => Content::Whole(bytes),
            DEFLATED => decompress_to_vec_with_limit(&bytes, self.limit)
                .map_or(Content::Damaged(Damage::Corrupt), Content::Whole),
            _ => Content::Damaged(Damage::Unsupported),
        })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes)
}
