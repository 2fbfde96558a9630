//! Writes dumps in every container that is read, from memory that a test makes up.
//!
//! Layouts are those that the readers' files cite. Must never use what the readers use to find their way: it is the other
//! side of the test.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(missing_docs, reason = "names and types say it")]
#![allow(unreachable_pub, reason = "shared by tests and the example that writes seeds")]

use oopscope_dump::{Dump, OpenError, Part};
use oopscope_source::{ReadAt, ReadError};
use std::collections::BTreeMap;
use std::io::Write as _;

pub const PAGE: u64 = 4096;
pub const SIZE: usize = 4096;

/// What a page of memory is.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    Data(Vec<u8>),
    Zero,
    Excluded,
}

/// Memory by page numbers; what is absent is no RAM.
pub type Memory = BTreeMap<u64, Page>;

/// A page of bytes that say where they are from.
pub fn page(number: u64) -> Page {
    let mut bytes: Vec<u8> = (0..PAGE).map(|at| u8::try_from((at / 64 + number * 7) % 251).unwrap()).collect();
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Page::Data(bytes)
}

/// Numbers of one width and byte order.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub wide: bool,
    pub little: bool,
}

impl Order {
    pub fn u16(self, number: u64) -> Vec<u8> {
        let number = u16::try_from(number).unwrap();
        if self.little { number.to_le_bytes().to_vec() } else { number.to_be_bytes().to_vec() }
    }
    pub fn u32(self, number: u64) -> Vec<u8> {
        let number = u32::try_from(number).unwrap();
        if self.little { number.to_le_bytes().to_vec() } else { number.to_be_bytes().to_vec() }
    }
    pub fn u64(self, number: u64) -> Vec<u8> {
        if self.little { number.to_le_bytes().to_vec() } else { number.to_be_bytes().to_vec() }
    }
    pub fn long(self, number: u64) -> Vec<u8> {
        if self.wide { self.u64(number) } else { self.u32(number) }
    }
}

pub fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if file.len() < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
    }
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

pub fn note(order: Order, name: &str, kind: u64, desc: &[u8]) -> Vec<u8> {
    let mut note = [order.u32(name.len() as u64 + 1), order.u32(desc.len() as u64), order.u32(kind)].concat();
    note.extend(name.bytes());
    note.push(0);
    note.resize(note.len().next_multiple_of(4), 0);
    note.extend(desc);
    note.resize(note.len().next_multiple_of(4), 0);
    note
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    None,
    Zlib,
    Lzo,
    Snappy,
    Zstd,
}

pub const PACKINGS: [Packing; 5] = [Packing::None, Packing::Zlib, Packing::Lzo, Packing::Snappy, Packing::Zstd];

/// A page packed, with the flags of its descriptor.
pub fn pack(packing: Packing, page: &[u8]) -> (Vec<u8>, u64) {
    match packing {
        Packing::None => (page.to_vec(), 0),
        Packing::Zlib => (miniz_oxide::deflate::compress_to_vec_zlib(page, 3), 1),
        Packing::Lzo => (lzo(page), 2),
        Packing::Snappy => (snap::raw::Encoder::new().compress_vec(page).unwrap(), 4),
        Packing::Zstd => {
            use ruzstd::encoding::{CompressionLevel, compress_to_vec};
            (compress_to_vec(page, CompressionLevel::Fastest), 0x20)
        }
    }
}

/// LZO1X of literals, and of repetitions of a byte where a page is of such in pieces of 64 but for the first.
fn lzo(page: &[u8]) -> Vec<u8> {
    let pieces: Vec<_> = page.get(64..).unwrap_or_default().chunks(64).collect();
    let repeats = !pieces.is_empty() && pieces.iter().all(|piece| *piece == [piece[0]; 64]);
    let literals = if repeats { &page[..68] } else { page };
    let mut left = literals.len() - 18;
    let mut out = vec![0];
    while left > 255 {
        out.push(0);
        left -= 255;
    }
    out.push(u8::try_from(left).unwrap());
    out.extend(literals);
    for (at, piece) in pieces.iter().enumerate().filter(|_| repeats) {
        // Four literals, of which the first piece's are among those above, and 33 + 27 bytes from one byte before.
        if at > 0 {
            out.push(1);
            out.extend(&piece[..4]);
        }
        out.extend([0x20, 27, 0, 0]);
    }
    out.extend([17, 0, 0]);
    out
}

