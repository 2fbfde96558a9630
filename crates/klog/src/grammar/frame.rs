//! Frames: ` func+0x1/0x2 [mod]` in every form that kernels have printed them.
//!
//! Old kernels printed the address before (`[<ffffffff81234567>] func+0x1/0x2`; x86 until 4.9), arm prints callee and
//! caller (`[<a>] (f) from [<b>] (g+0x1/0x2)`, newer ` f from g+0x1/0x2`), x86 marks what its unwinder did not vouch
//! for with `? `, powerpc and others with `(unreliable)`. Symbolizers add the source: syzkaller's
//! ` f+0x1/0x2 fs/x.c:12` with ` g fs/x.h:3 [inline]` above it, scripts/decode_stacktrace.sh ` f (fs/x.c:12) mod`.
//! Must never take a message for a frame because it names a place.

use super::{hex, lead};

/// A symbol with its place: `func+0x1/0x2 [mod build-id]`, or a bare address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) function: Option<&'a str>,
    pub(crate) offset: Option<u64>,
    pub(crate) size: Option<u64>,
    pub(crate) module: Option<&'a str>,
    pub(crate) build_id: Option<&'a str>,
    pub(crate) address: Option<u64>,
    /// Source file and line, where a symbolizer has put them behind the symbol.
    pub(crate) source: Option<Source<'a>>,
    /// An inlined function, which a symbolizer has put above the one it is in.
    pub(crate) inlined: bool,
}

/// A line of a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) line: u32,
}

/// A frame of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) reliable: bool,
    /// arm: the frame that `place` called, by name alone.
    pub(crate) callee: Option<&'a str>,
    /// The line repeats a trace that was printed before it in another form (sparc).
    pub(crate) again: bool,
}

/// `func+0x1/0x2`, then perhaps ` [mod]` or ` [mod build-id]`, then perhaps the source. Gives what follows, too.
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
    let rest = match source_behind(rest) {
        Some((source, rest)) => {
            place.source = Some(source);
            rest
        }
        None => rest,
    };
    Some((place, rest))
}

/// ` fs/x.c:12` at the beginning of `text`, and what follows.
fn source_behind(text: &str) -> Option<(Source<'_>, &str)> {
    let text = text.strip_prefix(' ')?;
    let end = text.find(' ').unwrap_or(text.len());
    Some((source(&text[..end])?, &text[end..]))
}

/// `fs/x.c:12`.
pub(crate) fn source(word: &str) -> Option<Source<'_>> {
    let (file, line) = word.rsplit_once(':')?;
    // PATH_MAX (include/uapi/linux/limits.h); a file of the kernel's sources has an ending.
    let name = file.rsplit('/').next()?;
    let ok = file.len() <= 4096
        && name.rsplit_once('.').is_some_and(|(stem, ending)| {
            !stem.is_empty() && matches!(ending, "c" | "h" | "S" | "s" | "rs" | "cc" | "cpp" | "hpp" | "inc")
        })
        && file.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'(' | b')' | b'[' | b']' | b'<' | b'>' | b'"'));
    let line = line.parse().ok().filter(|_| line.bytes().all(|b| b.is_ascii_digit()))?;
    ok.then_some(Source { file, line })
}

/// `func fs/x.c:12 [inline]`: syzkaller's symbolizer gives each inlined function a line of its own.
pub(crate) fn inlined(text: &str) -> Option<Place<'_>> {
    let (function, rest) = text.strip_suffix(" [inline]")?.rsplit_once(' ')?;
    let source = source(rest)?;
    // Rust's names have spaces, once they can be read: `<T as core::fmt::Display>::fmt`.
    let is_rust = function.contains("::") && function.bytes().all(|b| is_name(b) || b" ,*()[]=;+-'!&?".contains(&b));
    let ok = !function.is_empty() && function.len() <= 512 && (function.bytes().all(is_name) || is_rust);
    ok.then_some(Place { function: Some(function), source: Some(source), inlined: true, ..Place::default() })
}

