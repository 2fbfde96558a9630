//! The lockless ring of Linux 5.10 and later (`kernel/printk/printk_ringbuffer.c`, commit "printk: use the lockless
//! ringbuffer"): descriptors with a state, a parallel array of what is known of each record, and a ring of texts.
//!
//! It is read by what VMCOREINFO tells alone. Must never follow an identifier further than the ring has descriptors: the
//! ring of a crashed kernel may be anything.

use super::found::{Found, Loss};
use super::source::{Read, Window, Words};
use crate::error::MemoryError;
use oopscope_report::vmcore::LogRecord;

/// `LOG_BUF_LEN_MAX` is 2 GiB, and there is a descriptor for every 32 bytes (`PRB_AVGBITS`).
const MOST_COUNT_BITS: u64 = 26;
/// The same, for the text.
const MOST_SIZE_BITS: u64 = 31;
/// No structure of the ring has this size; VMCOREINFO that says so is damaged.
const LARGEST: u64 = 4096;
/// Text that is kept, all records together. Rings have 128 KiB to a few MiB.
const MOST_TEXT: u64 = 64 << 20;
/// Records that cannot be read, after which there is no more to be had.
const MOST_UNREADABLE: u64 = 1 << 16;
/// `caller_id` of a CPU rather than a task (`printk_caller_id`).
const CALLER_IS_CPU: u64 = 0x8000_0000;

/// Where everything lies in the ring's structures: offsets and sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    desc_ring: u64,
    text_data_ring: u64,
    count_bits: u64,
    descs: u64,
    infos: u64,
    head_id: u64,
    tail_id: u64,
    desc_size: u64,
    state_var: u64,
    begin: u64,
    next: u64,
    info_size: u64,
    seq: u64,
    ts_nsec: u64,
    text_len: u64,
    caller_id: u64,
    size_bits: u64,
    data: u64,
}

impl Layout {
    /// Asks `offset` for `printk_info.seq` and its like, `size` for `prb_desc` and `printk_info`: as VMCOREINFO names them.
    /// The name of what is missing (or too large to be believed) is the error.
    pub fn new(offset: &dyn Fn(&str) -> Option<u64>, size: &dyn Fn(&str) -> Option<u64>) -> Result<Self, &'static str> {
        let offset = |name: &'static str| offset(name).filter(|value| *value < LARGEST).ok_or(name);
        let size = |name: &'static str| size(name).filter(|value| (1..LARGEST).contains(value)).ok_or(name);
        // An atomic's value is its only member; an offset of it that is not 0 has never been.
        let counter = offset("atomic_long_t.counter").unwrap_or(0);
        let lpos = offset("prb_desc.text_blk_lpos")?;
        Ok(Self {
            desc_ring: offset("printk_ringbuffer.desc_ring")?,
            text_data_ring: offset("printk_ringbuffer.text_data_ring")?,
            count_bits: offset("prb_desc_ring.count_bits")?,
            descs: offset("prb_desc_ring.descs")?,
            infos: offset("prb_desc_ring.infos")?,
            head_id: offset("prb_desc_ring.head_id")? + counter,
            tail_id: offset("prb_desc_ring.tail_id")? + counter,
            desc_size: size("prb_desc")?,
            state_var: offset("prb_desc.state_var")? + counter,
            begin: lpos + offset("prb_data_blk_lpos.begin")?,
            next: lpos + offset("prb_data_blk_lpos.next")?,
            info_size: size("printk_info")?,
            seq: offset("printk_info.seq")?,
            ts_nsec: offset("printk_info.ts_nsec")?,
            text_len: offset("printk_info.text_len")?,
            caller_id: offset("printk_info.caller_id")?,
            size_bits: offset("prb_data_ring.size_bits")?,
            data: offset("prb_data_ring.data")?,
        })
    }

    /// Where `level:3` is. VMCOREINFO does not tell; in `struct printk_info` of 5.10 to 7.2 the byte with it is the last
    /// before `caller_id`, after `u16 text_len` and `u8 facility`. Where the two are further apart it is not known.
    fn level(&self) -> Option<u64> {
        (self.caller_id == self.text_len.checked_add(4)?).then(|| self.text_len + 3)
    }
}

