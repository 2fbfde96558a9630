//! Redaction over the logs of real crashes: nothing that is parsed from them changes.

use oopscope_share::{Kind, redact};
use std::path::{Path, PathBuf};

fn logs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder of the repository can be listed").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "log"));
    files.chain(folders.iter().flat_map(|folder| logs(folder))).collect()
}

#[expect(clippy::disallowed_methods, reason = "tests read their data")]
fn fixtures() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/guests");
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, String::from_utf8_lossy(&bytes).into_owned())
    };
    let fixtures: Vec<_> = logs(&folder).into_iter().map(read).collect();
    assert!(!fixtures.is_empty(), "no logs in {}", folder.display());
    fixtures
}

/// The guests have no network, no disk of anybody's and no host name: there is nothing private in their logs.
#[test]
fn nothing_is_found_where_nothing_is_private() {
    for (path, text) in fixtures() {
        let redacted = redact(&text, &Kind::ALL);
        let found: Vec<_> = redacted.pieces.iter().filter(|piece| piece.kind.is_some()).collect();
        assert!(found.is_empty(), "{}: {found:#?}", path.display());
    }
}

#[test]
fn of_a_journal_only_the_host_column_changes() {
    let times = ["Nov 21 11:45:11 ", "2026-11-21T11:45:11+00:00 "].into_iter().cycle();
    for ((path, text), time) in fixtures().into_iter().zip(times) {
        let with = |host| -> String { text.lines().flat_map(|line| [time, host, " kernel: ", line, "\n"]).collect() };
        assert_eq!(redact(&with("web-3"), &Kind::ALL).text(), with("<host-1>"), "{}", path.display());
    }
}
