//! A packed file as what is in it: `ext4.ko.xz`, `vmlinux.zst`.
//!
//! Must never hold more than a bound of what comes out, nor believe a size that the file tells.

use oopscope_source::{ReadAt, ReadError};
use oopscope_unpack::{Codec, Decoder, Spool};
use std::rc::Rc;

/// The most bytes that are unpacked: twice what the largest vmlinux with debug information has.
const MOST: u64 = 4 << 30;

/// What is unpacked at a time.
const PIECE: usize = 1 << 20;

/// The file's content; the file itself where it is not packed.
pub(crate) fn unpacked(bytes: &Rc<dyn ReadAt>) -> Result<Rc<dyn ReadAt>, String> {
    let mut head = [0; 8];
    let n = bytes.read_at(0, &mut head).map_err(|error| error.to_string())?;
    let Some(codec) = Codec::of(&head[..n]) else { return Ok(Rc::clone(bytes)) };
    let source = Rc::clone(bytes);
    let spool = Spool::new(move || Box::new(Decoder::new(codec, Rc::clone(&source))));
    let mut piece = vec![0; PIECE];
    let mut length = 0;
    loop {
        match spool.read_at(length, &mut piece) {
            Ok(0) => break,
            Ok(n) => length += n as u64,
            Err(error) => return Err(error.to_string()),
        }
        if length > MOST {
            return Err(format!("it is packed with {}, and more comes out than any kernel has", codec.name()));
        }
    }
    match spool.damage() {
        Some(damage) => Err(format!("it is packed with {}: {damage}", codec.name())),
        None => Ok(Rc::new(Unpacked { spool, length })),
    }
}

/// A spool that has been read to its end.
struct Unpacked {
    spool: Spool,
    length: u64,
}

impl ReadAt for Unpacked {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        self.spool.read_at(offset, buf)
    }
}
