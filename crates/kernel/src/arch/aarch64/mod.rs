//! arm64. Must never hold what another architecture could need.

pub mod registers;
pub mod stacks;
mod translate;
pub mod unwind;

pub use translate::{Aarch64, open};
