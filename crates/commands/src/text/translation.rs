//! The ways of addresses, and the facts of the machine. Must never give a physical address that was not found.

use super::bare;
use oopscope_report::vmcore::{MachineRow, Translation};
use std::fmt::Write as _;

/// Addresses with the entries that lead to them.
pub(crate) fn translations(rows: &[Translation]) -> String {
    let mut out = String::new();
    for row in rows {
        // Writing to a String does not fail.
        let _ = writeln!(out, "VIRTUAL           PHYSICAL");
        let physical = row.physical.map_or("(not mapped)".to_owned(), |physical| format!("{:x}", physical.0));
        let _ = writeln!(out, "{}  {physical}  ({})", bare(row.virtual_address.0), row.how);
        for step in &row.steps {
            let flags = if step.flags.is_empty() { String::new() } else { format!("  ({})", step.flags.join("|")) };
            let _ = writeln!(out, "{:>5}: {:x} => {:x}{flags}", step.level, step.at.0, step.entry.0);
        }
        if let Some(why) = &row.why {
            let _ = writeln!(out, "       {why}");
        }
        if let Some(page) = &row.page {
            let _ = writeln!(out, " PAGE: {page}");
        }
    }
    out
}

/// `mach`.
pub(crate) fn machine(rows: &[MachineRow]) -> String {
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for row in rows {
        let _ = writeln!(out, "{:>width$}: {}  ({})", row.name, row.value, row.from);
    }
    out
}
