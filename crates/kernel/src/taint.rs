//! The kernel's taint flags by its own table: which letter a bit has. Must never give a letter for a bit that neither the
//! kernel nor mainline names.

use crate::fields::{self, Field};
use crate::{Kernel, ObjectError};
use oopscope_report::TAINT_FLAGS;

/// Mainline's flags: what comes after them in the table is some distribution's own.
const MAINLINE: usize = 20;
/// Bits of `tainted_mask`.
const MOST_FLAGS: u64 = 64;

/// The letters of a set of taint bits, in the order of the bits; a bit that nobody names is `?`.
pub(crate) fn letters(kernel: &Kernel, bits: u64) -> String {
    (0..MOST_FLAGS).filter(|bit| bits >> bit & 1 == 1).map(|bit| letter(kernel, bit).unwrap_or('?')).collect()
}

/// A letter's meaning.
pub(crate) fn meaning(letter: char) -> &'static str {
    let known = TAINT_FLAGS.iter().find(|flag| flag.0 == letter);
    known.map_or("not a letter of the mainline kernel", |flag| flag.2)
}

/// `tainted_mask`.
pub(crate) fn mask(kernel: &Kernel) -> Result<u64, ObjectError> {
    fields::variable(kernel, "tainted_mask", u64::from(kernel.layout().pointer))
}

/// A bit's letter: of `taint_flags` in the kernel's memory (4.10, commit "taint/module: Clean up global and module taint
/// flags handling"), where distributions have their own; else mainline's.
fn letter(kernel: &Kernel, bit: u64) -> Option<char> {
    own(kernel, bit).or_else(|| {
        let mainline = &TAINT_FLAGS[..MAINLINE];
        usize::try_from(bit).ok().and_then(|bit| mainline.get(bit)).map(|flag| flag.0)
    })
}

fn own(kernel: &Kernel, bit: u64) -> Option<char> {
    const FLAG: &str = "struct taint_flag";
    let table = kernel.symbol("taint_flags")?;
    let field = Field::of(kernel, FLAG, "c_true")?;
    let at = table.wrapping_add(bit * kernel.size_of(FLAG)?).wrapping_add(field.offset);
    let letter = char::from(kernel.u8(at).ok()?);
    letter.is_ascii_uppercase().then_some(letter)
}
