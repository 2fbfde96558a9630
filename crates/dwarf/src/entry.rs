//! Entries of a unit (DIEs): a tree that is written down in the order of a walk (DWARF 5, 2.3).
//!
//! Must never make anything of an entry that is passed over: most are.

use gimli::{DwAt, DwTag, constants};

use crate::DwarfError;
use crate::abbrev::{self, Abbrev};
use crate::cursor::Cursor;
use crate::unit::Unit;
use crate::value::{self, Value};

/// The deepest tree that is believed.
const DEEPEST: u32 = 1 << 12;

/// An entry with all its values.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Where in the section it is: what references to it say.
    pub(crate) offset: u64,
    pub(crate) tag: DwTag,
    pub(crate) children: bool,
    /// Where the next entry is: its first child, if it has any.
    pub(crate) next: u64,
    pub(crate) values: Vec<(DwAt, Value)>,
}

impl Entry {
    /// The value of an attribute.
    pub(crate) fn get(&self, name: DwAt) -> Option<Value> {
        self.values.iter().find(|(its, _)| *its == name).map(|&(_, value)| value)
    }
}

/// Which entry a walk has come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) offset: u64,
    pub(crate) tag: DwTag,
    pub(crate) children: bool,
    /// How deep below the entry's list that the walk began in: 0 is that list.
    pub(crate) depth: u32,
}

/// Goes from entry to entry. It ends with the list of siblings that it began in.
pub(crate) struct Walk<'a> {
    unit: &'a Unit,
    cursor: Cursor,
    depth: u32,
    /// The entry that it has come to, and where its values begin; they have not been passed over yet.
    at: Option<(&'a Abbrev, u64, u64)>,
    ended: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(unit: &'a Unit, cursor: Cursor) -> Self {
        Self { unit, cursor, depth: 0, at: None, ended: false }
    }

    /// The next entry; children come before siblings.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Head>, DwarfError> {
        if let Some((abbrev, _, values)) = self.at.take() {
            self.cursor.seek(values);
            self.pass_values(abbrev)?;
            if abbrev.children {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(self.cursor.damaged("the depth of the entries"));
                }
            }
        }
        while !self.ended && !self.cursor.is_end() {
            let offset = self.cursor.position();
            let code = self.cursor.uleb()?;
            if code == 0 {
                if self.depth == 0 {
                    self.ended = true;
                    break;
                }
                self.depth -= 1;
                continue;
            }
            let abbrev = self.unit.abbrevs.get(code).ok_or_else(|| self.cursor.damaged("an entry"))?;
            self.at = Some((abbrev, offset, self.cursor.position()));
            return Ok(Some(Head { offset, tag: abbrev.tag, children: abbrev.children, depth: self.depth }));
        }
        self.ended = true;
        Ok(None)
    }

    /// Whether the entry that it has come to says which addresses it covers.
    pub(crate) fn has_addresses(&self) -> bool {
        let specs = self.at.map_or(&[][..], |(abbrev, ..)| self.unit.abbrevs.specs(abbrev));
        specs.iter().any(|spec| matches!(spec.name, constants::DW_AT_low_pc | constants::DW_AT_ranges))
    }

    fn pass_values(&mut self, abbrev: &Abbrev) -> Result<(), DwarfError> {
        for &step in self.unit.abbrevs.steps(abbrev) {
            abbrev::pass(&mut self.cursor, step, self.unit.header.encoding)?;
        }
        Ok(())
    }

    /// All values of the entry that it has come to.
    pub(crate) fn entry(&mut self) -> Result<Entry, DwarfError> {
        let Some((abbrev, offset, values)) = self.at else { return Err(self.cursor.damaged("an entry")) };
        self.cursor.seek(values);
        let mut found = Vec::with_capacity(self.unit.abbrevs.specs(abbrev).len());
        for &spec in self.unit.abbrevs.specs(abbrev) {
            let encoding = self.unit.header.encoding;
            found.push((spec.name, value::read(&mut self.cursor, spec, encoding, self.unit.header.offset)?));
        }
        let next = self.cursor.position();
        Ok(Entry { offset, tag: abbrev.tag, children: abbrev.children, next, values: found })
    }

    /// Passes over the entry that it has come to with all its children.
    pub(crate) fn pass_children(&mut self) -> Result<(), DwarfError> {
        let Some((abbrev, _, values)) = self.at.take() else { return Ok(()) };
        self.cursor.seek(values);
        if !abbrev.children {
            return self.pass_values(abbrev);
        }
        if let Some((steps, form)) = abbrev.sibling {
            let before = self.unit.abbrevs.steps(abbrev).iter().take(steps as usize);
            for &step in before {
                abbrev::pass(&mut self.cursor, step, self.unit.header.encoding)?;
            }
            let spec = abbrev::Spec { name: constants::DW_AT_sibling, form, implicit: 0 };
            let unit = &self.unit.header;
            let sibling = value::read(&mut self.cursor, spec, unit.encoding, unit.offset)?;
            return match sibling {
                // Only ever forwards, or a walk would not end.
                Value::Entry(to) if to > self.cursor.position() && to <= unit.end => {
                    self.cursor.seek(to);
                    Ok(())
                }
                _ => Err(self.cursor.damaged("a reference")),
            };
        }
        self.pass_values(abbrev)?;
        let mut open = 1_u32;
        while open > 0 && !self.cursor.is_end() {
            let code = self.cursor.uleb()?;
            if code == 0 {
                open -= 1;
                continue;
            }
            let abbrev = self.unit.abbrevs.get(code).ok_or_else(|| self.cursor.damaged("an entry"))?;
            self.pass_values(abbrev)?;
            if abbrev.children {
                open += 1;
            }
            if open > DEEPEST {
                return Err(self.cursor.damaged("the depth of the entries"));
            }
        }
        Ok(())
    }
}
