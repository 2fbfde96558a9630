//! What files of symbols added to a report, as rows and as words: which were used and by what they match, and what could not
//! be looked up, with the files that do not match.
//!
//! Must never leave out such a problem.

use super::facts::Fact;
use crate::words::plural;
use oopscope_report::{Report, SymbolFile, SymbolStatus};

/// Files of one sort that are named one by one.
const NAMED: usize = 12;

/// The rows: a file each, then what could not be looked up.
pub(super) fn rows(report: &Report) -> Vec<Fact> {
    let Some(symbols) = &report.symbols else { return Vec::new() };
    let mut rows = Vec::new();
    let mut add = |label: &'static str, value: String, remark: String| {
        rows.push(Fact { label: label.into(), value, remark });
    };
    let of = |status| symbols.files.iter().filter(move |file| file.status == status);
    for file in of(SymbolStatus::Used).take(NAMED) {
        add("Symbols", file.name.clone(), used(file));
    }
    let more = of(SymbolStatus::Used).count().saturating_sub(NAMED);
    if more > 0 {
        add("Symbols", plural(more as u64, "more file", "more files"), String::new());
    }
    let lines = symbols.with_lines + symbols.without_lines;
    if lines > 0 {
        let frames = format!("{} of {}", symbols.with_lines, plural(lines.into(), "frame", "frames"));
        add("Lines", frames, symbols.problems.join(" "));
    } else if !symbols.problems.is_empty() {
        add("Lines", "none".to_owned(), symbols.problems.join(" "));
    }
    if let Some(code) = &symbols.code {
        let remark = match code.as_str() {
            "equal" => "the same in the file of symbols".to_owned(),
            words => words.to_owned(),
        };
        add("Code bytes", if code == "equal" { "equal" } else { "differ" }.to_owned(), remark);
    }
    rows
}

fn used(file: &SymbolFile) -> String {
    let matched = file.matched_by.as_deref().map(|by| match by {
        "build-id" => "matches by its build-id".to_owned(),
        "banner" => "matches by the kernel's banner".to_owned(),
        "sizes" => "matches by the sizes of the functions".to_owned(),
        other => format!("matches by {other}"),
    });
    let build_id = file.build_id.as_deref().map(|id| format!("build-id {id}"));
    let release = file.release.as_deref().map(|release| format!("of {release}"));
    let words: Vec<String> = [release, build_id, matched, file.note.clone()].into_iter().flatten().collect();
    words.join(", ")
}

/// Words after "Lines 1 to 2 of console.log", where those are not what the kernel printed alone.
pub(super) fn with(report: &Report) -> &'static str {
    match &report.symbols {
        Some(symbols) if symbols.with_lines > 0 => ", with source lines out of the files of symbols",
        _ => "",
    }
}
