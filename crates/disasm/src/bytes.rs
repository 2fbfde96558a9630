//! The units of a `Code:` line as bytes in memory, around the trapping one.
//!
//! Must never bridge what the kernel could not read: bytes on both sides of a gap are not neighbours.
//!
//! x86 prints bytes. The others print instructions as numbers, whatever the byte order of data is (they read a word
//! and print it: `show_instructions` in arch/powerpc/kernel/process.c, `__dump_instr` in arch/arm/kernel/traps.c,
//! which swaps for BE8 first), so a word becomes bytes in the one order that its decoder takes: little-endian here.

use oopscope_report::Code;
use std::fmt::Write;

/// Bytes that follow each other in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) bytes: Vec<u8>,
    /// Index in `bytes` of the marked unit.
    pub(crate) trap: usize,
    /// Bytes of a unit.
    pub(crate) unit: usize,
    /// Bytes printed before the first of `bytes`, with a gap between.
    pub(crate) before: usize,
}

/// More than any kernel prints.
const MOST: usize = 1024;

/// The readable bytes around the mark.
pub(crate) fn window(code: &Code) -> Result<Window, String> {
    let marked = code.trap.and_then(|trap| usize::try_from(trap).ok()).filter(|trap| *trap < code.units.len());
    let Some(marked) = marked else {
        return Err("the kernel did not mark where the trapping instruction begins".to_owned());
    };
    let Some(unit) = value(&code.units[marked]).map(|bytes| bytes.len()) else {
        return Err("the kernel could not read the bytes at the instruction pointer".to_owned());
    };
    let same = |text: &String| value(text).filter(|bytes| bytes.len() == unit);
    let before: Vec<_> = code.units[..marked].iter().rev().take(MOST).map_while(same).collect();
    let after = code.units[marked..].iter().take(MOST).map_while(same);
    let skipped = (marked - before.len()) * unit;
    let mut bytes: Vec<u8> = before.into_iter().rev().flatten().collect();
    let trap = bytes.len();
    bytes.extend(after.flatten());
    Ok(Window { bytes, trap, unit, before: skipped })
}

/// A unit as bytes, the least significant first.
fn value(unit: &str) -> Option<Vec<u8>> {
    if !matches!(unit.len(), 2 | 4 | 8) {
        return None;
    }
    let number = u32::from_str_radix(unit, 16).ok().filter(|_| !unit.starts_with('+'))?;
    Some(number.to_le_bytes()[..unit.len() / 2].to_vec())
}

/// Bytes as the `Code:` line has them: units of `unit` bytes, each the most significant digit first.
pub(crate) fn printed(bytes: &[u8], unit: usize) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes.chunks(unit.max(1)).flat_map(|unit| unit.iter().rev()) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// A word that is no known instruction, as objdump writes it: `.inst 0x…`, `.long 0x…`.
pub(crate) fn word(directive: &str, bytes: &[u8]) -> (usize, String) {
    match bytes.first_chunk::<4>() {
        Some(word) => (4, format!("{directive} {:#010x}", u32::from_le_bytes(*word))),
        None => half(directive, bytes),
    }
}

/// The same of a halfword.
pub(crate) fn half(directive: &str, bytes: &[u8]) -> (usize, String) {
    match bytes.first_chunk::<2>() {
        Some(half) => (2, format!("{directive} {:#06x}", u16::from_le_bytes(*half))),
        None => (bytes.len().max(1), directive.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(units: &str, trap: u32) -> Code {
        Code { units: units.split(' ').map(str::to_owned).collect(), trap: Some(trap), ..Code::default() }
    }

    #[test]
    fn units_become_bytes_in_memory() {
        let bytes = window(&code("00 65 8b", 1)).unwrap();
        assert_eq!((bytes.bytes, bytes.trap, bytes.unit), (vec![0x00, 0x65, 0x8b], 1, 1));
        let words = window(&code("a90efbfd d2800441", 1)).unwrap();
        assert_eq!((words.trap, words.unit), (4, 4));
        assert_eq!(words.bytes, [0xfd, 0xfb, 0x0e, 0xa9, 0x41, 0x04, 0x80, 0xd2]);
        assert_eq!(printed(&words.bytes[4..], 4), "d2800441");
    }

    #[test]
    fn a_gap_is_not_bridged() {
        let words = window(&code("a90efbfd ???????? d2800441 38706930 ????????", 3)).unwrap();
        assert_eq!((words.bytes.len(), words.trap, words.before), (8, 4, 8));
        assert!(window(&code("a90efbfd ????????", 1)).unwrap_err().contains("could not read"));
        assert!(window(&code("a90efbfd", 7)).unwrap_err().contains("did not mark"));
        assert!(window(&Code { units: vec!["90".to_owned()], ..Code::default() }).is_err());
    }
}
