//! The units of a file: found by their place, kept for a while.
//!
//! Must never keep more than [`KEPT`] of them, nor hop over headers that lead nowhere.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::abbrev::Abbrevs;
use crate::cursor::Cursor;
use crate::part::Part;
use crate::unit::{AT_ONCE, Bases, Header, Unit};
use crate::{DwarfError, Name};

/// The most units that are kept: of [`AT_ONCE`] bytes each, at most.
const KEPT: usize = 48;

/// The most units that are believed.
pub(crate) const MOST: usize = 1 << 20;

/// A unit by where its header is.
type Kept = ((Name, u64), Rc<Unit>);

/// Units of a file.
pub(crate) struct Units {
    pub(crate) part: Rc<Part>,
    kept: RefCell<Vec<Kept>>,
    /// Headers of `.debug_info` that have been seen: the beginning of each and its end.
    seen: RefCell<BTreeMap<u64, u64>>,
}

impl Units {
    pub(crate) fn new(part: Rc<Part>) -> Self {
        Self { part, kept: RefCell::default(), seen: RefCell::default() }
    }

    /// The unit whose header is at a place. `near` is a place behind it, if one is known: what lies before that is read at
    /// once.
    pub(crate) fn at(&self, section: Name, offset: u64, near: Option<u64>) -> Result<Rc<Unit>, DwarfError> {
        self.with(section, offset, near, Bases::default(), 0, None)
    }

    /// The same, of a split unit: with what its skeleton and its package add.
    pub(crate) fn with(
        &self,
        section: Name,
        offset: u64,
        near: Option<u64>,
        bases: Bases,
        abbrevs: u64,
        skeleton: Option<&Unit>,
    ) -> Result<Rc<Unit>, DwarfError> {
        let key = (section, offset);
        {
            let mut kept = self.kept.borrow_mut();
            if let Some(at) = kept.iter().position(|(its, _)| *its == key) {
                let found = kept.remove(at);
                let unit = Rc::clone(&found.1);
                kept.push(found);
                return Ok(unit);
            }
        }
        let whole = self.part.section(section)?;
        let room = whole.size().saturating_sub(offset);
        let guess = near.map_or(64 << 10, |near| near.saturating_sub(offset)).clamp(16, AT_ONCE);
        let mut piece = whole.read(offset, guess.min(room))?;
        let little_endian = self.part.layout().little_endian;
        let header = Header::read(&mut Cursor::within(&whole, little_endian, &piece, offset, u64::MAX))?;
        let size = header.end - offset;
        if size > piece.bytes.len() as u64 && size <= AT_ONCE {
            piece = whole.read(offset, size)?;
        }
        let at = header.abbrevs.saturating_add(abbrevs);
        let abbrevs = Rc::new(Abbrevs::read(self.part.cursor(Name::Abbrev, at)?, header.encoding)?);
        let unit = Rc::new(Unit::new(&self.part, header, abbrevs, piece, bases, skeleton)?);
        if section == Name::Info {
            self.seen.borrow_mut().insert(offset, header.end);
        }
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((key, Rc::clone(&unit)));
        Ok(unit)
    }

    /// The header of `.debug_info` that begins at a place; none at the end of the section.
    pub(crate) fn header(&self, offset: u64) -> Result<Option<Header>, DwarfError> {
        let whole = self.part.section(Name::Info)?;
        if offset >= whole.size() {
            return Ok(None);
        }
        // No header is longer than 40 bytes.
        let piece = whole.read(offset, 40.min(whole.size() - offset))?;
        let mut cursor = Cursor::within(&whole, self.part.layout().little_endian, &piece, offset, u64::MAX);
        let header = Header::read(&mut cursor)?;
        self.seen.borrow_mut().insert(offset, header.end);
        Ok(Some(header))
    }

    /// The unit that an offset of `.debug_info` lies in. `starts` are places at which units are known to begin.
    pub(crate) fn around(&self, offset: u64, starts: &[u64]) -> Result<Rc<Unit>, DwarfError> {
        let known =
            starts.partition_point(|&start| start <= offset).checked_sub(1).and_then(|at| starts.get(at).copied());
        let seen = self.seen.borrow().range(..=offset).next_back().map(|(&start, _)| start);
        let mut at = known.max(seen).unwrap_or(0);
        for _ in 0..MOST {
            let end = self.seen.borrow().get(&at).copied();
            let end = match end {
                Some(end) => end,
                None => match self.header(at)? {
                    Some(header) => header.end,
                    None => break,
                },
            };
            if offset < end {
                return self.at(Name::Info, at, Some(end));
            }
            at = end;
        }
        Err(DwarfError::Damaged { what: "a reference", section: Name::Info, offset })
    }

    /// Gives up the units that are kept.
    pub(crate) fn forget(&self) {
        self.kept.borrow_mut().clear();
    }
}
