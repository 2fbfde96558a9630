//! The container. Must never say more than its headers.

use super::banner::size;
use oopscope_report::vmcore::DumpFacts;
use std::fmt::Write as _;

/// What the dump is, in the banner's layout.
pub fn dump(facts: &DumpFacts) -> String {
    let mut out = String::new();
    let names: Vec<&str> = facts.parts.iter().map(|part| part.name.as_str()).collect();
    let bytes = facts.parts.iter().map(|part| part.bytes).sum();
    // Writing to a String does not fail.
    let _ = writeln!(out, "    DUMPFILE: {}  ({}, {})", names.join(", "), size(bytes), facts.described);
    if facts.incomplete {
        out += "  INCOMPLETE: the end of the dump is missing\n";
    }
    if let Some(left_out) = &facts.left_out {
        let level = facts.dump_level.map(|level| format!("level {level}: ")).unwrap_or_default();
        let _ = writeln!(out, "    LEFT OUT: {level}{left_out}");
    }
    for note in &facts.notes {
        let _ = writeln!(out, "        NOTE: {note}");
    }
    out
}
