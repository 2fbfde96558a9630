//! Rings made here, read back. Must never be made by the code that reads them.

use super::lockless::Layout;
use super::*;
use crate::error::MemoryError;

const BASE: u64 = 0xffff_8000_0000_0000;
const LE64: Words = Words { little_endian: true, long: 8 };

/// Memory from `BASE` on.
struct Memory {
    bytes: Vec<u8>,
    words: Words,
    /// A page that the dump does not have.
    gap: Option<u64>,
}

impl Memory {
    fn new(size: usize, words: Words) -> Self {
        Self { bytes: vec![0; size], words, gap: None }
    }

    fn put(&mut self, at: u64, value: u64, size: u64) {
        let (at, size) = (usize::try_from(at).unwrap(), usize::try_from(size).unwrap());
        let bytes = if self.words.little_endian {
            value.to_le_bytes()[..size].to_vec()
        } else {
            value.to_be_bytes()[8 - size..].to_vec()
        };
        self.bytes[at..at + size].copy_from_slice(&bytes);
    }

    fn put_text(&mut self, at: u64, text: &str) {
        let at = usize::try_from(at).unwrap();
        self.bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
    }

    fn base(&self) -> u64 {
        if self.words.long == 4 { 0xc000_0000 } else { BASE }
    }

    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        let missing = MemoryError::NotMapped { address, level: "PTE" };
        let at = address.checked_sub(self.base()).ok_or(missing)?;
        let end = at + buf.len() as u64;
        if self.gap.is_some_and(|gap| at < gap + 4096 && end > gap) {
            return Err(missing);
        }
        let (start, end) = (usize::try_from(at).unwrap(), usize::try_from(end).unwrap());
        // Memory ends with a page, as memory does.
        let mut page = self.bytes.clone();
        page.resize(page.len().next_multiple_of(4096 * 4), 0);
        buf.copy_from_slice(page.get(start..end).ok_or(missing)?);
        Ok(())
    }
}

/// The offsets of 5.10 to 7.1 for this size of a `long`.
fn layout(words: Words) -> Layout {
    let long = words.long;
    let offset = |name: &str| {
        Some(match name {
            "printk_ringbuffer.text_data_ring" => 5 * long,
            "prb_desc_ring.descs" | "prb_data_ring.data" | "prb_desc.text_blk_lpos" | "prb_data_blk_lpos.next" => long,
            "prb_desc_ring.infos" => 2 * long,
            "prb_desc_ring.head_id" => 3 * long,
            "prb_desc_ring.tail_id" => 4 * long,
            "printk_info.ts_nsec" => 8,
            "printk_info.text_len" => 16,
            "printk_info.caller_id" => 20,
            _ => 0,
        })
    };
    let size = |name: &str| Some(if name == "prb_desc" { 3 * long } else { 88 });
    Layout::new(&offset, &size).unwrap()
}

struct Ring {
    memory: Memory,
    count_bits: u32,
    size_bits: u32,
    at: u64,
    id: u64,
}

const PRB: u64 = 0x100;
const DESCS: u64 = 0x1000;
const INFOS: u64 = 0x2000;
const TEXT: u64 = 0x4000;

impl Ring {
    fn new(words: Words) -> Self {
        let mut ring = Self { memory: Memory::new(0x5000, words), count_bits: 4, size_bits: 8, at: 0, id: 7 };
        let base = ring.memory.base();
        let long = words.long;
        ring.memory.put(0, base + PRB, long);
        ring.memory.put(PRB, u64::from(ring.count_bits), 4);
        ring.memory.put(PRB + long, base + DESCS, long);
        ring.memory.put(PRB + 2 * long, base + INFOS, long);
        ring.memory.put(PRB + 5 * long, u64::from(ring.size_bits), 4);
        ring.memory.put(PRB + 6 * long, base + TEXT, long);
        ring.ids(ring.id, ring.id);
        ring
    }

