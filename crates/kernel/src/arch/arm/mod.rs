//! 32-bit arm. Must never hold what another architecture could need.

mod exidx;
pub mod registers;
pub mod stacks;
mod translate;
pub mod unwind;

pub use exidx::Exidx;
pub use translate::{Arm, open};
