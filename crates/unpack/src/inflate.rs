//! gzip (RFC 1952) and zlib's format (RFC 1950) around miniz_oxide's inflate.
//!
//! Must never mistake what follows the last member for damage: NULs of a tape or of a file system's block are common
//! there, and so is a log that is still being written.

use crate::Damage;
use crate::input::Stream;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

/// A file name or comment in a header longer than this is damage.
const LONGEST_NAME: usize = 64 << 10;

/// Where in a member it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Header {
        first: bool,
    },
    /// `zlib` has no further member.
    Data {
        zlib: bool,
    },
    End,
}

/// Reads the members of a gzip file as one.
pub(crate) struct Inflate {
    stream: Stream,
    state: Box<InflateState>,
    at: At,
}

impl Inflate {
    pub(crate) fn gzip(stream: Stream) -> Self {
        Self { stream, state: InflateState::new_boxed(DataFormat::Raw), at: At::Header { first: true } }
    }

    pub(crate) fn zlib(stream: Stream) -> Self {
        Self { stream, state: InflateState::new_boxed(DataFormat::Zlib), at: At::Data { zlib: true } }
    }

    pub(crate) fn position(&self) -> u64 {
        self.stream.position()
    }

    pub(crate) fn bookmark(&self) -> Self {
        Self { stream: self.stream.bookmark(), state: self.state.clone(), at: self.at }
    }

    pub(crate) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        while !buf.is_empty() {
            match self.at {
                At::End => return Ok(0),
                At::Header { first } => {
                    self.at = if self.header(first)? { At::Data { zlib: false } } else { At::End };
                    self.state.reset(DataFormat::Raw);
                }
                At::Data { zlib } => {
                    let input = self.stream.fill()?;
                    let ended = input.is_empty();
                    let result = inflate(&mut self.state, input, buf, MZFlush::None);
                    self.stream.consume(result.bytes_consumed);
                    match result.status {
                        Ok(MZStatus::StreamEnd) if zlib => self.at = At::End,
                        Ok(MZStatus::StreamEnd) => {
                            // CRC32 and length of the member.
                            self.take::<8>()?;
                            self.at = At::Header { first: false };
                        }
                        Ok(_) | Err(MZError::Buf) if result.bytes_written > 0 || !ended => {}
                        Ok(_) | Err(MZError::Buf) => return Err(Damage::Truncated),
                        Err(_) => return Err(Damage::Corrupt),
                    }
                    if result.bytes_written > 0 {
                        return Ok(result.bytes_written);
                    }
                }
            }
        }
        Ok(0)
    }

    /// Reads a member's header; false when there is no further member.
    fn header(&mut self, first: bool) -> Result<bool, Damage> {
        const EXTRA: u8 = 4;
        const NAME: u8 = 8;
        const COMMENT: u8 = 16;
        const HEADER_CRC: u8 = 2;
        if !first && self.stream.fill()?.first() != Some(&0x1f) {
            return Ok(false);
        }
        let [0x1f, 0x8b, 8, flags, ..] = self.take::<10>()? else { return Err(Damage::Corrupt) };
        if flags & EXTRA != 0 {
            let length = u16::from_le_bytes(self.take()?);
            for _ in 0..length {
                self.take::<1>()?;
            }
        }
        for flag in [NAME, COMMENT] {
            if flags & flag != 0 {
                self.name()?;
            }
        }
        if flags & HEADER_CRC != 0 {
            self.take::<2>()?;
        }
        Ok(true)
    }

    fn name(&mut self) -> Result<(), Damage> {
        for _ in 0..LONGEST_NAME {
            if self.take::<1>()? == [0] {
                return Ok(());
            }
        }
        Err(Damage::Corrupt)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.stream.byte()?.ok_or(Damage::Truncated)?;
        }
        Ok(bytes)
    }
}
