//! Debug information over damaged seeds: numbers are overwritten where they lie.

use oopscope_fuzz_targets::mutate::Rng;
use oopscope_fuzz_targets::seeds::{self, Damage};
use oopscope_fuzz_targets::{Target, debug, debug_types, frames};
use std::time::Duration;

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

/// A damaged seed, sometimes with pieces of others put in before: programs of single bytes grow that way.
fn grown(rng: &mut Rng, seed: &[u8], seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..rng.below(8) {
        let other = rng.pick(seeds).map(Vec::as_slice).unwrap_or_default();
        let from = rng.below(other.len());
        let length = (1 + rng.below(16)).min(other.len() - from);
        let at = rng.below(bytes.len() + 1);
        bytes.splice(at..at, other[from..from + length].iter().copied());
    }
    damaged(rng, &bytes)
}

/// Runs a target over damaged seeds; where it panics or hangs, keeps the input.
fn over_damage(target: Target) {
    over(target, A_ROUND, &|rng, seed, _| damaged(rng, seed));
}

fn over(target: Target, a_round: usize, damage: Damage<'_>) {
    seeds::over_damage(target, a_round, TOO_LONG, env!("CARGO_TARGET_TMPDIR"), damage);
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

#[test]
fn damaged_call_frames_are_read_or_refused() {
    over(("call_frames", frames::call_frames), 20 * A_ROUND, &grown);
}

#[test]
fn damaged_expressions_come_to_an_end() {
    over(("expression", frames::expression), 20 * A_ROUND, &grown);
}