    fn ids(&mut self, tail: u64, head: u64) {
        let long = self.memory.words.long;
        self.memory.put(PRB + 3 * long, head, long);
        self.memory.put(PRB + 4 * long, tail, long);
    }

    fn descriptor(&mut self, state: u64, begin: u64, next: u64) -> u64 {
        let words = self.memory.words;
        let index = self.id % (1 << self.count_bits);
        let desc = DESCS + index * 3 * words.long;
        self.memory.put(desc, self.id | state << (words.bits() - 2), words.long);
        self.memory.put(desc + words.long, begin, words.long);
        self.memory.put(desc + 2 * words.long, next, words.long);
        let info = INFOS + index * 88;
        self.memory.put(info, self.id, 8);
        self.memory.put(info + 8, self.id * 1_000_000_999, 8);
        let level = if words.little_endian { 6 << 5 | 3 } else { 3 << 3 | 6 };
        self.memory.put(info + 19, level, 1);
        self.memory.put(info + 20, if self.id.is_multiple_of(2) { 0x8000_0001 } else { 42 }, 4);
        self.id += 1;
        info
    }

    /// As `data_alloc` does it: a block that does not fit before the end goes to the front.
    fn push(&mut self, state: u64, text: &str) {
        let words = self.memory.words;
        let size = 1 << self.size_bits;
        let length = (words.long + text.len() as u64).next_multiple_of(words.long);
        let (begin, mut next) = (self.at, self.at + length);
        let mut place = begin % size;
        if begin / size != (next - 1) / size {
            next = next / size * size + length;
            place = 0;
        }
        self.memory.put(TEXT + place, self.id, words.long);
        self.memory.put_text(TEXT + place + words.long, text);
        self.at = next;
        let info = self.descriptor(state, begin, next);
        self.memory.put(info + 16, text.len() as u64, 2);
    }

    fn found(&self) -> Found {
        let words = self.memory.words;
        lockless::records(&|at, buf| self.memory.read(at, buf), words, &layout(words), self.memory.base())
    }
}

fn texts(found: &Found) -> Vec<&str> {
    found.records.iter().map(|record| record.text.as_str()).collect()
}

#[test]
fn records_in_all_widths_and_byte_orders() {
    for (little_endian, long) in [(true, 8), (false, 8), (true, 4), (false, 4)] {
        let mut ring = Ring::new(Words { little_endian, long });
        ring.push(2, "first");
        ring.push(1, "second\nwith a line more");
        ring.ids(7, 8);
        let found = ring.found();
        assert_eq!(found.unread(), [], "{little_endian} {long}");
        assert_eq!(
            text(&found.records),
            "<6>[    7.000006][   T42] first\n<6>[    8.000007][    C1] second\n<6>[    8.000007][    C1] with a line more\n"
        );
    }
}

#[test]
fn texts_that_wrap_lie_at_the_front() {
    let mut ring = Ring::new(LE64);
    let long = "x".repeat(90);
    ring.push(2, &long);
    ring.push(2, "y");
    // 104 + 16 + 136 bytes: it ends with the ring's last byte.
    ring.push(2, &"z".repeat(128));
    ring.push(2, "front");
    ring.ids(8, 10);
    assert_eq!(texts(&ring.found()), ["y", &"z".repeat(128), "front"]);
    // Before "don't needlessly wrap data blocks around" the same block would have gone to the front.
    let mut ring = Ring::new(LE64);
    ring.push(2, "gone");
    ring.memory.put(TEXT, ring.id, 8);
    ring.memory.put_text(TEXT + 8, "at the front");
    let info = ring.descriptor(2, 256 - 24, 256 + 24);
    ring.memory.put(info + 16, 12, 2);
    ring.ids(8, 8);
    assert_eq!(texts(&ring.found()), ["at the front"]);
}

