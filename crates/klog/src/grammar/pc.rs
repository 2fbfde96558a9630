//! The instruction pointer and the link register, in the words of each architecture: `RIP: 0010:f+0x1/0x2`,
//! `pc : f+0x1/0x2`, `PC is at f+0x1/0x2`, `NIP [c000…] f+0x1/0x2`, `Krnl PSW : … (f+0x1/0x2)`.
//!
//! Must never take a register's bare value for one where the symbol stands on a line of its own.

use super::frame::{self, Place};
use super::hex;

/// What a line says about an instruction pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pc<'a> {
    pub(crate) place: Place<'a>,
    /// True for the link register.
    pub(crate) link: bool,
    /// True for an instruction pointer in user mode.
    pub(crate) user: bool,
}

/// Parses such a line.
pub(crate) fn parse(text: &str) -> Option<Pc<'_>> {
    let text = text.trim_start();
    let (head, rest) = text.split_once(' ')?;
    if let Some((rest, link)) = angled(head, rest).or_else(|| bracketed(head, rest)).or_else(|| valued(head, rest)) {
        return plain(rest, link);
    }
    let (rest, link) = match (head, rest) {
        // `IP:` stood between announcement and page tables until 4.x (arch/x86/mm/fault.c).
        ("RIP:" | "EIP:" | "IP:" | "epc" | "pc", rest) => (rest, false),
        // Until 4.10 the summary after the trace: `RIP  [<addr>] f+0x1/0x2`.
        ("RIP", rest) if rest.starts_with(" [<") => (rest, false),
        // arm64's `lr : f`, riscv's ` ra : f`.
        ("lr" | "ra", rest) => (rest, true),
        ("PC" | "EIP", rest) if rest.starts_with("is at ") => (&rest["is at ".len()..], false),
        ("LR", rest) if rest.starts_with("is at ") => (&rest["is at ".len()..], true),
        _ => return None,
    };
    let rest = rest.trim_start().trim_start_matches(':').trim_start();
    let (segment, rest) = segment(rest);
    let (address, rest) = addresses(rest);
    // CS 0x33 and 0x23 are user mode's code segments on x86-64 (arch/x86/include/asm/segment.h).
    let user = matches!(segment, Some(0x33 | 0x23 | 0x73));
    if let Some((mut place, _)) = frame::place(rest) {
        place.address = address;
        return Some(Pc { place, link, user });
    }
    // syzkaller's symbolizer gives each function that was inlined there a line of its own: `RIP: 0010:g fs/x.h:3 [inline]`.
    if let Some(place) = frame::inlined(rest.trim_end()) {
        return Some(Pc { place: Place { address, ..place }, link, user });
    }
    // i386 until 4.x: `EIP: 0060:[<c10a1234>] EFLAGS: …`; the symbol is on the next line, `EIP is at f+0x1/0x2`.
    if head == "EIP:" && address.is_some() {
        return None;
    }
    let word = rest.split(' ').next().unwrap_or("");
    let bare = if word.starts_with("0x") { hex(word) } else { None };
    let address = bare.or(address)?;
    Some(Pc { place: Place { address: Some(address), ..Place::default() }, link, user })
}

/// sparc: `TPC: <f+0x1/0x2>`, `RPC: <f+0x1/0x2>` (`PC: <…>` on 32 bits). parisc: ` IAOQ[0]: f`, ` RP(r2): f`.
fn angled<'a>(head: &str, rest: &'a str) -> Option<(&'a str, bool)> {
    let inside = || rest.strip_prefix('<')?.trim_end().strip_suffix('>');
    match head {
        "TPC:" | "PC:" => Some((inside()?, false)),
        "RPC:" => Some((inside()?, true)),
        "IAOQ[0]:" => Some((rest, false)),
        "RP(r2):" => Some((rest, true)),
        _ => None,
    }
}

/// powerpc: `NIP [c000…] f+0x1/0x2`, `LR [c000…] f+0x1/0x2`; where a trace goes through an interrupt,
/// `--- interrupt: 300 at f+0x1/0x2`, `--- Exception: 300 at …` before 5.10. s390: `Krnl PSW : mask address (f+0x1/0x2)`.
fn bracketed<'a>(head: &str, rest: &'a str) -> Option<(&'a str, bool)> {
    match head {
        "NIP" | "LR" if rest.starts_with('[') => Some((rest, head == "LR")),
        "---" => interrupt(rest).and_then(|(_, place)| Some((place?, false))),
        "Krnl" => {
            let (numbers, place) = rest.strip_prefix("PSW : ")?.split_once(" (")?;
            let (_, address) = numbers.split_once(' ')?;
            hex(address)?;
            Some((place.trim_end().strip_suffix(')')?, false))
        }
        _ => None,
    }
}

