//! Texts against objdump's: every line of `tests/fixtures/disasm`, and every `Code:` line of the captures.
//!
//! Must never let a text differ unnoticed: what differs is counted, and the counts may only fall.

use crate::bytes;
use crate::instruction::Decoder;
use crate::{arm, arm64, ppc, riscv, x86};
use oopscope_report::{Arch, Code, Report};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

#[expect(clippy::disallowed_methods, reason = "tests read their data")]
fn read(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A line of a fixture.
struct Row {
    at: u64,
    bytes: Vec<u8>,
    text: String,
    intel: Option<String>,
}

fn rows(name: &str) -> Vec<Row> {
    let text = read(&fixtures().join("disasm").join(format!("{name}.txt")));
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        Row {
            at: u64::from_str_radix(fields[0], 16).expect("an address"),
            bytes: unhex(fields[1]),
            text: fields[2].to_owned(),
            intel: fields.get(3).map(|intel| (*intel).to_owned()),
        }
    };
    text.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Compares a fixture's lines: those that are equal, that are data for us, and that differ.
fn compare(name: &str, decoder: &dyn Decoder) -> (usize, Vec<String>, Vec<String>, usize) {
    let (mut equal, mut unknown, mut different, mut intel) = (0, Vec::new(), Vec::new(), 0);
    for row in rows(name) {
        let ours = decoder.decode(&row.bytes, row.at);
        let data = ours.as_ref().is_none_or(|ours| ours.effect == crate::data());
        let text = ours.as_ref().map_or_else(|| decoder.unknown(&row.bytes).1, |ours| ours.text.clone());
        let shown = format!("{} {} | {text}", bytes::printed(&row.bytes, 1), row.text);
        if text == row.text {
            equal += 1;
        } else if data {
            unknown.push(shown);
        } else {
            different.push(shown);
        }
        intel += usize::from(row.intel.is_some() && ours.and_then(|ours| ours.intel) == row.intel);
    }
    (equal, unknown, different, intel)
}

/// At least so many lines are equal, at most so many differ; the others are data for us.
#[track_caller]
fn check(name: &str, decoder: &dyn Decoder, least: usize, most: usize, least_intel: usize) {
    let (equal, unknown, different, intel) = compare(name, decoder);
    println!(
        "{name}: {equal} equal, {} unknown, {} different, {intel} equal in Intel's syntax",
        unknown.len(),
        different.len()
    );
    for line in different.iter().chain(&unknown) {
        println!("  {line}");
    }
    assert!(equal >= least, "{name}: {equal} lines are equal to objdump's, and {least} were");
    assert!(different.len() <= most, "{name}: {} lines differ from objdump's, and {most} did", different.len());
    assert!(intel >= least_intel, "{name}: {intel} lines are equal in Intel's syntax, and {least_intel} were");
}

#[test]
fn x86() {
    // What differs: `lldt %ax` for `lldt %eax` and its like, and bytes that are read out of step.
    check("x86-64", &x86::X86 { bits: 64 }, 2481, 7, 2414);
    check("i386", &x86::X86 { bits: 32 }, 1313, 6, 1299);
}

#[test]
fn arms() {
    check("arm64", &arm64::Arm64, 1346, 0, 0);
    // What differs: data between functions, where objdump says more than the manual's tables do.
    check("arm", &arm::Arm { thumb: false }, 1256, 10, 0);
    check("thumb", &arm::Arm { thumb: true }, 1319, 5, 0);
}

#[test]
fn others() {
    check("riscv", &riscv::Riscv { wide: true }, 1267, 1, 0);
    // What differs are special registers by number; what is not known: VSX, AltiVec, the ISA's later versions.
    check("ppc", &ppc::Ppc { wide: true }, 984, 58, 0);
}

/// The `Code:` lines of a folder of captures.
fn codes(folder: &Path) -> Vec<Code> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut codes: BTreeMap<String, Code> = BTreeMap::new();
    for path in entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
    {
        for line in read(&path).lines() {
            let Some((_, line)) = line.split_once("Code: ") else { continue };
            let words: Vec<&str> = line.split_whitespace().collect();
            let bare = |word: &&str| word.trim_matches(['<', '>', '(', ')']).to_owned();
            let units: Vec<String> = words.iter().map(bare).collect();
            let whole =
                units.iter().all(|unit| matches!(unit.len(), 2 | 4 | 8) && u32::from_str_radix(unit, 16).is_ok());
            let trap = words.iter().position(|word| word.starts_with(['<', '(']));
            if let Some(trap) = trap.filter(|_| whole) {
                let trap = u32::try_from(trap).ok();
                codes.insert(line.to_owned(), Code { units, trap, ..Code::default() });
            }
        }
    }
    codes.into_values().collect()
}

