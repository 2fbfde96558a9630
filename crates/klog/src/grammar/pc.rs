//! The instruction pointer and the link register: `RIP: 0010:f+0x1/0x2`, `pc : f+0x1/0x2`, `PC is at f+0x1/0x2`.

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
    let (rest, link) = match text.split_once(' ')? {
        // `IP:` stood between announcement and page tables until 4.x (arch/x86/mm/fault.c).
        ("RIP:" | "EIP:" | "IP:" | "epc" | "pc", rest) => (rest, false),
        // Until 4.10 the summary after the trace: `RIP  [<addr>] f+0x1/0x2`.
        ("RIP", rest) if rest.starts_with(" [<") => (rest, false),
        ("lr", rest) => (rest, true),
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
    let word = rest.split(' ').next().unwrap_or("");
    let bare = if word.starts_with("0x") { hex(word) } else { None };
    let address = bare.or(address)?;
    Some(Pc { place: Place { address: Some(address), ..Place::default() }, link, user })
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
}
