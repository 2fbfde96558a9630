//! **WARNING.** The kernel's code found something that should not be (`WARN()`, `WARN_ON()`), printed where, and went
//! on. Nothing has crashed; but what was found is a bug, and it may be the cause of a crash that follows.

use super::Rule;
use crate::about;
use crate::culprit::{Blame, Pick};
use crate::explain::{at_source, quoted};
use crate::facts::Facts;
use crate::grammar::{decimal, frame, named};
use crate::title::Titles;
use crate::walk::{Mark, Step};
use oopscope_report::Prose;

pub(crate) static RULE: Rule = Rule {
    name: "warning",
    about: about::WARNING,
    headers: &["WARNING: "],
    begins,
    blame: |facts| sort(facts).1,
    titles: |facts| Titles::blaming(facts, sort(facts).0, &[]),
    lead,
    ..Rule::BASE
};

/// A WARN traps since 4.11, and what lies below the trap is the report (`--- interrupt: 700 at f` on powerpc); older
/// ones only print a trace.
pub(crate) const STEPS: &[Step] = &[Step::Line(trap), Step::Frames];
pub(crate) const OR: &[Step] = &[Step::Trace, Step::Frames];

pub(crate) static ANY: Blame = warn(&[]);
static KMALLOC: Blame = warn(&["kmalloc", "krealloc", "slab", "kmem"]);
static KOBJECT: Blame = warn(&["kobject_"]);
static PROC: Blame = warn(&["proc_"]);
static USERCOPY: Blame = warn(&["usercopy", "__check"]);
static SOCKET: Blame = warn(&["lock_sock", "release_sock"]);
static USB: Blame =
    warn(&["usb_submit_urb", "usb_start_wait_urb", "usb_bulk_msg", "usb_interrupt_msg", "usb_control_msg"]);

const fn warn(innocent: &'static [&'static str]) -> Blame {
    Blame { steps: STEPS, or: OR, innocent, pick: Pick::First }
}

/// The instruction pointer's line, or powerpc's `--- interrupt: 700 at f+0x1/0x2`.
fn trap(text: &str) -> Option<Mark<'_>> {
    if let Some((_, rest)) = text.split_once("--- interrupt: ") {
        let (_, place) = rest.split_once(" at ")?;
        return named::function(place).map(Mark::Named);
    }
    let pc = crate::grammar::pc::parse(text).filter(|pc| !pc.link && !pc.place.inlined)?;
    Some(Mark::of(pc.place.function.filter(|_| !pc.user)))
}

/// Warnings of helpers are many bugs in one place: who called them tells these apart, and the helper gives the name.
fn sort(facts: &Facts) -> (&'static str, &'static Blame) {
    let header = &facts.header;
    let file = facts.source.as_ref().map_or("", |(file, ..)| file.as_str());
    let function = header_function(header);
    if file == "mm/usercopy.c" {
        ("WARNING: bad usercopy in {}", &USERCOPY)
    } else if file == "lib/kobject.c" {
        ("WARNING: kobject bug in {}", &KOBJECT)
    } else if file == "fs/proc/generic.c" {
        ("WARNING: proc registration bug in {}", &PROC)
    } else if file == "kernel/locking/lockdep.c" && function.contains("lock_") {
        ("WARNING: locking bug in {}", &SOCKET)
    } else if file.starts_with("mm/") && is_malloc(function) {
        ("WARNING: kmalloc bug in {}", &KMALLOC)
    } else if file == "mm/vmalloc.c" && function.contains("__vmalloc_node") {
        ("WARNING: zero-size vmalloc in {}", &ANY)
    } else if function.starts_with("usb_submit_urb") {
        ("WARNING in {}/usb_submit_urb", &USB)
    } else {
        ("WARNING in {}", &ANY)
    }
}

/// The function that the headline names.
fn header_function(text: &str) -> &str {
    header(text).and_then(|header| header.place?.function).unwrap_or("")
}

/// `kmalloc_slab`, `kvmalloc_node`, `vmalloc…`.
fn is_malloc(function: &str) -> bool {
    let rest = function.strip_prefix('k').unwrap_or(function);
    let one = rest.char_indices().nth(1).map_or("", |(at, _)| &rest[at..]);
    function.starts_with("malloc") || rest.starts_with("malloc") || one.starts_with("malloc")
}

/// True for the headline of a WARN in one source file.
pub(crate) fn is_at(text: &str, source_file: &str) -> bool {
    text.contains(source_file)
        && header(text).is_some_and(|header| header.file.is_some_and(|(file, _)| file.ends_with(source_file)))
}

/// What the header of a WARN names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) file: Option<(&'a str, u32)>,
    pub(crate) place: Option<frame::Place<'a>>,
    pub(crate) cpu: Option<u32>,
    pub(crate) task: Option<(&'a str, u32)>,
}

