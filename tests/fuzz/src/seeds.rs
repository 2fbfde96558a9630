//! What the tests on stable begin with: a target's seeds, and how often the damage to them is made anew. Must never be used
//! by a target: those read nothing but what they are handed.

use std::path::{Path, PathBuf};

/// The seeds of a target, in the order of their names. Panics where there is none: a test over nothing proves nothing.
#[expect(clippy::disallowed_methods, reason = "tests read their data")]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder of the repository can be listed").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no seeds", folder.display());
    paths.iter().map(|path| std::fs::read(path).expect("a seed can be read")).collect()
}

/// How often the damage is made anew, from `OOPSCOPE_FUZZ_ROUNDS`.
#[expect(clippy::disallowed_methods, reason = "the one knob of these tests")]
pub fn rounds() -> u64 {
    std::env::var("OOPSCOPE_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}
