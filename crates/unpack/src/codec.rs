//! Which compression an input has, and one decoder for all of them.
//!
//! Must never fail late: what a decoder gave before an error is good.

use crate::inflate::Inflate;
use crate::input::Stream;
use crate::lz4::Lz4;
use crate::zstd::Zstd;
use crate::{Damage, Flow};
use lzma_rust2::XzReader;
use oopscope_source::ReadAt;
use std::io::Read;
use std::rc::Rc;

/// Memory for the dictionary of xz, in KiB: `xz -9` needs 64 MiB.
const XZ_MEMORY: u32 = 100 << 10;

/// Bytes that xz is asked for at a time.
const XZ_PIECE: usize = 1 << 10;

/// A compression that is known by its magic number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// RFC 1952; several members one after the other are one log.
    Gzip,
    /// The .xz file format.
    Xz,
    /// RFC 8878.
    Zstd,
    /// The lz4 frame format.
    Lz4,
}

impl Codec {
    /// Judges by the first bytes.
    pub fn of(head: &[u8]) -> Option<Self> {
        // The third byte of gzip is the method, 8 for deflate: there is no other (RFC 1952, 2.3.1).
        let magics: [(&[u8], Self); 4] = [
            (b"\x1f\x8b\x08", Self::Gzip),
            (b"\xfd7zXZ\0", Self::Xz),
            (b"\x28\xb5\x2f\xfd", Self::Zstd),
            (b"\x04\x22\x4d\x18", Self::Lz4),
        ];
        magics.into_iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, codec)| codec)
    }

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        }
    }
}

/// Unpacks a source from front to back.
pub struct Decoder(Kind);

enum Kind {
    Gzip(Inflate),
    Xz(Box<XzReader<Stream>>),
    Zstd(Box<Zstd>),
    Lz4(Box<Lz4>),
}

impl Decoder {
    /// A decoder at the beginning of a source.
    pub fn new(codec: Codec, source: Rc<dyn ReadAt>) -> Self {
        let stream = Stream::new(source);
        Self(match codec {
            Codec::Gzip => Kind::Gzip(Inflate::gzip(stream)),
            Codec::Xz => Kind::Xz(Box::new(XzReader::new_mem_limit(stream, true, XZ_MEMORY))),
            Codec::Zstd => Kind::Zstd(Box::new(Zstd::new(stream))),
            Codec::Lz4 => Kind::Lz4(Box::new(Lz4::new(stream))),
        })
    }

    /// A decoder of zlib's format (RFC 1950), which is not known by its first bytes: sections of ELF files have it.
    pub fn zlib(source: Rc<dyn ReadAt>) -> Self {
        Self(Kind::Gzip(Inflate::zlib(Stream::new(source))))
    }
}

impl Flow for Decoder {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        match &mut self.0 {
            Kind::Gzip(inflate) => inflate.read(buf),
            Kind::Xz(xz) => {
                // An error takes along what the same call has unpacked before it: of a cut file, no more than this.
                let room = buf.len().min(XZ_PIECE);
                Ok(xz.read(&mut buf[..room])?)
            }
            Kind::Zstd(zstd) => zstd.read(buf),
            Kind::Lz4(lz4) => lz4.read(buf),
        }
    }

    fn position(&self) -> u64 {
        match &self.0 {
            Kind::Gzip(inflate) => inflate.position(),
            Kind::Xz(xz) => xz.inner().position(),
            Kind::Zstd(zstd) => zstd.position(),
            Kind::Lz4(lz4) => lz4.position(),
        }
    }

    /// gzip needs no more than 32 KiB of what came before.
    fn bookmark(&self) -> Option<Box<dyn Flow>> {
        match &self.0 {
            Kind::Gzip(inflate) => Some(Box::new(Self(Kind::Gzip(inflate.bookmark())))),
            _ => None,
        }
    }
}
