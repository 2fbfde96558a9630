//! Opening a kdump: one file, or the files of a split set in any order. Must never mix files of different dumps.

use super::bitmap::{Bitmap, CountError, Ranks};
use super::header::{self, Header, SubHeader};
use super::{DESCRIPTOR, Kdump, OneFile, codec};
use crate::bytes::{Order, index};
use crate::file::FileError;
use crate::notes::{self, Notes};
use crate::open::{Opening, erased, machine_name};
use crate::{Codec, Layout, Machine, OpenError, Progress};
use std::cell::Cell;
use std::collections::BTreeSet;

/// `status` of a dump whose writer had no more space (makedumpfile's `DUMP_DH_COMPRESSED_INCOMPLETE`).
const INCOMPLETE: u32 = 8;
/// `status` of a dump made with `makedumpfile -e`.
const NO_VMEMMAP: u32 = 0x10;
/// Bitmaps up to this size are counted for how much RAM there was; a larger one is not read for that.
const MOST_COUNTED: u64 = 16 << 20;
/// Descriptors that are looked at: a block of the file.
const SAMPLE: u64 = 2730;
/// VMCOREINFO and ERASEINFO are texts of some kilobytes.
const MOST_TEXT: u64 = 1 << 20;

struct Parsed {
    file: usize,
    header: Header,
    sub: SubHeader,
    max_mapnr: u64,
}

fn parse(opening: &Opening, file: usize) -> Result<Parsed, OpenError> {
    let input = &opening.files[file];
    let mut head = [0; 464];
    let n = input.read_some(0, &mut head).map_err(|error| opening.failed(file, error, "the header", header::SIZE))?;
    if n < head.len() {
        return Err(opening.cut(file, "the header", header::SIZE));
    }
    let header = header::parse(&head).ok_or_else(|| {
        // In no width and byte order does it make sense: what the usual one gives is named.
        let size = Order::LITTLE.u32(&head, 428).map_or(0, u64::from);
        opening.senseless(
            file,
            "in every width and byte order something is impossible; as of a 64-bit PC the block size",
            size,
            428,
        )
    })?;
    let mut bytes = vec![0; header::sub_size(&header)];
    let end = header.block_size + bytes.len() as u64;
    input.read(header.block_size, &mut bytes).map_err(|error| opening.failed(file, error, "the sub-header", end))?;
    let sub = header::sub(&header, &bytes).ok_or_else(|| opening.cut(file, "the sub-header", end))?;
    let max_mapnr = sub.max_mapnr.unwrap_or(header.max_mapnr);
    if max_mapnr == 0 {
        return Err(opening.senseless(file, "the number of pages (max_mapnr)", 0, header.block_size));
    }
    Ok(Parsed { file, header, sub, max_mapnr })
}

