//! The kernel's log out of its memory: as records, and as the text that a console would have shown.
//!
//! Must never need more than VMCOREINFO where that has it: the log is what there is to see when nothing else can be read,
//! and it comes first.

pub mod bytes;
mod found;
pub mod lockless;
pub mod records;
mod source;

pub use found::{Found, Loss};
pub use source::{Read, Words};

use crate::Kernel;
use oopscope_report::vmcore::{LogRecord, Unread};
use std::fmt::Write as _;

/// All records, the oldest first, and what of the log could not be read. Needs no symbols where VMCOREINFO has the ring.
pub fn records(kernel: &Kernel) -> (Vec<LogRecord>, Vec<Unread>) {
    let found = match find(kernel) {
        Ok(found) => found,
        Err(why) => return (Vec::new(), vec![Unread { what: "the kernel's log".to_owned(), why }]),
    };
    let unread = found.unread();
    (found.records, unread)
}

fn find(kernel: &Kernel) -> Result<Found, String> {
    let words = Words { little_endian: kernel.layout().little_endian, long: u64::from(kernel.layout().pointer) };
    let read = |address: u64, buf: &mut [u8]| kernel.read(address, buf);
    // VMCOREINFO names structures without "struct", and tells of those that are needed here; types are its substitute.
    let offset = |name: &str| {
        kernel.info().offset(name).or_else(|| {
            let (structure, member) = name.split_once('.')?;
            kernel.offset_of(&type_name(structure), member)
        })
    };
    let size = |name: &str| kernel.info().size(name).or_else(|| kernel.size_of(&type_name(name)));
    let symbol = |name: &str| kernel.info().symbol(name).or_else(|| kernel.symbol(name));

    if let Some(prb) = symbol("prb") {
        let layout = lockless::Layout::new(&offset, &size)
            .map_err(|name| format!("neither VMCOREINFO nor the kernel's types tell of {name}"))?;
        return Ok(lockless::records(&read, words, &layout, prb));
    }
    let number = |name: &str, size: u64| -> Result<Option<u64>, String> {
        let Some(address) = symbol(name) else { return Ok(None) };
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..if size == 4 { 4 } else { 8 }];
        kernel.read(address, bytes).map_err(|error| format!("{name}: {error}"))?;
        Ok(words.number(bytes, 0, size))
    };
    let none = || "neither VMCOREINFO nor the symbols tell where it is (prb, log_buf)".to_owned();
    let buffer = number("log_buf", words.long)?.ok_or_else(none)?;
    let size_of_buffer = number("log_buf_len", 4)?.ok_or_else(none)?;
    if let (Some(first), Some(next)) = (number("log_first_idx", 4)?, number("log_next_idx", 4)?) {
        let header = records::Header::new(&offset, &size)
            .ok_or("neither VMCOREINFO nor the kernel's types tell of struct printk_log")?;
        let place = records::Place { buffer, size: size_of_buffer, first, next };
        return Ok(records::records(&read, words, &header, place));
    }
    let (Some(end), Some(logged)) = (number("log_end", 4)?, number("logged_chars", 4)?) else { return Err(none()) };
    Ok(bytes::records(&read, bytes::Place { buffer, size: size_of_buffer, end, logged }))
}

/// `atomic_long_t` is a typedef, all else are structures.
fn type_name(name: &str) -> String {
    if name.ends_with("_t") { name.to_owned() } else { format!("struct {name}") }
}

/// The records as lines, as a console with levels, times and callers shows them: `<6>[    0.000000][    T0] text`. Each
/// line of a record has what stands before its first (`record_print_text`).
pub fn text(records: &[LogRecord]) -> String {
    let mut out = String::with_capacity(records.iter().map(|record| record.text.len() + 40).sum());
    let mut before = String::new();
    for record in records {
        before.clear();
        // Writing to a string does not fail.
        if let Some(level) = record.level {
            let _ = write!(before, "<{level}>");
        }
        if let Some(time) = record.time {
            // `%5lu.%06lu`. The time is whole microseconds.
            let _ = write!(before, "[{time:>12.6}]");
            if let Some(caller) = &record.caller {
                let _ = write!(before, "[{caller:>6}]");
            }
            before.push(' ');
        }
        for line in record.text.split('\n') {
            out.push_str(&before);
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests;
