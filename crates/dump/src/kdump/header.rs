//! The two headers of a kdump. Their layout is a C compiler's of the producer's machine, and the header does not tell which.
//!
//! Offsets: makedumpfile's diskdump_mod.h (`struct disk_dump_header`, `struct kdump_sub_header`), whose `long` and `off_t`
//! differ between 64-bit, i386 (fields packed) and 32-bit ARM (64-bit fields aligned). Must never use a field that the
//! header's version does not have.

use crate::Uts;
use crate::bytes::{Order, index, text};

/// How much of the main header is used.
pub(super) const SIZE: u64 = 464;

/// The main header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) order: Order,
    /// A `long` has 64 bits.
    pub(super) wide: bool,
    /// `DISKDUMP`, whose sub-header is another.
    pub(super) disk: bool,
    pub(super) version: u32,
    pub(super) uts: Uts,
    pub(super) status: u32,
    pub(super) block_size: u64,
    pub(super) sub_blocks: u64,
    pub(super) bitmap_blocks: u64,
    pub(super) max_mapnr: u64,
}

/// What is used of the sub-header; absent what its version does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SubHeader {
    pub(super) phys_base: u64,
    pub(super) dump_level: Option<u32>,
    /// First page and the page after the last, where the dump is split.
    pub(super) split: Option<(u64, u64)>,
    /// Position and size of VMCOREINFO's text.
    pub(super) vmcoreinfo: Option<(u64, u64)>,
    pub(super) notes: Option<(u64, u64)>,
    pub(super) erased: Option<(u64, u64)>,
    pub(super) max_mapnr: Option<u64>,
}

/// Reads the main header: the widths and byte order in which its numbers make sense.
pub(super) fn parse(head: &[u8]) -> Option<Header> {
    let widths = [(false, Order::LITTLE), (false, Order::BIG), (true, Order::LITTLE), (true, Order::BIG)];
    widths.into_iter().find_map(|(wide, order)| with(head, wide, order))
}

fn with(head: &[u8], wide: bool, order: Order) -> Option<Header> {
    // The 390 bytes of utsname end at 402; the time that follows is aligned to a `long`.
    let (time, status) = if wide { (408, 424) } else { (404, 412) };
    let number = |field: usize| order.u32(head, status + field * 4);
    let names = |field: usize| text(head.get(12 + field * 65..12 + (field + 1) * 65).unwrap_or_default());
    let seconds =
        if wide { i64::from_ne_bytes(order.u64(head, time)?.to_ne_bytes()) } else { i64::from(order.u32(head, time)?) };
    let header = Header {
        order,
        wide,
        disk: head.starts_with(b"DISKDUMP"),
        version: order.u32(head, 8)?,
        uts: Uts {
            sysname: names(0),
            nodename: names(1),
            release: names(2),
            version: names(3),
            machine: names(4),
            domainname: names(5),
            time: Some(seconds).filter(|&seconds| seconds != 0),
        },
        status: number(0)?,
        block_size: u64::from(number(1)?),
        sub_blocks: u64::from(number(2)?),
        bitmap_blocks: u64::from(number(3)?),
        max_mapnr: u64::from(number(4)?),
    };
    let sensible = header.version < 256
        && header.block_size.is_power_of_two()
        && (1 << 10..=1 << 20).contains(&header.block_size)
        && (1..1 << 16).contains(&header.sub_blocks)
        && header.bitmap_blocks > 0
        && header.bitmap_blocks * header.block_size * 8 >= header.max_mapnr;
    sensible.then_some(header)
}

/// Where start_pfn, offset_vmcoreinfo, offset_note, offset_eraseinfo, start_pfn_64, end_pfn_64 and max_mapnr_64 stand.
type Offsets = [usize; 7];
const WIDE: Offsets = [16, 32, 48, 64, 80, 88, 96];
/// Of i386.
const PACKED: Offsets = [12, 20, 32, 44, 56, 64, 72];
/// Of 32-bit ARM.
const PADDED: Offsets = [12, 24, 40, 56, 72, 80, 88];

/// Reads the sub-header, which begins with the second block.
pub(super) fn sub(header: &Header, bytes: &[u8]) -> Option<SubHeader> {
    let (order, wide, version) = (header.order, header.wide, header.version);
    if header.disk {
        return Some(SubHeader::default());
    }
    let inside = |at: Offsets| {
        let (from, size) = (order.u64(bytes, at[1])?, order.long(bytes, at[1] + 8, wide)?);
        let room = header.block_size..=header.block_size * (1 + header.sub_blocks);
        Some(size > 0 && room.contains(&from) && room.contains(&from.saturating_add(size)))
    };
    let at = match wide {
        true => WIDE,
        // Where VMCOREINFO lies within the sub-header's blocks shows how the fields before it are laid out.
        false if version >= 3 && inside(PACKED) == Some(true) => PACKED,
        false if version >= 3 && inside(PADDED) == Some(true) => PADDED,
        false if header.uts.machine.starts_with("arm") || header.uts.machine.starts_with("mips") => PADDED,
        false => PACKED,
    };
    let area = |since: u32, at: usize| {
        let (from, size) = (order.u64(bytes, at)?, order.long(bytes, at + 8, wide)?);
        (version >= since && from != 0 && size != 0).then_some((from, size))
    };
    let (level, split) = if wide { (8, 12) } else { (4, 8) };
    let split = version >= 2 && order.u32(bytes, split)? != 0;
    let range = if version >= 6 {
        (order.u64(bytes, at[4])?, order.u64(bytes, at[5])?)
    } else {
        let long = if wide { 8 } else { 4 };
        (order.long(bytes, at[0], wide)?, order.long(bytes, at[0] + long, wide)?)
    };
    Some(SubHeader {
        phys_base: order.long(bytes, 0, wide)?,
        dump_level: if version >= 1 { Some(order.u32(bytes, level)?) } else { None },
        split: split.then_some(range),
        vmcoreinfo: area(3, at[1]),
        notes: area(4, at[2]),
        erased: area(5, at[3]),
        max_mapnr: if version >= 6 { Some(order.u64(bytes, at[6])?) } else { None },
    })
}

/// Bytes of the sub-header that are used.
pub(super) fn sub_size(header: &Header) -> usize {
    index(header.block_size).min(104)
}
