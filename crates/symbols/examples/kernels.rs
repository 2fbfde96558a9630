//! Writes the small kernels that `tests/fixtures/kernels/make` packs: `cargo run -p oopscope-symbols --example kernels -- FOLDER`.
//! Must be run again when the builders of the tests change what they write.
#![allow(clippy::disallowed_methods, reason = "an example writes files")]

#[path = "../tests/common/mod.rs"]
mod common;

use common::boot;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    std::fs::write(Path::new(&folder).join("x86-64"), boot::elf(&boot::x86_64()))?;
    std::fs::write(Path::new(&folder).join("arm"), boot::arm().image.bytes)
}
