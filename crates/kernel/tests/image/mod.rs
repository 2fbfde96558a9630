//! A machine's memory made by hand: pages, page tables, and an ELF core of them. Must never hold what a test is about.

use oopscope_dump::{Dump, Part};
use std::collections::BTreeMap;

pub(crate) const X86_64: u16 = 62;
pub(crate) const AARCH64: u16 = 183;

/// The granule of the image: pages are put together from these.
const FRAME: u64 = 4096;

/// Physical memory, as far as it is there, and what the dump says of it.
#[derive(Default)]
pub(crate) struct Image {
    pub(crate) frames: BTreeMap<u64, Vec<u8>>,
    /// VMCOREINFO's note; none without.
    pub(crate) note: Option<String>,
    /// What is added to a physical address to have a program header's virtual one.
    pub(crate) virtual_offset: u64,
}

impl Image {
    /// Puts bytes at a physical address.
    pub(crate) fn put(&mut self, physical: u64, bytes: &[u8]) {
        for (byte, at) in bytes.iter().zip(physical..) {
            let frame = self.frames.entry(at / FRAME).or_insert_with(|| vec![0; 4096]);
            frame[usize::try_from(at % FRAME).unwrap()] = *byte;
        }
    }

    /// Puts a word at a physical address.
    pub(crate) fn word(&mut self, physical: u64, word: u64) {
        self.put(physical, &word.to_le_bytes());
    }

    /// Takes a frame away.
    pub(crate) fn lose(&mut self, physical: u64) {
        self.frames.remove(&(physical / FRAME));
    }

    /// Puts the kernel's release where `init_uts_ns` at `physical` has it.
    pub(crate) fn release(&mut self, physical: u64, release: &str) {
        self.put(physical + 130, &[0; 65]);
        self.put(physical + 130, release.as_bytes());
    }

    /// Writes the entries of page tables that lead `address` to a leaf: `entries` are pairs of where the entry of a level
    /// lies (the table's address and the index) and what it holds.
    pub(crate) fn tables(&mut self, entries: &[(u64, u64, u64)]) {
        for &(table, index, entry) in entries {
            self.word(table + index * 8, entry);
        }
    }

    /// The dump: an ELF core with a segment a run of frames.
    pub(crate) fn dump(&self, machine: u16) -> Dump {
        let bytes = self.elf(machine);
        let part = Part { name: "made.elf".to_owned(), bytes: Box::new(bytes) };
        Dump::open(vec![part], &mut |_| true).expect("it is a dump")
    }

    fn elf(&self, machine: u16) -> Vec<u8> {
        let mut runs: Vec<(u64, Vec<u8>)> = Vec::new();
        for (&number, frame) in &self.frames {
            match runs.last_mut() {
                Some((first, bytes)) if *first + bytes.len() as u64 / FRAME == number => bytes.extend_from_slice(frame),
                _ => runs.push((number, frame.clone())),
            }
        }
        let note = self.note.as_ref().map_or_else(Vec::new, |text| {
            let mut note = Vec::new();
            for word in [11_u32, u32::try_from(text.len()).unwrap(), 0] {
                note.extend_from_slice(&word.to_le_bytes());
            }
            note.extend_from_slice(b"VMCOREINFO\0\0");
            note.extend_from_slice(text.as_bytes());
            note.resize(note.len().next_multiple_of(4), 0);
            note
        });
        let headers = runs.len() as u64 + 1;
        let mut file = Vec::new();
        file.extend_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
        file.extend_from_slice(&4_u16.to_le_bytes());
        file.extend_from_slice(&machine.to_le_bytes());
        file.extend_from_slice(&1_u32.to_le_bytes());
        for word in [0_u64, 64, 0] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&0_u32.to_le_bytes());
        for half in [64_u16, 56, u16::try_from(headers).unwrap(), 0, 0, 0] {
            file.extend_from_slice(&half.to_le_bytes());
        }
        let mut at = 64 + headers * 56;
        let mut header = |kind: u32, offset: u64, address: u64, physical: u64, size: u64| {
            file.extend_from_slice(&kind.to_le_bytes());
            file.extend_from_slice(&7_u32.to_le_bytes());
            for word in [offset, address, physical, size, size, 0] {
                file.extend_from_slice(&word.to_le_bytes());
            }
        };
        header(4, at, 0, 0, note.len() as u64);
        at += note.len() as u64;
        for (first, bytes) in &runs {
            let physical = first * FRAME;
            header(1, at, physical.wrapping_add(self.virtual_offset), physical, bytes.len() as u64);
            at += bytes.len() as u64;
        }
        file.extend_from_slice(&note);
        for (_, bytes) in &runs {
            file.extend_from_slice(bytes);
        }
        file
    }
}
