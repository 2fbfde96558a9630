//! Symbols, in the layout of crash's `sym`. Must never hide where a symbol comes from when it is not the kernel's own table.

use super::bare;
use oopscope_report::vmcore::SymbolRow;
use std::fmt::Write as _;

/// One a line: `ffffffff81000000 (T) _stext`.
pub(crate) fn symbols(rows: &[SymbolRow]) -> String {
    let mut out = String::new();
    for row in rows {
        // Writing to a String does not fail.
        let _ = write!(out, "{} ({}) {}", bare(row.address.0), row.kind, row.name);
        if row.offset != 0 {
            let _ = write!(out, "+{:#x}", row.offset);
        }
        if let Some(size) = row.size {
            let _ = write!(out, "/{size:#x}");
        }
        if let Some(module) = &row.module {
            let _ = write!(out, " [{module}]");
        }
        if row.from != "kallsyms" && row.module.is_none() {
            let _ = write!(out, "  (from {})", row.from);
        }
        out.push('\n');
    }
    out
}
