//! Names, types and unwind tables over damaged seeds: numbers are overwritten where they lie, for a byte that is put in or taken
//! out would only move the rest.

use oopscope_fuzz_targets::mutate::Rng;
use oopscope_fuzz_targets::seeds;
use oopscope_fuzz_targets::{Target, files, symbols};
use std::time::Duration;

/// Damaged inputs of a round, for each target.
const A_ROUND: usize = if cfg!(debug_assertions) { 100 } else { 4000 };

/// No input of this size may take longer, on however slow a machine.
const TOO_LONG: Duration = Duration::from_secs(20);

/// Overwrites some numbers, most of them with small ones or near others; sometimes cuts the end off.
fn damaged(rng: &mut Rng, seed: &[u8], seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=rng.below(6) {
        if bytes.is_empty() {
            break;
        }
        // Headers are at the front; tables of sections at the end.
        let at = match rng.below(4) {
            0 => rng.below(bytes.len().min(64)),
            1 => bytes.len() - 1 - rng.below(bytes.len().min(900)),
            _ => rng.below(bytes.len()),
        };
        let size = (1 << rng.below(4)).min(bytes.len() - at);
        let mut old = [0; 8];
        old[..size].copy_from_slice(&bytes[at..at + size]);
        let number = match rng.below(8) {
            0 => rng.number() >> rng.below(64),
            1 => u64::MAX >> rng.below(64),
            2 => u64::from_le_bytes(old).wrapping_add(rng.number() % 9).wrapping_sub(4),
            3 => u64::from_le_bytes(old) ^ 1 << rng.below(64),
            4 => rng.number() % (bytes.len() as u64 + 9),
            5 => {
                let other = rng.pick(seeds).cloned().unwrap_or_default();
                let from = at.min(other.len());
                let part = &other[from..other.len().min(from + 64).min(bytes.len())];
                bytes[from..from + part.len()].copy_from_slice(part);
                continue;
            }
            6 if rng.below(4) == 0 => {
                bytes.truncate(at);
                continue;
            }
            6 => {
                // The same bytes again, elsewhere.
                let from = rng.below(bytes.len());
                let length = (1 + rng.below(128)).min(bytes.len() - from).min(bytes.len() - at);
                bytes.copy_within(from..from + length, at);
                continue;
            }
            _ => rng.number() % 32,
        };
        let number = if rng.below(4) == 0 { number.to_be_bytes() } else { number.to_le_bytes() };
        bytes[at..at + size].copy_from_slice(&number[..size]);
    }
    bytes
}

/// Runs a target over damaged seeds; where it panics or hangs, keeps the input.
fn over_damage(target: Target) {
    seeds::over_damage(target, A_ROUND, TOO_LONG, env!("CARGO_TARGET_TMPDIR"), &damaged);
}

#[test]
fn damaged_kallsyms_are_read_or_refused() {
    over_damage(("kallsyms", symbols::kallsyms));
}

#[test]
fn damaged_btf_is_read_or_refused() {
    over_damage(("btf", symbols::btf));
}

#[test]
fn damaged_orc_is_read_or_refused() {
    over_damage(("orc", symbols::orc));
}

#[test]
fn damaged_elf_files_are_read_or_refused() {
    over_damage(("elf", symbols::elf));
}

#[test]
fn functions_of_damaged_elf_files_are_found_or_not() {
    over_damage(("functions", files::functions));
}

#[test]
fn damaged_maps_are_read_or_refused() {
    over_damage(("system_map", files::system_map));
}

#[test]
fn damaged_kernel_images_are_read_or_refused() {
    over_damage(("kernel_image", files::kernel_image));
}
