//! What went wrong, in words: every [`Problem`] of a dump's session is made here. Each says what happened and what to do next.
//! This module must never decide anything.

use oopscope_dump::OpenError;
use oopscope_kernel::KernelError;
use oopscope_protocol::Problem;

fn problem(code: &str, message: impl Into<String>, advice: impl Into<String>) -> Problem {
    Problem { code: code.into(), message: message.into(), advice: advice.into() }
}

/// A newer request took this one's place.
pub(crate) fn superseded(why: &str) -> Problem {
    problem("superseded", format!("This was given up: {why}."), "Nothing needs to be done.")
}

/// There was no file.
pub(crate) fn nothing_given() -> Problem {
    problem(
        "bad-request",
        "There was no dump among the files.",
        "Give a vmcore, with a vmlinux beside it if you have one.",
    )
}

/// There were files of which none is a dump.
pub(crate) fn only_symbols(name: &str) -> Problem {
    problem(
        "no-dump",
        format!("{name} is an ELF file with code, not a dump of memory."),
        "Give the vmcore too: a vmlinux is read beside it.",
    )
}

/// Nothing is open.
pub(crate) fn no_dump() -> Problem {
    problem("no-dump", "No dump is open.", "Open a vmcore first.")
}

/// The container is open, the kernel in it is not.
pub(crate) fn no_kernel() -> Problem {
    problem(
        "no-kernel",
        "The dump is open, but no kernel was found in it, so that there is nothing to ask.",
        "See what could not be read.",
    )
}

/// A stack has no such frame.
pub(crate) fn no_frame(number: u32) -> Problem {
    problem("no-frame", format!("The stack has no frame {number}."), "Choose one of the frames that the stack has.")
}

/// The container can't be read.
pub(crate) fn open(name: &str, error: &OpenError) -> Problem {
    // Most say the name of the part themselves: one of several may be at fault.
    let words = error.to_string();
    let message = if words.contains(name) { words } else { format!("{name}: {words}") };
    problem("dump", message + ".", "Check that the file was copied to its end, and that all its parts are given.")
}

/// No kernel was found in the dump.
pub(crate) fn kernel(name: &str, error: &KernelError) -> Problem {
    problem(
        "no-kernel",
        format!("{name}: {error}."),
        "If this is a dump of memory: was it taken of a Linux guest, unencrypted, with memory beginning at physical address 0? A raw \
         image's name may end in the address where it begins: ram.bin@0x40000000.",
    )
}

/// The document can't be written: a bug of ours.
pub(crate) fn document(error: &serde_json::Error) -> Problem {
    problem(
        "engine",
        format!("The document could not be made: {error}."),
        "This is a bug in Oopscope. Please report it.",
    )
}
