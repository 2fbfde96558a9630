//! Which compression an input has, and one decoder for all of them.
//!
//! Must never fail late: what a decoder gave before an error is good.

use crate::bzip2::Bzip2;
use crate::inflate::Inflate;
use crate::input::Stream;
use crate::lz4::Lz4;
use crate::lz4_legacy::Lz4Legacy;
use crate::lzma::{self, Lzma};
use crate::lzop::Lzop;
use crate::zstd::Zstd;
use crate::{Damage, Flow};
use lzma_rust2::XzReader;
use oopscope_source::ReadAt;
use std::io::Read;
use std::rc::Rc;

/// Memory for the dictionary of xz and lzma, in KiB: `xz -9` needs 64 MiB, kernel images 128 MiB (scripts/xz_wrap.sh since
/// 6.12, "xz: use 128 MiB dictionary and force single-threaded mode").
const XZ_MEMORY: u32 = 132 << 10;

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
    /// lz4's first format, in which kernel images are packed.
    Lz4Legacy,
    /// bzip2.
    Bzip2,
    /// The .lzma format that was before .xz.
    Lzma,
    /// lzop's, around LZO1X.
    Lzop,
}

impl Codec {
    /// Judges by the first bytes.
    pub fn of(head: &[u8]) -> Option<Self> {
        // The third byte of gzip is the method, 8 for deflate: there is no other (RFC 1952, 2.3.1).
        // bzip2's level is followed by pi, or by its root where nothing was packed.
        let magics: [(&[u8], Self); 6] = [
            (b"\x1f\x8b\x08", Self::Gzip),
            (b"\xfd7zXZ\0", Self::Xz),
            (b"\x28\xb5\x2f\xfd", Self::Zstd),
            (b"\x04\x22\x4d\x18", Self::Lz4),
            (b"\x02\x21\x4c\x18", Self::Lz4Legacy),
            (b"\x89LZO\0\r\n\x1a\n", Self::Lzop),
        ];
        if let Some((_, codec)) = magics.into_iter().find(|(magic, _)| head.starts_with(magic)) {
            return Some(codec);
        }
        if let [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] = head
            && (rest.starts_with(b"\x31\x41\x59\x26\x53\x59") || rest.starts_with(b"\x17\x72\x45\x38\x50\x90"))
        {
            return Some(Self::Bzip2);
        }
        lzma::is_header(head).then_some(Self::Lzma)
    }

    /// What unpacks a file beside it and keeps it, without the file's name.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Gzip => "gzip -dk",
            Self::Xz => "xz -dk",
            Self::Zstd => "zstd -d",
            Self::Lz4 | Self::Lz4Legacy => "lz4 -d",
            Self::Bzip2 => "bzip2 -dk",
            Self::Lzma => "lzma -dk",
            Self::Lzop => "lzop -d",
        }
    }

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Lz4 | Self::Lz4Legacy => "lz4",
            Self::Bzip2 => "bzip2",
            Self::Lzma => "lzma",
            Self::Lzop => "lzop",
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
    Lz4Legacy(Box<Lz4Legacy>),
    Bzip2(Box<Bzip2>),
    Lzma(Box<Lzma>),
    Lzop(Box<Lzop>),
}

impl Decoder {
    /// A decoder at the beginning of a source, to whose end streams of the format follow each other.
    pub fn new(codec: Codec, source: Rc<dyn ReadAt>) -> Self {
        Self::streams(codec, source, true)
    }

    /// A decoder of a single stream, behind which something else may follow.
    pub fn single(codec: Codec, source: Rc<dyn ReadAt>) -> Self {
        Self::streams(codec, source, false)
    }

    fn streams(codec: Codec, source: Rc<dyn ReadAt>, several: bool) -> Self {
        let stream = Stream::new(source);
        Self(match codec {
            Codec::Gzip => Kind::Gzip(Inflate::gzip(stream)),
            Codec::Xz => Kind::Xz(Box::new(XzReader::new_mem_limit(stream, several, XZ_MEMORY))),
            Codec::Zstd => Kind::Zstd(Box::new(Zstd::new(stream, several))),
            Codec::Lz4 => Kind::Lz4(Box::new(Lz4::new(stream))),
            Codec::Lz4Legacy => Kind::Lz4Legacy(Box::new(Lz4Legacy::new(stream, several))),
            Codec::Bzip2 => Kind::Bzip2(Box::new(Bzip2::new(stream))),
            Codec::Lzma => Kind::Lzma(Box::new(Lzma::new(stream))),
            Codec::Lzop => Kind::Lzop(Box::new(Lzop::new(stream))),
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
            Kind::Lz4Legacy(lz4) => lz4.read(buf),
            Kind::Bzip2(bzip2) => bzip2.read(buf),
            Kind::Lzma(lzma) => lzma.read(buf, XZ_MEMORY),
            Kind::Lzop(lzop) => lzop.read(buf),
        }
    }

    fn position(&self) -> u64 {
        match &self.0 {
            Kind::Gzip(inflate) => inflate.position(),
            Kind::Xz(xz) => xz.inner().position(),
            Kind::Zstd(zstd) => zstd.position(),
            Kind::Lz4(lz4) => lz4.position(),
            Kind::Lz4Legacy(lz4) => lz4.position(),
            Kind::Bzip2(bzip2) => bzip2.position(),
            Kind::Lzma(lzma) => lzma.position(),
            Kind::Lzop(lzop) => lzop.position(),
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
