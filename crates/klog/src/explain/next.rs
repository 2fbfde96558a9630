//! What to do next: the command, boot parameter or kernel option that would tell more about this very report.
//!
//! A command is made of a report's names only when these are plain words: it is there to be pasted into a shell. Must
//! never give advice that would be the same for any report.

use super::frame_words;
use crate::address;
use crate::facts::Facts;
use crate::grammar::hex;
use crate::kinds::panic;
use crate::segment::End;
use oopscope_report::{AddressClass, Advice, Frame, FrameRole, Prose, Report, Severity};

/// More is not followed by anybody.
const MOST: usize = 5;

/// Advice for a report: the kind's own first.
pub(super) fn of(facts: &Facts) -> Vec<Advice> {
    let report = &facts.report;
    let mut all = (facts.rule.next)(facts);
    all.extend(hardware(report));
    all.extend(source_line(report));
    all.extend(module(report));
    all.extend(memory(facts));
    all.extend(whole_log(facts));
    all.extend(dump(report));
    let mut seen: Vec<Option<String>> = Vec::new();
    all.retain(|advice| {
        let new = advice.command.is_none() || !seen.contains(&advice.command);
        seen.push(advice.command.clone());
        new
    });
    all.truncate(MOST);
    all
}

/// Advice with what to copy.
pub(crate) fn advice(words: &str, command: &str) -> Advice {
    Advice { words: Prose::default().text(words), command: Some(command.to_owned()) }
}

/// Source lines for a report of several traces.
pub(crate) fn symbols() -> Advice {
    advice(
        "With the report saved as report.txt, put source lines to all of its traces, in the source tree of this very build.",
        "./scripts/decode_stacktrace.sh vmlinux < report.txt",
    )
}

/// Let the kernel catch the bad access at once.
pub(crate) fn kasan() -> Advice {
    advice(
        "Reproduce it on a kernel built with KASAN: it reports the first wrong access, with who allocated and freed the object.",
        "CONFIG_KASAN=y",
    )
}

/// Let the slab allocator check and remember.
pub(crate) fn slab_debug() -> Advice {
    advice(
        "Boot with the slab allocator's checks on: poison, red zones, and who allocated and freed each object; no new kernel is needed.",
        "slub_debug=FZPU",
    )
}

/// Let lockdep see the order of locks.
pub(crate) fn prove_locking(facts: &Facts) -> Option<Advice> {
    let on = facts.find_line(|text| (text.contains(" held by ") || text.contains("all locks held")).then_some(()));
    on.is_none().then(|| {
        advice(
            "Reproduce it on a kernel built with lockdep: it names the locks that each task holds, and wrong orders before they hang.",
            "CONFIG_PROVE_LOCKING=y",
        )
    })
}

/// In a virtual machine: whether the host ran it.
pub(crate) fn steal() -> Advice {
    advice(
        "Look at the time that the host took away (the st column) and at the host's own load at that time.",
        "vmstat 1 10",
    )
}

/// While it still hangs: who else waits.
pub(crate) fn blocked_tasks() -> Advice {
    advice(
        "If the machine still answers, have it print all tasks that wait uninterruptibly: the one that all others wait for stands out.",
        "echo w > /proc/sysrq-trigger",
    )
}

/// True for names that mean nothing to a shell.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['-', '.'])
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

fn frame_at<'a>(report: &'a Report, line: u64, function: &str) -> Option<&'a Frame> {
    let frames = || report.stacks.iter().flat_map(|stack| &stack.frames).filter(|frame| frame.line == line);
    let same = |frame: &&Frame| frame.function.as_deref().is_some_and(|name| name.starts_with(function));
    frames().find(same).or_else(|| frames().find(|frame| frame.role == FrameRole::Pc))
}

