//! ELF cores: /proc/vmcore, `makedumpfile -E`, QEMU's and libvirt's dumps, netdump's.
//!
//! Layouts: the ELF specification and Linux's include/uapi/linux/elf.h. Must never read the program headers but in slices,
//! and never take memory beyond `p_filesz` for data: makedumpfile leaves it out so, and a kernel's own dump has zeros there.

use crate::bytes::{Order, index};
use crate::file::FileError;
use crate::mapped::{Extent, Mapped, Place};
use crate::notes::{self, Notes};
use crate::open::{Opening, machine_name};
use crate::{Layout, Machine, OpenError, Progress, Segment};

/// How many program headers are taken.
const MOST_SEGMENTS: u64 = 1 << 20;
/// `PN_XNUM`: the number stands in the first section header.
const PN_XNUM: u64 = 0xffff;
const ET_CORE: u16 = 4;
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
/// `e_flags` of a dump that makedumpfile could not write to its end (makedumpfile's `DUMP_ELF_INCOMPLETE`).
const INCOMPLETE: u32 = 1;

struct Header {
    order: Order,
    wide: bool,
    kind: u16,
    machine: u16,
    flags: u32,
    phoff: u64,
    shoff: u64,
    phentsize: u64,
    phnum: u64,
}

struct ProgramHeader {
    kind: u32,
    offset: u64,
    virtual_address: u64,
    physical: u64,
    file_size: u64,
    memory_size: u64,
}

fn header(head: &[u8]) -> Option<Header> {
    let wide = match head.get(4)? {
        1 => false,
        2 => true,
        _ => return None,
    };
    let order = match head.get(5)? {
        1 => Order::LITTLE,
        2 => Order::BIG,
        _ => return None,
    };
    let half = |narrow, broad| order.u16(head, if wide { broad } else { narrow });
    Some(Header {
        order,
        wide,
        kind: order.u16(head, 16)?,
        machine: order.u16(head, 18)?,
        phoff: order.long(head, if wide { 32 } else { 28 }, wide)?,
        shoff: order.long(head, if wide { 40 } else { 32 }, wide)?,
        flags: order.u32(head, if wide { 48 } else { 36 })?,
        phentsize: u64::from(half(42, 54)?),
        phnum: u64::from(half(44, 56)?),
    })
}

fn program_header(bytes: &[u8], header: &Header) -> Option<ProgramHeader> {
    let (order, wide) = (header.order, header.wide);
    let long = |narrow, broad| order.long(bytes, if wide { broad } else { narrow }, wide);
    Some(ProgramHeader {
        kind: order.u32(bytes, 0)?,
        offset: long(4, 8)?,
        virtual_address: long(8, 16)?,
        physical: long(12, 24)?,
        file_size: long(16, 32)?,
        memory_size: long(20, 40)?,
    })
}

/// `e_machine` of the machines that are told apart (Linux, include/uapi/linux/elf-em.h).
pub(crate) fn machine(number: u16, wide: bool) -> Machine {
    match (number, wide) {
        (3, _) => Machine::I386,
        (40, _) => Machine::Arm,
        (62, _) => Machine::X86_64,
        (183, _) => Machine::Aarch64,
        (21, _) => Machine::Ppc64,
        (22, true) => Machine::S390x,
        (243, true) => Machine::Riscv64,
        (258, true) => Machine::Loongarch64,
        _ => Machine::Other(number),
    }
}

/// True for an ELF file whose type is no core's.
pub(crate) fn is_no_core(head: &[u8]) -> bool {
    header(head).is_some_and(|header| header.kind != ET_CORE)
}

