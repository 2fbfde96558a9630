//! What the evidence in a report says: the trapping instruction's operands, the trap's code, poison and text in
//! registers, an object's history, the taint, the machine.
//!
//! Must never repeat the verdict, and must mark what a value only looks like as a guess.

use super::frame_words;
use super::verdict::seconds;
use crate::address::{self, Meaning};
use crate::facts::Facts;
use crate::grammar::frame::base_name;
use crate::grammar::{hex, named};
use crate::skip;
use oopscope_report::{AccessKind, AddressClass, Arch, Frame, Prose, Register, Report, Stack, StackRole};

/// Sentences of evidence that are kept: what a person reads.
const MOST: usize = 10;
/// Registers whose values are explained.
const MOST_REGISTERS: usize = 3;

/// The evidence of a report: the kind's own first.
pub(super) fn of(facts: &Facts) -> Vec<Prose> {
    let report = &facts.report;
    let mut evidence = (facts.rule.evidence)(facts);
    evidence.extend(instruction(report));
    evidence.extend(others(report));
    evidence.truncate(MOST);
    evidence
}

/// What stands after the kind's own evidence and the instruction.
fn others(report: &Report) -> Vec<Prose> {
    let mut evidence: Vec<_> = trap_code(report).into_iter().collect();
    evidence.extend(registers(report));
    evidence.extend(text_in_address(report));
    evidence.extend(taint(report));
    evidence
}

/// Adds what the listing says, in its place, to a report whose evidence was written without one.
pub(crate) fn add_instruction(report: &mut Report) {
    let Some(instruction) = instruction(report) else { return };
    let others = others(report);
    let evidence = &mut report.explanation.evidence;
    let own = (0..evidence.len()).find(|own| others.starts_with(&evidence[*own..])).unwrap_or(evidence.len());
    evidence.insert(own, instruction);
    evidence.truncate(MOST);
}

/// The trapping instruction with the values that its operands had.
fn instruction(report: &Report) -> Option<Prose> {
    // Where something was to be executed that must not be, the bytes there are no code.
    report.access.as_ref().filter(|access| access.kind != AccessKind::Execute)?;
    let code = report.code.as_ref()?;
    let instruction = code.listing.as_ref()?.instructions.iter().find(|instruction| instruction.trap)?;
    if instruction.notes.is_empty() {
        return None;
    }
    let notes: Vec<&str> = instruction.notes.iter().take(3).map(String::as_str).collect();
    Some(
        Prose::default()
            .text("The instruction that trapped is ")
            .code(instruction.text.clone(), Some(code.line))
            .text(", with ")
            .claim(notes.join("; "), Some(code.line))
            .text("."),
    )
}

/// The words for a page fault's code: whether anything was mapped there is what decides between a wild pointer and a
/// write to read-only memory.
fn trap_code(report: &Report) -> Option<Prose> {
    let (trap, _) = (report.trap.as_ref()?, report.access.as_ref()?);
    let code = trap.code.as_deref()?;
    // The verdict has said whether it was a write; x86's others are worth words when they are set.
    let telling = |name: &str, value: &str| !matches!((name, value), ("W", _) | ("U", "0"));
    let fields: Vec<&str> = trap
        .fields
        .iter()
        .filter(|field| !field.meaning.is_empty() && telling(&field.name, &field.value))
        .map(|field| field.meaning.as_str())
        .collect();
    if fields.is_empty() {
        return None;
    }
    let name = trap.code_name.as_deref().unwrap_or("code");
    let fields = fields[..fields.len().min(5)].join("; ");
    Some(
        Prose::default()
            .text(format!("The {name} "))
            .code(code, Some(trap.line))
            .text(" says: ")
            .claim(fields, Some(trap.line))
            .text("."),
    )
}

/// Registers that hold what the kernel writes on purpose into memory that must not be used.
fn registers(report: &Report) -> Vec<Prose> {
    let wide = address::is_64(report.arch, &report.registers);
    let told = report.access.as_ref().and_then(|access| access.address.as_deref()).and_then(hex);
    let errors = report.access.as_ref().is_some_and(|access| access.class == AddressClass::ErrorPointer);
    let words = |register: &Register, meaning: &Meaning| {
        Prose::default()
            .code(format!("{} = {}", register.name, register.value), Some(register.line))
            .text(": ")
            .guess(meaning.words.clone(), Some(register.line))
            .text(".")
    };
    let mut seen = Vec::new();
    report
        .registers
        .iter()
        .filter(|register| is_general(&register.name))
        .filter_map(|register| {
            let value = hex(&register.value)?;
            let meaning = address::classify_as(value, report.arch, wide);
            // A small negative number is an error code as often as it is none: only where such a pointer was used.
            let telling = match meaning.class {
                AddressClass::Poison => true,
                AddressClass::ErrorPointer => errors,
                _ => false,
            };
            let new = telling && Some(value) != told && !seen.contains(&value);
            new.then(|| {
                seen.push(value);
                words(register, &meaning)
            })
        })
        .take(MOST_REGISTERS)
        .collect()
}