/// A kdump-compressed file to be written.
#[derive(Clone, Debug)]
pub struct Kdump {
    pub order: Order,
    /// 32 bits with 64-bit fields aligned, as on ARM.
    pub padded: bool,
    pub disk: bool,
    pub version: u64,
    pub packing: Packing,
    pub machine: &'static str,
    pub max_mapnr: u64,
    pub level: u64,
    pub split: Option<(u64, u64)>,
    pub vmcoreinfo: Vec<u8>,
    pub notes: Vec<u8>,
    pub erased: Vec<u8>,
    pub status: u64,
    pub phys_base: u64,
    pub time: u64,
    /// Two bitmaps, or one that is both.
    pub two: bool,
}

impl Default for Kdump {
    fn default() -> Self {
        Self {
            order: Order { wide: true, little: true },
            padded: false,
            disk: false,
            version: 6,
            packing: Packing::Zlib,
            machine: "x86_64",
            max_mapnr: 0,
            level: 31,
            split: None,
            vmcoreinfo: b"OSRELEASE=6.12.0\n".to_vec(),
            notes: Vec::new(),
            erased: Vec::new(),
            status: 0,
            phys_base: 0x100_0000,
            time: 1_700_000_000,
            two: true,
        }
    }
}

/// A kdump's bytes, and where its parts begin.
pub struct Written {
    pub bytes: Vec<u8>,
    /// Sub-header, notes, bitmaps, descriptors, pages, end.
    pub boundaries: Vec<usize>,
    /// Where each page's descriptor is.
    pub descriptors: BTreeMap<u64, usize>,
}

pub fn kdump(kdump: &Kdump, memory: &Memory) -> Written {
    let block = usize::try_from(PAGE).unwrap();
    let order = kdump.order;
    let most = memory.keys().next_back().map_or(1, |last| last + 1).max(kdump.max_mapnr);
    let sub_blocks = 2_usize;
    let map_blocks = usize::try_from(most.div_ceil(8).div_ceil(PAGE)).unwrap();
    let bitmap_blocks = if kdump.two { map_blocks * 2 } else { map_blocks };
    let mut file = Vec::new();
    put(&mut file, 0, if kdump.disk { b"DISKDUMP" } else { b"KDUMP   " });
    put(&mut file, 8, &order.u32(kdump.version));
    for (at, name) in ["Linux", "host", "6.12.0", "#1 SMP", kdump.machine, "(none)"].iter().enumerate() {
        put(&mut file, 12 + at * 65, name.as_bytes());
    }
    let (time, status) = if order.wide { (408, 424) } else { (404, 412) };
    put(&mut file, time, &order.long(kdump.time));
    let numbers = [kdump.status, PAGE, sub_blocks as u64, bitmap_blocks as u64, most.min(u64::from(u32::MAX))];
    for (at, number) in numbers.into_iter().enumerate() {
        put(&mut file, status + at * 4, &order.u32(number));
    }
    put(&mut file, status + 36, &order.u32(1));

    // The sub-header, whose texts lie behind it.
    let sub = block;
    let mut texts = sub + 128;
    let mut area = |file: &mut Vec<u8>, text: &[u8]| {
        let at = texts;
        put(file, at, text);
        texts = (at + text.len()).next_multiple_of(8);
        (if text.is_empty() { 0 } else { at as u64 }, text.len() as u64)
    };
    let areas = [area(&mut file, &kdump.vmcoreinfo), area(&mut file, &kdump.notes), area(&mut file, &kdump.erased)];
    assert!(texts <= block * (1 + sub_blocks));
    if !kdump.disk {
        let mut at = sub;
        let align = |at: usize| if order.wide || kdump.padded { at.next_multiple_of(8) } else { at };
        let (start, end) = kdump.split.unwrap_or_default();
        let mut field = |bytes: Vec<u8>| {
            put(&mut file, at, &bytes);
            at += bytes.len();
            at
        };
        field(order.long(kdump.phys_base));
        field(order.u32(kdump.level));
        field(order.u32(u64::from(kdump.split.is_some())));
        field(order.long(if kdump.version < 6 { start } else { 0 }));
        let mut at = field(order.long(if kdump.version < 6 { end } else { 0 }));
        for (since, (from, size)) in [3, 4, 5].into_iter().zip(areas) {
            at = align(at);
            if kdump.version >= since {
                put(&mut file, at, &order.u64(from));
                put(&mut file, at + 8, &order.long(size));
            }
            at += 8 + if order.wide { 8 } else { 4 };
        }
        at = align(at);
        if kdump.version >= 6 {
            put(&mut file, at, &[order.u64(start), order.u64(end), order.u64(most)].concat());
        }
    }

    let bitmaps = block * (1 + sub_blocks);
    let descriptors = bitmaps + bitmap_blocks * block;
    file.resize(descriptors, 0);
    let second = if kdump.two { bitmaps + map_blocks * block } else { bitmaps };
    for (&number, page) in memory {
        let (byte, bit) = (usize::try_from(number / 8).unwrap(), 1 << (number % 8));
        if kdump.two || *page != Page::Excluded {
            file[bitmaps + byte] |= bit;
        }
        if *page != Page::Excluded {
            file[second + byte] |= bit;
        }
    }
    let (from, to) = kdump.split.unwrap_or((0, u64::MAX));
    let dumped: Vec<_> = memory.range(from..to).filter(|(_, page)| **page != Page::Excluded).collect();
    let data = descriptors + dumped.len() * 24;
    file.resize(data, 0);
    let mut boundaries = vec![sub, sub + 128, bitmaps, second, descriptors, data];
    let mut at_of = BTreeMap::new();
    let zeros = file.len();
    file.resize(zeros + block, 0);
    boundaries.push(file.len());
    for (index, (&number, page)) in dumped.into_iter().enumerate() {
        let (offset, size, flags) = match page {
            Page::Data(bytes) => {
                let (packed, flags) = pack(kdump.packing, bytes);
                let (packed, flags) = if packed.len() >= block { (bytes.clone(), 0) } else { (packed, flags) };
                let offset = file.len();
                file.extend(&packed);
                (offset, packed.len(), flags)
            }
            _ => (zeros, block, 0),
        };
        let at = descriptors + index * 24;
        at_of.insert(number, at);
        let descriptor = [order.u64(offset as u64), order.u32(size as u64), order.u32(flags), order.u64(0)].concat();
        put(&mut file, at, &descriptor);
    }
    boundaries.push(file.len());
    Written { bytes: file, boundaries, descriptors: at_of }
}

