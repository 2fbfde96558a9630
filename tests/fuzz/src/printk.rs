//! The target for the kernel's log: any memory is a ring.
//!
//! Like the others it must never depend on chance.

use oopscope_kernel::MemoryError;
use oopscope_kernel::log::{Found, Words, bytes, lockless, records, text};

/// The most memory of an input, in bytes.
const MEMORY: usize = 256 << 10;

/// The first byte chooses the ring, the byte order and the width; the rest is memory, with what points to the ring at its
/// beginning. What is read is bounded, and what is not is said.
pub fn printk(input: &[u8]) {
    let Some((&choice, memory)) = input.split_first() else { return };
    let memory = &memory[..memory.len().min(MEMORY)];
    let words = Words { little_endian: choice & 1 == 0, long: if choice & 2 == 0 { 8 } else { 4 } };
    let base = if words.long == 8 { 0xffff_8000_0000_0000 } else { 0xc000_0000 };
    let read = |address: u64, buf: &mut [u8]| {
        let missing = MemoryError::NotMapped { address, level: "PTE" };
        let start = address.checked_sub(base).and_then(|at| usize::try_from(at).ok()).ok_or(missing)?;
        let bytes = memory.get(start..).and_then(|rest| rest.get(..buf.len())).ok_or(missing)?;
        buf.copy_from_slice(bytes);
        Ok(())
    };
    let long = |index: u64| words.long(memory, index * words.long).unwrap_or(0);
    let number = |index: u64| words.number(memory, words.long + index * 4, 4).unwrap_or(0);
    let found = match choice >> 2 & 3 {
        0 => {
            let Ok(layout) = lockless::Layout::new(&|name| Some(offset(words, name)), &|name| Some(size(words, name)))
            else {
                unreachable!("all that it asks for is told")
            };
            lockless::records(&read, words, &layout, base)
        }
        3 => {
            let place = bytes::Place { buffer: long(0), size: number(0), end: number(1), logged: number(2) };
            bytes::records(&read, place)
        }
        wide => {
            let place = records::Place { buffer: long(0), size: number(0), first: number(1), next: number(2) };
            let size = if wide == 1 { 16 } else { 24 };
            let Some(header) = records::Header::new(&record_offset, &|name| (name == "printk_log").then_some(size))
            else {
                unreachable!("all that it asks for is told")
            };
            records::records(&read, words, &header, place)
        }
    };
    check(&found, memory.len());
}

/// Nothing is said of a record that cannot be, and each loss has its sentence.
fn check(found: &Found, memory: usize) {
    // Records may share their text, but not their descriptors; the oldest ring has a line for every two bytes.
    assert!(found.records.len() <= memory, "{} records out of {memory} bytes", found.records.len());
    for record in &found.records {
        assert!(record.level.is_none_or(|level| level < 8), "{record:?}");
        assert!(record.time.is_none_or(|time| (0.0..2e10).contains(&time)), "{record:?}");
        assert!(record.text.len() <= 3 * 65_536 || record.text.len() <= 3 * memory, "{} bytes", record.text.len());
    }
    for unread in found.unread() {
        assert!(unread.what.len() > 8 && unread.why.len() > 8, "{unread:?}");
    }
    let lines = found.records.iter().map(|record| record.text.split('\n').count()).sum::<usize>();
    assert_eq!(text(&found.records).matches('\n').count(), lines);
}

/// The offsets of Linux 5.10 to 7.1.
fn offset(words: Words, name: &str) -> u64 {
    let long = words.long;
    match name {
        "printk_ringbuffer.text_data_ring" => 5 * long,
        "prb_desc_ring.descs" | "prb_data_ring.data" | "prb_desc.text_blk_lpos" | "prb_data_blk_lpos.next" => long,
        "prb_desc_ring.infos" => 2 * long,
        "prb_desc_ring.head_id" => 3 * long,
        "prb_desc_ring.tail_id" => 4 * long,
        "printk_info.ts_nsec" => 8,
        "printk_info.text_len" => 16,
        "printk_info.caller_id" => 20,
        _ => 0,
    }
}

fn size(words: Words, name: &str) -> u64 {
    if name == "prb_desc" { 3 * words.long } else { 88 }
}

fn record_offset(name: &str) -> Option<u64> {
    match name {
        "printk_log.ts_nsec" => Some(0),
        "printk_log.len" => Some(8),
        "printk_log.text_len" => Some(10),
        "printk_log.dict_len" => Some(12),
        _ => None,
    }
}
