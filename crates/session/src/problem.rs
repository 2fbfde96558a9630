//! What went wrong, in words: every [`Problem`] of the session is made here, so that they speak with one voice.
//!
//! Each says what happened with the name of the file, and what to do next. This module must never decide anything.

use crate::identify::Known;
use crate::input::PartError;
use oopscope_protocol::Problem;
use oopscope_source::ReadError;
use oopscope_unpack::Damage;

fn problem(code: &str, message: impl Into<String>, advice: impl Into<String>) -> Problem {
    Problem { code: code.into(), message: message.into(), advice: advice.into() }
}

/// An input as the subject of a sentence.
pub(crate) fn subject(name: &str) -> &str {
    match name {
        "" => "The pasted text",
        "-" => "Standard input",
        name => name,
    }
}

pub(crate) fn empty(name: &str) -> Problem {
    problem(
        "empty",
        format!("{} is empty.", subject(name)),
        "Check that the log was saved before it was given here; a console log may still sit in a terminal's buffer.",
    )
}

pub(crate) fn nothing_given() -> Problem {
    problem("bad-request", "There was nothing to open.", "Give a file or paste the text of a kernel log.")
}

pub(crate) fn known(name: &str, known: &Known) -> Problem {
    problem("binary", format!("{} is not a text: it is {}.", subject(name), known.what), known.advice)
}

/// The code of what is read as a dump and not as a log.
pub(crate) const DUMP: &str = "dump";

/// The page hands what has this code to its part for dumps.
pub(crate) fn dump(name: &str, known: &Known) -> Problem {
    problem(DUMP, format!("{} is not a text: it is {}.", subject(name), known.what), known.advice)
}

/// A dump inside something else: dumps are read where they lie.
pub(crate) fn packed_dump(name: &str, known: &Known) -> Problem {
    problem(
        "binary",
        format!("{} holds {}, packed.", subject(name), known.what),
        "Unpack it first: a dump is read in place, a few pages of it, and that can't be done inside an archive.",
    )
}

/// The page hands what has this code to its part for dumps, where a dump is open.
pub(crate) fn elf(name: &str, known: &Known) -> Problem {
    problem("elf", format!("{} is not a text: it is {}.", subject(name), known.what), known.advice)
}

/// Binary data as large as memory.
pub(crate) fn memory(name: &str) -> Problem {
    problem(
        DUMP,
        format!("{} is not a text: it is binary data, perhaps memory as it was.", subject(name)),
        "If it is a dump of memory: oopscope core FILE. If it should be a log, give it as text.",
    )
}

pub(crate) fn binary(name: &str) -> Problem {
    problem(
        "binary",
        format!("{} is not a text: its beginning is binary data of a kind that Oopscope does not know.", subject(name)),
        "Give the kernel log as text: a serial console's log, the output of dmesg or of journalctl -k.",
    )
}

pub(crate) fn only_nuls(name: &str) -> Problem {
    problem(
        "binary",
        format!("{} holds only NUL bytes.", subject(name)),
        "The file has a size but its contents never reached the disk, as happens to a log file in a crash. \
         Look for the log in pstore (/sys/fs/pstore), on the serial console, or in a kdump.",
    )
}

pub(crate) fn damaged(name: &str, format: &str, damage: Damage) -> Problem {
    let advice = match damage {
        Damage::Truncated => "It was not written or copied to its end. Get it again from where it lies.",
        Damage::TooMuchMemory | Damage::Unsupported => "Unpack it with the program that packed it, and open the log.",
        _ => "Get it again from where it lies; if it is damaged there too, nothing of it can be read.",
    };
    problem("packed", format!("{} can't be unpacked as {format}: {damage}.", subject(name)), advice)
}

pub(crate) fn panic_code(name: &str, why: &str) -> Problem {
    problem(
        "picture",
        format!("{} gives no log: {why}.", subject(name)),
        "Oopscope reads the QR code of a panic screen: take the picture straight from the front, sharp, and with the \
         whole code in it; or scan the code with a telephone and paste the link. Of a screen without a code type the \
         lines from RIP, PC or Call Trace on.",
    )
}