/// `func (fs/x.c:12)`, `func (include/x.h:3 fs/x.c:12 (discriminator 2)) mod`: scripts/decode_stacktrace.sh puts the
/// places of inlined functions before the function's own, and drops the offset.
fn decoded(text: &str) -> Option<Place<'_>> {
    let (function, rest) = text.split_once(" (")?;
    let end = rest.rfind(')')?;
    let (inside, module) = (&rest[..end], rest[end + 1..].trim());
    if function.is_empty() || function.len() > 512 || !function.bytes().all(is_name) {
        return None;
    }
    let mut last = None;
    let mut words = inside.split(' ').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if word.starts_with("(discriminator") {
            words.next().filter(|number| number.ends_with(')'))?;
            continue;
        }
        last = Some(source(word)?);
    }
    let is_module = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    Some(Place {
        function: Some(function),
        module: Some(module).filter(|name| !name.is_empty()),
        source: Some(last?),
        ..Place::default()
    })
    .filter(|_| is_module(module))
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
    let lead = lead::parse(trimmed);
    let (unsure, rest) = match lead.rest.strip_prefix("? ") {
        Some(rest) => (true, rest),
        None => (!lead.reliable, lead.rest),
    };
    let frame = |place, reliable| Frame { place, reliable, callee: None, again: lead.again };
    if let Some((mut place, rest)) = place(rest) {
        let reliable = !unsure && !rest.contains("(unreliable)");
        // Something else may stand after a frame only if it is a mark of the unwinder: `(unreliable)`,
        // the letters in which newer arm64 kernels say how they found a frame, ` (P)`. Anything else is a
        // message that happens to name a place.
        if !rest.trim().is_empty() && !is_mark(rest.trim()) {
            return None;
        }
        place.address = lead.address;
        return Some(frame(place, reliable));
    }
    if let Some(place) = inlined(rest.trim_end()).or_else(|| decoded(rest.trim_end())) {
        return Some(frame(Place { address: lead.address, ..place }, !unsure));
    }
    let word = rest.trim();
    let (word, unsure) = word.strip_suffix(" (unreliable)").map_or((word, unsure), |word| (word, true));
    bare(word, lead.address).map(|address| frame(Place { address: Some(address), ..Place::default() }, !unsure))
}

fn is_mark(rest: &str) -> bool {
    rest.len() <= 32 && rest.starts_with('(') && rest.ends_with(')')
}

/// A frame without a symbol: `0xffffffffc0a12345`, or only the address in brackets, with or without its value again.
fn bare(word: &str, address: Option<u64>) -> Option<u64> {
    if word.is_empty() {
        return address;
    }
    let value = if word.starts_with("0x") { hex(word) } else { None }?;
    (word.len() >= 10 || address.is_some()).then_some(value)
}

