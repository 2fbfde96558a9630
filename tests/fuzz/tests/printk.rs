//! Rings of the kernel's log, damaged where they lie: a byte that is put in or taken out would only move what points to
//! each other.

use oopscope_fuzz_targets::mutate::Rng;
use oopscope_fuzz_targets::printk::printk;
use oopscope_fuzz_targets::seeds::{rounds, seeds};
use std::path::Path;
use std::time::{Duration, Instant};

/// Damaged rings of a round.
const A_ROUND: usize = if cfg!(debug_assertions) { 400 } else { 20_000 };

/// No ring may take longer, on however slow a machine.
const TOO_LONG: Duration = Duration::from_secs(20);

/// One to eight places of a ring, most of them where it has something: bytes, bits, or words that mean something in a ring.
fn damage(rng: &mut Rng, ring: &mut [u8]) {
    const WORDS: [u64; 8] = [0, 1, 3, 16, 0xffff, 0x8000_0000, 0x4000_0000_0000_0000, u64::MAX];
    let used: Vec<usize> = (0..ring.len()).filter(|at| ring[*at] != 0).collect();
    for _ in 0..=rng.below(8) {
        let at = if rng.below(4) == 0 { rng.below(ring.len()) } else { *rng.pick(&used).unwrap_or(&0) };
        match rng.below(3) {
            0 => ring[at] ^= 1 << rng.below(8),
            1 => ring[at] = rng.number().to_le_bytes()[0],
            _ => {
                let word = rng.pick(&WORDS).copied().unwrap_or(0).to_le_bytes();
                let end = ring.len().min(at + if rng.below(2) == 0 { 4 } else { 8 });
                ring[at..end].copy_from_slice(&word[..end - at]);
            }
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test may measure, and write what it found")]
fn rings_that_are_damaged_anywhere() {
    let seeds = seeds("printk");
    for round in 0..rounds() {
        let mut rng = Rng::new(round);
        for _ in 0..A_ROUND {
            let mut ring = rng.pick(&seeds).expect("there are seeds").clone();
            damage(&mut rng, &mut ring);
            let start = Instant::now();
            let outcome = std::panic::catch_unwind(|| printk(&ring));
            let took = start.elapsed();
            if outcome.is_err() || took > TOO_LONG {
                let name = format!("printk-{:016x}", Rng::of(&ring).number());
                let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
                std::fs::write(&path, &ring).expect("the target folder can be written");
                panic!("printk fails or takes long ({took:?}) on {}", path.display());
            }
        }
    }
}
