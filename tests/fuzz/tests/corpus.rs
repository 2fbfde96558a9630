//! Every target over its seeds, and over mutations of them and of the fixtures.
//!
//! What fails is written to a file, whose name the failure tells; when it is mended, the smallest form of it becomes
//! a seed.

use oopscope_fuzz_targets::mutate::{Rng, mutated};
use oopscope_fuzz_targets::seeds::rounds;
use oopscope_fuzz_targets::{TARGETS, Target};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Mutations of a round, by what they weigh: some seconds without optimization.
const BYTES_A_ROUND: usize = if cfg!(debug_assertions) { 3 << 19 } else { 40 << 20 };

/// No input of this size may take longer, on however slow a machine.
const TOO_LONG: Duration = Duration::from_secs(20);

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a folder of the repository can be listed").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

#[expect(clippy::disallowed_methods, reason = "tests read their data")]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let seeds: Vec<_> = files(&folder).into_iter().map(|path| (path.clone(), read(&path))).collect();
    assert!(!seeds.is_empty(), "{} has no seeds", folder.display());
    seeds
}

/// The logs of real crashes: mutated, they are most like what users have.
fn fixtures() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    files(&folder)
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
        .map(|path| read(path))
        .collect()
}

/// Runs a target; where it panics or hangs, keeps the input.
#[expect(clippy::disallowed_methods, reason = "a test may measure, and write what it found")]
fn run((name, target): Target, input: &[u8]) {
    let start = Instant::now();
    let outcome = std::panic::catch_unwind(|| target(input));
    let took = start.elapsed();
    if outcome.is_err() || took > TOO_LONG {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{:016x}", Rng::of(input).number()));
        std::fs::write(&path, input).expect("the target folder can be written");
        panic!("{name} fails or takes long ({took:?}) on {}", path.display());
    }
}

fn over_mutations(target: Target, mut inputs: Vec<Vec<u8>>) {
    inputs.extend(seeds(target.0).into_iter().map(|(_, bytes)| bytes));
    for round in 0..rounds() {
        let mut rng = Rng::new(round);
        let mut bytes = 0;
        while bytes < BYTES_A_ROUND {
            let seed = rng.pick(&inputs).expect("there are seeds").clone();
            let input = mutated(&mut rng, &seed, &inputs);
            run(target, &input);
            bytes += input.len() + 200;
        }
    }
}

#[test]
fn every_target_takes_its_seeds() {
    for target in TARGETS {
        for (path, bytes) in seeds(target.0) {
            println!("{}", path.display());
            run(target, &bytes);
        }
    }
}

#[test]
fn logs_that_are_like_real_ones_are_parsed() {
    over_mutations(TARGETS[0], fixtures());
}

#[test]
fn links_that_are_like_real_ones_are_decoded() {
    over_mutations(TARGETS[1], Vec::new());
}

#[test]
fn texts_that_are_like_real_ones_are_redacted() {
    over_mutations(TARGETS[2], fixtures());
}

#[test]
fn code_that_is_like_real_code_is_disassembled() {
    over_mutations(TARGETS[3], Vec::new());
}

#[test]
fn inputs_that_are_like_real_ones_are_opened() {
    over_mutations(TARGETS[4], Vec::new());
}

#[test]
fn captures_that_are_like_real_ones_are_converted() {
    over_mutations(TARGETS[5], Vec::new());
}