/// Opens the files as one dump.
pub(crate) fn open(opening: &mut Opening, tick: &mut dyn FnMut(Progress) -> bool) -> Result<Kdump, OpenError> {
    let mut parsed =
        (0..opening.files.len()).map(|file| parse(opening, file)).collect::<Result<Vec<_>, OpenError>>()?;
    belong_together(opening, &parsed)?;
    // Names, times and notes are those of the file that was given first; of a set all files have the same.
    let Header { order, wide, block_size, .. } = parsed[0].header;
    let phys_base = parsed[0].sub.phys_base;
    let max_mapnr = parsed[0].max_mapnr;
    parsed.sort_by_key(|one| one.sub.split);
    drop_duplicates(opening, &mut parsed)?;
    let mut files = Vec::new();
    let mut codecs = BTreeSet::new();
    let mut lost = false;
    for one in &parsed {
        let opened = open_one(opening, one, tick)?;
        lost |= sample(opening, &opened, &mut codecs);
        files.push(opened);
    }
    read_notes(opening, &parsed[0])?;
    let machine = machine(&parsed[0].header.uts.machine).or_else(|| guess(opening, order));
    let header = &parsed[0].header;
    let incomplete = header.status & INCOMPLETE != 0;
    let missing = missing(&files, max_mapnr);
    let facts = &mut opening.facts;
    for range in &missing {
        let (from, to) = (range.start.saturating_mul(block_size), range.end.saturating_mul(block_size));
        facts.notes.push(format!("the part of the set for physical {from:#x} to {to:#x} was not given"));
    }
    for (bit, one) in [(1, Codec::Zlib), (2, Codec::Lzo), (4, Codec::Snappy), (0x20, Codec::Zstd)] {
        if header.status & bit != 0 && !header.disk {
            codecs.insert(one);
        }
    }
    if header.status & NO_VMEMMAP != 0 && !header.disk {
        facts.notes.push("struct pages that no memory needs were left out (makedumpfile -e)".to_owned());
    }
    facts.page_size = block_size;
    facts.machine =
        machine.map(machine_name).or_else(|| Some(header.uts.machine.clone()).filter(|name| !name.is_empty()));
    facts.compression = codecs.iter().map(|codec| codec.name().to_owned()).collect();
    facts.dump_level = parsed[0].sub.dump_level;
    facts.left_out = parsed[0].sub.dump_level.map(left_out);
    facts.pages_present = Some(files.iter().map(|file| file.ranks.all).sum());
    facts.incomplete = incomplete || lost || !missing.is_empty();
    if files.len() > 1 || parsed[0].sub.split.is_some() {
        for file in &files {
            if let Some(part) = facts.parts.get_mut(file.file) {
                part.from = Some(file.bits.start.saturating_mul(block_size).into());
                part.to = Some(file.bits.end.saturating_mul(block_size).into());
            }
        }
    }
    let kind = if header.disk { "diskdump" } else { "kdump-compressed" };
    let split =
        if parsed[0].sub.split.is_some() { format!(", split, {} parts given", files.len()) } else { String::new() };
    facts.described = format!("{kind}, header version {}{split}", header.version);
    let narrow = matches!(machine, Some(Machine::I386 | Machine::Arm));
    opening.layout = Layout { bits: if wide && !narrow { 64 } else { 32 }, little_endian: order.little, machine };
    opening.phys_base = (!header.disk).then_some(phys_base);
    opening.uts = Some(header.uts.clone());
    opening.split = parsed[0].sub.split.is_some();
    let first = first_page(opening, &files[0], machine, phys_base / block_size);
    count_ram(opening, &files[0], max_mapnr);
    Ok(Kdump { files, page_size: block_size, pages: max_mapnr, first, level: opening.facts.dump_level, incomplete })
}

fn belong_together(opening: &Opening, parsed: &[Parsed]) -> Result<(), OpenError> {
    let Some((first, others)) = parsed.split_first() else { return Err(OpenError::Nothing) };
    for other in others {
        let why = if first.sub.split.is_none() || other.sub.split.is_none() {
            "one of them is a dump by itself, not a part of a split one"
        } else if first.header.uts != other.header.uts {
            "they are of different kernels, machines or times"
        } else if first.header != other.header || first.max_mapnr != other.max_mapnr {
            "their headers differ"
        } else {
            continue;
        };
        let name = |one: &Parsed| opening.files[one.file].name().to_owned();
        return Err(OpenError::Parts { one: name(first), other: name(other), why });
    }
    Ok(())
}

/// Leaves one of parts that are for the same pages, and refuses those that overlap otherwise.
fn drop_duplicates(opening: &mut Opening, parsed: &mut Vec<Parsed>) -> Result<(), OpenError> {
    let mut at = 1;
    while at < parsed.len() {
        let (one, other) = (&parsed[at - 1], &parsed[at]);
        let names = || (opening.files[one.file].name().to_owned(), opening.files[other.file].name().to_owned());
        if one.sub.split == other.sub.split {
            let (one, other) = names();
            opening.facts.notes.push(format!("{other} is for the same pages as {one}, and is not read"));
            parsed.remove(at);
        } else if one.sub.split.zip(other.sub.split).is_some_and(|(one, other)| other.0 < one.1) {
            let (one, other) = names();
            return Err(OpenError::Parts { one, other, why: "they are for the same pages" });
        } else {
            at += 1;
        }
    }
    Ok(())
}

