//! The fuzz targets: one function for each entry point that takes bytes from outside, which panics when something
//! that must hold does not.
//!
//! The functions must never read anything but what they are handed, and never depend on chance: an input that fails
//! once has to fail again. libFuzzer's mains in `libfuzzer/` call them on nightly; the tests of this crate call them
//! on stable, over the seeds in `corpus/` and over mutations of them and of the fixtures.
//!
//! ```text
//! cargo test -p oopscope-fuzz-targets                                        what CI runs: seconds
//! OOPSCOPE_FUZZ_ROUNDS=200 cargo test --profile fast -p oopscope-fuzz-targets   the same for minutes, other mutations
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz/libfuzzer klog_parse tests/fuzz/corpus/klog_parse
//! ```
#![forbid(unsafe_code)]

pub mod debug;
pub mod debug_types;
pub mod dumps;
pub mod files;
pub mod frames;
pub mod inputs;
pub mod kernels;
pub mod mutate;
pub mod printk;
pub mod seeds;
pub mod stacks;
pub mod symbols;

use mutate::Rng;
use oopscope_klog::{Limits, Scanner};
use oopscope_report::{Arch, Code, LogFacts, Register, Report};
use oopscope_share::{Kind, Link, decode, encode, redact};

/// A target: its name, which is also its folder's in `corpus/`, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 27] = [
    ("klog_parse", klog_parse),
    ("share_decode", share_decode),
    ("share_redact", share_redact),
    ("disasm_list", disasm_list),
    ("session_open", inputs::session_open),
    ("capture_convert", inputs::capture_convert),
    ("dump_elf", dumps::elf),
    ("dump_kdump", dumps::kdump),
    ("dump_flattened", dumps::flattened),
    ("dump_image", dumps::image),
    ("dump_split", dumps::split),
    ("vmcoreinfo", kernels::vmcoreinfo),
    ("page_walk", kernels::page_walk),
    ("printk", printk::printk),
    ("unwind", stacks::unwind),
    ("kallsyms", symbols::kallsyms),
    ("btf", symbols::btf),
    ("orc", symbols::orc),
    ("elf", symbols::elf),
    ("dwarf_file", debug::file),
    ("dwarf_sections", debug::sections),
    ("dwarf_types", debug_types::types),
    ("functions", files::functions),
    ("system_map", files::system_map),
    ("kernel_image", files::kernel_image),
    ("call_frames", frames::call_frames),
    ("expression", frames::expression),
];

/// Any bytes are a log, and its reports do not depend on where the blocks end in which it is read.
pub fn klog_parse(log: &[u8]) {
    let whole = oopscope_klog::parse(log);
    check_lines(&whole.0, &whole.1);
    let mut rng = Rng::of(log);
    for longest_block in [7, 300] {
        let mut scanner = Scanner::new(Limits::default());
        let mut rest = log;
        while !rest.is_empty() {
            let (block, after) = rest.split_at(rest.len().min(1 + rng.below(longest_block)));
            scanner.push(block);
            rest = after;
        }
        scanner.finish();
        let facts = scanner.facts();
        let reports = scanner.into_reports();
        assert_same(&whole, &(reports, facts));
    }
    for line in log.split(|&byte| byte == b'\n').take(200) {
        let (text, _) = oopscope_klog::display_line(line);
        assert!(
            !text.chars().any(|char| char.is_control() && char != '\t'),
            "control characters reach the page: {text:?}"
        );
    }
}

/// Lines that a report names are lines of the log.
fn check_lines(reports: &[Report], facts: &LogFacts) {
    for (index, report) in reports.iter().enumerate() {
        let Report { first_line, last_line, .. } = *report;
        assert!(
            1 <= first_line && first_line <= last_line && last_line <= facts.lines,
            "report {index} is of lines {first_line} to {last_line} of {}",
            facts.lines
        );
        let frames = report.stacks.iter().flat_map(|stack| &stack.frames);
        for line in frames.map(|frame| frame.line) {
            assert!(
                (1..=facts.lines).contains(&line),
                "a frame of report {index} names line {line} of {}",
                facts.lines
            );
        }
        let earlier = report.may_follow_from.is_none_or(|cause| (cause as usize) < index);
        assert!(earlier, "report {index} may follow from {:?}", report.may_follow_from);
    }
    assert!(reports.is_sorted_by_key(|report| report.first_line), "reports are not in the order of the log");
}

