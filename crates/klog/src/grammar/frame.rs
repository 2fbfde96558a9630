//! Frames: ` func+0x1/0x2 [mod]` in every form that kernels have printed them.
//!
//! Old kernels printed the address before (`[<ffffffff81234567>] func+0x1/0x2`; x86 until 4.9), arm prints callee and
//! caller (`[<a>] (f) from [<b>] (g+0x1/0x2)`, newer ` f from g+0x1/0x2`), x86 marks what its unwinder did not vouch
//! for with `? `, powerpc and others with `(unreliable)`.

use super::hex;

/// A symbol with its place: `func+0x1/0x2 [mod build-id]`, or a bare address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) function: Option<&'a str>,
    pub(crate) offset: Option<u64>,
    pub(crate) size: Option<u64>,
    pub(crate) module: Option<&'a str>,
    pub(crate) build_id: Option<&'a str>,
    pub(crate) address: Option<u64>,
}

/// A frame of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) reliable: bool,
    /// arm: the frame that `place` called, by name alone.
    pub(crate) callee: Option<&'a str>,
}

/// `func+0x1/0x2`, then perhaps ` [mod]` or ` [mod build-id]`. Gives what follows, too.
pub(crate) fn place(text: &str) -> Option<(Place<'_>, &str)> {
    let end = text.bytes().position(|b| matches!(b, b' ' | b'\t' | b')' | b',')).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let (function, numbers) = word.rsplit_once('+')?;
    let (offset, size) = numbers.split_once('/')?;
    // KSYM_NAME_LEN (include/linux/kallsyms.h): no name is longer.
    if function.len() > 512 {
        return None;
    }
    // A function's name: C, Rust (`_R…`, `<T as U>::f` has spaces and is not printed so), compiler suffixes.
    if function.is_empty() || !function.bytes().all(is_name) || !offset.starts_with("0x") || !size.starts_with("0x") {
        return None;
    }
    let mut place = Place { function: Some(function), offset: hex(offset), size: hex(size), ..Place::default() };
    place.offset?;
    place.size?;
    let rest = match module(rest) {
        Some((name, build_id, rest)) => {
            place.module = Some(name);
            place.build_id = build_id;
            rest
        }
        None => rest,
    };
    Some((place, rest))
}

/// ` [mod]`, ` [mod build-id]` (`%pSb`, with `CONFIG_STACKTRACE_BUILD_ID`).
fn module(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let (inside, rest) = text.strip_prefix(" [")?.split_once(']')?;
    let (name, build_id) = match inside.split_once(' ') {
        Some((name, id)) => (name, Some(id)),
        None => (inside, None),
    };
    let ok = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        && build_id.is_none_or(|id| id.len() <= 40 && !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit()));
    ok.then_some((name, build_id, rest))
}

const fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(b, b'_' | b'.' | b'$' | b'<' | b'>' | b':' | b'&' | b'{' | b'}' | b'#')
        || b >= 0x80
}

/// A line of a trace.
pub(crate) fn parse(text: &str) -> Option<Frame<'_>> {
    let trimmed = text.trim_start();
    if let Some(frame) = arm(trimmed) {
        return Some(frame);
    }
    let (address, rest) = address(trimmed);
    let (unsure, rest) = match rest.strip_prefix("? ") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if let Some((mut place, rest)) = place(rest) {
        let reliable = !unsure && !rest.contains("(unreliable)");
        // Something else may stand after a frame only if it is a mark of the unwinder: `(unreliable)`,
        // the letters in which newer arm64 kernels say how they found a frame, ` (P)`. Anything else is a
        // message that happens to name a place.
        if !rest.trim().is_empty() && !is_mark(rest.trim()) && !is_source(rest.trim()) {
            return None;
        }
        place.address = address;
        return Some(Frame { place, reliable, callee: None });
    }
    bare(rest, address).map(|address| Frame {
        place: Place { address: Some(address), ..Place::default() },
        reliable: !unsure,
        callee: None,
    })
}

/// `mm/slub.c:448`, perhaps with ` [inline]`: the log has been symbolized already.
fn is_source(rest: &str) -> bool {
    let rest = rest.strip_suffix(" [inline]").unwrap_or(rest);
    rest.rsplit_once(':').is_some_and(|(file, line)| {
        file.contains('.') && !file.contains(' ') && !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit())
    })
}

