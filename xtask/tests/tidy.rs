//! Taste, held by tests: what the reader of this project may rely on without looking.

#![allow(clippy::disallowed_methods, reason = "it reads the sources")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace")
}

/// All files that git knows, or would know.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let out = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let text = String::from_utf8(out.stdout).expect("paths are UTF-8");
    let found: Vec<_> = text
        .lines()
        .filter(|path| endings.iter().any(|ending| path.ends_with(ending)))
        .map(PathBuf::from)
        .filter(|path| root().join(path).is_file())
        .collect();
    assert!(!found.is_empty(), "no files end in {endings:?}");
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words in backquotes that look like paths of the project.
fn paths_in(markdown: &str) -> Vec<String> {
    let top = ["crates/", "xtask", "www", "pkg", "tests/", "docs/", "netlify.toml", "clippy.toml"];
    markdown
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| top.iter().any(|start| word.starts_with(start)) && !word.contains([' ', '<', '*', '…']))
        .filter(|word| !word.contains("NAME"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn documents_name_only_paths_that_exist() {
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        let paths = paths_in(&read(Path::new(document)));
        let missing: Vec<_> = paths.iter().filter(|path| !root().join(path).exists()).collect();
        assert!(missing.is_empty(), "{document} names what is not there: {missing:?}");
        assert!(document != "ARCHITECTURE.md" || paths.len() > 30, "only {} paths found", paths.len());
    }
}

#[test]
fn every_crate_is_on_the_map() {
    let map = read(Path::new("ARCHITECTURE.md"));
    for entry in std::fs::read_dir(root().join("crates")).expect("crates") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        assert!(map.contains(&format!("`crates/{name}`")), "ARCHITECTURE.md does not know crates/{name}");
    }
}

#[test]
fn every_source_file_says_what_it_is_for_and_is_about_one_thing() {
    let mut wrong = Vec::new();
    for path in files(&[".rs"]) {
        let text = read(&path);
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not begin with //!", path.display()));
        }
        let lines = text.lines().count();
        if lines > 800 {
            wrong.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_half_done() {
    let mut wrong = Vec::new();
    // Written so that this file does not find itself.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat(), ["#[ig", "nore"].concat()];
    for path in files(&[".rs", ".js", ".mjs", ".css", ".html"]) {
        for (at, line) in read(&path).lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                wrong.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lock files of npm name the host of the registry unless told not to; another machine's is another.
#[test]
fn no_lock_file_names_a_registry() {
    for path in files(&["package-lock.json"]) {
        assert!(!read(&path).contains("\"resolved\""), "{} names a registry's address", path.display());
    }
}
