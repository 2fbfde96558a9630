//! The listing of a report's code as lines for text and Markdown.
//!
//! Must never wrap a line, nor leave the marked instruction out.

use oopscope_report::{Instruction, Report};

/// Instructions given before the marked one, and after it. What filled the space between functions does not count.
const BEFORE: usize = 12;
const AFTER: usize = 6;

/// Columns of the text before the notes.
const TEXT: usize = 36;

/// A sentence, and the lines that it announces; or the reason why there are none.
pub(super) fn listing(report: &Report) -> Option<(String, Vec<String>)> {
    let code = report.code.as_ref()?;
    let Some(listing) = &code.listing else {
        let problem = code.listing_problem.as_deref()?;
        return Some((format!("The code is not disassembled: {}.", problem.trim_end_matches('.')), Vec::new()));
    };
    let marked = listing.instructions.iter().position(|instruction| instruction.trap)?;
    let (before, rest) = listing.instructions.split_at(marked);
    let before: Vec<_> = before.iter().rev().take_while(|instruction| !is_filling(instruction)).take(BEFORE).collect();
    let after = rest.iter().take(AFTER + 1).enumerate();
    let after = after.take_while(|(index, instruction)| *index == 0 || !is_filling(instruction));
    let shown: Vec<&Instruction> = before.into_iter().rev().chain(after.map(|(_, instruction)| instruction)).collect();
    let bytes = shown.iter().map(|instruction| instruction.bytes.len()).max().unwrap_or(0);
    let lines = shown.iter().map(|instruction| line(instruction, bytes)).collect();
    let guess = if listing.guessed { ", which before it are a guess" } else { "" };
    let values = shown.iter().any(|instruction| !instruction.notes.is_empty());
    let values = if values {
        "; values are of the report's registers, and before the mark they hold if control came straight down"
    } else {
        ""
    };
    Some((format!("Instructions around the marked one{guess}{values}:"), lines))
}

fn line(instruction: &Instruction, bytes: usize) -> String {
    let mark = if instruction.trap { '>' } else { ' ' };
    let notes = instruction.notes.join("; ");
    let line =
        format!("{mark}{:>5}: {:<bytes$}  {:<TEXT$}  {notes}", instruction.offset, instruction.bytes, instruction.text);
    line.trim_end().to_owned()
}

/// Filling between functions: a run of them says nothing, and what lies behind it is another function.
fn is_filling(instruction: &Instruction) -> bool {
    matches!(instruction.text.as_str(), "int3" | "nop") && !instruction.trap && instruction.notes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use oopscope_report::{Code, Listing};

    fn report(instructions: Vec<Instruction>) -> Report {
        let listing = Listing { instructions, ..Listing::default() };
        Report { code: Some(Code { listing: Some(listing), ..Code::default() }), ..Report::default() }
    }

    #[test]
    fn the_marked_one_stands_with_what_leads_to_it() {
        let one = |offset, bytes: &str, text: &str| Instruction {
            offset,
            bytes: bytes.to_owned(),
            text: text.to_owned(),
            trap: offset == 0,
            ..Instruction::default()
        };
        let mut instructions =
            vec![one(-6, "c3", "ret"), one(-5, "90", "nop"), one(-4, "8b07", "mov (%rdi),%eax"), one(0, "0f0b", "ud2")];
        instructions.push(one(2, "cc", "int3"));
        instructions[3].notes = vec!["the trap".to_owned()];
        let (words, lines) = listing(&report(instructions)).unwrap();
        assert!(words.starts_with("Instructions around"), "{words}");
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0], "    -4: 8b07  mov (%rdi),%eax");
        assert_eq!(lines[1], format!(">    0: 0f0b  {:<36}  the trap", "ud2"));
    }

    #[test]
    fn a_reason_stands_for_a_listing() {
        let code = Code { listing_problem: Some("no".to_owned()), ..Code::default() };
        let report = Report { code: Some(code), ..Report::default() };
        assert_eq!(listing(&report), Some(("The code is not disassembled: no.".to_owned(), Vec::new())));
        assert_eq!(listing(&Report::default()), None);
    }
}
