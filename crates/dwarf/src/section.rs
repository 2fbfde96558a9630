//! One section's bytes, in slices: pieces are kept for a while, since what is asked for next mostly lies beside them.
//!
//! Must never hold more than [`PIECES`] pieces, never give a byte that lies outside of the section, and never give bytes of a
//! module to which the relocations have not been applied.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use oopscope_source::ReadAt;
use oopscope_unpack::Spool;

use crate::relocation::{self, Relocations};
use crate::{DwarfError, Name};

/// The most pieces of a section that are kept.
const PIECES: usize = 24;

/// The most that is read at once.
const MOST: u64 = 64 << 20;

/// Bytes of a section, from a position on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Piece {
    /// Where in the section they begin.
    pub(crate) start: u64,
    pub(crate) bytes: Rc<Vec<u8>>,
}

impl Piece {
    /// The position behind the last byte.
    pub(crate) fn end(&self) -> u64 {
        self.start.saturating_add(self.bytes.as_slice().len() as u64)
    }
}

/// A section of a file.
pub(crate) struct Section {
    pub(crate) name: Name,
    bytes: Rc<dyn ReadAt>,
    start: u64,
    size: u64,
    /// Bytes of a piece.
    piece: u64,
    relocations: Option<Relocations>,
    /// What it is unpacked by, where it is compressed.
    spool: Option<Rc<Spool>>,
    kept: RefCell<Vec<(u64, Piece)>>,
    clock: Cell<u64>,
}

impl Section {
    /// `size` bytes of `bytes` from `start` on; what the input has not is not the section's either.
    pub(crate) fn new(
        name: Name,
        bytes: Rc<dyn ReadAt>,
        start: u64,
        size: u64,
        piece: u64,
        relocations: Option<Relocations>,
    ) -> Self {
        Self {
            name,
            bytes,
            start,
            size,
            piece,
            relocations,
            spool: None,
            kept: RefCell::default(),
            clock: Cell::new(0),
        }
    }

    /// The same section, whose bytes are unpacked by a spool.
    pub(crate) fn unpacked_by(mut self, spool: Option<Rc<Spool>>) -> Self {
        self.spool = spool;
        self
    }

    /// Bytes that it has.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// All bytes from `at` on, `len` of them; they are not kept.
    pub(crate) fn read(&self, at: u64, len: u64) -> Result<Piece, DwarfError> {
        let cut = DwarfError::Cut { section: self.name, offset: self.size };
        if at.checked_add(len).is_none_or(|end| end > self.size) {
            return Err(cut);
        }
        let too_large = DwarfError::TooLarge { what: "a part", section: self.name, offset: at };
        if len > MOST {
            return Err(too_large);
        }
        // What a relocation changes may lie across an end of what is asked for.
        let margin = if self.relocations.is_some() { relocation::WIDEST } else { 0 };
        let (from, to) = (at.saturating_sub(margin), at.saturating_add(len).saturating_add(margin).min(self.size));
        let mut bytes = vec![0; usize::try_from(to - from).map_err(|_| too_large)?];
        if self.bytes.read_at(self.start.saturating_add(from), &mut bytes)? < bytes.len() {
            let damage = self.spool.as_ref().and_then(|spool| spool.damage());
            return Err(damage.map_or(cut, |damage| DwarfError::Packed { section: self.name, damage }));
        }
        if let Some(relocations) = &self.relocations {
            relocations.apply(from, &mut bytes)?;
            bytes.truncate(usize::try_from(at + len - from).unwrap_or(bytes.len()));
            bytes.drain(..usize::try_from(at - from).unwrap_or(0));
        }
        Ok(Piece { start: at, bytes: Rc::new(bytes) })
    }

    /// The piece around a position, which is kept.
    pub(crate) fn piece(&self, at: u64) -> Result<Piece, DwarfError> {
        if at >= self.size {
            return Err(DwarfError::Cut { section: self.name, offset: self.size });
        }
        let now = self.clock.get() + 1;
        self.clock.set(now);
        if let Some((used, piece)) =
            self.kept.borrow_mut().iter_mut().find(|(_, piece)| (piece.start..piece.end()).contains(&at))
        {
            *used = now;
            return Ok(piece.clone());
        }
        let start = at / self.piece * self.piece;
        let piece = self.read(start, self.piece.min(self.size - start))?;
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= PIECES
            && let Some(oldest) = (0..kept.len()).min_by_key(|&at| kept[at].0)
        {
            kept.swap_remove(oldest);
        }
        kept.push((now, piece.clone()));
        Ok(piece)
    }
}
