//! A file with debug information: what an address of it was compiled from.
//!
//! Must never read what the question does not need, nor hold what it has read for longer than the next question may need it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gimli::constants;
use oopscope_source::ReadAt;
use oopscope_symbols::elf::Outline;

use crate::entry::Entry;
use crate::index::{self, Index};
use crate::link::{self, Alternate};
use crate::part::Part;
use crate::split::{Splits, Wanted};
use crate::unit::Unit;
use crate::units::Units;
use crate::value::Value;
use crate::{At, DwarfError, Name, Spot, Store, chain};

/// A file with debug information. It answers many questions, one after the other; what it has read for one is kept for a
/// while, within a bound of some tens of megabytes.
pub struct DebugFile {
    pub(crate) units: Units,
    splits: Splits,
    index: RefCell<Option<Rc<Index>>>,
    missed: Cell<Option<DwarfError>>,
}

/// The functions at an address.
pub(crate) struct Chain {
    /// The unit that the entries are in: of a split one, not the one that has the lines.
    pub(crate) unit: Rc<Unit>,
    /// Innermost first; the last is the function that is really there. Empty where no function is told.
    pub(crate) entries: Vec<Entry>,
}

impl DebugFile {
    /// A file whose headers have been read. Nothing more is read until something is asked.
    ///
    /// [`DwarfError::None`] where the file has no debug information at all.
    pub fn open(file: Rc<dyn ReadAt>, outline: Rc<Outline>) -> Result<Self, DwarfError> {
        let part = Rc::new(Part::new(file, outline, false));
        if !part.has(Name::Info) {
            return Err(DwarfError::None);
        }
        Ok(Self {
            units: Units::new(part),
            splits: Splits::default(),
            index: RefCell::default(),
            missed: Cell::default(),
        })
    }

    /// What the file's headers tell.
    pub fn outline(&self) -> &Rc<Outline> {
        &self.units.part.outline
    }

    /// The file itself.
    pub fn file(&self) -> &Rc<dyn ReadAt> {
        &self.units.part.file
    }

    /// Takes a file of split debug information, `.dwo` or `.dwp`; tells how many units it has.
    pub fn supply(&self, file: Rc<dyn ReadAt>, outline: Rc<Outline>) -> Result<usize, DwarfError> {
        self.splits.supply(file, outline)
    }

    /// Files of split debug information that were needed until now, and not there: without them lines are found, and inlined
    /// functions are not.
    pub fn wanted(&self) -> Vec<Wanted> {
        self.splits.wanted()
    }

    /// The file that this one shares debug information with (dwz). It is not read: names that are in it are missing.
    pub fn alternate(&self) -> Option<Alternate> {
        link::alternate(&**self.file(), self.outline())
    }

    /// Makes the index that [`DebugFile::find`] needs where the file has none that is complete (`.debug_aranges`), or takes
    /// it out of `store`. `tick` is told how many bytes are done of how many, and stops it by returning false
    /// ([`DwarfError::Cancelled`]). Nothing is done where nothing is needed.
    pub fn prepare(&self, store: &dyn Store, tick: &mut dyn FnMut(u64, u64) -> bool) -> Result<(), DwarfError> {
        if self.index.borrow().is_some() {
            return Ok(());
        }
        let part = &self.units.part;
        // A table that can't be read is one that is not there.
        let table = if part.has(Name::Aranges) { Index::of_table(part).unwrap_or_default() } else { Index::default() };
        let index = if !table.is_empty() && table.is_complete(part).unwrap_or(false) {
            table
        } else {
            self.whole(table, store, tick)?
        };
        *self.index.borrow_mut() = Some(Rc::new(index));
        Ok(())
    }

