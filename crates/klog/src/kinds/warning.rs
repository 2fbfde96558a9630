//! **WARNING.** The kernel's code found something that should not be (`WARN()`, `WARN_ON()`), printed where, and went
//! on. Nothing has crashed; but what was found is a bug, and it may be the cause of a crash that follows.

use super::{Rule, in_function};
use crate::explain::{at_source, quoted};
use crate::grammar::{decimal, frame};
use crate::read::Facts;
use oopscope_report::{Kind, Prose};

pub(crate) static RULE: Rule =
    Rule { kind: Kind::new("warning"), headers: &["WARNING: "], begins, dies: false, is_panic: false, titles, lead };

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
        let (_, rest) = decimal(rest.strip_prefix(" PID: ")?)?;
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

fn titles(facts: &Facts) -> (String, Vec<String>) {
    let place = in_function(facts);
    // Reference counts, list checks and the like warn in a helper, and one helper has many bugs: the name of the
    // check says more. The message tells which check it was.
    let check = [("refcount_t:", "refcount bug"), ("ODEBUG:", "ODEBUG bug"), ("kobject", "kobject bug")]
        .iter()
        .find(|(start, _)| facts.message.iter().any(|(text, _)| text.trim_start().starts_with(start)));
    // Old refcount_t warned without words.
    let refcount = facts.source.as_ref().filter(|(file, ..)| file == "lib/refcount.c").map(|_| ("", "refcount bug"));
    match check.copied().or(refcount) {
        Some((_, name)) => (format!("WARNING: {name}{place}"), Vec::new()),
        None => (format!("WARNING{place}"), Vec::new()),
    }
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