/// mips: `epc   : 80012344 f+0x4/0x20`, `ra    : …`; loongarch: `  ERA: 9000… f+0x4/0x20`, `   ra: …`, `era   : …`.
fn valued<'a>(head: &str, rest: &'a str) -> Option<(&'a str, bool)> {
    let link = match head {
        "epc" | "era" | "ERA:" => false,
        "ra" | "ra:" => true,
        _ => return None,
    };
    let rest = rest.trim_start().trim_start_matches(':').trim_start();
    let (value, place) = rest.split_once(' ')?;
    let ok = matches!(value.len(), 8 | 16)
        && hex(value).is_some()
        && (place.contains('+') || place.starts_with("0x") || place.trim_end().ends_with(" [inline]"));
    ok.then_some((rest, link))
}

/// `[c0000000000a1b2c] f+0x1/0x2`, `9000… f+0x1/0x2`, `f+0x1/0x2`, `0x0`: an address and a symbol, either alone too.
fn plain(text: &str, link: bool) -> Option<Pc<'_>> {
    let (address, rest) = match text.split_once(' ') {
        Some((word, rest)) if word.starts_with('[') => (hex(word.trim_matches(['[', ']'])), rest),
        Some((word, rest)) if matches!(word.len(), 8 | 16) && hex(word).is_some() => (hex(word), rest),
        _ => (None, text),
    };
    let place = match frame::place(rest.trim_end()) {
        Some((place, _)) => Place { address: place.address.or(address), ..place },
        None if rest.trim_end().ends_with(" [inline]") => Place { address, ..frame::inlined(rest.trim_end())? },
        None => Place { address: Some(bare(rest).or(address)?), ..Place::default() },
    };
    Some(Pc { place, link, user: false })
}

/// `0x0`, `0x800123ac`: no symbol lies there.
fn bare(text: &str) -> Option<u64> {
    let word = text.split(' ').next().unwrap_or("");
    if word.starts_with("0x") { hex(word) } else { None }
}

/// powerpc's `--- interrupt: 900 at f+0x1/0x2` after its `--- `: the vector, and the place. Without a place the line ends
/// the registers of that interrupt.
pub(crate) fn interrupt(rest: &str) -> Option<(u64, Option<&str>)> {
    let rest = rest.strip_prefix("interrupt: ").or_else(|| rest.strip_prefix("Exception: "))?;
    let (vector, place) = match rest.split_once(" at ") {
        Some((vector, place)) => (vector, Some(place)),
        None => (rest, None),
    };
    // The lowest bit of a vector says that the registers were not all saved.
    hex(vector.trim()).filter(|_| vector.trim().len() <= 4).map(|vector| (vector & !0xf, place))
}

/// `0010:`, `e030:`.
fn segment(text: &str) -> (Option<u64>, &str) {
    match text.split_once(':') {
        Some((segment, rest)) if segment.len() == 4 && hex(segment).is_some() => (hex(segment), rest),
        _ => (None, text),
    }
}

