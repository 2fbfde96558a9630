//! What one question may cost: references that lead to the same long list over and over are small in a file and take for
//! ever.
//!
//! Must never be spent by what a sound file asks for: the longest function of a kernel takes a thousandth of it.

use std::cell::Cell;

use crate::DwarfError;
use crate::cursor::Cursor;

/// Steps that a question may take.
const MOST: u32 = 1 << 24;

/// Counts steps.
#[derive(Debug, Default)]
pub(crate) struct Effort(Cell<u32>);

impl Effort {
    /// A new question.
    pub(crate) fn begin(&self) {
        self.0.set(0);
    }

    /// One step more, at a place that is named if it is one too many.
    #[inline]
    pub(crate) fn spend(&self, at: &Cursor) -> Result<(), DwarfError> {
        let spent = self.0.get() + 1;
        if spent > MOST {
            return Err(DwarfError::TooLarge { what: "a list", section: at.name(), offset: at.position() });
        }
        self.0.set(spent);
        Ok(())
    }
}
