//! What finds its way in a kernel's memory, over damaged seeds: entries of page tables are overwritten where they lie, for a
//! byte that is put in or taken out would only move them; VMCOREINFO is text, and mutated as texts are.

use oopscope_fuzz_targets::kernels;
use oopscope_fuzz_targets::mutate::{Rng, mutated};
use oopscope_fuzz_targets::seeds::{rounds, seeds};
use std::path::Path;
use std::time::{Duration, Instant};

/// Damaged inputs of a round, for each target.
const A_ROUND: usize = if cfg!(debug_assertions) { 40 } else { 2000 };

/// No input may take longer, on however slow a machine.
const TOO_LONG: Duration = Duration::from_secs(20);

/// Runs a target; where it panics or hangs, keeps the input.
#[expect(clippy::disallowed_methods, reason = "a test may measure, and write what it found")]
fn run(name: &str, target: fn(&[u8]), input: &[u8]) {
    let start = Instant::now();
    let outcome = std::panic::catch_unwind(|| target(input));
    let took = start.elapsed();
    if outcome.is_err() || took > TOO_LONG {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{:016x}", Rng::of(input).number()));
        std::fs::write(&path, input).expect("the target folder can be written");
        panic!("{name} fails or takes long ({took:?}) on {}", path.display());
    }
}

#[test]
fn page_tables_that_lead_anywhere() {
    let seeds = seeds("page_walk");
    for round in 0..rounds() {
        let mut rng = Rng::new(round);
        for _ in 0..A_ROUND {
            let mut input = rng.pick(&seeds).expect("there are seeds").clone();
            for _ in 0..=rng.below(12) {
                // Behind the byte that chooses the architecture, words; most of them where a table has its entries.
                let words = (input.len() - 1) / 8;
                let used: Vec<_> = (0..words).filter(|word| input[1 + word * 8] != 0).take(64).collect();
                let at = if rng.below(3) == 0 { rng.below(words) } else { *rng.pick(&used).unwrap_or(&0) };
                let entry = match rng.below(4) {
                    0 => rng.number(),
                    1 => (rng.below(words / 512 + 1) as u64 * 4096) | 3,
                    2 => (rng.number() & 0x000f_ffff_ffff_f000) | 0x83,
                    _ => 0xffff_8000_0000_0000 | rng.below(1 << 20) as u64,
                };
                input[1 + at * 8..9 + at * 8].copy_from_slice(&entry.to_le_bytes());
            }
            if rng.below(8) == 0 {
                input.truncate(1 + rng.below(input.len()));
            }
            run("page_walk", kernels::page_walk, &input);
        }
    }
}

#[test]
fn vmcoreinfo_that_is_like_a_real_one() {
    let seeds = seeds("vmcoreinfo");
    for round in 0..rounds() {
        let mut rng = Rng::new(round);
        for _ in 0..A_ROUND {
            let seed = rng.pick(&seeds).expect("there are seeds").clone();
            run("vmcoreinfo", kernels::vmcoreinfo, &mutated(&mut rng, &seed, &seeds));
        }
    }
}