fn open_one(opening: &Opening, one: &Parsed, tick: &mut dyn FnMut(Progress) -> bool) -> Result<OneFile, OpenError> {
    let Header { order, block_size, sub_blocks, bitmap_blocks, .. } = one.header;
    let input = &opening.files[one.file];
    let bitmaps = block_size * (1 + sub_blocks);
    let size = block_size * bitmap_blocks;
    let descriptors = bitmaps + size;
    let cut = || opening.cut(one.file, "the bitmaps", descriptors);
    if descriptors > input.len() {
        return Err(cut());
    }
    // Two bitmaps, of RAM and of what was dumped, where there is room for two; else one is both.
    let two = bitmap_blocks >= one.max_mapnr.div_ceil(8).div_ceil(block_size).saturating_mul(2);
    let bytes = if two { size / 2 } else { size };
    let bits = one.max_mapnr.min(bytes.saturating_mul(8));
    if bits < one.max_mapnr {
        return Err(opening.senseless(one.file, "the number of pages, beyond its bitmap,", one.max_mapnr, block_size));
    }
    let ram = Bitmap { at: bitmaps, bits };
    let dumped = Bitmap { at: if two { bitmaps + bytes } else { bitmaps }, bits };
    let range = one.sub.split.map_or(0..bits, |(from, to)| from.min(bits)..to.min(bits));
    if range.is_empty() {
        return Err(opening.senseless(one.file, "the first page of a part, after its last,", range.start, block_size));
    }
    let ranks = Ranks::count(input, &dumped, range.clone(), tick).map_err(|error| match error {
        CountError::Cancelled => OpenError::Cancelled,
        CountError::File(error) => opening.failed(one.file, error, "the bitmaps", descriptors),
    })?;
    let data = descriptors.saturating_add(ranks.all.saturating_mul(DESCRIPTOR));
    Ok(OneFile { file: one.file, order, bits: range, ram, dumped, ranks, descriptors, data, zeros: Cell::new(None) })
}

/// Looks at the first descriptors for their codecs, and at the last: is the file as long as it should be?
fn sample(opening: &Opening, one: &OneFile, codecs: &mut BTreeSet<Codec>) -> bool {
    let input = &opening.files[one.file];
    let count = one.ranks.all.min(SAMPLE);
    let mut bytes = vec![0; index(DESCRIPTOR * count)];
    let n = input.read_some(one.descriptors, &mut bytes).unwrap_or(0);
    for descriptor in bytes[..n].chunks_exact(24) {
        let offset = one.order.u64(descriptor, 0).unwrap_or(0);
        if offset != 0 {
            codecs.extend(one.order.u32(descriptor, 12).and_then(codec));
        }
    }
    // Pages lie in the order of their descriptors, but for those of zeros.
    let last = input.read(one.data - DESCRIPTOR * count, &mut bytes);
    let end = bytes.chunks_exact(24).map(|descriptor| {
        let (offset, size) = (one.order.u64(descriptor, 0), one.order.u32(descriptor, 8));
        offset.unwrap_or(0).saturating_add(u64::from(size.unwrap_or(0)))
    });
    last.is_err() || end.max().is_some_and(|end| end > input.len()) || input.cut_off()
}

fn read_notes(opening: &mut Opening, one: &Parsed) -> Result<(), OpenError> {
    let mut parsed = Notes::default();
    let input = &opening.files[one.file];
    let mut said = Vec::new();
    let text = |area: Option<(u64, u64)>| -> Result<Option<Vec<u8>>, OpenError> {
        let Some((from, size)) = area else { return Ok(None) };
        let mut bytes = vec![0; index(size.min(MOST_TEXT))];
        match input.read(from, &mut bytes) {
            Ok(()) => Ok(Some(bytes)),
            Err(FileError::End) => Ok(None),
            Err(error) => Err(opening.failed(one.file, error, "the notes", from)),
        }
    };
    let vmcoreinfo = text(one.sub.vmcoreinfo)?;
    if vmcoreinfo.is_none() && one.sub.vmcoreinfo.is_some() {
        said.push("VMCOREINFO lies beyond the end of the file".to_owned());
    }
    let erased_lines = text(one.sub.erased)?;
    if let Some((from, size)) = one.sub.notes {
        match notes::read(input, one.header.order, from, size, &mut parsed) {
            Ok(sentence) => said.extend(sentence),
            Err(FileError::End) => said.push("the notes lie beyond the end of the file".to_owned()),
            Err(error) => return Err(opening.failed(one.file, error, "the notes", from)),
        }
    }
    let from = if vmcoreinfo.is_some() { "kdump sub-header" } else { "ELF note in the kdump's sub-header" };
    if vmcoreinfo.is_some() {
        parsed.vmcoreinfo = vmcoreinfo;
    }
    opening.took_notes(parsed, from);
    if let Some(bytes) = erased_lines {
        erased(&mut opening.facts, &bytes);
    }
    opening.facts.notes.extend(said);
    Ok(())
}

