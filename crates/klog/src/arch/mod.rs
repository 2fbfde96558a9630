//! What differs by architecture: trap codes and how to tell which architecture printed a report.
//!
//! One file an architecture. Must never know a kind of report.

pub(crate) mod arm;
pub(crate) mod arm64;
pub(crate) mod x86;

use oopscope_report::{AccessKind, Arch, DecodedField};

/// A decoded trap code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// What the code is called.
    pub(crate) name: &'static str,
    pub(crate) fields: Vec<DecodedField>,
    pub(crate) access: AccessKind,
}

/// Decodes the code of a die line. `page_fault` tells x86's error code of a page fault from the others.
pub(crate) fn decode(arch: Arch, code: u64, page_fault: bool) -> Decoded {
    match arch {
        Arch::X86_64 | Arch::I386 if page_fault => x86::page_fault(code),
        Arch::X86_64 | Arch::I386 => x86::selector(code),
        Arch::Arm64 => arm64::esr(code),
        Arch::Arm => arm::fsr(code),
        _ => Decoded::default(),
    }
}

fn field(name: &str, value: impl Into<String>, meaning: impl Into<String>) -> DecodedField {
    DecodedField { name: name.to_owned(), value: value.into(), meaning: meaning.into() }
}

/// The architecture by the names of registers and the form of a line; None when the line does not tell.
pub(crate) fn of_line(text: &str) -> Option<Arch> {
    let text = text.trim_start();
    if text.starts_with("RIP: ") || text.starts_with("RAX: ") || text.starts_with("RSP: ") {
        Some(Arch::X86_64)
    } else if text.starts_with("EIP: ") || text.starts_with("EAX: ") || text.starts_with("EIP is at ") {
        Some(Arch::I386)
    } else if text.starts_with("pstate: ") || text.starts_with("x29: ") {
        Some(Arch::Arm64)
    } else if text.starts_with("PC is at ") || (text.starts_with("pc : [<") && text.contains("psr: ")) {
        Some(Arch::Arm)
    } else {
        None
    }
}
