//! Opens what logs, symbols and kernels are packed in: gzip, xz, zstd, lz4, bzip2, lzma, lzop, the raw blocks of pstore, and
//! the archives tar and zip.
//!
//! This crate must never hold an unpacked input whole, and never trust a size that a file tells: everything comes out
//! as a stream, memory is bounded, and what could be read before a damaged place is given together with the reason
//! why there is no more ([`Damage`]).
#![forbid(unsafe_code)]

mod archive;
mod block;
mod bzip2;
mod codec;
mod flow;
mod inflate;
mod input;
mod lz4;
mod lz4_legacy;
mod lzma;
mod lzop;
mod part;
mod spool;
mod tar;
mod whole;
mod zip;
mod zstd;

pub use archive::{ArchiveForm, Content, Member, Members, members};
pub use block::{BLOCK_LIMIT, decompress_block};
pub use codec::{Codec, Decoder};
pub use flow::{Flow, Plain};
pub use part::Part;
pub use spool::Spool;
pub use whole::{PackedError, Room, Tick, Unpacked, open_packed, unpack};

use oopscope_source::ReadError;
use std::io;

/// Why a packed input gave no more than it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// It ends in the middle.
    #[error("it ends before its end: the file was cut")]
    Truncated,
    /// It is not what its format says.
    #[error("it is damaged")]
    Corrupt,
    /// It asks for more memory than a log can need.
    #[error("it was packed with a window larger than is read here")]
    TooMuchMemory,
    /// It uses a part of its format that is not read here.
    #[error("it is packed in a way that is not read here")]
    Unsupported,
    /// The bytes themselves could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        if let Some(read) = error.get_ref().and_then(|inner| inner.downcast_ref::<ReadError>()) {
            return Self::Read(*read);
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            io::ErrorKind::OutOfMemory => Self::TooMuchMemory,
            io::ErrorKind::Unsupported => Self::Unsupported,
            _ => Self::Corrupt,
        }
    }
}
