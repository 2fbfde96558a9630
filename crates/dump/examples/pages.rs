//! Reads every page of dumps and compares them: `cargo run --release -p oopscope-dump --example pages -- [--same] FILE...`.
//!
//! Each argument is a dump; the files of a split one are joined by commas. Prints the facts, what opening cost, how fast
//! pages are unpacked, and a checksum of all pages; with `--same` the dumps are of one moment, and each page that two of
//! them have must be equal. Must never be needed by a test: it is for real dumps, which are too large to be kept.
#![allow(clippy::disallowed_methods, reason = "an example reads files and measures")]

use on_disk::OnDisk;
use oopscope_dump::{Dump, PageError, PageState, Part};
use std::collections::BTreeMap;
use std::fs::File;
use std::process::ExitCode;
use std::time::Instant;

#[path = "../../source/examples/on_disk/mod.rs"]
mod on_disk;

fn open(argument: &str) -> Result<Dump, String> {
    let mut parts = Vec::new();
    for path in argument.split(',') {
        let real = if File::open(path).is_ok() { path } else { path.rsplit_once('@').map_or(path, |(file, _)| file) };
        let file = OnDisk::open(real).map_err(|error| format!("{path}: {error}"))?;
        parts.push(Part { name: path.to_owned(), bytes: Box::new(file) });
    }
    Dump::open(parts, &mut |_| true).map_err(|error| error.to_string())
}

/// FNV-1a over words: quick, and good enough to tell pages apart.
fn sum(mut sum: u64, bytes: &[u8]) -> u64 {
    for word in bytes.as_chunks().0 {
        sum = (sum ^ u64::from_le_bytes(*word)).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
    }
    sum
}

type Pages = BTreeMap<u64, u64>;

fn read(argument: &str) -> Result<Pages, String> {
    let start = Instant::now();
    let dump = open(argument)?;
    let took = start.elapsed();
    let cost = dump.cost();
    println!("{argument}\n  {}: {}", dump.facts().format, dump.facts().described);
    println!("  opened in {took:?}: {} reads, {} bytes", cost.reads, cost.bytes_read);
    println!("  {:?}", dump.facts());
    println!("  {:?} {:?} phys_base {:x?}", dump.layout(), dump.uts(), dump.phys_base());
    let notes = dump.notes();
    let cpus: Vec<_> = notes.cpus.iter().map(|cpu| (cpu.index, cpu.kind, cpu.bytes.len())).collect();
    println!("  VMCOREINFO {:?} bytes, cpus {cpus:?}", notes.vmcoreinfo.as_ref().map(Vec::len));
    let ranges = dump.ranges();
    println!("  {} ranges, {:x?}", ranges.len(), &ranges[..ranges.len().min(8)]);
    let (mut pages, mut states, mut errors) = (Pages::new(), BTreeMap::new(), BTreeMap::new());
    let mut page = vec![0; 4096];
    let start = Instant::now();
    let mut bytes = 0_u64;
    for range in &ranges {
        for at in range.clone().step_by(4096) {
            match dump.read(at, &mut page) {
                Ok(()) => {
                    bytes += 4096;
                    pages.insert(at, sum(0, &page));
                }
                Err(error) => *errors.entry(kind(error)).or_insert(0) += 1,
            }
        }
    }
    let took = start.elapsed();
    for range in &ranges {
        for at in range.clone().step_by(4096) {
            let state = dump.page(at);
            *states.entry(format!("{state:?}")).or_insert(0_u64) += 1;
            let read = pages.contains_key(&at);
            let fits = match state {
                PageState::Data | PageState::Zero | PageState::ZeroOrExcluded => read,
                _ => !read,
            };
            if !fits && state != PageState::Data {
                println!("  {at:#x} is {state:?}, but reading it says otherwise");
            }
        }
    }
    let mut present = 0;
    let mut at = 0;
    while let Some(run) = dump.present(at) {
        present += (run.end - run.start) / 4096;
        at = run.end;
    }
    let all = pages.iter().fold(0, |all, (at, one)| sum(all, &[at.to_le_bytes(), one.to_le_bytes()].concat()));
    let speed = u128::from(bytes) / took.as_micros().max(1);
    println!("  {states:?} {errors:?}; present {present}");
    println!("  {} pages in {took:?}, {speed} MB/s, {:?}; all {all:016x}\n", pages.len(), dump.cost());
    Ok(pages)
}

fn kind(error: PageError) -> String {
    match error {
        PageError::Excluded { level, .. } => format!("excluded (level {level:?})"),
        PageError::NotRam { .. } => "not RAM".to_owned(),
        PageError::Lost { why, .. } => format!("lost: {why}"),
        PageError::Corrupt { what, .. } => format!("damaged: {what}"),
        other => other.to_string(),
    }
}

fn main() -> ExitCode {
    let mut same = false;
    let mut dumps = Vec::new();
    let mut failed = false;
    for argument in std::env::args().skip(1) {
        if argument == "--same" {
            same = true;
            continue;
        }
        match read(&argument) {
            Ok(pages) => dumps.push((argument, pages)),
            Err(error) => {
                println!("{error}\n");
                failed = true;
            }
        }
    }
    if same && let Some(((first, expected), others)) = dumps.split_first() {
        for (name, pages) in others {
            let common: Vec<_> = pages.iter().filter_map(|(at, sum)| Some((at, sum, expected.get(at)?))).collect();
            let differ: Vec<_> = common.iter().filter(|(_, one, other)| one != other).map(|(at, ..)| *at).collect();
            println!("{name} and {first}: {} pages common, {} differ", common.len(), differ.len());
            if let Some(at) = differ.first() {
                println!("  the first at {at:#x}");
                failed = true;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
