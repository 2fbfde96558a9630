//! The containers of dumps over damaged seeds: numbers in headers and tables are overwritten where they lie, for a byte that
//! is put in or taken out would only move them.

use oopscope_fuzz_targets::dumps;
use oopscope_fuzz_targets::mutate::Rng;
use oopscope_fuzz_targets::seeds::{rounds, seeds};
use std::path::Path;
use std::time::{Duration, Instant};

/// Damaged dumps of a round, for each target.
const A_ROUND: usize = if cfg!(debug_assertions) { 60 } else { 4000 };

/// No dump of this size may take longer, on however slow a machine.
const TOO_LONG: Duration = Duration::from_secs(20);

/// Numbers that headers are not prepared for.
const WILD: [u64; 16] = [
    0,
    1,
    2,
    7,
    0xff,
    0x1000,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_f000,
    u64::MAX,
];

/// Overwrites some numbers; sometimes cuts the end off, or puts another seed's bytes over.
fn damaged(rng: &mut Rng, seed: &[u8], seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=rng.below(5) {
        if bytes.is_empty() {
            break;
        }
        // Headers are at the front and at the beginnings of pages.
        let at = match rng.below(4) {
            0 => rng.below(bytes.len()),
            1 => rng.below(bytes.len().min(600)),
            2 => (rng.below(bytes.len() / 4096 + 1) * 4096 + rng.below(160)).min(bytes.len() - 1),
            _ => rng.below(bytes.len()) / 8 * 8,
        };
        let size = 1 << rng.below(4);
        let end = (at + size).min(bytes.len());
        let size = end - at;
        match rng.below(8) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 if rng.below(4) == 0 => bytes.truncate(at),
            2 => {
                let other = rng.pick(seeds).cloned().unwrap_or_default();
                let from = at.min(other.len());
                let part = &other[from..other.len().min(from + 64).min(bytes.len())];
                bytes[from..from + part.len()].copy_from_slice(part);
            }
            3 => {
                let number = (rng.number() >> rng.below(64)).to_le_bytes();
                bytes[at..end].copy_from_slice(&number[..size]);
            }
            4 => {
                let mut word = [0; 8];
                word[..size].copy_from_slice(&bytes[at..end]);
                let near = u64::from_le_bytes(word).wrapping_add(rng.below(5) as u64).wrapping_sub(2).to_le_bytes();
                bytes[at..end].copy_from_slice(&near[..size]);
            }
            5 => {
                let wild = rng.pick(&WILD).copied().unwrap_or_default().to_be_bytes();
                bytes[at..end].copy_from_slice(&wild[8 - size..]);
            }
            _ => {
                let wild = rng.pick(&WILD).copied().unwrap_or_default().to_le_bytes();
                bytes[at..end].copy_from_slice(&wild[..size]);
            }
        }
    }
    bytes
}

/// Runs a target over its seeds, damaged; where it panics or hangs, keeps the input.
#[expect(clippy::disallowed_methods, reason = "a test may measure, and write what it found")]
fn over_damage(name: &str, target: fn(&[u8])) {
    let seeds = seeds(name);
    for round in 0..rounds() {
        let mut rng = Rng::new(round);
        for _ in 0..A_ROUND {
            let seed = rng.pick(&seeds).expect("there are seeds").clone();
            let input = damaged(&mut rng, &seed, &seeds);
            let start = Instant::now();
            let outcome = std::panic::catch_unwind(|| target(&input));
            let took = start.elapsed();
            if outcome.is_err() || took > TOO_LONG {
                let file = format!("{name}-{:016x}", Rng::of(&input).number());
                let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
                std::fs::write(&path, &input).expect("the target folder can be written");
                panic!("{name} fails or takes long ({took:?}) on {}", path.display());
            }
        }
    }
}

#[test]
fn damaged_elf_cores_are_read_or_refused() {
    over_damage("dump_elf", dumps::elf);
}

#[test]
fn damaged_kdumps_are_read_or_refused() {
    over_damage("dump_kdump", dumps::kdump);
}

#[test]
fn damaged_flattened_files_are_read_or_refused() {
    over_damage("dump_flattened", dumps::flattened);
}

#[test]
fn damaged_images_are_read_or_refused() {
    over_damage("dump_image", dumps::image);
}

#[test]
fn damaged_sets_are_read_or_refused() {
    over_damage("dump_split", dumps::split);
}