/// All forms of the header (kernel/panic.c `__warn`, lib/bug.c):
/// - `WARNING: at mm/slub.c:448 f+0x1/0x2()` until 3.10,
/// - `WARNING: CPU: 1 PID: 121 at mm/slub.c:448 f+0x1/0x2 [mod]`, without `CONFIG_DEBUG_BUGVERBOSE` no file,
/// - `WARNING: mm/slub.c:448 at f+0x1/0x2 [mod], CPU#1: insmod/121` from 6.19 on, and
///   `WARNING: [condition] mm/slub.c:448 at …` where the condition is built in.
pub(crate) fn header(text: &str) -> Option<Header<'_>> {
    let rest = text.trim_start().strip_prefix("WARNING: ")?;
    let mut header = Header::default();
    if let Some(rest) = rest.strip_prefix("CPU: ") {
        let (cpu, rest) = decimal(rest)?;
        header.cpu = Some(cpu);
        // A task structure that was overwritten can have any PID, a negative one too.
        let pid = rest.strip_prefix(" PID: ")?;
        let (_, rest) = decimal(pid.strip_prefix('-').unwrap_or(pid))?;
        return at(header, rest.strip_prefix(" at ")?);
    }
    if let Some(rest) = rest.strip_prefix("at ") {
        return at(header, rest);
    }
    // The new form. The condition in brackets may hold anything, brackets too: it ends where a source line follows.
    let mut rest = rest;
    while header.file.is_none() {
        if let Some((file, after)) = rest.split_once(" at ")
            && let Some(file) = source(file)
        {
            header.file = Some(file);
            rest = after;
        } else {
            rest = rest.split_once("] ")?.1;
        }
    }
    let (place, rest) = match frame::place(rest) {
        Some((place, rest)) => (Some(place), rest),
        None => (None, rest.split_once(',').map_or("", |(_, rest)| rest)),
    };
    header.place = place;
    if let Some((cpu, rest)) = rest.trim_start_matches(',').trim_start().strip_prefix("CPU#").and_then(decimal) {
        header.cpu = Some(cpu);
        header.task = rest
            .strip_prefix(": ")
            .and_then(|task| task.rsplit_once('/'))
            .and_then(|(comm, pid)| Some((comm, pid.trim().parse().ok()?)));
    }
    Some(header)
}

fn at<'a>(mut header: Header<'a>, rest: &'a str) -> Option<Header<'a>> {
    let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
    header.file = source(first);
    let place = if header.file.is_some() { after } else { rest };
    header.place = frame::place(place.trim_end_matches("()")).map(|(place, _)| place);
    (header.file.is_some() || header.place.is_some()).then_some(header)
}

/// `mm/slub.c:448`.
pub(crate) fn source(text: &str) -> Option<(&str, u32)> {
    let (file, line) = text.rsplit_once(':')?;
    let sane = !file.is_empty() && !file.contains(' ') && file.contains('.');
    sane.then(|| Some((file, line.parse().ok()?)))?
}

fn begins(text: &str) -> bool {
    header(text).is_some()
}

fn lead(facts: &Facts) -> Prose {
    let prose = Prose::default().claim("The kernel warned, ", None).code("WARN()", Some(facts.header_line));
    let prose = at_source(prose, facts);
    quoted(prose, facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, file: Option<(&str, u32)>, function: Option<&str>, cpu: Option<u32>) {
        let got = header(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((got.file, got.place.and_then(|p| p.function), got.cpu), (file, function, cpu), "{text}");
    }

    #[test]
    fn all_forms() {
        let file = Some(("mm/slub.c", 448));
        check("WARNING: CPU: 1 PID: 121 at mm/slub.c:448 f+0x1/0x2 [mod]", file, Some("f"), Some(1));
        check("WARNING: CPU: 1 PID: 121 at f+0x1/0x2", None, Some("f"), Some(1));
        check("WARNING: at mm/slub.c:448 f+0x1/0x2()", file, Some("f"), None);
        check("WARNING: mm/slub.c:448 at f+0x1/0x2 [mod], CPU#1: insmod/121", file, Some("f"), Some(1));
        check("WARNING: [a[0] != b] mm/slub.c:448 at f+0x1/0x2, CPU#1: a/b/121", file, Some("f"), Some(1));
        check("WARNING: mm/slub.c:448 at 0x0, CPU#0: swapper/0/1", file, None, Some(0));
        assert_eq!(header("WARNING: mm/slub.c:448 at f+0x1/0x2, CPU#1: a/b/121").unwrap().task, Some(("a/b", 121)));
        for text in ["WARNING: possible circular locking dependency detected", "WARNING: at last", "WARNING: CPU: x"] {
            assert_eq!(header(text), None, "{text}");
        }
    }
}
