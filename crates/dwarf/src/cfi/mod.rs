//! Call frame information: how a function's caller had its registers, out of `.debug_frame` or `.eh_frame` (DWARF 5,
//! section 6.4; Linux Standard Base, "Exception Frames").
//!
//! A section is gone through once, entry by entry, to learn which addresses each covers; the entry itself is read when
//! it is asked for. Must never hold a section whole, nor believe an entry's length without a bound.

mod index;
mod row;
#[cfg(test)]
mod tests;

use crate::cursor::Cursor;
use crate::machine::Convention;
use crate::section::Section;
use crate::{DwarfError, Name};
use gimli::{BaseAddresses, EndianSlice, RunTimeEndian, UnwindContext, UnwindSection};
use index::Extent;
use oopscope_source::ReadAt;
use oopscope_symbols::Layout;
use std::cell::OnceCell;
use std::rc::Rc;

pub use row::{Caller, Row};

/// The longest entry that is read: those of a kernel have a few hundred bytes.
const LONGEST: u64 = 1 << 20;

/// The most rows of one entry that are gone through.
const MOST_ROWS: usize = 1 << 16;

/// In which of its two forms the information lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `.debug_frame`.
    Debug,
    /// `.eh_frame`, whose pointers may count from where they lie: at this address when the section is loaded.
    Eh {
        /// Where the section's first byte lies.
        address: u64,
    },
}

impl Form {
    const fn section(self) -> Name {
        match self {
            Self::Debug => Name::Frame,
            Self::Eh { .. } => Name::EhFrame,
        }
    }
}

/// The call frame information of a file.
pub struct CallFrames {
    section: Rc<Section>,
    form: Form,
    layout: Layout,
    extents: OnceCell<Result<Vec<Extent>, DwarfError>>,
}

impl std::fmt::Debug for CallFrames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallFrames")
            .field("form", &self.form)
            .field("bytes", &self.section.size())
            .finish_non_exhaustive()
    }
}

impl CallFrames {
    /// Of a section's bytes, unpacked and with relocations applied. Reads nothing.
    pub fn new(bytes: Rc<dyn ReadAt>, form: Form, layout: Layout) -> Self {
        let size = bytes.len();
        Self::of(Rc::new(Section::new(form.section(), bytes, 0, size, 64 << 10, None)), form, layout)
    }

    /// Of a file's section. Reads nothing.
    pub(crate) fn of(section: Rc<Section>, form: Form, layout: Layout) -> Self {
        Self { section, form, layout, extents: OnceCell::new() }
    }

    /// How an instruction's caller had its registers; none where no entry covers it. The address is one of the file; for
    /// a return address that of the call, which lies before it.
    pub fn row(&self, address: u64, convention: &Convention) -> Result<Option<Row>, DwarfError> {
        let extents = self.extents.get_or_init(|| index::extents(self.cursor(), self.form, self.layout));
        let extents = extents.as_ref().map_err(|error| *error)?;
        let Some(at) = index::find(extents, address) else { return Ok(None) };
        self.read(at, address, convention)
    }

    fn cursor(&self) -> Cursor {
        Cursor::new(&self.section, self.layout.little_endian, 0, self.section.size())
    }

    /// Reads the entry at `at`, and what it says of an address.
    fn read(&self, at: u64, address: u64, convention: &Convention) -> Result<Option<Row>, DwarfError> {
        let damaged = |offset| DwarfError::Damaged { what: "an entry", section: self.form.section(), offset };
        let mut cursor = self.cursor();
        let head = index::Head::read(&mut cursor, at, self.form)?.ok_or(damaged(at))?;
        let cie_at = head.cie.ok_or(damaged(at))?;
        let cie = index::Head::read(&mut cursor, cie_at, self.form)?.ok_or(damaged(cie_at))?;
        if cie.cie.is_some() {
            return Err(damaged(cie_at));
        }
        // The two alone, the common entry first, so that neither has to be looked for.
        let mut bytes = Vec::new();
        for (offset, entry) in [(cie_at, &cie), (at, &head)] {
            let whole = entry.length.checked_add(entry.before).filter(|&whole| whole <= LONGEST);
            cursor.seek(offset);
            bytes.append(&mut cursor.bytes(whole.ok_or(damaged(offset))?)?);
        }
        let begin = cie.length + cie.before;
        self.point(&mut bytes, &head, begin).ok_or(damaged(at))?;
        self.evaluate(&bytes, (at, begin), address, convention).map_err(|Damaged| damaged(at))
    }

