//! `Code:` — the bytes around the trapping instruction, which the kernel marks: `<c7>` on x86, `(38706930)` on arm and
//! riscv, `<38706930>` on most others. powerpc until 5.14 and sparc write `Instruction dump:` and the words on lines of
//! their own.
//!
//! Must never take a stack's words for code unless such a line came before.

/// A `Code:` line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Code<'a> {
    pub(crate) units: Vec<&'a str>,
    pub(crate) trap: Option<usize>,
    pub(crate) problem: Option<&'a str>,
}

/// x86 prints 64 bytes; no architecture prints more units.
const MOST: usize = 256;

pub(crate) fn parse(text: &str) -> Option<Code<'_>> {
    let text = text.trim_start();
    let head = ["Code:", "Instruction dump:", "Instruction DUMP:"].iter().find_map(|head| text.strip_prefix(head));
    let rest = head?.trim();
    let mut code = Code::default();
    if rest.starts_with("Bad ") || rest.starts_with("Unable ") {
        code.problem = Some(rest);
        return Some(code);
    }
    for word in rest.split_ascii_whitespace().take(MOST) {
        let Some((unit, marked)) = unit(word) else {
            // `Code: … bad PC value`, or a line that another CPU's output broke into.
            code.problem.get_or_insert(rest);
            break;
        };
        if marked && code.trap.is_none() {
            code.trap = Some(code.units.len());
        }
        code.units.push(unit);
    }
    Some(code)
}

/// A unit without its mark, and whether it has one.
fn unit(word: &str) -> Option<(&str, bool)> {
    let (unit, marked) = match word.as_bytes() {
        [b'<', .., b'>'] | [b'(', .., b')'] => (&word[1..word.len() - 1], true),
        _ => (word, false),
    };
    let unreadable = unit.bytes().all(|b| b == b'?' || b == b'X');
    let hex = matches!(unit.len(), 2 | 4 | 8) && unit.bytes().all(|b| b.is_ascii_hexdigit());
    (!unit.is_empty() && (hex || unreadable)).then_some((unit, marked))
}

/// A line that is only words of eight digits, one of which may be marked: it goes on with an `Instruction dump:`.
pub(crate) fn continued(text: &str) -> Option<Code<'_>> {
    let mut code = Code::default();
    for word in text.split_ascii_whitespace().take(MOST) {
        let (unit, marked) = unit(word).filter(|(unit, _)| unit.len() == 8)?;
        if marked && code.trap.is_none() {
            code.trap = Some(code.units.len());
        }
        code.units.push(unit);
    }
    (!code.units.is_empty()).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_problems() {
        let code = parse("Code: 00 65 8b <c7> 04 25").unwrap();
        assert_eq!((code.units.len(), code.trap, code.problem), (6, Some(3), None));
        let code = parse("Code: a90efbfd d2800441 (38706930) ").unwrap();
        assert_eq!((code.units, code.trap), (vec!["a90efbfd", "d2800441", "38706930"], Some(2)));
        assert_eq!(parse("Code: Bad RIP value.").unwrap().problem, Some("Bad RIP value."));
        assert_eq!(parse("Code: Unable to access opcode bytes at 0xd6.").unwrap().units.len(), 0);
        assert_eq!(parse("Code: bad PC value").unwrap().problem, Some("bad PC value"));
        assert_eq!(parse("Codec: x"), None);
        let code = parse("Code: 00000000  8c420000  00000000 <ac430000> 03e00008  00000000 ").unwrap();
        assert_eq!((code.units.len(), code.trap, code.problem), (6, Some(3), None));
        assert_eq!(parse("Code: (Bad address in epc)").unwrap().problem, Some("(Bad address in epc)"));
    }

    #[test]
    fn dumps_on_lines_of_their_own() {
        assert_eq!(parse("Instruction dump:").unwrap(), Code::default());
        let text = format!("60000000 38600001 <98830000> 4e800020 {} ", "X".repeat(8));
        let code = continued(&text).unwrap();
        assert_eq!((code.units.len(), code.trap), (5, Some(2)));
        assert_eq!(continued("<c2586000>").unwrap().trap, Some(0));
        for text in ["", "c2586000 f+0x1/0x2", "c258600", "0000000000000001"] {
            assert_eq!(continued(text), None, "{text}");
        }
    }
}
