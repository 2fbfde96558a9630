//! `Krnl Code:` of s390, which the kernel disassembles itself: `#000003ff800123a6: a7f40001\tbrc 15,…`.
//!
//! arch/s390/kernel/dis.c `show_code`: `#` marks the instruction before the one that the PSW points at, `>` that one.
//! Must never take a line for one that has no address, bytes and words.

use super::hex;

/// One instruction, or the kernel's word that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row<'a> {
    /// `Bad PSW.`
    Problem(&'a str),
    /// An instruction.
    Instruction(Instruction<'a>),
}

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instruction<'a> {
    pub(crate) address: u64,
    /// Bytes as hex, in the order of memory.
    pub(crate) bytes: &'a str,
    /// Mnemonic and operands.
    pub(crate) text: &'a str,
    /// The PSW points at it.
    pub(crate) at_psw: bool,
    /// It comes just before that one.
    pub(crate) before_psw: bool,
}

/// A row. The first one follows `Krnl Code:`, the others stand alone.
pub(crate) fn parse(text: &str) -> Option<Row<'_>> {
    let trimmed = text.trim_start();
    let (first, rest) = match trimmed.strip_prefix("Krnl Code:") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, trimmed),
    };
    if first && rest.starts_with("Bad ") {
        return Some(Row::Problem(rest.trim_end()));
    }
    let (before_psw, at_psw) = (rest.starts_with('#'), rest.starts_with('>'));
    let (address, rest) = rest.trim_start_matches(['#', '>']).split_once(": ")?;
    let address = hex(address).filter(|_| address.len() == 16)?;
    // A tab in the kernel's own line; consoles and mails make spaces of it.
    let (bytes, text) = rest.split_once(['\t', ' '])?;
    let whole = matches!(bytes.len(), 4 | 8 | 12) && bytes.bytes().all(|b| b.is_ascii_hexdigit());
    let text = text.trim();
    let words = !text.is_empty() && text.len() <= 100;
    (whole && words).then_some(Row::Instruction(Instruction { address, bytes, text, at_psw, before_psw }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows() {
        let row = |text| match parse(text) {
            Some(Row::Instruction(row)) => (row.address, row.bytes, row.text, row.before_psw, row.at_psw),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(
            row("Krnl Code: 000003ff8001239c: e31030000004\tlg\t%r1,0(%r3)"),
            (0x3ff_8001_239c, "e31030000004", "lg\t%r1,0(%r3)", false, false)
        );
        assert_eq!(
            row("          #000003ff800123a2: af000000\t\tmc\t0,0"),
            (0x3ff_8001_23a2, "af000000", "mc\t0,0", true, false)
        );
        assert!(row("          >000003ff800123a6: 07fe\t\tbcr\t15,%r14").4);
        assert_eq!(parse("Krnl Code: Bad PSW."), Some(Row::Problem("Bad PSW.")));
    }

    #[test]
    fn others_are_none() {
        for text in ["", "Krnl Code:", "000003ff800123a6: 07fe", "#1: 07fe\tx", "Code: 07fe", "000003ff800123a6: zz\tx"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
