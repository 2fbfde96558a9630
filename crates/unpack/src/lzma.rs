//! The .lzma format, which xz calls "lzma_alone" (doc/lzma-file-format.txt of XZ Utils).
//!
//! Its beginning is no magic number. Must never take for it what has no header of the form that packers write.

use crate::Damage;
use crate::input::Stream;
use lzma_rust2::LzmaReader;
use std::io::Read;

/// Bytes that are asked for at a time: an error takes along what the same call has unpacked before it.
const PIECE: usize = 1 << 10;

/// Whether it is a header: the usual properties (lc=3, lp=0, pb=2), a dictionary of a power of two or half as much again,
/// and a size that is unknown or below 256 GiB, as `file` and XZ Utils judge.
pub(crate) fn is_header(head: &[u8]) -> bool {
    let Some(([0x5d, rest @ ..], _)) = head.split_first_chunk::<13>() else { return false };
    let Some((dictionary, size)) = rest.split_first_chunk::<4>() else { return false };
    let dictionary = u32::from_le_bytes(*dictionary);
    let power = |size: u32| size.is_power_of_two();
    let usual = dictionary >= 4096 && (power(dictionary) || dictionary.is_multiple_of(3) && power(dictionary / 3));
    let size = size.first_chunk().map_or(0, |size| u64::from_le_bytes(*size));
    // A stream's first byte is zero.
    usual && (size == u64::MAX || size < 256 << 30) && head.get(13).is_none_or(|&first| first == 0)
}

pub(crate) enum Lzma {
    Before(Option<Stream>),
    Running(Box<LzmaReader<Stream>>),
}

impl Lzma {
    pub(crate) const fn new(stream: Stream) -> Self {
        Self::Before(Some(stream))
    }

    pub(crate) fn position(&self) -> u64 {
        match self {
            Self::Before(stream) => stream.as_ref().map_or(0, Stream::position),
            Self::Running(reader) => reader.inner().position(),
        }
    }

    /// `memory` is in KiB.
    pub(crate) fn read(&mut self, buf: &mut [u8], memory: u32) -> Result<usize, Damage> {
        if let Self::Before(stream) = self {
            let stream = stream.take().ok_or(Damage::Corrupt)?;
            *self = Self::Running(Box::new(LzmaReader::new_mem_limit(stream, memory, None)?));
        }
        let Self::Running(reader) = self else { return Ok(0) };
        let room = buf.len().min(PIECE);
        reader.read(&mut buf[..room]).map_err(|error| {
            // The decoder does not hand on what its input said: it is asked again.
            match reader.inner().bookmark().fill() {
                Err(input) => input.into(),
                Ok([]) => Damage::Truncated,
                Ok(_) => error.into(),
            }
        })
    }
}
