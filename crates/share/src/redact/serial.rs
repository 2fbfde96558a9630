//! Serial numbers: `serial`.
//!
//! Found: what USB devices, disks, batteries, modems and machines call their serial number, Android's boot parameter,
//! World Wide Names of disks and SAS addresses, and the names of disks under `by-id/`, which end in one.
//!
//! ```text
//! usb 1-4: SerialNumber: 4C530001230720117394
//! Kernel command line: androidboot.serialno=R58M123ABCD androidboot.hardware=qcom
//! NVRM: GPU Board Serial Number: 0323219012345
//! mpt3sas_cm0: handle(0x000a), sas_address(0x5000c5008a1b2c3d), phy(0)
//! Timed out waiting for device /dev/disk/by-id/ata-ST4000NM0035_ZC12ABCD-part1
//! ```
//!
//! Left alone on purpose: the index that USB prints under the same name (`Mfr=1, Product=2, SerialNumber=3`), serial
//! ports and consoles (`Serial: 8250/16550 driver`, `serial8250`), and serial numbers of zeros only.
//!
//! This file must never take a value for a serial number because it looks like one: a name before it has to say so.

use super::scan::{ends_word, is_word, run, stands_at, starts_word};
use std::ops::Range;

/// How a value is told from other words behind the same name.
#[derive(Clone, Copy)]
enum Value {
    /// All that follows on the line: USB devices have what they like for a serial number.
    Line,
    /// A word with a digit in it, of at least so many characters.
    Word(usize),
    /// A hex number with `0x` or without, of 16 digits.
    WorldWide,
    /// Part of a path.
    PathPart,
}

/// Names before serial numbers, in lower case, with what follows them. The longer of two with the same beginning
/// comes first.
const NAMES: [(&str, Value); 29] = [
    ("serialnumber: ", Value::Line),
    ("serial number:", Value::Word(3)),
    ("serial number is", Value::Word(3)),
    ("serial number =", Value::Word(3)),
    ("serial number ", Value::Word(4)),
    ("serial no.", Value::Word(3)),
    ("serial no:", Value::Word(3)),
    ("serialno=", Value::Word(1)),
    ("serialno:", Value::Word(3)),
    ("serial_number=", Value::Word(3)),
    ("serial_number:", Value::Word(3)),
    ("product_serial=", Value::Word(3)),
    ("serial=", Value::Word(4)),
    ("serial:", Value::Word(6)),
    ("serial\t", Value::Word(6)),
    ("service tag:", Value::Word(4)),
    ("asset tag:", Value::Word(4)),
    ("s/n:", Value::Word(4)),
    ("s/n ", Value::Word(4)),
    ("sn:", Value::Word(6)),
    ("imei:", Value::Word(14)),
    ("imei=", Value::Word(14)),
    ("wwn-", Value::WorldWide),
    ("naa.", Value::WorldWide),
    ("eui.", Value::WorldWide),
    ("sas_address(", Value::WorldWide),
    ("sas_addr(", Value::WorldWide),
    ("device_name(", Value::WorldWide),
    ("by-id/", Value::PathPart),
];

/// Names behind which a World Wide Name, or Intel's number of a processor, follows after blanks or `=`.
const WORLD_WIDE: [&str; 8] = ["ppin", "wwn", "wwpn", "wwnn", "wwid", "pwwn", "nwwn", "logical id"];

/// With what letters the names of both lists begin.
const BEGINNINGS: &[u8] = b"abdeilnpsw";

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) || !starts_word(bytes, at) {
            at += 1;
            continue;
        }
        match behind_name(bytes, at) {
            Some(range) => {
                at = range.end;
                if bytes[range.clone()].iter().any(|byte| is_word(*byte) && *byte != b'0') {
                    found.push(range);
                }
            }
            None => at += run(bytes, at, is_word),
        }
    }
    found
}

/// The serial number whose name stands at a position.
fn behind_name(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    // Most words end here.
    if !BEGINNINGS.contains(&bytes[at].to_ascii_lowercase()) {
        return None;
    }
    for (name, value) in NAMES {
        if stands_at(bytes, at, name) {
            let start = at + name.len();
            // `SN: 1`: blanks, and a quote mark, may stand before the value.
            return match value {
                Value::Line => line(bytes, start),
                Value::Word(shortest) => word(bytes, after_blanks(bytes, start), shortest),
                Value::WorldWide => world_wide(bytes, start),
                Value::PathPart => path_part(bytes, start),
            };
        }
    }
    let name = WORLD_WIDE.iter().find(|name| stands_at(bytes, at, name) && ends_word(bytes, at + name.len()))?;
    world_wide(bytes, after_blanks(bytes, at + name.len()))
}

fn after_blanks(bytes: &[u8], at: usize) -> usize {
    const MOST: usize = 16;
    let rest = &bytes[at.min(bytes.len())..bytes.len().min(at + MOST)];
    at + rest.iter().take_while(|byte| b" \t:=\"'(".contains(byte)).count()
}

/// Everything to the end of the line.
fn line(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    // USB strings have at most 126 characters, which are up to 4 bytes each.
    const LONGEST: usize = 512;
    let length = run(&bytes[..bytes.len().min(start + LONGEST)], start, |byte| byte >= b' ' && byte != 0x7f);
    let value = bytes.get(start..start + length)?;
    let value = value.trim_ascii_end();
    // Never in the middle of a character.
    let cut = match str::from_utf8(value) {
        Ok(_) => value.len(),
        Err(error) => error.valid_up_to(),
    };
    (cut > 0).then_some(start..start + cut)
}

fn word(bytes: &[u8], start: usize, shortest: usize) -> Option<Range<usize>> {
    const LONGEST: usize = 128;
    let in_value = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'-' | b'/' | b'+');
    let length = run(&bytes[..bytes.len().min(start + LONGEST)], start, in_value);
    let value = bytes.get(start..start + length)?;
    let length = value.iter().rposition(|&byte| is_word(byte))? + 1;
    // `8250/16550 driver` is a serial port.
    let value = &value[..length];
    let is_serial = value.len() >= shortest && value.iter().any(u8::is_ascii_digit) && !value.contains(&b'/');
    is_serial.then_some(start..start + length)
}

fn world_wide(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let digits = start + if stands_at(bytes, start, "0x") { 2 } else { 0 };
    let length = run(&bytes[..bytes.len().min(digits + 40)], digits, |byte| byte.is_ascii_hexdigit());
    matches!(length, 16 | 32).then_some(digits..digits + length)
}

fn path_part(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    const LONGEST: usize = 255;
    let in_name = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'-' | b':' | b'\\' | b'+' | b'=');
    let length = run(&bytes[..bytes.len().min(start + LONGEST)], start, in_name);
    (length > 0).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_begin_with_one_of_the_beginnings() {
        let names = NAMES.iter().map(|(name, _)| *name).chain(WORLD_WIDE);
        let mut beginnings: Vec<_> = names.map(|name| name.as_bytes()[0]).collect();
        beginnings.sort_unstable();
        beginnings.dedup();
        assert_eq!(beginnings, BEGINNINGS);
    }
}
