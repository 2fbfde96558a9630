//! A section from front to back, a few megabytes at a time.
//!
//! Must never hold more than one piece of it.

use crate::DwarfError;
use crate::section::{Piece, Section};
use std::rc::Rc;

/// Bytes that are read at once: a browser takes as long for a small read as for a larger one.
const PIECE: u64 = 2 << 20;

/// A section of which a piece is held.
pub(super) struct Window {
    section: Rc<Section>,
    piece: Piece,
}

impl Window {
    /// Nothing is read yet.
    pub(super) fn new(section: &Rc<Section>) -> Self {
        Self { section: Rc::clone(section), piece: Piece::default() }
    }

    /// Bytes from `at` on: `length` of them or an error.
    pub(super) fn get(&mut self, at: u64, length: u64) -> Result<&[u8], DwarfError> {
        let end = at.saturating_add(length);
        if at < self.piece.start || end > self.piece.end() {
            let left = self.section.size().saturating_sub(at);
            self.piece = Piece::default();
            self.piece = self.section.read(at, length.max(PIECE.min(left)))?;
        }
        let from = usize::try_from(at.saturating_sub(self.piece.start)).unwrap_or(usize::MAX);
        let to = usize::try_from(end.saturating_sub(self.piece.start)).unwrap_or(usize::MAX);
        let cut = DwarfError::Cut { section: self.section.name, offset: self.section.size() };
        self.piece.bytes.get(from..to).ok_or(cut)
    }

    /// Bytes from `at` on: at most `length` of them, fewer at the section's end.
    pub(super) fn some(&mut self, at: u64, length: u64) -> Result<&[u8], DwarfError> {
        let left = self.section.size().saturating_sub(at);
        self.get(at, length.min(left))
    }
}
