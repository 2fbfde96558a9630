//! Opens a dump as a kernel and looks at what is asked for, for those who work on this crate:
//!
//! ```text
//! cargo run --release -p oopscope-kernel --example poke -- DUMP [WORD]...
//! ```
//!
//! Without words it tells what was found, how long it took and what was read. A word is a symbol (its address), `@ADDRESS`
//! (name and translation), `TYPE.MEMBER` (offset, size), `SYMBOL:CPU` (a per-CPU variable), `names` (a digest of all
//! symbols), `dump:FILE` (for each address in a file: itself, its physical address, the word there), `vmlinux:FILE` (its
//! symbols are used from there on).
#![allow(clippy::disallowed_methods, reason = "a program for developers: it reads files and measures time")]

mod on_disk;

use on_disk::OnDisk;
use oopscope_dump::Dump;
use oopscope_kernel::Kernel;
use oopscope_symbols::SymbolTable;
use oopscope_symbols::elf::ElfFile;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let names = words.next().ok_or("poke DUMP[,DUMP]... [WORD]...")?;
    let parts = on_disk::parts(&names)?;
    let start = Instant::now();
    let mut lap = start;
    let mut time = |what: &str, dump: &Dump| {
        let cost = dump.cost();
        println!(
            "{what}: {:?}, {} reads, {} bytes, {} pages",
            lap.elapsed(),
            cost.reads,
            cost.bytes_read,
            cost.pages_unpacked
        );
        lap = Instant::now();
    };
    let dump = Dump::open(parts, &mut |_| true)?;
    time("dump", &dump);
    let mut kernel = Kernel::open(dump, &mut |_| true)?;
    time("kernel", kernel.dump());
    kernel.load_symbols(&mut |_| true)?;
    time("symbols", kernel.dump());
    let words: Vec<_> = words.collect();
    if words.is_empty() {
        summary(&kernel);
        time("summary", kernel.dump());
    }
    for word in words {
        if let Some(name) = word.strip_prefix("vmlinux:") {
            kernel.use_vmlinux(ElfFile::open(&OnDisk::open(name)?)?)?;
            time("vmlinux", kernel.dump());
            continue;
        }
        look(&kernel, &word)?;
    }
    Ok(())
}

fn summary(kernel: &Kernel) {
    println!("{kernel:?}, VMCOREINFO from {}, build-id {:?}", kernel.info().from(), kernel.build_id());
    for (name, value, from) in kernel.arch().facts() {
        println!("{name}: {value} ({from})");
    }
    println!("{} symbols, types: {}", kernel.kallsyms().map_or(0, SymbolTable::len), kernel.types().is_some());
    println!(
        "CPUs online {:?}, present {:?}, possible {:?}",
        kernel.cpus_online(),
        kernel.cpus_present(),
        kernel.cpus_possible()
    );
    println!(
        "per-CPU offsets: {:x?}",
        kernel.cpus_possible().map(|cpus| cpus.into_iter().map(|cpu| kernel.per_cpu_offset(cpu)).collect::<Vec<_>>())
    );
    for module in kernel.loaded() {
        let symbols = module.symbols(kernel).map_or(0, SymbolTable::len);
        println!(
            "{} {:x?} {symbols} symbols, types: {}",
            module.name,
            module.text,
            kernel.module_types(&module.name).is_some()
        );
    }
    println!("text: {:x?}", kernel.text_ranges());
    for unread in kernel.unread() {
        println!("unread: {}: {}", unread.what, unread.why);
    }
}

fn look(kernel: &Kernel, word: &str) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(address) = word.strip_prefix('@') {
        let address = u64::from_str_radix(address.trim_start_matches("0x"), 16)?;
        println!("{address:#x}: {:?} text {}", kernel.name_of(address), kernel.is_text(address));
        println!("{:#x?}", kernel.translation(address));
    } else if let Some(file) = word.strip_prefix("dump:") {
        for line in std::fs::read_to_string(file)?.lines() {
            let address = u64::from_str_radix(line.trim().trim_start_matches("0x"), 16)?;
            let mut bytes = [0; 8];
            let read = kernel.read(address, &mut bytes);
            let physical =
                kernel.translate(address).map_or_else(|_| "-".to_owned(), |physical| format!("{physical:x}"));
            println!(
                "{address:x} {physical} {}",
                read.map_or_else(|_| "-".to_owned(), |()| format!("{:x}", u64::from_le_bytes(bytes)))
            );
        }
    } else if word == "names" {
        for symbol in kernel.kallsyms().into_iter().flat_map(SymbolTable::iter) {
            println!("{:x} {} {}", symbol.address, char::from(symbol.kind), symbol.name);
        }
    } else if let Some((symbol, cpu)) = word.split_once(':') {
        println!("{word}: {:#x?}", kernel.per_cpu(symbol, cpu.parse()?)?);
    } else if let Some((type_name, member)) = word.split_once('.') {
        println!("{word}: offset {:?}, size {:?}", kernel.offset_of(type_name, member), kernel.size_of(type_name));
        let object = kernel.at(type_name, 0)?.member(member)?;
        println!("    {}", object.type_name());
    } else {
        println!("{word}: {:#x?}", kernel.symbol(word));
        if let Ok(object) = kernel.global(word) {
            println!("    {} = {:x?} {:?}", object.type_name(), object.u64(), object.string());
        }
    }
    Ok(())
}