fn is_mark(rest: &str) -> bool {
    rest.len() <= 32 && rest.starts_with('(') && rest.ends_with(')')
}

/// `[<ffffffff81234567>] `, also with spaces or a lower-case type inside as in `[< (ptrval)>]`.
fn address(text: &str) -> (Option<u64>, &str) {
    let Some((inside, rest)) = text.strip_prefix("[<").and_then(|rest| rest.split_once(">]")) else {
        return (None, text);
    };
    (hex(inside.trim()), rest.trim_start())
}

/// A frame without a symbol: `0xffffffffc0a12345`, or only the address in `[<…>]`.
fn bare(rest: &str, address: Option<u64>) -> Option<u64> {
    let word = rest.trim();
    if word.is_empty() {
        return address;
    }
    (word.starts_with("0x") && word.len() >= 10).then(|| hex(word))?
}

/// arm: `[<8015df40>] (f) from [<801559ec>] (g+0x4c/0xf8)`, ` f from g+0x4c/0xf8`, modules in either place.
fn arm(text: &str) -> Option<Frame<'_>> {
    let (callee, caller) = text.split_once(" from ")?;
    let (_, callee) = address(callee);
    let (caller_address, caller) = address(caller);
    let callee = callee.trim_start_matches('(').split([' ', ')', '+']).next().filter(|name| !name.is_empty())?;
    let inside = caller.strip_prefix('(').unwrap_or(caller);
    let (mut place, rest) = place(inside)?;
    if !callee.bytes().all(is_name) || !rest.trim_matches([')', ' ']).is_empty() && !is_mark(rest.trim()) {
        return None;
    }
    place.address = caller_address;
    Some(Frame { place, reliable: true, callee: Some(callee) })
}

/// A function's name without what compilers append: `.isra.0`, `.constprop.3`, `.part.1`, `.cold`, `.llvm.123`.
pub(crate) fn base_name(function: &str) -> &str {
    let name = function.strip_prefix('.').unwrap_or(function);
    name.split('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, function: &str, offset: u64, size: u64, module: Option<&str>, reliable: bool) {
        let frame = parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(frame.place.function, Some(function));
        assert_eq!((frame.place.offset, frame.place.size), (Some(offset), Some(size)));
        assert_eq!((frame.place.module, frame.reliable), (module, reliable), "{text}");
    }

    #[test]
    fn all_forms() {
        check(" irq_work_single+0x23/0x60", "irq_work_single", 0x23, 0x60, None, true);
        check(" ? try_oops_init+0x1/0x1000 [oops_inirqv3]", "try_oops_init", 1, 0x1000, Some("oops_inirqv3"), false);
        check(" [<ffffffff81234567>] dump_stack+0x123/0x456", "dump_stack", 0x123, 0x456, None, true);
        check(" [<ffffffff81234567>] ? dump_stack+0x123/0x456", "dump_stack", 0x123, 0x456, None, false);
        check("[c0000000] f+0x1/0x2 (unreliable)".trim_start_matches("[c0000000] "), "f", 1, 2, None, false);
        check(" f.isra.0+0x1/0x2 [a 0123456789abcdef0123456789abcdef01234567]", "f.isra.0", 1, 2, Some("a"), true);
        check(" f+0x1/0x2 arch/arm64/mm/fault.c:374", "f", 1, 2, None, true);
        check(" el0_svc+0x54/0x14c (P)", "el0_svc", 0x54, 0x14c, None, true);
        check("[<8015df40>] (f) from [<801559ec>] (set_task_cpu+0x4c/0xf8)", "set_task_cpu", 0x4c, 0xf8, None, true);
        check(" f from set_task_cpu+0x4c/0xf8", "set_task_cpu", 0x4c, 0xf8, None, true);
        check(" f [m] from g+0x4c/0xf8 [m]", "g", 0x4c, 0xf8, Some("m"), true);
    }

    #[test]
    fn a_bare_address_is_a_frame() {
        assert_eq!(parse(" 0xffffffffc0a12345").unwrap().place.address, Some(0xffff_ffff_c0a1_2345));
        assert_eq!(parse(" [<ffffffffc0a12345>]").unwrap().place.address, Some(0xffff_ffff_c0a1_2345));
    }

    #[test]
    fn messages_are_no_frames() {
        for text in ["a+0x1/0x2 failed", "usb 1-1: new device", "", " 0x12", "1+1/2", "PC is at f+0x1/0x2", "x from y"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