#[test]
fn states_and_records_without_text() {
    let mut ring = Ring::new(LE64);
    ring.push(3, "reusable");
    ring.push(0, "being written");
    ring.descriptor(2, 3, 3);
    ring.descriptor(2, 1, 1);
    ring.push(1, "last");
    // The newest identifier has no descriptor yet: another record's is still there.
    ring.ids(7, 12);
    let found = ring.found();
    assert_eq!(texts(&found), ["", "last"]);
    assert_eq!(text(&found.records).lines().next(), Some("<6>[    9.000008][   T42] "));
    let unread: Vec<_> = found.unread().into_iter().map(|unread| format!("{}: {}", unread.what, unread.why)).collect();
    assert_eq!(
        unread,
        [
            "1 record of the kernel's log: being written at the moment of the crash",
            "1 record of the kernel's log: the ring had no room for the text"
        ]
    );
}

#[test]
fn what_is_damaged_costs_itself() {
    let mut ring = Ring::new(LE64);
    for text in ["one", "two", "three", "four"] {
        ring.push(2, text);
    }
    ring.ids(7, 10);
    // "two" begins 16 bytes in; its identifier is another's.
    ring.memory.put(TEXT + 16, 99, 8);
    // "three" lies where no text is.
    ring.memory.put(DESCS + 9 * 24 + 16, 0x7777_7777, 8);
    let found = ring.found();
    assert_eq!(texts(&found), ["one", "four"]);
    assert_eq!(found.lost(), 2);

    // Ids that are further apart than the ring is long: all of it is looked at.
    ring.ids(1 << 40, 10);
    let found = ring.found();
    assert_eq!(texts(&found), ["one", "four"]);
    assert!(matches!(found.losses[..], [Loss::Ids { .. }]), "{found:?}");

    // A text length beyond its block gives the block.
    ring.ids(7, 10);
    ring.memory.put(INFOS + 7 * 88 + 16, 0xffff, 2);
    assert_eq!(ring.found().records[0].text.len(), 8);

    ring.memory.gap = Some(TEXT);
    let found = ring.found();
    assert_eq!((texts(&found).len(), found.lost()), (0, 4));
    assert!(found.unread()[0].why.contains("0xffff800000004"), "{:?}", found.unread());

    ring.memory.put(PRB, 60, 4);
    assert_eq!(ring.found().losses, [Loss::Size { what: "prb.desc_ring.count_bits", value: 60 }]);
    ring.memory.put(0, 0x10, 8);
    assert!(matches!(ring.found().losses[..], [Loss::Head { what: "prb.desc_ring.count_bits", .. }]));
}

#[test]
fn what_vmcoreinfo_lacks_is_named() {
    let offset = |name: &str| (name != "prb_desc_ring.infos").then_some(0);
    assert_eq!(Layout::new(&offset, &|_| Some(24)), Err("prb_desc_ring.infos"));
    assert_eq!(Layout::new(&|_| Some(0), &|_| Some(0)), Err("prb_desc"));
}

/// A record of 3.6 to 5.9: (time, level, flags, caller, text).
fn push_record(memory: &mut Memory, at: &mut u64, size: u64, (time, level, flags, text): (u64, u64, u64, &str)) {
    let length = (size + text.len() as u64 + 5).next_multiple_of(8);
    memory.put(*at, time, 8);
    memory.put(*at + 8, length, 2);
    memory.put(*at + 10, text.len() as u64, 2);
    memory.put(*at + 12, 5, 2);
    memory.put(*at + 15, level << 5 | flags, 1);
    if size == 24 {
        memory.put(*at + 16, 0x8000_0003, 4);
    }
    memory.put_text(*at + size, text);
    memory.put_text(*at + size + text.len() as u64, "X=dic");
    *at += length;
}

fn header(size: u64) -> records::Header {
    let offset = |name: &str| match name {
        "printk_log.ts_nsec" => Some(0),
        "printk_log.len" => Some(8),
        "printk_log.text_len" => Some(10),
        "printk_log.dict_len" => Some(12),
        _ => None,
    };
    records::Header::new(&offset, &|name| (name == "printk_log").then_some(size)).unwrap()
}

