//! zstd (RFC 8878) by ruzstd: frames one after the other, skippable ones passed over.
//!
//! Must never decode more than a few blocks ahead: a frame says how large a window it wants, and ruzstd's default
//! bounds that to 128 MiB, which is what `zstd --long` makes.

use crate::Damage;
use crate::input::Stream;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::error::Error;
use std::io::{self, Read};

/// Bytes that are decoded at a time: one block.
const AHEAD: usize = 128 << 10;

/// An empty last block (RFC 8878, 3.1.1.2: last, raw, size 0), with room for the checksum that may follow.
const LAST_BLOCK: &[u8] = &[1, 0, 0, 0, 0, 0, 0];

pub(crate) struct Zstd {
    stream: Stream,
    frame: FrameDecoder,
    /// Whether another frame may begin.
    more: bool,
    /// Whether frames follow each other to the end; or else what is behind the first is something else.
    several: bool,
    /// Why nothing follows what has been decoded.
    damage: Option<Damage>,
}

impl Zstd {
    pub(crate) fn new(stream: Stream, several: bool) -> Self {
        Self { stream, frame: FrameDecoder::new(), more: true, several, damage: None }
    }

    pub(crate) fn position(&self) -> u64 {
        self.stream.position()
    }

    pub(crate) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        while !buf.is_empty() {
            let n = self.frame.read(buf)?;
            if n > 0 {
                return Ok(n);
            }
            if let Some(damage) = self.damage {
                return Err(damage);
            }
            if self.frame.is_finished() {
                if !self.next_frame()? {
                    return Ok(0);
                }
                continue;
            }
            let blocks = self.frame.decode_blocks(&mut self.stream, BlockDecodingStrategy::UptoBytes(AHEAD));
            if let Err(error) = blocks {
                self.damage = Some(reason(&error));
                // The decoder keeps a window back, of megabytes, until the frame ends. Where it was cut that window
                // is all there is of a small log: a last block makes the decoder give it away.
                self.frame.decode_blocks(LAST_BLOCK, BlockDecodingStrategy::All).map_err(|error| reason(&error))?;
            }
        }
        Ok(0)
    }

    /// Begins the next frame; false at the end.
    fn next_frame(&mut self) -> Result<bool, Damage> {
        loop {
            // NULs behind the last frame are a block device's, not damage.
            if !self.more || matches!(self.stream.fill()?.first(), None | Some(0)) {
                return Ok(false);
            }
            match self.frame.reset(&mut self.stream) {
                Ok(()) => {
                    self.more = self.several;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    self.stream.skip(length.into());
                }
                Err(error) => return Err(reason(&error)),
            }
        }
    }
}

/// What ruzstd's error means: an error of the input lies at the bottom of it.
fn reason(error: &FrameDecoderError) -> Damage {
    match error {
        FrameDecoderError::WindowSizeTooBig { .. } => return Damage::TooMuchMemory,
        FrameDecoderError::DictNotProvided { .. } => return Damage::Unsupported,
        _ => {}
    }
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(read) => Damage::Read(*read),
                None if error.kind() == io::ErrorKind::UnexpectedEof => Damage::Truncated,
                None => Damage::Corrupt,
            };
        }
        source = error.source();
    }
    Damage::Corrupt
}
