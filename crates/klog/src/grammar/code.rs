//! `Code:` — the bytes around the trapping instruction, which the kernel marks: `<c7>` on x86, `(38706930)` elsewhere.

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
    let rest = text.trim_start().strip_prefix("Code:")?.trim();
    let mut code = Code::default();
    if rest.starts_with("Bad ") || rest.starts_with("Unable ") {
        code.problem = Some(rest);
        return Some(code);
    }
    for word in rest.split_ascii_whitespace().take(MOST) {
        let (unit, marked) = match word.as_bytes() {
            [b'<', .., b'>'] | [b'(', .., b')'] => (&word[1..word.len() - 1], true),
            _ => (word, false),
        };
        let unreadable = unit.bytes().all(|b| b == b'?' || b == b'X');
        let hex = matches!(unit.len(), 2 | 4 | 8) && unit.bytes().all(|b| b.is_ascii_hexdigit());
        if unit.is_empty() || !(hex || unreadable) {
            // `Code: … bad PC value`, or a line that another CPU's output broke into.
            code.problem.get_or_insert(rest);
            break;
        }
        if marked && code.trap.is_none() {
            code.trap = Some(code.units.len());
        }
        code.units.push(unit);
    }
    Some(code)
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
    }
}
