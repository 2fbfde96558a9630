//! A triage as plain text for a terminal or a mail. Must never write a character that a terminal obeys.

use super::{UNSIGNED, count, kernels, seen, severity, summary};
use oopscope_report::triage::{Group, Triage};
use std::fmt::Write as _;

/// The groups, one after the other.
pub fn text(triage: &Triage) -> String {
    let mut out = summary(&triage.totals) + "\n";
    for group in &triage.groups {
        write_group(&mut out, group);
    }
    if !triage.unreadable.is_empty() {
        out.push_str("\nNot read:\n");
        for file in &triage.unreadable {
            let _ = writeln!(out, "  {}: {}", plain(&file.path), plain(&file.reason));
        }
    }
    let left_out = triage.totals.groups.saturating_sub(triage.groups.len() as u64);
    if left_out > 0 {
        let _ = writeln!(out, "\n{} not shown.", count(left_out, "more group"));
    }
    out
}

fn write_group(out: &mut String, group: &Group) {
    // Writing to a string can't fail.
    let _ = writeln!(
        out,
        "\n{:>6}  {}\n        {}, {}",
        group.reports,
        plain(&group.title),
        severity(group.severity),
        count(group.files, "file"),
    );
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "        {name:<10} {}", plain(value));
    };
    match (&group.coarse, &group.version) {
        (Some(coarse), Some(version)) => {
            let ways = group.variants.len() as u64 + group.more_variants;
            let ways = if ways > 1 { format!(", {ways} ways to it") } else { String::new() };
            row("signature", &format!("{version} {coarse}{ways}"));
        }
        _ => row("signature", &format!("none: {UNSIGNED}")),
    }
    if let Some(subsystem) = &group.subsystem {
        row("subsystem", &subsystem.name);
    }
    if let Some(kernels) = kernels(group) {
        row("kernels", &kernels);
    }
    if let Some(seen) = seen(group) {
        row("seen", &seen);
    }
    if group.corrupted > 0 {
        row("damaged", &format!("{} of {}", group.corrupted, group.reports));
    }
    row("look at", &format!("{}:{}", group.example.path, group.example.line));
}

/// Text that does no harm in a terminal: control characters and marks of writing direction become U+FFFD.
fn plain(text: &str) -> String {
    let harmless = |c: char| {
        let direction =
            matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || direction { char::REPLACEMENT_CHARACTER } else { c }
    };
    text.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        assert_eq!(plain("a\x1b[2Jb\u{202e}c\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
    }
}
