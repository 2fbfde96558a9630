//! Redaction and the parser together: what is shared gives the reports that the log gave.

use oopscope_klog::parse;
use oopscope_share::{Kind, redact};
use std::path::{Path, PathBuf};

fn logs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder of the repository can be listed").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "log"));
    files.chain(folders.iter().flat_map(|folder| logs(folder))).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read their data")]
fn a_journal_without_its_host_gives_the_same_reports() {
    let mut logs = logs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/guests"));
    assert!(!logs.is_empty(), "there are no fixtures");
    let times = ["Nov 21 11:45:11 ", "2026-11-21T11:45:11+00:00 "].into_iter().cycle();
    // Every fourth of them, sorted, is one of each kernel and of most crashes: all take too long without optimization.
    logs.sort();
    for (path, time) in logs.into_iter().step_by(4).zip(times) {
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let text = String::from_utf8_lossy(&bytes);
        let journal: String = text.lines().flat_map(|line| [time, "web-3 kernel: ", line, "\n"]).collect();
        let redacted = redact(&journal, &Kind::ALL).text();
        assert!(!redacted.contains("web-3"), "{}", path.display());
        assert_eq!(parse(redacted.as_bytes()).0, parse(journal.as_bytes()).0, "{}", path.display());
    }
}