pub(crate) fn open(opening: &mut Opening, tick: &mut dyn FnMut(Progress) -> bool) -> Result<Mapped, OpenError> {
    let file = &opening.files[0];
    let mut head = [0; 64];
    let n = file.read_some(0, &mut head).map_err(|error| opening.failed(0, error, "the ELF header", 64))?;
    let header = header(&head[..n]).ok_or_else(|| opening.cut(0, "the ELF header", 64))?;
    let least = if header.wide { 56 } else { 32 };
    if header.phentsize < least {
        let at = if header.wide { 54 } else { 42 };
        return Err(opening.senseless(0, "the size of a program header", header.phentsize, at));
    }
    let phnum = number(opening, &header)?;
    let mut extents = Vec::new();
    let mut segments = Vec::new();
    let mut parsed = Notes::default();
    let mut said = Vec::new();
    let (mut loads, mut without_address) = (0_u64, 0_u64);
    let size = header.phentsize;
    let mut buffer = vec![0; index(size)];
    for number in 0..phnum {
        if number % 4096 == 0 && !tick(Progress { stage: "program headers", done: number * size, total: phnum * size })
        {
            return Err(OpenError::Cancelled);
        }
        let end = header.phoff.saturating_add((number + 1) * size);
        let at = header.phoff.saturating_add(number * size);
        file.read(at, &mut buffer).map_err(|error| opening.failed(0, error, "the program headers", end))?;
        let Some(program) = program_header(&buffer, &header) else { continue };
        match program.kind {
            PT_NOTE => match notes::read(file, header.order, program.offset, program.file_size, &mut parsed) {
                Ok(sentence) => said.extend(sentence),
                Err(FileError::End) => said.push("the notes are cut off".to_owned()),
                Err(error) => return Err(opening.failed(0, error, "the notes", program.offset)),
            },
            PT_LOAD => {
                loads += 1;
                let none = if header.wide { u64::MAX } else { u64::from(u32::MAX) };
                // /proc/kcore gives what has no physical address all ones (Linux 4.19, "proc/kcore: set p_paddr").
                let memory = program.memory_size.max(program.file_size);
                let Some(end) = program.physical.checked_add(memory).filter(|_| program.physical != none) else {
                    without_address += 1;
                    continue;
                };
                let full = program.physical + program.file_size.min(memory);
                let place = Place { file: 0, offset: program.offset };
                extents.push(Extent { start: program.physical, end: full, bytes: Some(place) });
                extents.push(Extent { start: full, end, bytes: None });
                segments.push(Segment {
                    virtual_address: program.virtual_address,
                    physical: program.physical,
                    memory_size: memory,
                });
            }
            _ => {}
        }
    }
    if loads > without_address && extents.iter().all(|extent| extent.start == 0 || extent.bytes.is_none()) && loads > 1
    {
        // A process's core has no physical addresses at all.
        let all_at_zero = segments.iter().all(|segment| segment.physical == 0);
        if all_at_zero && parsed.vmcoreinfo.is_none() && parsed.cpus.iter().all(|cpu| cpu.kind != crate::NoteKind::Qemu)
        {
            return Err(opening.unsupported(0, crate::Format::ProcessCore));
        }
    }
    if parsed.others.iter().any(|note| note.name == "Xen" && note.kind >= 0x200_0000) {
        return Err(opening.unsupported(0, crate::Format::XenElf));
    }
    if without_address > 0 {
        said.push(format!("{without_address} of {loads} segments have no physical address, and are not read"));
    }
    let mapped = Mapped::new(extents);
    if mapped.is_empty() {
        said.push("it holds no memory: no PT_LOAD segment with a physical address".to_owned());
    }
    let incomplete = header.flags & INCOMPLETE != 0 || mapped.cut_off(&opening.files) || opening.files[0].cut_off();
    let (full, all) = mapped.sizes();
    let machine = machine(header.machine, header.wide);
    let narrow = matches!(machine, Machine::I386 | Machine::Arm);
    let wide = header.wide && !narrow || matches!(machine, Machine::X86_64 | Machine::Aarch64);
    opening.layout =
        Layout { bits: if wide { 64 } else { 32 }, little_endian: header.order.little, machine: Some(machine) };
    opening.segments = segments;
    opening.took_notes(parsed, "ELF note");
    let facts = &mut opening.facts;
    facts.page_size = 4096;
    facts.machine = Some(machine_name(machine));
    facts.incomplete = incomplete;
    facts.pages_present = Some(full / 4096);
    facts.pages_of_ram = Some(all / 4096);
    facts.compression = vec!["none".to_owned()];
    facts.notes.extend(said);
    let bits = if header.wide { 64 } else { 32 };
    let order = if header.order.little { "little" } else { "big" };
    facts.described = format!("ELF core, {bits} bits, {order}-endian, {phnum} program headers");
    Ok(mapped)
}

/// The number of program headers, from the first section header where the ELF header has no room for it.
fn number(opening: &Opening, header: &Header) -> Result<u64, OpenError> {
    if header.phnum != PN_XNUM {
        return Ok(header.phnum);
    }
    let mut section = [0; 64];
    let at = if header.wide { 44 } else { 28 };
    let end = header.shoff.saturating_add(at + 4);
    let section = &mut section[..index(at + 4)];
    opening.files[0]
        .read(header.shoff, section)
        .map_err(|error| opening.failed(0, error, "the section header with the number of segments", end))?;
    let number = header.order.u32(section, index(at)).map_or(0, u64::from);
    if number > MOST_SEGMENTS {
        return Err(OpenError::TooMany {
            name: opening.files[0].name().to_owned(),
            what: "program headers",
            limit: MOST_SEGMENTS,
            advice: "no dump has so many: the file is damaged",
        });
    }
    Ok(number)
}