/// Registers that may hold a pointer of the code's own.
fn is_general(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let special = ["rsp", "rip", "esp", "eip", "sp", "pc", "lr", "nip", "gpr1", "eflags", "pstate"];
    let control = name.starts_with("cr") || name.starts_with("dr") || name.ends_with('s') && name.len() == 2;
    !special.contains(&name.as_str()) && !control && !name.ends_with("gs")
}

/// A pointer that was overwritten by a string shows it.
fn text_in_address(report: &Report) -> Option<Prose> {
    let access = report.access.as_ref()?;
    if !matches!(access.class, AddressClass::NonCanonical | AddressClass::User | AddressClass::Unknown) {
        return None;
    }
    let text = as_text(hex(access.address.as_deref()?)?, is_big_endian(report.arch))?;
    Some(
        Prose::default()
            .text("The address, read as bytes, is ")
            .claim(format!("“{text}”"), Some(access.line))
            .text(": ")
            .guess("a string was written over the pointer.", None),
    )
}

/// Architectures whose Linux stores the highest byte first. Power and MIPS have both.
const fn is_big_endian(arch: Option<Arch>) -> bool {
    matches!(arch, Some(Arch::S390x | Arch::Sparc | Arch::Parisc))
}

/// Eight printable characters in a row: fewer may be chance.
fn as_text(value: u64, big_endian: bool) -> Option<String> {
    let bytes = if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let printable = bytes.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    let letters = bytes.iter().filter(|b| b.is_ascii_alphanumeric()).count();
    let varied = bytes.iter().any(|b| *b != bytes[0]);
    (printable && varied && letters >= 5).then(|| bytes.iter().map(|b| char::from(*b)).collect())
}

/// What the taint means for how far the report can be trusted. That the kernel warned or died before is said where
/// that report is missing.
fn taint(report: &Report) -> Option<Prose> {
    let taint = report.taint.as_ref()?;
    let line = Some(taint.line);
    let mut prose = Prose::default();
    let has = |letters: &str| taint.flags.iter().any(|flag| letters.contains(flag.letter));
    if has("PO") {
        let outside: Vec<_> = report.modules.iter().filter(|module| module.flags.contains(['O', 'P'])).collect();
        let names: Vec<&str> = outside.iter().take(4).map(|module| module.name.as_str()).collect();
        let more = if outside.len() > names.len() { " and others" } else { "" };
        let what = if has("P") { "Proprietary or out-of-tree code" } else { "Out-of-tree code" };
        if !names.is_empty() {
            let in_trace = outside.iter().any(|module| module.in_trace);
            let place = match (in_trace, names.len()) {
                (true, 1) => ", and it is in the trace.",
                (true, _) => ", of which some is in the trace.",
                (false, 1) => ", which is not in the trace.",
                (false, _) => ", none of it in the trace.",
            };
            prose = prose
                .claim(format!("{what} is loaded"), line)
                .text(": ")
                .code(names.join(", "), line)
                .text(format!("{more}{place}"));
        }
    }
    // What the report itself sets is no evidence of anything before it.
    let own = match report.kind.name() {
        "kasan" | "kfence" | "slab" | "bad-page" => 'B',
        "soft-lockup" => 'L',
        _ => 'W',
    };
    for flag in taint.flags.iter().filter(|flag| "FRSBLKTCN".contains(flag.letter) && flag.letter != own) {
        if !prose.is_empty() {
            prose = prose.text(" ");
        }
        prose = prose.claim(format!("Taint {}: {}", flag.letter, flag.meaning), line).text(".");
    }
    (!prose.is_empty()).then_some(prose)
}

/// The names that hypervisors give their machines (SMBIOS system vendor and product).
const MACHINES: [&str; 12] = [
    "QEMU",
    "KVM",
    "VMware",
    "VirtualBox",
    "Bochs",
    "Google Compute Engine",
    "Amazon EC2",
    "Xen",
    "Virtual Machine",
    "linux,dummy-virt",
    "OpenStack",
    "Parallels",
];

