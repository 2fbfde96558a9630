//! Tells the page how large the example of a dump is, so that it can say so before it is loaded. Must never read it.

#![allow(clippy::disallowed_methods, reason = "a build script looks at the file that it is about")]

/// The file that `cargo xtask dist` serves as `example.vmcore`.
const EXAMPLE: &str = "../../tests/fixtures/dumps/small.vmcore";

fn main() {
    println!("cargo:rerun-if-changed={EXAMPLE}");
    if let Ok(file) = std::fs::metadata(EXAMPLE) {
        println!("cargo:rustc-env=OOPSCOPE_EXAMPLE_BYTES={}", file.len());
    }
}
