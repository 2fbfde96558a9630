//! tar: POSIX ustar headers (pax, IEEE Std 1003.1) with GNU's long names.
//!
//! Must never believe a size: what it passes over costs time, not memory.

use crate::archive::{Content, Member};
use crate::{Damage, Flow};

const BLOCK: usize = 512;

/// A long name or a pax header longer than this is damage.
const LONGEST_NAME: u64 = 64 << 10;

pub(crate) struct Tar {
    flow: Box<dyn Flow>,
    limit: usize,
}

impl Tar {
    pub(crate) fn new(flow: Box<dyn Flow>, limit: usize) -> Self {
        Self { flow, limit }
    }

    /// The next file; none at the end.
    pub(crate) fn next_member(&mut self) -> Result<Option<Member>, Damage> {
        let mut long_name = None;
        loop {
            let mut header = [0; BLOCK];
            match self.fill(&mut header)? {
                0 => return Ok(None),
                BLOCK => {}
                _ => return Err(Damage::Truncated),
            }
            // Two blocks of NULs are the end.
            if header.iter().all(|&byte| byte == 0) {
                return Ok(None);
            }
            if !checksum_fits(&header) {
                return Err(Damage::Corrupt);
            }
            let size = number(&header[124..136]).ok_or(Damage::Corrupt)?;
            match header[156] {
                // A file, and what was one before POSIX.
                b'0' | 0 | b'7' => {
                    let name = long_name.take().unwrap_or_else(|| name(&header));
                    let content = self.content(size)?;
                    return Ok(Some(Member { name, content }));
                }
                // GNU tar's long name: the next header's.
                b'L' => {
                    let bytes = self.small(size)?;
                    long_name = Some(text(&bytes));
                }
                // pax: records of "length key=value\n".
                b'x' => {
                    let records = self.small(size)?;
                    long_name = path_of(&records).or(long_name);
                }
                // Folders, links, devices, global pax headers. Links say a size in some archives, and have no data.
                b'1'..=b'6' => long_name = None,
                _ => self.skip(padded(size))?,
            }
        }
    }

    fn content(&mut self, size: u64) -> Result<Content, Damage> {
        let fits = usize::try_from(size).ok().filter(|&size| size <= self.limit);
        let Some(wanted) = fits else {
            self.skip(padded(size))?;
            return Ok(Content::TooLarge(size));
        };
        // Grows with what is there, not with what the header says.
        let mut bytes = Vec::new();
        let mut piece = [0; 16 << 10];
        while bytes.len() < wanted {
            let room = piece.len().min(wanted - bytes.len());
            let n = self.flow.read(&mut piece[..room])?;
            if n == 0 {
                return Err(Damage::Truncated);
            }
            bytes.extend_from_slice(&piece[..n]);
        }
        self.skip(padded(size) - size)?;
        Ok(Content::Whole(bytes))
    }

    fn small(&mut self, size: u64) -> Result<Vec<u8>, Damage> {
        if size > LONGEST_NAME {
            return Err(Damage::Corrupt);
        }
        let limit = std::mem::replace(&mut self.limit, usize::MAX);
        let content = self.content(size);
        self.limit = limit;
        match content? {
            Content::Whole(bytes) => Ok(bytes),
            _ => Err(Damage::Corrupt),
        }
    }

    fn skip(&mut self, mut n: u64) -> Result<(), Damage> {
        let mut piece = [0; 16 << 10];
        while n > 0 {
            let room = usize::try_from(n).map_or(piece.len(), |n| n.min(piece.len()));
            match self.flow.read(&mut piece[..room])? {
                0 => return Err(Damage::Truncated),
                read => n -= read as u64,
            }
        }
        Ok(())
    }

    fn fill(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        let mut done = 0;
        while done < buf.len() {
            match self.flow.read(&mut buf[done..])? {
                0 => break,
                n => done += n,
            }
        }
        Ok(done)
    }
}

const fn padded(size: u64) -> u64 {
    size.saturating_add(BLOCK as u64 - 1) / BLOCK as u64 * BLOCK as u64
}

/// The sum of a header's bytes with the sum's own field as spaces.
fn checksum_fits(header: &[u8; BLOCK]) -> bool {
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(at, &byte)| u64::from(if (148..156).contains(&at) { b' ' } else { byte }))
        .sum();
    number(&header[148..156]) == Some(sum)
}

/// Octal digits, or GNU's binary form for what has more than those hold.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let low = field.last_chunk::<8>()?;
        return Some(u64::from_be_bytes(*low) & (u64::MAX >> 1));
    }
    let digits = field.trim_ascii().split(|&byte| byte == 0 || byte == b' ').next().unwrap_or_default();
    digits.iter().try_fold(0u64, |sum, &digit| {
        let digit = (b'0'..=b'7').contains(&digit).then(|| u64::from(digit - b'0'))?;
        sum.checked_mul(8)?.checked_add(digit)
    })
}

fn name(header: &[u8; BLOCK]) -> String {
    let (name, prefix) = (text(&header[..100]), text(&header[345..500]));
    // GNU's own magic, "ustar  ", has times where POSIX has the prefix.
    if header[262] == b' ' || prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

fn path_of(records: &[u8]) -> Option<String> {
    records.split(|&byte| byte == b'\n').find_map(|record| {
        let space = record.iter().position(|&byte| byte == b' ')?;
        Some(text(record[space + 1..].strip_prefix(b"path=")?))
    })
}
