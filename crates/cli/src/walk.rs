//! The files under the paths that were named: folders with all that is in them, patterns, files.
//!
//! This module must never open a file, nor follow a link to a folder: it could lead back.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a path stands for.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Why it is known already that it can't be read.
    pub(crate) problem: Option<io::Error>,
    /// It was named by the user.
    pub(crate) named: bool,
}

/// The files under `paths`: in the order named, those of a folder by name.
pub(crate) fn files(paths: &[OsString]) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        let path = Path::new(path);
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => folder(path, &mut found),
            Ok(_) => found.push(Found { path: path.to_owned(), problem: None, named: true }),
            Err(error) => {
                let matching = pattern(path);
                if matching.is_empty() {
                    found.push(Found { path: path.to_owned(), problem: Some(error), named: true });
                }
                for path in matching {
                    if path.is_dir() {
                        folder(&path, &mut found);
                    } else {
                        found.push(Found { path, problem: None, named: true });
                    }
                }
            }
        }
    }
    found
}

/// All files in a folder and in those below it.
fn folder(top: &Path, found: &mut Vec<Found>) {
    let mut waiting = vec![top.to_owned()];
    while let Some(path) = waiting.pop() {
        match entries(&path) {
            Err(problem) => found.push(Found { path, problem: Some(problem), named: false }),
            Ok(entries) => {
                let mut folders = Vec::new();
                for (path, kind) in entries {
                    if kind.is_dir() {
                        folders.push(path);
                    } else if kind.is_file() || kind.is_symlink() && path.is_file() {
                        found.push(Found { path, problem: None, named: false });
                    }
                }
                // The last one is taken first.
                waiting.extend(folders.into_iter().rev());
            }
        }
    }
}

fn entries(path: &Path) -> io::Result<Vec<(PathBuf, fs::FileType)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        all.push((entry.path(), entry.file_type()?));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(all)
}

/// What a pattern with `*` and `?` stands for, where no shell has asked before.
fn pattern(path: &Path) -> Vec<PathBuf> {
    if !path.as_os_str().as_encoded_bytes().iter().any(|b| matches!(b, b'*' | b'?')) {
        return Vec::new();
    }
    let mut found = vec![PathBuf::new()];
    for part in path.components() {
        let part = part.as_os_str();
        found = found.iter().flat_map(|base| step(base, part)).collect();
    }
    found
}

fn step(base: &Path, part: &OsStr) -> Vec<PathBuf> {
    let wanted = part.as_encoded_bytes();
    if !wanted.iter().any(|b| matches!(b, b'*' | b'?')) {
        let path = base.join(part);
        return if path.exists() { vec![path] } else { Vec::new() };
    }
    let here = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    let entries = entries(here).unwrap_or_default();
    let names = entries.iter().filter_map(|(path, _)| path.file_name());
    // As in a shell, a hidden file must be asked for by its dot.
    let hidden = wanted.starts_with(b".");
    names
        .filter(|name| hidden || !name.as_encoded_bytes().starts_with(b"."))
        .filter(|name| fits(wanted, name.as_encoded_bytes()))
        .map(|name| base.join(name))
        .collect()
}

/// True when a name fits a pattern. Takes one `*` back at most, so never more than pattern times name.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == b'?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, n) = (at + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_a_shell() {
        for (pattern, name, want) in [
            ("*.log", "a.log", true),
            ("*.log", "a.logs", false),
            ("a*b*c", "axxbxbxc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("**x", "aax", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), want, "{pattern} {name}");
        }
        let name = vec![b'a'; 2000];
        let pattern: Vec<u8> = b"a*".iter().copied().cycle().take(200).chain(*b"b").collect();
        assert!(!fits(&pattern, &name));
    }
}