pub(crate) fn archive_too_large(name: &str) -> Problem {
    problem(
        "packed",
        format!("{} holds more than can be read as one log; the rest of it was left alone.", subject(name)),
        "To look through a whole collection: oopscope triage FILE",
    )
}

pub(crate) fn reading(failed: &PartError) -> Problem {
    let name = subject(&failed.name);
    match failed.error {
        ReadError::Changed { .. } => problem(
            "changed",
            format!("{name} changed while it was being read, so line numbers would not be true any more."),
            "Something is still writing to it. Copy the file and open the copy.",
        ),
        ReadError::Directory => problem(
            "directory",
            format!("{name} is a directory."),
            "Open the log files inside it; several at once are read as one log.",
        ),
        ReadError::Missing => problem(
            "read",
            format!("{name} can't be read: it was moved or deleted, or it is a folder."),
            "Choose the file again. Of a folder, open the files inside it.",
        ),
        ReadError::Denied { .. } => problem(
            "read",
            format!("{name} can't be read: permission is denied."),
            "Check the file's permissions, or copy it to a place that you may read, and open it again.",
        ),
        error => problem(
            "read",
            format!("{name} can't be read: {error}."),
            "Copy the file to another disk and open the copy; if the copying fails too, the medium is damaged.",
        ),
    }
}

pub(crate) fn no_log() -> Problem {
    problem("no-log", "No log is open.", "Open a log first.")
}

pub(crate) fn no_report(index: u32, count: usize) -> Problem {
    problem(
        "bad-request",
        format!("There is no report {}: the log has {count}.", u64::from(index) + 1),
        "Choose one of the reports in the list.",
    )
}

pub(crate) fn no_example(name: &str) -> Problem {
    problem("bad-request", format!("There is no example called {name}."), "Choose one of the list.")
}

pub(crate) fn bad_search(reason: &str) -> Problem {
    problem("bad-request", format!("This can't be searched for: {reason}."), "Search for a part of one line.")
}

pub(crate) fn superseded(by: &str) -> Problem {
    problem("superseded", format!("The request was dropped because {by}."), "Nothing needs to be done.")
}

pub(crate) fn render(reason: &str) -> Problem {
    problem("engine", format!("The report could not be written: {reason}."), "Please report this as a bug.")
}

pub(crate) fn link(why: &str) -> Problem {
    let mut message = why.to_owned();
    if let Some(first) = message.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    problem(
        "link",
        message + ".",
        "Nothing of it could be read. Copy the whole link again, or ask its sender for the report as a file.",
    )
}

pub(crate) fn no_redaction(name: &str, known: &[&str]) -> Problem {
    problem("bad-request", format!("There is no redaction called {name}."), format!("There are: {}.", known.join(", ")))
}

pub(crate) fn no_triage() -> Problem {
    problem("no-triage", "No logs have been grouped.", "Drop a folder of logs first.")
}

pub(crate) fn too_many_files(given: usize, most: usize) -> Problem {
    problem(
        "bad-request",
        format!("{given} files are more than the {most} that the page groups at once."),
        "Give a part of them, or use the command: oopscope triage FOLDER",
    )
}

pub(crate) fn too_many_symbols(given: usize, most: usize) -> Problem {
    problem(
        "bad-request",
        format!("{given} files are more than the {most} that are looked through at once."),
        "Give a part of the folder, or use the command: oopscope symbolize LOG --debug FOLDER",
    )
}

pub(crate) fn no_symbols(name: &str, why: &str) -> Problem {
    let why = if why.is_empty() { "it is nothing that has symbols of a kernel" } else { why.trim_end_matches('.') };
    problem(
        "symbols",
        format!("{} gives neither a log nor symbols: {why}.", subject(name)),
        "Give the vmlinux of the kernel that crashed, as it was built, its modules, or its System.map; and the log as text.",
    )
}
