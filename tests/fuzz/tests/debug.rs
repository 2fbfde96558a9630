//! Debug information over damaged seeds: numbers are overwritten where they lie.

use oopscope_fuzz_targets::mutate::Rng;
use oopscope_fuzz_targets::seeds::{rounds, seeds};
use oopscope_fuzz_targets::{Target, debug, debug_types};
use std::path::Path;
use std::time::{Duration, Instant};

/// Damaged inputs of a round, for each target.
const A_ROUND: usize = if cfg!(debug_assertions) { 60 } else { 4000 };

/// No input of this size may take longer, on however slow a machine.
const TOO_LONG: Duration = Duration::from_secs(20);

/// Overwrites some bytes, with small numbers, large ones, or what lies elsewhere; sometimes cuts the end off.
fn damaged(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=rng.below(6) {
        if bytes.is_empty() {
            break;
        }
        let at = if rng.below(8) == 0 { rng.below(bytes.len().min(64)) } else { rng.below(bytes.len()) };
        let size = (1 << rng.below(4)).min(bytes.len() - at);
        let number = match rng.below(6) {
            0 => rng.number() >> rng.below(64),
            1 => u64::MAX >> rng.below(64),
            2 => rng.number() % (bytes.len() as u64 + 9),
            3 if rng.below(8) == 0 => {
                bytes.truncate(at);
                continue;
            }
            3 => {
                let from = rng.below(bytes.len());
                let length = (1 + rng.below(64)).min(bytes.len() - from).min(bytes.len() - at);
                bytes.copy_within(from..from + length, at);
                continue;
            }
            _ => rng.number() % 48,
        };
        bytes[at..at + size].copy_from_slice(&number.to_le_bytes()[..size]);
    }
    bytes
}

/// Runs a target over damaged seeds; where it panics or hangs, keeps the input.
#[expect(clippy::disallowed_methods, reason = "a test may measure, and write what it found")]
fn over_damage((name, target): Target) {
    let seeds = seeds(name);
    seeds.iter().for_each(|seed| target(seed));
    for round in 0..rounds() {
        let mut rng = Rng::new(round);
        for _ in 0..A_ROUND {
            let seed = rng.pick(&seeds).expect("there are seeds");
            let input = damaged(&mut rng, seed);
            let start = Instant::now();
            let outcome = std::panic::catch_unwind(|| target(&input));
            let took = start.elapsed();
            if outcome.is_err() || took > TOO_LONG {
                let path =
                    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{:016x}", Rng::of(&input).number()));
                std::fs::write(&path, &input).expect("the target folder can be written");
                panic!("{name} fails or takes long ({took:?}) on {}", path.display());
            }
        }
    }
}

#[test]
fn damaged_files_are_read_or_refused() {
    over_damage(("dwarf_file", debug::file));
}

#[test]
fn damaged_sections_are_read_or_refused() {
    over_damage(("dwarf_sections", debug::sections));
}

#[test]
fn damaged_types_are_read_or_refused() {
    over_damage(("dwarf_types", debug_types::types));
}
