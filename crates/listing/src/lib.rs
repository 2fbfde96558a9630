//! What a disassembler is asked and what it answers, as bytes: the engine and the disassemblers are two WebAssembly
//! modules, of one build, that share no memory.
//!
//! Must never decode an instruction, nor depend on what does: the engine links this and no decoder. Bytes that are not
//! of this form give `None`, never a panic and never a large allocation.
#![forbid(unsafe_code)]

mod answer;
mod bytes;
mod question;

pub use answer::{answer, read_answer};
pub use question::{question, read_question};
