//! A kernel's file as the memory that it becomes. Must never make up bytes that the file does not have.

use std::rc::Rc;

use oopscope_source::ReadAt;

use crate::{Layout, Memory, Unreadable};

/// The most segments that are believed.
const MOST: u16 = 128;

/// A part of the file that is loaded.
#[derive(Clone, Copy, Debug)]
struct Segment {
    address: u64,
    offset: u64,
    size: u64,
}

/// A kernel's memory by the addresses that the linker gave.
#[derive(Clone)]
pub struct Loaded {
    file: Rc<dyn ReadAt>,
    segments: Vec<Segment>,
}

impl Loaded {
    /// The whole file, from an address on.
    pub(super) fn raw(file: Rc<dyn ReadAt>, address: u64) -> Self {
        let size = file.len();
        Self { file, segments: vec![Segment { address, offset: 0, size }] }
    }

    /// An ELF file's segments (PT_LOAD is 1).
    pub(super) fn elf(file: Rc<dyn ReadAt>, layout: Layout) -> Self {
        let wide = layout.pointer == 8;
        let mut head = [0; 64];
        let _ = file.read_at(0, &mut head);
        let [offset, size, count] = if wide { [0x20, 0x36, 0x38] } else { [0x1c, 0x2a, 0x2c] };
        let (offset, size, count) =
            (layout.long(&head[offset..]), layout.u16(&head[size..]), layout.u16(&head[count..]));
        let mut segments = Vec::new();
        if usize::from(size) == if wide { 56 } else { 32 } {
            for item in 0..count.min(MOST) {
                let mut raw = [0; 56];
                let at = offset.saturating_add(u64::from(item) * u64::from(size));
                let raw = &mut raw[..usize::from(size)];
                if file.read_at(at, raw) != Ok(raw.len()) {
                    break;
                }
                let [from, to, bytes] = if wide { [8, 16, 32] } else { [4, 8, 16] };
                if layout.u32(raw) == 1 {
                    let segment = Segment {
                        address: layout.long(&raw[to..]),
                        offset: layout.long(&raw[from..]),
                        size: layout.long(&raw[bytes..]),
                    };
                    segments.push(segment);
                }
            }
        }
        segments.sort_by_key(|segment| segment.address);
        Self { file, segments }
    }

    /// The addresses of the kernel's own image: x86-64 has a segment of per-CPU variables at 0.
    pub(super) fn range(&self) -> std::ops::Range<u64> {
        let end = |segment: &Segment| segment.address.saturating_add(segment.size);
        let last = self.segments.iter().map(end).max().unwrap_or(0);
        let near = self.segments.iter().filter(|segment| last - segment.address <= 2 << 30 && segment.size > 0);
        near.map(|segment| segment.address).min().unwrap_or(last)..last
    }

    /// Where an address lies in the file, and how many bytes from there on.
    fn place(&self, address: u64) -> Option<(u64, u64)> {
        self.segments.iter().find_map(|segment| {
            let within = address.checked_sub(segment.address).filter(|&within| within < segment.size)?;
            Some((segment.offset.checked_add(within)?, segment.size - within))
        })
    }
}

impl Memory for Loaded {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        let mut done = 0;
        while done < buf.len() {
            let hole = Unreadable { address: address.wrapping_add(done as u64) };
            let at = address.checked_add(done as u64).ok_or(hole)?;
            let (offset, length) = self.place(at).ok_or(hole)?;
            let room = usize::try_from(length).map_or(buf.len() - done, |length| length.min(buf.len() - done));
            match self.file.read_at(offset, &mut buf[done..done + room]) {
                Ok(n) if n > 0 => done += n,
                _ => return Err(hole),
            }
        }
        Ok(())
    }
}