/// The virtual machine that the report's hardware name tells of. A watchdog there also barks when the host does not run
/// the guest.
pub(crate) fn is_virtual_machine(facts: &Facts) -> Option<Prose> {
    let hardware = facts.report.hardware.as_deref()?;
    let line = facts.find_line(|text| text.contains("Hardware name: ").then_some(())).map(|((), line)| line);
    MACHINES.iter().any(|name| hardware.contains(name)).then(|| {
        Prose::default()
            .text("This is a virtual machine (")
            .claim(hardware, line)
            .text("): ")
            .guess("a host that does not run its CPUs in time looks the same.", None)
    })
}

/// Where the object was allocated and freed, and how long ago: the first functions that do not merely allocate or free.
pub(crate) fn history(facts: &Facts, noun: &str) -> Option<Prose> {
    let of = |role| facts.report.stacks.iter().find(|stack| stack.role == role);
    let (allocated, freed) = (of(StackRole::Allocated), of(StackRole::Freed));
    let mut prose = Prose::default();
    if let Some(stack) = allocated {
        prose = event(prose.text(format!("The {noun} was allocated")), stack, facts);
    }
    if let Some(stack) = freed {
        let begin = if allocated.is_some() { ", and freed".to_owned() } else { format!("The {noun} was freed") };
        prose = event(prose.text(begin), stack, facts);
        prose = match (facts.report.time, at_time(&stack.title)) {
            (Some(now), Some(then)) if now >= then => {
                prose.text(", ").claim(format!("{} before this", seconds(now - then)), Some(stack.line))
            }
            _ => prose,
        };
    }
    if prose.is_empty() {
        return None;
    }
    prose = prose.text(".");
    let (by, other) = (allocated.and_then(task_of), freed.and_then(task_of));
    let own = facts.report.pid.map(|pid| pid.to_string());
    if let (Some(freer), Some(own)) = (other, own)
        && by.is_some()
        && freer != own
        && facts.report.context == oopscope_report::Context::Process
    {
        prose = prose
            .text(" Another task freed it than the one that used it: ")
            .guess("suspect a missing reference or lock between the two.", None);
    }
    Some(prose)
}

/// " by task 12 in f+0x1/0x2".
fn event(prose: Prose, stack: &Stack, facts: &Facts) -> Prose {
    let prose = match task_of(stack) {
        Some(task) => prose.text(" ").claim(format!("by task {task}"), Some(stack.line)),
        None => prose,
    };
    match origin(stack, (facts.rule.blame)(facts).innocent) {
        Some(frame) => prose.text(" in ").code(frame_words(frame), Some(frame.line)),
        None => prose,
    }
}

/// The innermost function that does not merely allocate or free.
fn origin<'a>(stack: &'a Stack, of_kind: &[&str]) -> Option<&'a Frame> {
    let innocent = |frame: &&Frame| {
        frame
            .function
            .as_deref()
            .map(base_name)
            .is_none_or(|name| skip::is_innocent(name) || skip::is_one_of(of_kind, name))
    };
    let mut frames = stack.frames.iter().filter(|frame| frame.reliable);
    frames.clone().find(|frame| !innocent(frame)).or_else(|| frames.find(|frame| frame.function.is_some()))
}

/// `Freed by task 12 on cpu 1 at 3.5s`.
fn task_of(stack: &Stack) -> Option<&str> {
    named::number_after(&stack.title, " by task ")
}

/// When that was, where the heading tells (mm/kasan/report.c and mm/kfence/report.c).
fn at_time(title: &str) -> Option<f64> {
    let (_, rest) = title.rsplit_once(" at ")?;
    rest.split('s').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_in_pointers() {
        assert_eq!(as_text(u64::from_le_bytes(*b"/dev/sda"), false).as_deref(), Some("/dev/sda"));
        assert_eq!(as_text(u64::from_be_bytes(*b"hostname"), true).as_deref(), Some("hostname"));
        for value in [0x6b6b_6b6b_6b6b_6b6b, 0x2e2e_2f2e_2e2e_2f2e, 0x0061_6263_6465_6667, 0xffff_8880_1234_5678] {
            assert_eq!(as_text(value, false), None, "{value:#x}");
        }
    }

    #[test]
    fn times_of_headings() {
        assert_eq!(at_time("Freed by task 12 on cpu 1 at 3.500000s"), Some(3.5));
        assert_eq!(at_time("allocated by task 110 on cpu 1 at 12.25s (0.5s ago)"), Some(12.25));
        assert_eq!(at_time("Freed by task 12"), None);
    }

    #[test]
    fn registers_that_may_hold_pointers() {
        for name in ["RAX", "R12", "x19", "r4", "a0", "EDI"] {
            assert!(is_general(name), "{name}");
        }
        for name in ["RSP", "CR2", "DS", "knlGS", "FS", "pc", "EFLAGS"] {
            assert!(!is_general(name), "{name}");
        }
    }
}