/// `[<addr>]  [<addr>] `: old kernels printed the address once or twice.
fn addresses(mut text: &str) -> (Option<u64>, &str) {
    let mut address = None;
    while let Some((inside, rest)) = text.trim_start().strip_prefix("[<").and_then(|rest| rest.split_once(">]")) {
        address = hex(inside.trim()).or(address);
        text = rest.trim_start();
    }
    (address, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, function: Option<&str>, address: Option<u64>, link: bool, user: bool) {
        let pc = parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((pc.place.function, pc.place.address, pc.link, pc.user), (function, address, link, user), "{text}");
    }

    #[test]
    fn all_forms() {
        check("RIP: 0010:irq_work+0x33/0x140 [oops_inirqv3]", Some("irq_work"), None, false, false);
        check(
            "RIP: 0010:[<ffffffff81234567>]  [<ffffffff81234567>] f+0x1/0x2",
            Some("f"),
            Some(0xffff_ffff_8123_4567),
            false,
            false,
        );
        check("RIP  [<ffffffff81234567>] f+0x1/0x2", Some("f"), Some(0xffff_ffff_8123_4567), false, false);
        check("RIP: 0010:0x0", None, Some(0), false, false);
        check("RIP: 0033:0x7f5ab67f5224", None, Some(0x7f5a_b67f_5224), false, true);
        check("EIP: f+0x1/0x2", Some("f"), None, false, false);
        check("EIP is at f+0x1/0x2", Some("f"), None, false, false);
        check("pc : vgic_get_irq+0x7c/0x3d4", Some("vgic_get_irq"), None, false, false);
        check("lr : vgic_get_irq+0x7c/0x3d4 [kvm]", Some("vgic_get_irq"), None, true, false);
        check("PC is at kthread_stop+0x60/0x524", Some("kthread_stop"), None, false, false);
        check("PC is at 0x80b0f484", None, Some(0x80b0_f484), false, false);
        check("LR is at do_futex+0x158/0xf14", Some("do_futex"), None, true, false);
        check("IP: [<ffffffffc0a12345>] f+0x25/0x50 [m]", Some("f"), Some(0xffff_ffff_c0a1_2345), false, false);
    }

    #[test]
    fn inlined_functions_of_symbolized_logs() {
        for text in [
            "RIP: 0010:g fs/x.h:3 [inline]",
            "IP: [<ffffffffc0a12345>] g fs/x.h:3 [inline]",
            "PC is at g fs/x.h:3 [inline]",
            "pc : g fs/x.h:3 [inline]",
            "NIP [c0000000000a1b2c] g fs/x.h:3 [inline]",
            "epc   : 80012344 g fs/x.h:3 [inline]",
            "TPC: <g fs/x.h:3 [inline]>",
            "Krnl PSW : 0704c00180000000 000003ff800123ac (g fs/x.h:3 [inline])",
        ] {
            let pc = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!(pc.place.inlined && pc.place.function == Some("g"), "{text}");
            assert_eq!(pc.place.source.map(|source| (source.file, source.line)), Some(("fs/x.h", 3)), "{text}");
        }
    }

    #[test]
    fn other_architectures() {
        check("epc : f+0x1/0x2 [m]", Some("f"), None, false, false);
        check(" ra : f+0x1/0x2 [m]", Some("f"), None, true, false);
        check("NIP [c0000000000a1b2c] f+0x2c/0x120", Some("f"), Some(0xc000_0000_000a_1b2c), false, false);
        check("NIP [0000000000000000] 0x0", None, Some(0), false, false);
        check("LR [c0008004] .f+0x4/0x20", Some(".f"), Some(0xc000_8004), true, false);
        check("--- interrupt: 900 at f+0x4/0x20", Some("f"), None, false, false);
        check("--- Exception: 501 at .f+0x4/0x20", Some(".f"), None, false, false);
        check("Krnl PSW : 0704c00180000000 000003ff800123ac (f+0x2c/0x120 [m])", Some("f"), None, false, false);
        check("Krnl PSW : 0704c00180000000 0000000000000002 (0x2)", None, Some(2), false, false);
        check("epc   : 80012344 f+0x4/0x20 [m]", Some("f"), Some(0x8001_2344), false, false);
        check("ra    : 80012340 f+0x0/0x20", Some("f"), Some(0x8001_2340), true, false);
        check("epc   : 00000000 0x0", None, Some(0), false, false);
        check("  ERA: 9000000000200b2c f+0x2c/0x120", Some("f"), Some(0x9000_0000_0020_0b2c), false, false);
        check("   ra: 9000000000200b28 f+0x28/0x120", Some("f"), Some(0x9000_0000_0020_0b28), true, false);
        check("TPC: <f+0x4/0x20 [m]>", Some("f"), None, false, false);
        check("RPC: <f+0x4/0x20>", Some("f"), None, true, false);
        check(" IAOQ[0]: f+0x4/0x20 [m]", Some("f"), None, false, false);
        check(" RP(r2): f+0x4/0x20", Some("f"), None, true, false);
    }

    #[test]
    fn values_alone_are_none() {
        for text in [
            "epc : ffffffff80201234 ra : ffffffff80201230 sp : ff20000000013d00",
            " IAOQ[1]: f+0x8/0x20",
            "--- interrupt: 900",
            "EIP: 0060:[<c10a1234>] EFLAGS: 00010286 CPU: 0",
            "LR is nice",
            "ra: something+else",
            "Krnl PSW : 0704c00180000000 000003ff800123ac",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(interrupt("interrupt: 900"), Some((0x900, None)));
        assert_eq!(interrupt("Exception: 501 at f+0x4/0x20"), Some((0x500, Some("f+0x4/0x20"))));
        assert_eq!(interrupt("[ cut here ]---"), None);
    }
}