/// By their text, for a time that is not a number differs from itself.
fn assert_same(whole: &(Vec<Report>, LogFacts), blocks: &(Vec<Report>, LogFacts)) {
    if whole != blocks {
        assert_eq!(format!("{whole:#?}"), format!("{blocks:#?}"), "the reports depend on where blocks end");
    }
}

/// Any string is taken for a link, and what is read from it can be made a link again.
pub fn share_decode(fragment: &[u8]) {
    let fragment = String::from_utf8_lossy(fragment);
    let decoded = decode(&fragment);
    if let Ok(again) = encode(&decoded.link) {
        let back = decode(&again);
        assert_eq!((back.link, back.problem), (decoded.link, None), "what was read does not make the round");
    }
}

/// Any text can be redacted with any kinds, nothing else is lost, and a second time finds no more.
pub fn share_redact(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let mask = Rng::of(text.as_bytes()).below(1 << Kind::ALL.len());
    let some: Vec<_> = Kind::ALL.into_iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).collect();
    let some: Vec<_> = some.into_iter().map(|(_, kind)| kind).collect();
    for on in [&Kind::ALL[..], &some] {
        let redacted = redact(&text, on);
        let back: String =
            redacted.pieces.iter().map(|piece| piece.original.as_deref().unwrap_or(&piece.text)).collect();
        assert_eq!(back, text, "the originals put back do not give the text");
        assert_eq!(redacted.text().lines().count(), text.lines().count(), "redaction changes the number of lines");
        if let Ok(fragment) = encode(&Link { text: redacted.text(), ..Link::default() }) {
            assert_eq!(decode(&fragment).link.text, redacted.text(), "a redacted text does not make the round");
        }
    }
}

/// Any units are code of any architecture: a listing meets the mark, its instructions follow each other, and their
/// bytes are the units. The first two bytes choose architecture, width and mark; the rest are the code.
pub fn disasm_list(bytes: &[u8]) {
    let [choice, mark, code @ ..] = bytes else { return };
    let arch = Arch::ALL[usize::from(*choice) % Arch::ALL.len()];
    let unit = match arch {
        Arch::X86_64 | Arch::I386 => 1,
        Arch::Riscv => 2,
        Arch::Arm if choice & 0x80 != 0 => 2,
        _ => 4,
    };
    let code = &code[..code.len().min(256)];
    let units: Vec<String> = code
        .chunks_exact(unit)
        .map(|unit| unit.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
        .collect();
    let trap = u32::try_from(usize::from(*mark) % units.len().max(1)).ok();
    let names = ["RAX", "RDI", "EAX", "GS", "x0", "x1", "r3", "r4", "sp", "a0", "s1", "GPR03"];
    let registers = names.iter().zip(code.iter().cycle()).map(|(name, byte)| Register {
        name: (*name).to_owned(),
        value: format!("{:#x}", u64::from(*byte).wrapping_mul(0x0101_0101_8101_0101)),
        line: 1,
        ..Register::default()
    });
    let registers = registers.collect();
    let code = Code { units: units.clone(), trap, line: 2, ..Code::default() };
    let report = Report { arch: Some(arch), code: Some(code), registers, ..Report::default() };
    let Ok(listing) = oopscope_disasm::list(&report) else { return };
    let marked: Vec<_> = listing.instructions.iter().filter(|instruction| instruction.trap).collect();
    assert_eq!(marked.len(), 1, "a listing has one trapping instruction");
    assert_eq!(marked[0].offset, 0, "the trapping instruction is not at the mark");
    let all: String = listing.instructions.iter().map(|instruction| instruction.bytes.as_str()).collect();
    let from = usize::try_from(listing.skipped).expect("a small number") * 2;
    assert!(units.concat()[from..].starts_with(&all), "the listing's bytes are not those of the code");
    let mut next = listing.instructions[0].offset;
    for instruction in &listing.instructions {
        assert_eq!(instruction.offset, next, "instructions do not follow each other");
        assert!(
            !instruction.text.is_empty() && !instruction.bytes.is_empty(),
            "an instruction has no text or no bytes"
        );
        next += i32::try_from(instruction.bytes.len() / 2).expect("a small number");
    }
}
