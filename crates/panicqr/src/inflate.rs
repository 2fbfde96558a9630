//! zlib streams that may be cut: what comes out before the end is good.
//!
//! Must never give more than the limit.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

/// Unpacks up to `limit` bytes; true when the stream is whole, checksum included. What follows it is left alone.
pub(crate) fn unzip(packed: &[u8], limit: usize) -> (Vec<u8>, bool) {
    let mut state = InflateState::new_boxed(DataFormat::Zlib);
    let mut out = Vec::new();
    let mut piece = vec![0; 32 << 10];
    let mut rest = packed;
    loop {
        let result = inflate(&mut state, rest, &mut piece, MZFlush::None);
        let room = limit - out.len();
        out.extend_from_slice(&piece[..result.bytes_written.min(room)]);
        rest = &rest[result.bytes_consumed..];
        match result.status {
            Ok(MZStatus::StreamEnd) => return (out, true),
            Ok(_) if result.bytes_written > 0 && out.len() < limit => {}
            _ => return (out, false),
        }
    }
}
