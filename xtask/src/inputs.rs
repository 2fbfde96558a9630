//! The build's id: a hash over everything that a build is made of, so that the same sources give the same id on
//! every machine and a change of any of them gives another. It must never depend on time, paths or the machine.

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::workspace::{self, Workspace};

/// What decides what the files of a build contain.
const INPUTS: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    ".cargo/config.toml",
    // All but those of `NOT`: of which a module is made changes more often than a list of them would.
    "crates",
    // The engine carries some of them as its examples.
    "tests/fixtures/guests",
    // The page offers it as its example.
    "tests/fixtures/dumps/small.vmcore",
    "www",
    "xtask/Cargo.toml",
    "xtask/package-lock.json",
    "xtask/src/dist.rs",
    "xtask/src/wasm.rs",
];

/// What of the above is in no file of a site: the command, its server, and tests.
const NOT: &[&str] = &["crates/cli/", "crates/serve/", "/tests/"];

/// Digits of the id: 48 bits are plenty for builds of one project, and it stands in every address.
const DIGITS: usize = 12;

/// The id of what would be built now. A build without wasm-opt has other bytes, so another id.
pub(crate) fn build_id(workspace: &Workspace, optimised: bool) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update([u8::from(optimised)]);
    for input in INPUTS {
        let files = workspace::files_below(workspace.root(), input)?;
        for name in files.into_iter().filter(|name| name.starts_with("tests/") || !is_left_out(name)) {
            let bytes = workspace::read(&workspace.path(&name))?;
            hash.update(name.as_bytes());
            hash.update([0]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    }
    let mut id = hex(&hash.finalize());
    id.truncate(DIGITS);
    Ok(id)
}

fn is_left_out(name: &str) -> bool {
    NOT.iter().any(|part| name.contains(part))
}

/// Hash of some bytes, to notice that they changed.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{build_id, fingerprint};
    use crate::workspace::Workspace;

    #[test]
    fn the_id_is_stable_and_knows_how_it_was_built() {
        let workspace = Workspace::find().unwrap();
        assert_ne!(build_id(&workspace, true).unwrap(), build_id(&workspace, false).unwrap());
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
    }
}
