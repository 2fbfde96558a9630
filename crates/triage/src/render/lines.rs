//! A triage as JSON lines, `oopscope-triage/1`, which `docs/triage.md` describes. Must never leave out a member there.

use oopscope_report::triage::{Group, SCHEMA, Totals, Triage, Unreadable};
use serde::Serialize;

/// One line.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line<'a> {
    Totals {
        schema: &'a str,
        #[serde(flatten)]
        totals: &'a Totals,
    },
    Group(&'a Group),
    Unreadable(&'a Unreadable),
}

/// The totals, then each group, then each unreadable file, on a line of its own.
pub fn json_lines(triage: &Triage) -> Result<String, serde_json::Error> {
    let totals = Line::Totals { schema: SCHEMA, totals: &triage.totals };
    let groups = triage.groups.iter().map(Line::Group);
    let unreadable = triage.unreadable.iter().map(Line::Unreadable);
    let mut out = String::new();
    for line in std::iter::once(totals).chain(groups).chain(unreadable) {
        out += &serde_json::to_string(&line)?;
        out.push('\n');
    }
    Ok(out)
}
