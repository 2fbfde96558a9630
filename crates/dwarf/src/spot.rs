//! What is asked and answered: an address of a file, and the source that it was compiled from.
//!
//! Must never hold an address of a running kernel: whoever asks takes KASLR and a module's place off first.

use std::rc::Rc;

/// An address as a file with debug information has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// Of a module or object file, the number of the section from whose beginning `address` counts; none for a linked file.
    pub section: Option<u32>,
    /// The address that the linker gave, without KASLR; or the offset in the section.
    pub address: u64,
}

/// A place in the source: of the function that an address belongs to, or of one that was inlined there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The function's name as the source has it (Rust: demangled), if the debug information names one.
    pub function: Option<Rc<str>>,
    /// The source file as the compiler was given it, joined to its directory: `/build/linux-6.1/kernel/fork.c`.
    pub file: Option<Rc<str>>,
    /// Line in it, from 1; none where the compiler says that the instruction belongs to no line.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
    /// True for a function that was put into the one of the next spot: this one has no address of its own.
    pub inlined: bool,
}