/// A segment of an ELF core.
#[derive(Clone, Debug)]
pub struct Segment {
    pub virtual_address: u64,
    pub physical: u64,
    pub bytes: Vec<u8>,
    pub memory_size: u64,
}

/// An ELF core to be written.
#[derive(Clone, Debug)]
pub struct Elf {
    pub order: Order,
    pub machine: u64,
    pub kind: u64,
    pub flags: u64,
    /// The number of segments in the first section header, as for more than 65534.
    pub xnum: bool,
    pub notes: Vec<u8>,
}

impl Default for Elf {
    fn default() -> Self {
        let order = Order { wide: true, little: true };
        Self { order, machine: 62, kind: 4, flags: 0, xnum: false, notes: Vec::new() }
    }
}

/// An ELF core's bytes, and where its parts begin.
pub fn elf(elf: &Elf, segments: &[Segment]) -> (Vec<u8>, Vec<usize>) {
    let order = elf.order;
    let (header, entry, section) = if order.wide { (64, 56, 64) } else { (52, 32, 40) };
    let number = segments.len() + 1;
    let table = header + section;
    let mut file = vec![0x7f, b'E', b'L', b'F', 1 + u8::from(order.wide), 2 - u8::from(order.little), 1];
    file.resize(16, 0);
    file.extend([order.u16(elf.kind), order.u16(elf.machine), order.u32(1), order.long(0)].concat());
    file.extend([order.long(table as u64), order.long(header as u64), order.u32(elf.flags)].concat());
    let count = if elf.xnum { 0xffff } else { number as u64 };
    for field in [header as u64, entry as u64, count, section as u64, 1, 0] {
        file.extend(order.u16(field));
    }
    assert_eq!(file.len(), header);
    let info = header + if order.wide { 44 } else { 28 };
    put(&mut file, info, &order.u32(number as u64));
    let mut data = table + entry * number;
    let mut boundaries = vec![16, header, table, data];
    let program = |file: &mut Vec<u8>, index: usize, kind: u64, numbers: [u64; 5]| {
        let [offset, virtual_address, physical, file_size, memory_size] = numbers.map(|number| order.long(number));
        let (kind, flags, align) = (order.u32(kind), order.u32(7), order.long(0));
        let parts = if order.wide {
            [kind, flags, offset, virtual_address, physical, file_size, memory_size, align]
        } else {
            [kind, offset, virtual_address, physical, file_size, memory_size, flags, align]
        };
        put(file, table + index * entry, &parts.concat());
    };
    program(&mut file, 0, 4, [data as u64, 0, 0, elf.notes.len() as u64, 0]);
    put(&mut file, data, &elf.notes);
    data += elf.notes.len();
    boundaries.push(data);
    for (index, segment) in segments.iter().enumerate() {
        let size = segment.bytes.len() as u64;
        let numbers = [data as u64, segment.virtual_address, segment.physical, size, segment.memory_size];
        program(&mut file, index + 1, 1, numbers);
        put(&mut file, data, &segment.bytes);
        data += segment.bytes.len();
        boundaries.push(data);
    }
    (file, boundaries)
}

