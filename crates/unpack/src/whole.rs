//! A packed file as if it were not packed: symbols, modules and kernels, which are read here and there.
//!
//! It is unpacked once, to its end. Must never hold more than its caller allows, nor begin to read what is not all there.

use crate::{Codec, Damage, Decoder, Flow, Spool};
use oopscope_source::{ReadAt, ReadError};
use std::rc::Rc;

/// How much may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are kept as they are; what is more is kept deflated, up to 256 MiB of that.
    pub plain: usize,
    /// Bytes that it may unpack to.
    pub most: u64,
}

impl Room {
    /// For a module's file: the largest, with debug information, have some 50 MB.
    pub const MODULE: Self = Self { plain: 64 << 20, most: 64 << 20 };
    /// For a kernel: without debug information some 50 MB, with it 600.
    pub const KERNEL: Self = Self { plain: 128 << 20, most: 512 << 20 };
}

/// What came out.
pub struct Unpacked {
    /// How it was packed.
    pub codec: Codec,
    /// All of it.
    pub bytes: Rc<dyn ReadAt>,
}

/// Why a packed file could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    /// It can't be read at all.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is larger than can be held.
    #[error("it unpacks to more than {} MB, which is not held in memory: unpack it first, with `{} FILE`", .most / 1_000_000, .codec.command())]
    TooLarge {
        /// How it is packed.
        codec: Codec,
        /// What was allowed.
        most: u64,
    },
    /// Not all of it comes out.
    #[error("it is packed with {}, and can't be unpacked behind {unpacked} bytes: {damage}", .codec.name())]
    Damaged {
        /// How it is packed.
        codec: Codec,
        /// What is wrong.
        damage: Damage,
        /// Bytes that came out.
        unpacked: u64,
    },
    /// Somebody did not want to wait.
    #[error("unpacking was cancelled")]
    Cancelled,
}

/// Told how far unpacking is, in bytes of the packed file, and how long that is; false cancels.
pub type Tick<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// Unpacks a file, if it is packed in a way that its first bytes tell.
pub fn open_packed(source: Rc<dyn ReadAt>, room: Room, tick: Tick<'_>) -> Result<Option<Unpacked>, PackedError> {
    let mut head = [0; 16];
    let n = source.read_at(0, &mut head)?;
    let Some(codec) = Codec::of(&head[..n]) else { return Ok(None) };
    let length = source.len();
    let begin = move || Box::new(Decoder::new(codec, Rc::clone(&source))) as Box<dyn Flow>;
    let (bytes, damage) = spool(codec, begin, length, room, tick)?;
    match damage {
        None => Ok(Some(Unpacked { codec, bytes })),
        Some(damage) => Err(PackedError::Damaged { codec, damage, unpacked: bytes.len() }),
    }
}

/// Unpacks a single stream of a known format, behind which something else may follow.
pub fn unpack(codec: Codec, source: Rc<dyn ReadAt>, room: Room, tick: Tick<'_>) -> Result<Unpacked, PackedError> {
    let length = source.len();
    let begin = move || Box::new(Decoder::single(codec, Rc::clone(&source))) as Box<dyn Flow>;
    match spool(codec, begin, length, room, tick)? {
        (bytes, None) => Ok(Unpacked { codec, bytes }),
        (bytes, Some(damage)) => Err(PackedError::Damaged { codec, damage, unpacked: bytes.len() }),
    }
}

/// All that comes out, and why there is no more.
fn spool(
    codec: Codec,
    begin: impl Fn() -> Box<dyn Flow> + 'static,
    length: u64,
    room: Room,
    tick: Tick<'_>,
) -> Result<(Rc<dyn ReadAt>, Option<Damage>), PackedError> {
    let spool = Spool::with_room(begin, room.plain);
    while !spool.is_complete() {
        if !tick(spool.position().min(length), length) {
            return Err(PackedError::Cancelled);
        }
        spool.read_at(spool.len(), &mut [0])?;
        if spool.len() > room.most {
            return Err(PackedError::TooLarge { codec, most: room.most });
        }
    }
    let damage = spool.damage();
    Ok((Rc::new(spool), damage))
}