/// The ring itself, as it was read.
struct Ring {
    descs: u64,
    infos: u64,
    count: u64,
    head: u64,
    tail: u64,
    data: u64,
    data_size: u64,
}

/// All records of the ring to which the pointer at `pointer` (the symbol `prb`) points, the oldest first.
pub fn records(read: Read<'_>, words: Words, layout: &Layout, pointer: u64) -> Found {
    let mut found = Found::default();
    let ring = match ring(read, words, layout, pointer) {
        Ok(ring) => ring,
        Err(loss) => {
            found.losses.push(loss);
            return found;
        }
    };
    let mask = words.mask() >> 2;
    let span = ring.head.wrapping_sub(ring.tail) & mask;
    let mut id = ring.tail;
    let mut left = span + 1;
    if span >= ring.count {
        found.losses.push(Loss::Ids { head: ring.head, tail: ring.tail, count: ring.count });
        id = ring.head.wrapping_sub(ring.count - 1) & mask;
        left = ring.count;
    }
    let mut windows = Windows { descs: Window::new(read), infos: Window::new(read), texts: Window::new(read) };
    let (mut text, mut unreadable) = (0, 0);
    while left > 0 {
        match record(&mut windows, words, layout, &ring, id) {
            Ok(Some(record)) => {
                text += record.text.len() as u64;
                found.records.push(record);
            }
            Ok(None) => {}
            Err(what) => {
                unreadable += 1;
                found.lose(what);
            }
        }
        if text > MOST_TEXT || unreadable > MOST_UNREADABLE {
            found.losses.push(Loss::TooMuch { left: left - 1 });
            break;
        }
        id = id.wrapping_add(1) & mask;
        left -= 1;
    }
    found
}

fn ring(read: Read<'_>, words: Words, layout: &Layout, pointer: u64) -> Result<Ring, Loss> {
    let long = |what: &'static str, address: u64, size: u64| {
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..if size == 4 { 4 } else { 8 }];
        read(address, bytes).map_err(|error| Loss::Head { what, error })?;
        words.number(bytes, 0, size).ok_or(Loss::Size { what, value: size })
    };
    let prb = long("prb", pointer, words.long)?;
    let at = |part: u64, member: u64| prb.wrapping_add(part).wrapping_add(member) & words.mask();
    let count_bits = long("prb.desc_ring.count_bits", at(layout.desc_ring, layout.count_bits), 4)?;
    if !(1..=MOST_COUNT_BITS).contains(&count_bits) {
        return Err(Loss::Size { what: "prb.desc_ring.count_bits", value: count_bits });
    }
    let size_bits = long("prb.text_data_ring.size_bits", at(layout.text_data_ring, layout.size_bits), 4)?;
    if !(3..=MOST_SIZE_BITS).contains(&size_bits) {
        return Err(Loss::Size { what: "prb.text_data_ring.size_bits", value: size_bits });
    }
    Ok(Ring {
        descs: long("prb.desc_ring.descs", at(layout.desc_ring, layout.descs), words.long)?,
        infos: long("prb.desc_ring.infos", at(layout.desc_ring, layout.infos), words.long)?,
        count: 1 << count_bits,
        // Identifiers leave the two highest bits to the state.
        head: long("prb.desc_ring.head_id", at(layout.desc_ring, layout.head_id), words.long)? & (words.mask() >> 2),
        tail: long("prb.desc_ring.tail_id", at(layout.desc_ring, layout.tail_id), words.long)? & (words.mask() >> 2),
        data: long("prb.text_data_ring.data", at(layout.text_data_ring, layout.data), words.long)?,
        data_size: 1 << size_bits,
    })
}

struct Windows<'a> {
    descs: Window<'a>,
    infos: Window<'a>,
    texts: Window<'a>,
}

