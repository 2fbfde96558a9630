//! The JSON lines are what `docs/triage.md` says: every member is in its tables, and nothing else is there.

use oopscope_report::triage::{Example, Group, Seen, SeenBy, Totals, Triage, Unreadable, Variant};
use oopscope_report::{Kind, Severity, Subsystem};
use oopscope_triage::json_lines;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A triage in which all members are set. No `..Default::default()`: a new member must not compile before it is here.
fn full() -> Triage {
    let text = || "text".to_owned();
    let example = || Example { path: text(), file: 1, report: 1, line: 1 };
    let seen = |by| Some(Seen { unix: 1, by });
    let group = |by| Group {
        coarse: Some(text()),
        version: Some(text()),
        title: text(),
        kind: Kind::new("oops"),
        severity: Severity::Fatal,
        culprit: Some(text()),
        module: Some(text()),
        subsystem: Some(Subsystem { name: text(), reason: text(), line: 1 }),
        reports: 1,
        files: 1,
        corrupted: 1,
        kernels: vec![text()],
        older_kernels: 1,
        first: seen(by),
        last: seen(by),
        example: example(),
        variants: vec![Variant { strict: text(), parts: vec![text()], reports: 1, files: 1, example: example() }],
        more_variants: 1,
    };
    Triage {
        totals: Totals {
            files: 1,
            with_reports: 1,
            silent: 1,
            unreadable: 1,
            reports: 1,
            bytes: 1,
            groups: 1,
            reports_not_kept: 1,
            incomplete: true,
        },
        groups: [SeenBy::Log, SeenBy::LogWithoutZone, SeenBy::File].map(group).to_vec(),
        unreadable: vec![Unreadable { path: text(), file: 1, reason: text() }],
    }
}

fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/triage.md");
    #[expect(clippy::disallowed_methods, reason = "a test's own input")]
    std::fs::read_to_string(path).unwrap()
}

/// The first column of the tables under a heading: name to whether it is always there.
fn tables(document: &str) -> BTreeMap<String, BTreeMap<String, bool>> {
    let sections = document.split("\n## `").skip(1);
    let mut out = BTreeMap::new();
    for section in sections {
        let (name, rest) = section.split_once('`').unwrap();
        let rows = rest.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        // The table of `by` has two columns.
        let members = rows.filter(|(_, row)| row.matches('|').count() == 4);
        out.insert(name.to_owned(), members.map(|(name, row)| (name.to_owned(), row.contains("| always |"))).collect());
    }
    out
}

fn objects(triage: &Triage) -> Vec<Value> {
    json_lines(triage).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn members(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().filter(|name| *name != "type").cloned().collect()
}

#[test]
fn every_member_is_in_the_tables_and_every_row_is_a_member() {
    let tables = tables(&document());
    for line in objects(&full()) {
        let table = &tables[line["type"].as_str().unwrap()];
        assert_eq!(members(&line), table.keys().cloned().collect(), "{}", line["type"]);
    }
    assert_eq!(tables.len(), 3);
}

#[test]
fn what_is_always_there_is_always_there() {
    let tables = tables(&document());
    let bare =
        Triage { groups: vec![Group::default()], unreadable: vec![Unreadable::default()], totals: Totals::default() };
    for line in objects(&bare) {
        let always = tables[line["type"].as_str().unwrap()].iter().filter(|(_, always)| **always);
        assert_eq!(members(&line), always.map(|(name, _)| name.clone()).collect(), "{}", line["type"]);
    }
}

#[test]
fn the_smaller_objects_and_the_values_are_named() {
    let document = document();
    let group = objects(&full()).into_iter().find(|line| line["type"] == "group").unwrap();
    for small in [&group["example"], &group["variants"][0], &group["first"], &group["subsystem"]] {
        for name in members(small) {
            assert!(document.contains(&format!("`{name}`")), "{name}");
        }
    }
    for line in objects(&full()).iter().filter(|line| line["type"] == "group") {
        let by = line["first"]["by"].as_str().unwrap();
        assert!(document.contains(&format!("| `{by}` |")), "{by}");
    }
}