/// Pages that no file of the set is for.
fn missing(files: &[OneFile], pages: u64) -> Vec<std::ops::Range<u64>> {
    let mut missing = Vec::new();
    let mut next = 0;
    for file in files {
        if next < file.bits.start {
            missing.push(next..file.bits.start);
        }
        next = file.bits.end;
    }
    if next < pages {
        missing.push(next..pages);
    }
    missing
}

/// Page that the bitmaps begin with. On 32-bit ARM makedumpfile counts pages from where RAM begins (its
/// `ARCH_PFN_OFFSET`); whether a producer did shows in pages before that.
fn first_page(opening: &Opening, file: &OneFile, machine: Option<Machine>, base: u64) -> u64 {
    if machine != Some(Machine::Arm) || base == 0 {
        return 0;
    }
    let counts_from_base = file.ram.runs(&opening.files[file.file], 0..base).next().is_some();
    if counts_from_base { base } else { 0 }
}

fn count_ram(opening: &mut Opening, file: &OneFile, pages: u64) {
    if file.ram.bits / 8 <= MOST_COUNTED {
        let input = &opening.files[file.file];
        let ram = file.ram.runs(input, 0..pages).map(|run| run.end - run.start).sum();
        opening.facts.pages_of_ram = Some(ram);
    }
}

fn machine(name: &str) -> Option<Machine> {
    Some(match name {
        "x86_64" => Machine::X86_64,
        "aarch64" => Machine::Aarch64,
        "riscv64" => Machine::Riscv64,
        "ppc64" | "ppc64le" => Machine::Ppc64,
        "s390x" => Machine::S390x,
        "loongarch64" => Machine::Loongarch64,
        "i386" | "i486" | "i586" | "i686" => Machine::I386,
        _ if name.starts_with("arm") => Machine::Arm,
        _ => return None,
    })
}

/// The machine by the size of its registers, where the header does not name it: QEMU writes "Unknown" for arm64.
/// `struct elf_prstatus` is 112 bytes, the registers (`elf_gregset_t` of each machine's asm/elf.h) and 8 bytes.
fn guess(opening: &mut Opening, order: Order) -> Option<Machine> {
    let prstatus = opening.notes.cpus.iter().find(|cpu| cpu.kind == crate::NoteKind::Prstatus)?;
    let machine = match (prstatus.bytes.len(), order.little) {
        (336, true) => Machine::X86_64,
        (336, false) => Machine::S390x,
        (392, true) => Machine::Aarch64,
        (376, true) => Machine::Riscv64,
        (480, true) => Machine::Loongarch64,
        (504, _) => Machine::Ppc64,
        _ => return None,
    };
    let name = machine_name(machine);
    opening.facts.notes.push(format!("the header names no known machine; {name} is told by the size of NT_PRSTATUS"));
    Some(machine)
}

/// What a level of makedumpfile's `-d` leaves out.
fn left_out(level: u32) -> String {
    let words = [
        (1, "pages of zeros"),
        (2, "the page cache without private data"),
        (4, "the page cache with private data"),
        (8, "user data"),
        (16, "free pages"),
    ];
    let words: Vec<_> = words.iter().filter(|(bit, _)| level & bit != 0).map(|(_, words)| *words).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
