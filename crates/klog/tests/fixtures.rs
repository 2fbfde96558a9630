//! Every crash that the project has made itself (tests/fixtures/guests), against two things: what the scenario's
//! source says must be found (its `.toml`, written without any parser), and a snapshot of what is found.

mod harness;

use oopscope_klog::{Limits, Scanner, parse};
use oopscope_report::Report;
use std::path::{Path, PathBuf};

fn fixtures() -> Vec<PathBuf> {
    let logs = harness::logs("guests");
    assert!(logs.len() > 50, "only {} fixtures", logs.len());
    logs
}

#[test]
fn what_the_source_of_the_crash_says_is_found() {
    let unmet = include_str!("../../../tests/fixtures/guests/UNMET");
    let unmet: Vec<_> = unmet.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    harness::check_expectations(&fixtures(), &unmet, |_, _| Vec::new());
}

#[test]
fn every_fixture_has_its_snapshot() {
    harness::check_snapshots(&fixtures(), "");
}

#[test]
fn where_blocks_end_makes_no_difference() {
    for log in fixtures() {
        let bytes = harness::read(&log);
        let whole = parse(&bytes);
        for block in [13, 4096] {
            let mut scanner = Scanner::new(Limits::default());
            for piece in bytes.chunks(block) {
                scanner.push(piece);
            }
            scanner.finish();
            assert_eq!(scanner.facts(), whole.1, "{} in blocks of {block}", log.display());
            assert_eq!(scanner.reports(), whole.0, "{} in blocks of {block}", log.display());
        }
    }
}

/// x86 prints the registers of the first Oops again after the end mark of every later one.
#[test]
fn the_second_oops_has_its_own_registers() {
    for kernel in ["6.1", "6.12", "7"] {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/fixtures/guests/{kernel}/two_oopses.log"));
        let (reports, _) = parse(&harness::read(&path));
        let [first, second] = &reports[..] else { panic!("two reports") };
        let own = |report: &Report| report.registers.iter().find(|r| r.name == "CR2").map(|r| r.value.clone());
        assert_eq!(
            (own(first).as_deref(), own(second).as_deref()),
            (Some("0x0000000000000100"), Some("0x0000000000000038"))
        );
        assert!(second.notices.iter().any(|notice| format!("{:?}", notice.kind) == "Repeated"));
        assert!(!first.notices.iter().any(|notice| format!("{:?}", notice.kind) == "Repeated"));
        assert_eq!(second.may_follow_from, Some(0));
    }
}
