//! Listings that came through bytes are those that were made at once, for every captured report.

use oopscope_disasm::list;
use oopscope_listing::{answer, question, read_answer, read_question};
use oopscope_report::Report;
use std::path::{Path, PathBuf};

fn logs(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the fixtures are committed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            logs(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "log") {
            found.push(path);
        }
    }
}

/// The reports of all captures that have code bytes.
fn reports() -> Vec<Report> {
    let mut paths = Vec::new();
    logs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures"), &mut paths);
    paths.sort();
    #[expect(clippy::disallowed_methods, reason = "tests read their data")]
    let parsed = paths.iter().flat_map(|path| oopscope_klog::parse(&std::fs::read(path).expect("a log")).0);
    parsed.filter(|report| report.code.is_some()).collect()
}

#[test]
fn listings_are_the_same_through_bytes() {
    let reports = reports();
    let mut listed = 0;
    for report in &reports {
        let here = list(report);
        let asked = question(report);
        let there = list(&read_question(&asked).expect("a question"));
        assert_eq!(there, here, "{}", report.title);
        assert_eq!(read_answer(&answer(&here)), Some(here.clone()), "{}", report.title);
        assert!(asked.len() < 4096, "a question of {} bytes", asked.len());
        listed += usize::from(here.is_ok());
    }
    assert!(reports.len() > 200 && listed > 150, "{} reports with code, {listed} listings", reports.len());
}

#[test]
fn bytes_that_are_cut_off_or_changed_are_refused_or_read_but_never_harm() {
    let reports = reports();
    let report = reports.iter().find(|report| list(report).is_ok()).expect("one with a listing");
    for whole in [question(report), answer(&list(report))] {
        for end in 0..whole.len() {
            assert_eq!(read_question(&whole[..end]), None);
            assert_eq!(read_answer(&whole[..end]), None);
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            let _ = (read_question(&changed), read_answer(&changed));
        }
    }
    assert_eq!(read_answer(&[]), None);
    assert_eq!(read_answer(&[0, 0, 0]), None, "something follows");
}