/// A file flattened in pieces of a size; the first is written as zeros before, as makedumpfile does with its header.
pub fn flatten(file: &[u8], piece: usize) -> Vec<u8> {
    let mut out = b"makedumpfile\0\0\0\0".to_vec();
    out.extend([1_u64.to_be_bytes(), 1_u64.to_be_bytes()].concat());
    out.resize(4096, 0);
    let mut write = |at: usize, bytes: &[u8]| {
        out.extend((at as u64).to_be_bytes());
        out.extend((bytes.len() as u64).to_be_bytes());
        out.extend(bytes);
    };
    let first = file.len().min(piece);
    write(0, &vec![0xee; first]);
    // The second half before the first: pieces are in no order.
    let half = file.len() / 2 / piece * piece;
    for (at, bytes) in file.chunks(piece).enumerate().skip(half / piece) {
        write(at * piece, bytes);
    }
    for (at, bytes) in file[..half].chunks(piece).enumerate() {
        write(at * piece, bytes);
    }
    write(0, &file[..first]);
    out.extend([0xff; 16]);
    out
}

pub fn lime(ranges: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (start, bytes) in ranges {
        out.extend(b"EMiL\x01\0\0\0");
        out.extend([*start, start + bytes.len() as u64 - 1, 0].map(u64::to_le_bytes).concat());
        out.extend(bytes);
    }
    out
}

pub fn avml(ranges: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (start, bytes) in ranges {
        out.extend(b"AVML\x02\0\0\0");
        out.extend([*start, start + bytes.len() as u64 - 1, 0].map(u64::to_le_bytes).concat());
        let mut encoder = snap::write::FrameEncoder::new(Vec::new());
        encoder.write_all(bytes).unwrap();
        let packed = encoder.into_inner().unwrap();
        out.extend(&packed);
        out.extend((packed.len() as u64).to_le_bytes());
    }
    out
}

/// A file of pieces with zeros between them, of any size.
#[derive(Clone, Debug, Default)]
pub struct Sparse {
    pub len: u64,
    pub pieces: BTreeMap<u64, Vec<u8>>,
}

impl ReadAt for Sparse {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let n = usize::try_from(self.len.saturating_sub(offset).min(buf.len() as u64)).unwrap();
        let end = offset + n as u64;
        buf[..n].fill(0);
        for (&at, bytes) in self.pieces.range(..end) {
            let (from, to) = (at.max(offset), (at + bytes.len() as u64).min(end));
            if from < to {
                let within = |position: u64, start: u64| usize::try_from(position - start).unwrap();
                buf[within(from, offset)..within(to, offset)].copy_from_slice(&bytes[within(from, at)..within(to, at)]);
            }
        }
        Ok(n)
    }
}

pub fn open_named(files: &[(&str, &[u8])]) -> Result<Dump, OpenError> {
    let part = |(name, bytes): &(&str, &[u8])| Part { name: (*name).to_owned(), bytes: Box::new(bytes.to_vec()) };
    Dump::open(files.iter().map(part).collect(), &mut |_| true)
}

pub fn open(bytes: &[u8]) -> Result<Dump, OpenError> {
    open_named(&[("dump", bytes)])
}