/// arm: `[<8015df40>] (f) from [<801559ec>] (g+0x4c/0xf8)`, ` f from g+0x4c/0xf8`, modules in either place; without
/// kallsyms `Function entered at [<8015df40>] from [<801559ec>]`.
fn arm(text: &str) -> Option<Frame<'_>> {
    let (callee, caller) = text.split_once(" from ")?;
    if callee.starts_with("Function entered at [<") {
        let (address, rest) = lead::angled(caller)?;
        let place = Place { address: Some(address.filter(|_| rest.is_empty())?), ..Place::default() };
        return Some(Frame { place, reliable: true, callee: None, again: false });
    }
    let callee = lead::angled(callee).map_or(callee, |(_, rest)| rest);
    let (caller_address, caller) = lead::angled(caller).unwrap_or((None, caller));
    let callee = callee.trim_start_matches('(').split([' ', ')', '+']).next().filter(|name| !name.is_empty())?;
    let inside = caller.strip_prefix('(').unwrap_or(caller);
    let (mut place, rest) = place(inside)?;
    if !callee.bytes().all(is_name) || !rest.trim_matches([')', ' ']).is_empty() && !is_mark(rest.trim()) {
        return None;
    }
    place.address = caller_address;
    Some(Frame { place, reliable: true, callee: Some(callee), again: false })
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
        check("[c0000000fe5d3ca0] [c0000000000a1b2c] f+0x2c/0x120 (unreliable)", "f", 0x2c, 0x120, None, false);
        check("[c0000000fe5d3ca0] [c0000000000a1b2c] f+0x2c/0x120 [m]", "f", 0x2c, 0x120, Some("m"), true);
        check(" [<000003ff800123ac>] f+0x2c/0x120 [m] ", "f", 0x2c, 0x120, Some("m"), true);
        check("([<000003ff800123ac>] f+0x2c/0x120 [m])", "f", 0x2c, 0x120, Some("m"), false);
        check("    LR = .f+0x4/0x20", ".f", 4, 0x20, None, true);
        check("Caller[0000000000452a9c]: f+0x4/0x20 [m]", "f", 4, 0x20, Some("m"), true);
    }

    #[test]
    fn symbolized_frames_carry_their_source() {
        let source = |text| {
            let frame = parse(text).unwrap_or_else(|| panic!("{text}"));
            let source = frame.place.source.unwrap_or_else(|| panic!("{text}: no source"));
            (frame.place.function.unwrap_or_default(), source.file, source.line, frame.place.inlined, frame.reliable)
        };
        assert_eq!(source(" f+0x1/0x2 fs/ext4/inode.c:123"), ("f", "fs/ext4/inode.c", 123, false, true));
        assert_eq!(source(" ? f+0x1/0x2 fs/x.c:1"), ("f", "fs/x.c", 1, false, false));
        assert_eq!(source(" [<c021b5>] f+0x1/0x2 fs/x.c:12"), ("f", "fs/x.c", 12, false, true));
        assert_eq!(source(" f fs/x.h:12 [inline]"), ("f", "fs/x.h", 12, true, true));
        assert_eq!(source("    [<ffffffff81234567>] f fs/x.c:12 [inline]"), ("f", "fs/x.c", 12, true, true));
        assert_eq!(source(" f+0x1/0x2 fs/x.c:12 (P)"), ("f", "fs/x.c", 12, false, true));
        assert_eq!(source(" f+0x1/0x2 [m] fs/x.c:12"), ("f", "fs/x.c", 12, false, true));
        assert_eq!(source(" f (lib/dump_stack.c:107 (discriminator 1))"), ("f", "lib/dump_stack.c", 107, false, true));
        assert_eq!(source(" ? f (include/x.h:3 fs/x.c:12) mod"), ("f", "fs/x.c", 12, false, false));
        assert_eq!(parse(" f (include/x.h:3 fs/x.c:12) mod").unwrap().place.module, Some("mod"));
        assert_eq!(parse("[<c021b5>] f fs/x.c:12 [inline]").unwrap().place.address, Some(0xc0_21b5));
        assert_eq!(parse(" f+0x1/0x2 [m] fs/x.c:12").unwrap().place.module, Some("m"));
        let rust = " <kernel::Mutex<T> as core::ops::Drop>::drop rust/kernel/sync.rs:12 [inline]";
        assert_eq!(source(rust).0, "<kernel::Mutex<T> as core::ops::Drop>::drop");
    }

    #[test]
    fn a_bare_address_is_a_frame() {
        assert_eq!(parse(" 0xffffffffc0a12345").unwrap().place.address, Some(0xffff_ffff_c0a1_2345));
        assert_eq!(parse(" [<ffffffffc0a12345>]").unwrap().place.address, Some(0xffff_ffff_c0a1_2345));
        let arm = parse("Function entered at [<8015df40>] from [<801559ec>]").unwrap();
        assert_eq!((arm.place.address, arm.place.function), (Some(0x8015_59ec), None));
        assert_eq!(parse("([<0000000000000000>] 0x0)").unwrap().place.address, Some(0));
        let unsure = parse("[c0000000fe5d3ca0] [0000000000000000] 0x0 (unreliable)").unwrap();
        assert_eq!((unsure.place.address, unsure.reliable), (Some(0), false));
    }

    #[test]
    fn messages_are_no_frames() {
        for text in ["a+0x1/0x2 failed", "usb 1-1: new device", "", " 0x12", "1+1/2", "PC is at f+0x1/0x2", "x from y"]
            .into_iter()
            .chain([
                "see fs/x.c:12",
                "f (see fs/x.c:12)",
                "f (1.c:2) a b",
                "f fs/x.c:12",
                "f x.txt:1 [inline]",
                "f () m",
            ])
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
