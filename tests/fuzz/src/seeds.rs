//! What the tests on stable begin with: a target's seeds, and how often the damage to them is made anew. Must never be used
//! by a target: those read nothing but what they are handed.

use crate::Target;
use crate::mutate::Rng;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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

/// How a test damages a seed; the others of its target are there for pieces.
pub type Damage<'a> = &'a dyn Fn(&mut Rng, &[u8], &[Vec<u8>]) -> Vec<u8>;

/// Runs a target over `a_round` damaged seeds in each round; where it panics or takes longer than `too_long`, keeps the input
/// in the folder `keep` and panics.
#[expect(clippy::disallowed_methods, reason = "a test may measure, and write what it found")]
pub fn over_damage((name, target): Target, a_round: usize, too_long: Duration, keep: &str, damage: Damage<'_>) {
    let seeds = seeds(name);
    for seed in &seeds {
        target(seed);
    }
    for round in 0..rounds() {
        let mut rng = Rng::new(round);
        for _ in 0..a_round {
            let seed = rng.pick(&seeds).expect("there are seeds");
            let input = damage(&mut rng, seed, &seeds);
            let start = Instant::now();
            let outcome = std::panic::catch_unwind(|| target(&input));
            let took = start.elapsed();
            if outcome.is_err() || took > too_long {
                let path = Path::new(keep).join(format!("{name}-{:016x}", Rng::of(&input).number()));
                std::fs::write(&path, &input).expect("the target folder can be written");
                panic!("{name} fails or takes long ({took:?}) on {}", path.display());
            }
        }
    }
}