    /// Lets the second of two entries point to the first.
    fn point(&self, bytes: &mut [u8], head: &index::Head, begin: u64) -> Option<()> {
        let field = begin.checked_add(head.before)?;
        let value = match self.form {
            Form::Debug => 0,
            Form::Eh { .. } => field,
        };
        let width = if head.wide && self.form == Form::Debug { 8 } else { 4 };
        let field = bytes.get_mut(usize::try_from(field).ok()?..)?.get_mut(..width)?;
        let value: [u8; 8] = if self.layout.little_endian { value.to_le_bytes() } else { value.to_be_bytes() };
        field.copy_from_slice(if self.layout.little_endian { &value[..width] } else { &value[8 - width..] });
        Some(())
    }

    /// What the second of two entries says of an address; none where it does not cover it.
    fn evaluate(
        &self,
        bytes: &[u8],
        (at, begin): (u64, u64),
        address: u64,
        by: &Convention,
    ) -> Result<Option<Row>, Damaged> {
        let endian = if self.layout.little_endian { RunTimeEndian::Little } else { RunTimeEndian::Big };
        let begin_here = usize::try_from(begin).map_err(|_| Damaged)?;
        match self.form {
            Form::Debug => {
                let mut section = gimli::DebugFrame::from(EndianSlice::new(bytes, endian));
                section.set_address_size(self.layout.pointer);
                section.set_vendor(by.vendor);
                evaluate(&section, &BaseAddresses::default(), begin_here.into(), address, by)
            }
            Form::Eh { address: section_at } => {
                let mut section = gimli::EhFrame::from(EndianSlice::new(bytes, endian));
                section.set_address_size(self.layout.pointer);
                section.set_vendor(by.vendor);
                // Pointers of the second entry count from where it lies in the file.
                let moved = section_at.wrapping_add(at).wrapping_sub(begin);
                let bases = BaseAddresses::default().set_eh_frame(moved);
                evaluate(&section, &bases, begin_here.into(), address, by)
            }
        }
    }
}

/// An entry makes no sense.
struct Damaged;

fn evaluate<'b, S>(
    section: &S,
    bases: &BaseAddresses,
    at: S::Offset,
    address: u64,
    by: &Convention,
) -> Result<Option<Row>, Damaged>
where
    S: UnwindSection<EndianSlice<'b, RunTimeEndian>>,
{
    let entry = section.fde_from_offset(bases, at, S::cie_from_offset).map_err(|_| Damaged)?;
    if !entry.contains(address) {
        return Ok(None);
    }
    let mut context = UnwindContext::new();
    let mut table = entry.rows(section, bases, &mut context).map_err(|_| Damaged)?;
    for _ in 0..MOST_ROWS {
        match table.next_row() {
            Ok(Some(row)) if row.contains(address) => {
                return Row::of(section, &entry, row, by).map(Some).ok_or(Damaged);
            }
            Ok(Some(_)) => {}
            Ok(None) => return Ok(None),
            Err(_) => return Err(Damaged),
        }
    }
    Err(Damaged)
}

impl crate::DebugFile {
    /// The call frame information of the file: `.debug_frame`, else `.eh_frame`; none where it has neither.
    pub fn call_frames(&self) -> Result<Option<CallFrames>, DwarfError> {
        let part = &self.units.part;
        if part.has(Name::Frame) {
            return Ok(Some(CallFrames::of(part.section(Name::Frame)?, Form::Debug, part.layout())));
        }
        let Some(section) = part.outline.section(".eh_frame").filter(|_| part.has(Name::EhFrame)) else {
            return Ok(None);
        };
        let number = part.outline.sections.iter().position(|other| std::ptr::eq(other, section));
        let placed = number.and_then(|number| u32::try_from(number).ok()).map_or(0, |number| part.places.base(number));
        // Of a module, that where its section was put; of a linked file, its own.
        let address = if part.outline.is_module() { placed } else { section.address };
        Ok(Some(CallFrames::of(part.section(Name::EhFrame)?, Form::Eh { address }, part.layout())))
    }

    /// How the caller of what is at an address had its registers: [`CallFrames::row`] of this file's own.
    pub fn row(&self, frames: &CallFrames, at: crate::At, by: &Convention) -> Result<Option<Row>, DwarfError> {
        self.number(at).map_or(Ok(None), |address| frames.row(address, by))
    }
}
