//! A code listing as text to copy, in the manner of the kernel's `scripts/decodecode`. Must never show an instruction
//! that the listing does not have.

use oopscope_report::{Instruction, Listing};
use std::fmt::Write;

/// In which syntax x86 instructions are written. Other architectures have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// AT&T's: the kernel's own, and objdump's.
    #[default]
    Att,
    /// Intel's.
    Intel,
}

impl Syntax {
    /// The instruction's text in this syntax.
    pub(crate) fn text(self, instruction: &Instruction) -> &str {
        match (self, &instruction.intel) {
            (Self::Intel, Some(intel)) => intel,
            _ => &instruction.text,
        }
    }
}

/// Where an instruction begins, from the trapping one: `-2b`, `0`, `+7`, in hex as the frames' offsets are.
pub(crate) fn offset(offset: i32) -> String {
    match offset {
        0 => "0".to_owned(),
        1.. => format!("+{offset:#x}"),
        _ => format!("-{:#x}", offset.unsigned_abs()),
    }
}

/// Bytes two digits at a time, however they were given.
pub(crate) fn bytes(bytes: &str) -> String {
    let digits: Vec<char> = bytes.chars().filter(|digit| !digit.is_whitespace()).collect();
    digits.chunks(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// The listing as text, a line an instruction.
pub(crate) fn text(listing: &Listing, syntax: Syntax) -> String {
    let rows: Vec<_> = listing.instructions.iter().map(|row| (offset(row.offset), bytes(&row.bytes), row)).collect();
    let wide = |of: fn(&(String, String, &Instruction)) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (offsets, units) = (wide(|row| row.0.len()), wide(|row| row.1.len()));
    let mut out = String::new();
    for (at, bytes, row) in &rows {
        let mark = if row.trap { '*' } else { ' ' };
        let _ = write!(out, "{at:>offsets$}:{mark} {bytes:<units$}  {}", syntax.text(row));
        if row.trap {
            out.push_str("  <-- trapping instruction");
        }
        if !row.notes.is_empty() {
            let _ = write!(out, "  ; {}", row.notes.join("; "));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_the_kernels_own_tool_writes_it() {
        let row = |offset, bytes: &str, text: &str, intel: &str| Instruction {
            offset,
            bytes: bytes.to_owned(),
            text: text.to_owned(),
            intel: Some(intel.to_owned()),
            trap: offset == 0,
            ..Instruction::default()
        };
        let mut listing = Listing {
            instructions: vec![
                row(-3, "4889e5", "mov %rsp,%rbp", "mov rbp,rsp"),
                row(0, "8b 00", "mov (%rax),%eax", "mov eax,[rax]"),
            ],
            ..Listing::default()
        };
        listing.instructions[1].notes = vec!["rax = 0x0".to_owned()];
        assert_eq!(
            text(&listing, Syntax::Att),
            "-0x3:  48 89 e5  mov %rsp,%rbp\n   0:* 8b 00     mov (%rax),%eax  <-- trapping instruction  ; rax = 0x0\n"
        );
        assert!(text(&listing, Syntax::Intel).contains("mov rbp,rsp\n"));
        listing.instructions[0].intel = None;
        assert!(text(&listing, Syntax::Intel).contains("mov %rsp,%rbp\n"), "where there is one syntax it is shown");
    }

    #[test]
    fn offsets_are_hex_with_a_sign() {
        assert_eq!([offset(-43), offset(0), offset(7), offset(i32::MIN)], ["-0x2b", "0", "+0x7", "-0x80000000"]);
    }
}
