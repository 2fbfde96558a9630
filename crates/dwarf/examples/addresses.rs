//! Tells what addresses of a file were compiled from, for those who work on this crate:
//!
//! ```text
//! cargo run --release -p oopscope-dwarf --example addresses -- VMLINUX [SPLIT]... <ADDRESSES
//! ```
//!
//! Each line of the input is an address in hexadecimal digits; of a module, `SECTION-NUMBER:OFFSET`. The answer begins with
//! the address; for each function, innermost first, there is a line of name, file, line and column with tabs between
//! them; then an empty line. What it cost is on the standard error output.
#![allow(clippy::disallowed_methods, reason = "a program for developers: it reads files and measures time")]

use std::io::{BufRead as _, Write as _};
use std::rc::Rc;
use std::time::Instant;

use on_disk::OnDisk;
use oopscope_dwarf::{At, DebugFile, NoStore};
use oopscope_source::{Counted, ReadAt};
use oopscope_symbols::elf::Outline;

#[path = "../../source/examples/on_disk/mod.rs"]
mod on_disk;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let path = words.next().ok_or("addresses FILE [SPLIT]...")?;
    let addresses: Vec<String> = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    let start = Instant::now();
    let counted = Rc::new(Counted::new(OnDisk::open(&path)?));
    let file: Rc<dyn ReadAt> = Rc::clone(&counted) as _;
    let outline = Rc::new(Outline::read(&*file)?);
    let debug = DebugFile::open(Rc::clone(&file), outline)?;
    for split in words {
        let file: Rc<dyn ReadAt> = Rc::new(OnDisk::open(&split)?);
        let outline = Rc::new(Outline::read(&*file)?);
        debug.supply(file, outline)?;
    }
    debug.prepare(&NoStore, &mut |_, _| true)?;
    let prepared = (start.elapsed(), counted.reads(), counted.bytes());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut failed = 0;
    for text in &addresses {
        let (section, address) = match text.split_once(':') {
            Some((section, address)) => (Some(section.parse()?), address),
            None => (None, text.as_str()),
        };
        let address = u64::from_str_radix(address.trim_start_matches("0x"), 16)?;
        writeln!(out, "{text}")?;
        match debug.find(At { section, address }) {
            Ok(spots) => {
                for spot in spots {
                    let text = |text: Option<Rc<str>>| text.unwrap_or_else(|| "??".into());
                    let (line, column) = (spot.line.unwrap_or(0), spot.column.unwrap_or(0));
                    writeln!(out, "{}\t{}\t{line}\t{column}", text(spot.function), text(spot.file))?;
                }
            }
            Err(error) => {
                failed += 1;
                writeln!(out, "error: {error}")?;
            }
        }
        writeln!(out)?;
    }
    out.flush()?;
    eprintln!(
        "{} addresses, {failed} errors, {:?} ({:?} to prepare, {} reads, {} bytes), {} reads, {} bytes in all",
        addresses.len(),
        start.elapsed(),
        prepared.0,
        prepared.1,
        prepared.2,
        counted.reads(),
        counted.bytes(),
    );
    for wanted in debug.wanted() {
        eprintln!("wanted: {} {:#x}", wanted.name, wanted.dwo_id);
    }
    Ok(())
}
