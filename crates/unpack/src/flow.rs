//! Bytes that come one after the other: what a decoder or a converter gives.
//!
//! Must never block for longer than it takes to make one buffer full.

use crate::Damage;
use crate::input::Stream;
use oopscope_source::ReadAt;
use std::rc::Rc;

/// A stream of bytes made from a source.
pub trait Flow {
    /// The next bytes; 0 only at the end, or where `buf` is empty. After an error there is nothing more.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage>;

    /// How far into the source it is: for progress.
    fn position(&self) -> u64;

    /// A second flow at the same place, where one is cheap to have.
    fn bookmark(&self) -> Option<Box<dyn Flow>> {
        None
    }
}

/// A source's own bytes.
pub struct Plain(Stream);

impl Plain {
    /// From the beginning of `source`.
    pub fn new(source: Rc<dyn ReadAt>) -> Self {
        Self(Stream::new(source))
    }
}

impl Flow for Plain {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Damage> {
        Ok(std::io::Read::read(&mut self.0, buf)?)
    }

    fn position(&self) -> u64 {
        self.0.position()
    }
}