    /// The index out of all units.
    fn whole(
        &self,
        table: Index,
        store: &dyn Store,
        tick: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Index, DwarfError> {
        let part = &self.units.part;
        let name = part.outline.build_id.as_deref().map(index::stored_name);
        let size = part.section(Name::Info)?.size();
        let stored = name.as_deref().and_then(|name| Index::of_bytes(&store.get(name)?, size));
        if let Some(index) = stored {
            return Ok(index);
        }
        let index = table.and(Index::of_units(part, tick)?);
        if let Some(name) = name {
            store.put(&name, &index.to_bytes());
        }
        Ok(index)
    }

    fn index(&self) -> Result<Rc<Index>, DwarfError> {
        let index = self.index.borrow().clone();
        if let Some(index) = index {
            return Ok(index);
        }
        self.prepare(&crate::NoStore, &mut |_, _| true)?;
        Ok(self.index.borrow().clone().unwrap_or_default())
    }

    /// The source of an address: innermost first, the last is the function that is really there. Nothing where no debug
    /// information covers it.
    pub fn find(&self, at: At) -> Result<Vec<Spot>, DwarfError> {
        let Some(address) = self.number(at) else { return Ok(Vec::new()) };
        let mut failed = None;
        for unit in self.units_at(address)? {
            match self.spots(&unit?, address) {
                Ok(spots) if !spots.is_empty() => return Ok(spots),
                Ok(_) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(Vec::new()), Err)
    }

    /// Why answers since the last call of this lack something: lines, or the functions that were inlined there.
    pub fn missed(&self) -> Option<DwarfError> {
        self.missed.take()
    }

    /// What a unit says of an address. Where either lines or functions can't be read, the others are given.
    fn spots(&self, unit: &Rc<Unit>, address: u64) -> Result<Vec<Spot>, DwarfError> {
        unit.part.effort.begin();
        let row = unit.lines().and_then(|lines| match lines {
            Some(lines) => lines.row(address),
            None => Ok(None),
        });
        let chain = self.chain(unit, address);
        let (row, chain) = match (row, chain) {
            (Ok(row), Ok(chain)) => (row, Some(chain)),
            (Ok(Some(row)), Err(error)) => {
                self.missed.set(Some(error));
                (Some(row), None)
            }
            (Err(error), Ok(chain)) if !chain.entries.is_empty() => {
                self.missed.set(Some(error));
                (None, Some(chain))
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let entries = chain.as_ref().map_or(&[][..], |chain| &chain.entries);
        if row.is_none() && entries.is_empty() {
            return Ok(Vec::new());
        }
        let small = |number: u64| u32::try_from(number).ok().filter(|&number| number > 0);
        let file = |number: u64| unit.lines().ok().flatten().and_then(|lines| lines.file(unit, number).ok().flatten());
        let mut spots = Vec::with_capacity(entries.len().max(1));
        let mut here = row.map(|row| (Some(row.file), row.line, row.column));
        for (at, entry) in entries.iter().enumerate() {
            let names = chain.as_ref().map(|chain| self.function_name(&chain.unit, entry));
            let (number, line, column) = here.unwrap_or((None, 0, 0));
            let inlined = at + 1 < entries.len();
            spots.push(Spot {
                function: names.and_then(Result::ok).flatten(),
                file: number.and_then(file),
                line: small(line),
                column: small(column),
                inlined,
            });
            let call = |name| entry.get(name).and_then(Value::unsigned);
            here = Some((
                call(constants::DW_AT_call_file),
                call(constants::DW_AT_call_line).unwrap_or(0),
                call(constants::DW_AT_call_column).unwrap_or(0),
            ));
        }
        if let (true, Some(row)) = (spots.is_empty(), row) {
            spots.push(Spot {
                function: None,
                file: file(row.file),
                line: small(row.line),
                column: small(row.column),
                inlined: false,
            });
        }
        Ok(spots)
    }

    /// The functions at an address of a unit.
    fn chain(&self, unit: &Rc<Unit>, address: u64) -> Result<Chain, DwarfError> {
        let unit = self.splits.unit(unit)?.unwrap_or_else(|| Rc::clone(unit));
        unit.part.effort.begin();
        let entries = chain::at(&unit, address)?;
        Ok(Chain { unit, entries })
    }

    /// The number that stands for an address everywhere in the file's debug information.
    pub(crate) fn number(&self, at: At) -> Option<u64> {
        self.units.part.places.number(at)
    }

    /// The units that say that they cover an address (as a number): mostly one.
    fn units_at(&self, address: u64) -> Result<Vec<Result<Rc<Unit>, DwarfError>>, DwarfError> {
        let index = self.index()?;
        let at = |unit: u64| self.units.at(Name::Info, unit, index.after(unit));
        Ok(index.find(address).into_iter().map(at).collect())
    }

    /// The unit that has the functions of an address (as a number): of a split one, not the one that has the lines.
    pub(crate) fn unit_at(&self, address: u64) -> Result<Option<Rc<Unit>>, DwarfError> {
        let Some(unit) = self.units_at(address)?.into_iter().next().transpose()? else { return Ok(None) };
        Ok(Some(self.splits.unit(&unit)?.unwrap_or(unit)))
    }

    /// The unit that an offset of `.debug_info` lies in.
    pub(crate) fn unit_around(&self, offset: u64) -> Result<Rc<Unit>, DwarfError> {
        let index = self.index()?;
        self.units.around(offset, &index.units)
    }
}
