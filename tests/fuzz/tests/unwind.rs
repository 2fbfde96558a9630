//! Unwinding over damaged seeds: words of stacks and bytes of unwind entries are overwritten where they lie, most of
//! them with what is an address of the code or of a stack, for anything else ends a walk at once.

use oopscope_fuzz_targets::mutate::Rng;
use oopscope_fuzz_targets::seeds::{rounds, seeds};
use oopscope_fuzz_targets::stacks::unwind;
use std::path::Path;

/// Damaged stacks of a round.
const A_ROUND: usize = if cfg!(debug_assertions) { 2000 } else { 100_000 };

fn damaged(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=rng.below(12) {
        if rng.below(3) == 0 {
            let at = rng.below(68);
            bytes[at] = rng.number().to_le_bytes()[0];
        } else {
            let words = (bytes.len() - 68) / 8;
            let word = match rng.below(4) {
                0 => 0x100 + rng.number() % 0x1f00,
                1 | 2 => 0x1_0000 + (rng.number() % (words as u64 + 2)) * 8,
                _ => rng.number() >> rng.below(64),
            };
            let at = 68 + rng.below(words) * 8;
            bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
    }
    bytes
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test may write what it found")]
fn damaged_stacks_are_walked_to_an_end() {
    let seeds = seeds("unwind");
    for round in 0..rounds() {
        let mut rng = Rng::new(round);
        for _ in 0..A_ROUND {
            let seed = rng.pick(&seeds).expect("there are seeds");
            let input = damaged(&mut rng, seed);
            if std::panic::catch_unwind(|| unwind(&input)).is_err() {
                let path =
                    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("unwind-{:016x}", Rng::of(&input).number()));
                std::fs::write(&path, &input).expect("the target folder can be written");
                panic!("unwind fails on {}", path.display());
            }
        }
    }
}
