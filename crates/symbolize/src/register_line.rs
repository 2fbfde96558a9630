//! Lines that name a place of code and are no frame of a stack: `RIP: 0010:f+0x1/0x2 [mod]`, which x86 prints once more
//! behind `---[ end trace`, arm64's `pc : f+0x1/0x2` and `lr : f+0x1/0x2`, arm's `PC is at f+0x1/0x2`.
//!
//! Must never take a line of user mode, or one without a function's name.

use oopscope_report::{Frame, FrameRole, Report};

/// What such lines begin with, behind time and marks, and whether it is the link register: what was called last.
const HEADS: [(&str, bool); 10] = [
    ("RIP: ", false),
    ("EIP: ", false),
    ("EIP is at ", false),
    ("PC is at ", false),
    ("LR is at ", true),
    ("pc : ", false),
    ("lr : ", true),
    // riscv, since 5.18 ("riscv: show_regs: print symbols of epc and ra").
    ("epc : ", false),
    (" ra : ", true),
    ("RIP  ", false),
];

/// The place that a line names, if it is such a line.
pub fn register_line(line: &[u8]) -> Option<Frame> {
    // None of them is long.
    let text = std::str::from_utf8(line.get(..line.len().min(1024))?).ok()?;
    let plus = text.find("+0x")?;
    let (head, is_link) = HEADS.iter().find_map(|&(head, link)| Some((text.find(head)? + head.len(), link)))?;
    let before = text.get(head..plus)?;
    // `0010:f`, `[<c0101234>] f`: the segment, the address.
    let begin = before.rfind([' ', ':']).map_or(0, |at| at + 1);
    let name = &before[begin..];
    let (offset, rest) = number(&text[plus + 1..])?;
    let (size, rest) = number(rest.strip_prefix('/')?)?;
    let inside = rest.strip_prefix(" [").and_then(|rest| rest.split_once(']')).map(|(inside, _)| inside);
    let mut words = inside.unwrap_or_default().split(' ');
    let module = words.next().filter(|name| !name.is_empty()).map(str::to_owned);
    let is_name =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$'));
    is_name.then(|| Frame {
        function: Some(name.to_owned()),
        offset: Some(offset),
        size: Some(size),
        module,
        build_id: words.next().map(str::to_owned),
        reliable: true,
        role: if is_link { FrameRole::Lr } else { FrameRole::Pc },
        ..Frame::default()
    })
}

/// The frame of a report that is the same place, looked up in the same way, with those that were inlined there before it.
pub fn same_place<'r>(report: &'r Report, place: &Frame) -> Option<Vec<&'r Frame>> {
    report.stacks.iter().find_map(|stack| {
        let is_same = |frame: &Frame| {
            !frame.inlined
                && frame.function == place.function
                && (frame.offset, frame.size) == (place.offset, place.size)
                && frame.module == place.module
                && (frame.role == FrameRole::Pc) == (place.role == FrameRole::Pc)
        };
        let own = stack.frames.iter().position(is_same)?;
        let inlined = stack.frames[..own].iter().rev().take_while(|frame| frame.inlined && frame.symbols.is_some());
        let from = own - inlined.count();
        stack.frames[own].symbols.is_some().then(|| stack.frames[from..=own].iter().collect())
    })
}

/// `0x25`, and what is behind it.
fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text.strip_prefix("0x")?;
    let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
    Some((u64::from_str_radix(&digits[..end], 16).ok()?, &digits[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: (&str, u64, u64, Option<&str>, FrameRole)) {
        let found = register_line(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        let (name, offset, size, module, role) = want;
        assert_eq!(found.function.as_deref(), Some(name));
        assert_eq!(
            (found.offset, found.size, found.module.as_deref(), found.role),
            (Some(offset), Some(size), module, role)
        );
    }

    #[test]
    fn registers_of_each_architecture() {
        check("[    9.4] RIP: 0010:fortify_panic+0xf/0x11", ("fortify_panic", 15, 17, None, FrameRole::Pc));
        check("[1] RIP: 0010:f+0x1/0x20 [mod 0123abcd]", ("f", 1, 32, Some("mod"), FrameRole::Pc));
        check("pc : f.isra.0+0x8/0x20 [oops_guest] (P)", ("f.isra.0", 8, 32, Some("oops_guest"), FrameRole::Pc));
        check("[1] lr : f+0xa8/0xff8 [m]", ("f", 0xa8, 0xff8, Some("m"), FrameRole::Lr));
        check("LR is at irq_work_single+0x20/0x6c", ("irq_work_single", 0x20, 0x6c, None, FrameRole::Lr));
        check("RIP  [<ffffffff81234567>] f+0x1/0x2", ("f", 1, 2, None, FrameRole::Pc));
        for line in [
            "[1] RIP: 0033:0x47fbe9",
            "pc : [<bf0003cc>]    lr : [<bf0060b8>]    psr: 60080013",
            " f+0x1/0x2 [m]",
            "RIP: 0010:f+0x1",
            "lr : g fs/x.h:3 [inline]",
            "",
        ] {
            assert_eq!(register_line(line.as_bytes()), None, "{line}");
        }
    }
}
