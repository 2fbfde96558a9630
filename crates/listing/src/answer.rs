//! A listing, or the reason why there is none.
//!
//! Must never lose a part of a listing: its fields are named one by one, so that a new one does not compile unnoticed.

use crate::bytes::{Reader, Writer};
use oopscope_report::{Instruction, Listing};

/// What the disassembler found.
pub fn answer(found: &Result<Listing, String>) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.flag(found.is_ok());
    match found {
        Ok(Listing { instructions, skipped, guessed }) => {
            writer.number((*skipped).into());
            writer.flag(*guessed);
            writer.list(instructions, |writer, one| {
                let Instruction { offset, bytes, text, intel, trap, notes } = one;
                writer.signed(*offset);
                writer.text(bytes);
                writer.text(text);
                writer.maybe(intel.as_deref(), Writer::text);
                writer.flag(*trap);
                writer.list(notes, |writer, note| writer.text(note));
            });
        }
        Err(problem) => writer.text(problem),
    }
    writer.0
}

/// What was answered. `None` for bytes that are no answer.
pub fn read_answer(bytes: &[u8]) -> Option<Result<Listing, String>> {
    let mut reader = Reader(bytes);
    let found = if reader.flag()? {
        let skipped = u32::try_from(reader.number()?).ok()?;
        let guessed = reader.flag()?;
        let instructions = reader.list(|reader| {
            Some(Instruction {
                offset: reader.signed()?,
                bytes: reader.text()?,
                text: reader.text()?,
                intel: reader.maybe(Reader::text)?,
                trap: reader.flag()?,
                notes: reader.list(Reader::text)?,
            })
        })?;
        Ok(Listing { instructions, skipped, guessed })
    } else {
        Err(reader.text()?)
    };
    reader.ended(found)
}