/// The record with this identifier; `None` where there is none (any more).
fn record(
    windows: &mut Windows<'_>,
    words: Words,
    layout: &Layout,
    ring: &Ring,
    id: u64,
) -> Result<Option<LogRecord>, What> {
    let index = id & (ring.count - 1);
    let place = |base: u64, size: u64| base.wrapping_add(index.wrapping_mul(size)) & words.mask();
    let desc = windows.descs.get(place(ring.descs, layout.desc_size), layout.desc_size)?;
    let long = |at: u64| words.long(desc, at).ok_or(What::Layout);
    let state = long(layout.state_var)?;
    if state & (words.mask() >> 2) != id {
        return Ok(None);
    }
    match state >> (words.bits() - 2) {
        // Reserved: its writer was interrupted by the crash. The text may be half there; nothing tells how far.
        0 => return Err(What::Reserved),
        // Committed, and may still be continued; or finalized.
        1 | 2 => {}
        // Reusable: its text has been given to others.
        _ => return Ok(None),
    }
    let (begin, next) = (long(layout.begin)?, long(layout.next)?);

    let info = windows.infos.get(place(ring.infos, layout.info_size), layout.info_size)?;
    let number = |at: u64, size: u64| words.number(info, at, size).ok_or(What::Layout);
    number(layout.seq, 8)?;
    let caller = number(layout.caller_id, 4)?;
    let mut record = LogRecord {
        time: Some(seconds(number(layout.ts_nsec, 8)?)),
        level: layout.level().and_then(|at| words.number(info, at, 1)).and_then(|byte| level(words, byte)),
        caller: Some(caller_name(caller)),
        text: String::new(),
    };
    let text_len = number(layout.text_len, 2)?;
    if begin & 1 == 1 && next & 1 == 1 {
        // FAILED_LPOS: there was no room. NO_LPOS (EMPTY_LINE_LPOS since 6.9): a line without text.
        return if begin == 1 && next == 1 { Err(What::NoRoom) } else { Ok(Some(record)) };
    }
    let (at, size) = block(words, ring, begin, next).ok_or(What::Block)?;
    let room = size.checked_sub(words.long).ok_or(What::Block)?;
    let length = text_len.min(room);
    let address = ring.data.wrapping_add(at) & words.mask();
    let bytes = windows.texts.get(address, words.long + length)?;
    if words.long(bytes, 0) != Some(id) {
        return Err(What::Overwritten);
    }
    let text = usize::try_from(words.long).ok().and_then(|start| bytes.get(start..)).ok_or(What::Layout)?;
    record.text = String::from_utf8_lossy(text).into_owned();
    Ok(Some(record))
}

/// Where in the ring a block with its identifier begins, and its size. A block never wraps: what does not fit before the
/// end lies at the front. One that ends with the ring's last byte does not wrap in kernels with "printk_ringbuffer: don't
/// needlessly wrap data blocks around", and is put at the front in those before, which then say so by `next`.
fn block(words: Words, ring: &Ring, begin: u64, next: u64) -> Option<(u64, u64)> {
    let size = ring.data_size;
    let wraps = |position: u64| position & !(size - 1);
    let (at, length) = if wraps(begin) == wraps(next.wrapping_sub(1) & words.mask()) {
        (begin & (size - 1), next.wrapping_sub(begin) & words.mask())
    } else if wraps(begin.wrapping_add(size) & words.mask()) == wraps(next) {
        (0, next & (size - 1))
    } else {
        return None;
    };
    (at.checked_add(length)? <= size && at % words.long == 0).then_some((at, length))
}

/// `u8 flags:5; u8 level:3;`: bit-fields begin at the lowest bit where the lowest byte comes first.
fn level(words: Words, byte: u64) -> Option<u8> {
    u8::try_from(if words.little_endian { byte >> 5 } else { byte & 7 }).ok()
}

/// `T17` or `C1`.
pub(crate) fn caller_name(caller: u64) -> String {
    if caller & CALLER_IS_CPU == 0 { format!("T{caller}") } else { format!("C{}", caller & !CALLER_IS_CPU) }
}

/// Nanoseconds as seconds, cut to microseconds as the kernel prints them.
#[expect(clippy::cast_precision_loss, reason = "microseconds of 142 years have 52 bits")]
pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    (nanoseconds / 1000) as f64 / 1e6
}

/// Why a record is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Memory.
    Memory(MemoryError),
    /// It was being written.
    Reserved,
    /// The ring had no room for its text.
    NoRoom,
    /// Its text's place is none.
    Block,
    /// Its text's place has another record's text.
    Overwritten,
    /// The structures are smaller than VMCOREINFO says.
    Layout,
}

impl From<MemoryError> for What {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
    }
}
