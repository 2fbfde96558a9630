//! Where the disassembly of a report's code goes. A report is complete but for it when the scan hands it out: whoever
//! shows it has its bytes made instructions and puts those here.
//!
//! Must never decode anything, nor touch a listing that the kernel printed itself.

use crate::explain;
use oopscope_report::{Code, Listing, Report};

/// Bytes of an instruction of x86, on average.
const BYTES: usize = 4;

/// True where a report has code bytes, and neither a listing of them nor a reason why there is none.
pub fn wants_listing(report: &Report) -> bool {
    report
        .code
        .as_ref()
        .is_some_and(|code| !code.units.is_empty() && code.listing.is_none() && code.listing_problem.is_none())
}

/// Puts the listing, or the reason why there is none, into a report that [wants one](wants_listing), and what the
/// trapping instruction proves into its evidence.
pub fn put_listing(report: &mut Report, found: Result<Listing, String>) {
    if !wants_listing(report) {
        return;
    }
    let Some(code) = &mut report.code else { return };
    match found {
        Ok(listing) => {
            code.listing = Some(listing);
            explain::add_instruction(report);
        }
        Err(problem) => code.listing_problem = Some(problem),
    }
}

/// How many instructions a listing of the code would have, about.
pub(crate) fn likely_length(code: &Code) -> usize {
    match &code.listing {
        Some(listing) => listing.instructions.len(),
        // Bytes on x86, else a unit an instruction.
        None if code.units.first().is_some_and(|unit| unit.len() == 2) => code.units.len() / BYTES,
        None => code.units.len(),
    }
}