/// Every listing of a capture meets its mark, and each of its instructions is objdump's.
#[test]
fn the_code_of_every_capture_is_as_objdump_has_it() {
    let arches: [(&str, &str, Arch, &dyn Decoder); 6] = [
        ("-i386", "i386", Arch::I386, &x86::X86 { bits: 32 }),
        ("-arm64", "arm64", Arch::Arm64, &arm64::Arm64),
        ("-armhf", "arm", Arch::Arm, &arm::Arm { thumb: false }),
        ("-riscv64", "riscv", Arch::Riscv, &riscv::Riscv { wide: true }),
        ("-ppc64el", "ppc", Arch::Ppc, &ppc::Ppc { wide: true }),
        ("", "x86-64", Arch::X86_64, &x86::X86 { bits: 64 }),
    ];
    let guests = fixtures().join("guests");
    let folders = std::fs::read_dir(&guests).unwrap_or_else(|error| panic!("{}: {error}", guests.display()));
    let folders = folders.map(|entry| entry.expect("an entry")).filter(|entry| entry.path().is_dir());
    let folders = folders.map(|entry| entry.file_name().into_string().expect("UTF-8"));
    // s390 disassembles for itself.
    let folders: Vec<String> =
        folders.filter(|folder| !folder.ends_with("-s390x") && !folder.starts_with('.')).collect();
    let (mut lists, mut instructions, mut missing, mut wrong) = (0, 0, 0, Vec::new());
    for folder in &folders {
        let (_, fixture, arch, decoder) =
            arches.into_iter().find(|(ending, ..)| folder.ends_with(ending)).expect("one");
        let table = rows(&format!("captures-{fixture}"));
        let table: BTreeMap<Vec<u8>, Row> = table.into_iter().map(|row| (row.bytes.clone(), row)).collect();
        let mut unit = 1;
        for code in codes(&guests.join(folder)) {
            let line = code.units.join(" ");
            unit = unit.max(code.units[0].len() / 2);
            let report = Report { arch: Some(arch), code: Some(code), ..Report::default() };
            let listing = crate::list(&report).unwrap_or_else(|problem| panic!("{line}: {problem}"));
            assert_eq!(listing.instructions.iter().filter(|one| one.trap && one.offset == 0).count(), 1, "{line}");
            lists += 1;
            for one in &listing.instructions {
                instructions += 1;
                let bytes: Vec<u8> =
                    unhex(&one.bytes).chunks(unit).flat_map(|unit| unit.iter().rev().copied()).collect();
                // A capture that is newer than the fixture: `make captures` adds it.
                let Some(row) = table.get(&bytes) else {
                    missing += 1;
                    continue;
                };
                // Branches are elsewhere there, so the decoder is asked again for that place.
                let there =
                    decoder.decode(&bytes, row.at).map_or_else(|| decoder.unknown(&bytes).1, |there| there.text);
                let moved = one.text.contains([' ', ',']) && one.text.contains(".+0x") || one.text.contains(".-0x");
                let moved = moved || one.text.starts_with("adrp");
                if there != row.text || !moved && one.text != there {
                    wrong.push(format!("{folder}: {} {} | {}", one.bytes, row.text, one.text));
                }
            }
        }
    }
    println!("{instructions} instructions in {lists} listings, {missing} of them not in the fixtures");
    assert!(instructions - missing > 2000, "run tests/fixtures/disasm/make captures: it has no {missing} instructions");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(lists > 60, "only {lists} Code: lines were found");
}