#[test]
fn the_older_ring_with_its_pieces() {
    for size in [16, 24] {
        let mut memory = Memory::new(4096, LE64);
        let mut at = 512;
        push_record(&mut memory, &mut at, size, (1_500_000_000, 4, 6, "whole"));
        push_record(&mut memory, &mut at, size, (2_000_000_000, 6, 12, "a line "));
        push_record(&mut memory, &mut at, size, (2_000_001_000, 6, 8, "in "));
        push_record(&mut memory, &mut at, size, (2_000_002_000, 6, 10, "pieces"));
        // The rest is not used: a header with length 0, and on at the front.
        memory.put(at + 8, 0, 2);
        let mut front = 0;
        push_record(&mut memory, &mut front, size, (3_000_000_000, 0, 6, "front\nof the ring"));
        let place = records::Place { buffer: BASE, size: 1024, first: 512, next: front };
        let found = records::records(&|at, buf| memory.read(at, buf), LE64, &header(size), place);
        let caller = if size == 24 { "[    C3]" } else { "" };
        let expected = format!(
            "<4>[    1.500000]{caller} whole\n<6>[    2.000000]{caller} a line in pieces\n\
             <0>[    3.000000]{caller} front\n<0>[    3.000000]{caller} of the ring\n"
        );
        assert_eq!((text(&found.records), found.unread()), (expected, vec![]));
    }
}

#[test]
fn levels_of_linux_3_5() {
    let mut memory = Memory::new(4096, LE64);
    let mut at = 0;
    push_record(&mut memory, &mut at, 16, (1_000_000, 0, 0, "a"));
    memory.put(14, 4, 2);
    let place = records::Place { buffer: BASE, size: 1024, first: 0, next: at };
    let found = records::records(&|at, buf| memory.read(at, buf), LE64, &header(16), place);
    assert_eq!(text(&found.records), "<4>[    0.001000] a\n");
}

#[test]
fn a_damaged_older_ring_ends() {
    let mut memory = Memory::new(4096, LE64);
    let mut at = 0;
    push_record(&mut memory, &mut at, 16, (0, 6, 6, "kept"));
    let next = at;
    push_record(&mut memory, &mut at, 16, (0, 6, 6, "damaged"));
    memory.put(next + 8, 0xfff0, 2);
    let read = |at: u64, buf: &mut [u8]| memory.read(at, buf);
    let place = records::Place { buffer: BASE, size: 1024, first: 0, next: 900 };
    let found = records::records(&read, LE64, &header(16), place);
    assert_eq!(texts(&found), ["kept"]);
    assert_eq!(found.losses, [Loss::Record { at: next, size: 1024, length: 0xfff0 }]);
    // Nothing but zeros: round once, and out.
    let place = records::Place { buffer: BASE + 2048, size: 1024, first: 16, next: 8 };
    assert_eq!(records::records(&read, LE64, &header(16), place).records, []);
    let place = records::Place { buffer: BASE, size: 1 << 40, first: 0, next: 8 };
    assert!(matches!(records::records(&read, LE64, &header(16), place).losses[..], [Loss::Size { .. }]));
}

#[test]
fn the_ring_of_bytes() {
    let mut memory = Memory::new(4096, LE64);
    memory.put_text(0, "3>end\n");
    memory.put_text(1024 - 30, "<6>[    0.000000] one\nmore\n<");
    let read = |at: u64, buf: &mut [u8]| memory.read(at, buf);
    let place = bytes::Place { buffer: BASE, size: 1024, end: 1024 + 6, logged: 36 };
    let found = bytes::records(&read, place);
    assert_eq!(text(&found.records).replace('\0', ""), "<6>[    0.000000] one\nmore\n<3>end\n");
    let place = bytes::Place { buffer: BASE, size: 1000, end: 0, logged: 0 };
    assert!(matches!(bytes::records(&read, place).losses[..], [Loss::Size { .. }]));
}
