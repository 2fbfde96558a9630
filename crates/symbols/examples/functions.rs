//! Functions of an ELF file by name or address, with the time that it takes:
//! `cargo run --profile fast -p oopscope-symbols --example functions -- vmlinux do_syscall_64 0xffffffff81000000`.
//!
//! `--check NM` holds every text symbol of `nm -n` output against what is found. Must never be part of the product.
#![allow(clippy::disallowed_methods, reason = "an example reads files and measures")]

use on_disk::OnDisk;
use oopscope_source::{Counted, ReadAt};
use oopscope_symbols::elf::Outline;
use oopscope_symbols::elf::functions::{Place, at, find};
use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

#[path = "../../source/examples/on_disk/mod.rs"]
mod on_disk;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("a file is missing")?;
    let rest: Vec<String> = arguments.collect();
    let file = Counted::new(OnDisk::open(&path)?);
    let start = Instant::now();
    let outline = Outline::read(&file)?;
    println!("outline: {:?}, {} reads, {} bytes", start.elapsed(), file.reads(), file.bytes());
    if let [flag, list] = rest.as_slice()
        && flag == "--check"
    {
        return check(&file, &outline, &std::fs::read_to_string(list)?);
    }
    let (addresses, names): (Vec<&str>, Vec<&str>) =
        rest.iter().map(String::as_str).partition(|one| one.starts_with("0x"));
    for round in 0..5 {
        let (reads, bytes, start) = (file.reads(), file.bytes(), Instant::now());
        let found = find(&file, &outline, &names)?;
        let took = start.elapsed();
        println!("find: {took:?}, {} reads, {} bytes", file.reads() - reads, file.bytes() - bytes);
        if round == 0 {
            for one in &found {
                println!("{one:x?}");
            }
        }
    }
    let places: Vec<Place> = addresses
        .iter()
        .map(|text| Ok(Place { section: None, address: u64::from_str_radix(&text[2..], 16)? }))
        .collect::<Result<_, Box<dyn Error>>>()?;
    let start = Instant::now();
    let found = at(&file, &outline, &places)?;
    println!("at: {:?}", start.elapsed());
    for one in &found {
        println!("{one:x?}");
    }
    Ok(())
}

/// Every name and address of text of a list must be found, with the same span as the list gives.
fn check(file: &dyn ReadAt, outline: &Outline, list: &str) -> Result<(), Box<dyn Error>> {
    let mut text: Vec<(u64, &str)> = Vec::new();
    for line in list.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if let [address, "t" | "T" | "W" | "w", name] = words.as_slice() {
            text.push((u64::from_str_radix(address, 16)?, name));
        }
    }
    let mut names: Vec<&str> = text.iter().map(|one| one.1).collect();
    names.sort_unstable();
    names.dedup();
    let start = Instant::now();
    let found = find(file, outline, &names)?;
    println!("{} names, {} found in {:?}", names.len(), found.len(), start.elapsed());
    let mut by: BTreeMap<(u64, &str), Option<u64>> = BTreeMap::new();
    for one in &found {
        by.insert((one.address, names[one.asked]), one.span());
    }
    let missing: Vec<_> = text.iter().filter(|one| !by.contains_key(one)).take(5).collect();
    let mut differ = 0_u32;
    for pair in text.windows(2).filter(|pair| pair[1].0 > pair[0].0) {
        if by.get(&pair[0]).copied().flatten() != Some(pair[1].0 - pair[0].0) {
            differ += 1;
            if differ < 10 {
                println!("{:x?} next {:x?}: {:x?}", pair[0], pair[1], by.get(&pair[0]));
            }
        }
    }
    println!("{} text symbols, missing {missing:x?}, {differ} spans differ", text.len());
    let places: Vec<Place> = text.iter().map(|one| Place { section: None, address: one.0 }).collect();
    let start = Instant::now();
    let there = at(file, outline, &places)?;
    let took = start.elapsed();
    let mut wrong = 0_u32;
    for (one, function) in text.iter().zip(&there) {
        if function.as_ref().is_none_or(|function| function.address != one.0) {
            wrong += 1;
            if wrong < 10 {
                println!("{one:x?}: {function:x?}");
            }
        }
    }
    println!("at: {} places in {took:?}, {wrong} wrong", places.len());
    Ok(())
}