/// The source line of the culprit, unless the log has it already.
fn source_line(report: &Report) -> Option<Advice> {
    let culprit = report.culprit.as_ref().filter(|culprit| culprit.file.is_none())?;
    // Where somebody asked for the crash there is nothing to look up.
    if report.panic.as_ref().is_some_and(|panic| panic::is_on_request(&panic.reason)) {
        return None;
    }
    let frame = frame_at(report, culprit.line, &culprit.function).filter(|frame| frame.file.is_none())?;
    let (function, offset, size) = (frame.function.as_deref()?, frame.offset?, frame.size?);
    let module = frame.module.as_deref();
    if !is_plain(function) || module.is_some_and(|module| !is_plain(module)) {
        return None;
    }
    let object = module.map_or_else(|| "vmlinux".to_owned(), |module| format!("{module}.ko"));
    let before = if frame.role == FrameRole::Return { " (a return address: the call is just before it)" } else { "" };
    let prose = Prose::default()
        .text("Get the source line of ")
        .code(frame_words(frame), Some(frame.line))
        .text(format!("{before} from this very build's {object} with debug info, in the kernel's source tree."));
    Some(Advice {
        words: prose,
        command: Some(format!("./scripts/faddr2line {object} {function}+{offset:#x}/{size:#x}")),
    })
}

/// Who has to hear of it, when the culprit lies in a module from outside.
fn module(report: &Report) -> Option<Advice> {
    let name = report.culprit.as_ref()?.module.as_deref().filter(|name| is_plain(name))?;
    let module = report.modules.iter().find(|module| module.name == name && module.flags.contains(['O', 'P']))?;
    Some(Advice {
        words: Prose::default()
            .text("Report it to the vendor of ")
            .code(module.name.clone(), report.culprit.as_ref().map(|culprit| culprit.line))
            .text(", which is not of the kernel's tree: kernel developers will ask for a report without it. Its version and author:"),
        command: Some(format!("modinfo {name}")),
    })
}

/// A wild pointer: whoever wrote it is not in the trace.
fn memory(facts: &Facts) -> Vec<Advice> {
    let report = &facts.report;
    let wild = report.access.as_ref().is_some_and(|access| {
        matches!(access.class, AddressClass::Poison | AddressClass::NonCanonical | AddressClass::Kernel)
    });
    let blind = matches!(report.kind.name(), "gpf" | "oops" | "list-corruption") && report.access.is_none();
    // Where KASAN is built in, compilers keep its shadow's offset in a register.
    let shadow = report
        .registers
        .iter()
        .filter_map(|register| hex(&register.value))
        .any(|value| address::classify(value, report.arch).class == AddressClass::KasanShadow);
    let watched = matches!(report.kind.name(), "kasan" | "kmsan") || facts.kasan.is_some() || shadow;
    if (wild || blind) && !watched && report.trap.is_some() { vec![kasan(), slab_debug()] } else { Vec::new() }
}

/// Taint M: the processor itself complained before.
fn hardware(report: &Report) -> Option<Advice> {
    let taint = report.taint.as_ref().filter(|taint| taint.flags.iter().any(|flag| flag.letter == 'M'))?;
    Some(Advice {
        words: Prose::default()
            .claim("The hardware has reported errors", Some(taint.line))
            .text(": read them before you suspect the code (needs rasdaemon)."),
        command: Some("ras-mc-ctl --errors".to_owned()),
    })
}

/// Where the rest of a cut report may be had.
fn whole_log(facts: &Facts) -> Option<Advice> {
    let cut = facts.end == End::LogEnded && facts.rule.dies && facts.report.panic.is_none();
    let words = if facts.report.corrupted || cut {
        "The log is not whole: a larger buffer keeps the next one; a console that dies with the machine is replaced by netconsole or pstore (ramoops)."
    } else {
        return None;
    };
    Some(advice(words, "log_buf_len=16M"))
}

/// A machine that stopped leaves nothing else.
fn dump(report: &Report) -> Option<Advice> {
    let panic = report.panic.as_ref().filter(|_| report.severity == Severity::Fatal)?;
    // What a warning found is in its own words; memory matters after crashes and lockups.
    if panic.reason.contains("panic_on_warn set") {
        return None;
    }
    let nothing_to_see = panic::is_nobodys_fault(&panic.reason) && !panic.reason.starts_with("Attempted");
    if nothing_to_see || panic::is_on_request(&panic.reason) {
        return None;
    }
    Some(advice(
        "Reserve memory for kdump: the next crash then leaves a dump that shows all tasks, locks and memory.",
        "crashkernel=256M",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_shell_would_run_gets_into_a_command() {
        assert!(is_plain("ext4_x.isra.0") && is_plain("snd-hda"));
        for name in ["a;reboot", "$(x)", "a b", "`x`", "", "-x", "a|b", "../x", "<T>::f"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
