//! The ring of records of Linux 3.5 to 5.9 (commit "printk: convert byte-buffer to variable-length record buffer"):
//! headers of a fixed size, each with its text and a dictionary behind it.
//!
//! Must never go round the ring more than once.

use super::found::{Found, Loss};
use super::lockless::{What, caller_name, seconds};
use super::source::{Read, Window, Words};
use oopscope_report::vmcore::LogRecord;

/// `LOG_BUF_LEN_MAX`.
const MOST_BYTES: u64 = 1 << 31;
/// Text that is kept, all records together.
const MOST_TEXT: u64 = 64 << 20;
/// `LOG_NEWLINE`: the text ended its line.
const NEWLINE: u8 = 2;
/// `LOG_PREFIX`: the text began with a prefix of its own, and so a line of its own.
const PREFIX: u8 = 4;
/// `LOG_CONT`: a piece of a line.
const CONT: u8 = 8;

/// The header of a record: offsets in bytes. Named `printk_log` since 3.11, `log` before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    size: u64,
    ts_nsec: u64,
    len: u64,
    text_len: u64,
    dict_len: u64,
}

impl Header {
    /// Asks `offset` and `size` for `printk_log.len` and its like, as VMCOREINFO names them. `None` where they are not told.
    pub fn new(offset: &dyn Fn(&str) -> Option<u64>, size: &dyn Fn(&str) -> Option<u64>) -> Option<Self> {
        ["printk_log", "log"].into_iter().find_map(|name| {
            let offset = |member: &str| offset(&format!("{name}.{member}")).filter(|at| *at < 256);
            Some(Self {
                size: size(name).filter(|size| (16..256).contains(size))?,
                ts_nsec: offset("ts_nsec")?,
                len: offset("len")?,
                text_len: offset("text_len")?,
                dict_len: offset("dict_len")?,
            })
        })
    }

    /// Where `caller_id` is, in kernels built with `CONFIG_PRINTK_CALLER` (5.1, commit "printk: Add caller information to
    /// printk() output."): the only member that was ever added at the end.
    fn caller_id(&self) -> Option<u64> {
        let at = self.dict_len + 4;
        (at + 4 <= self.size).then_some(at)
    }
}

/// Where the ring is and which part of it is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// `log_buf`, the pointer's value.
    pub buffer: u64,
    /// `log_buf_len`.
    pub size: u64,
    /// `log_first_idx`.
    pub first: u64,
    /// `log_next_idx`.
    pub next: u64,
}

/// A record before it is known whether the next one continues its line.
struct Piece {
    record: LogRecord,
    flags: u8,
    /// The last two bytes before `caller_id` or the text, as one number: what 3.5 had as `u16 level`.
    old_level: u64,
}

/// All records from `first` to `next`, the oldest first.
pub fn records(read: Read<'_>, words: Words, header: &Header, place: Place) -> Found {
    let mut found = Found::default();
    if !(header.size..=MOST_BYTES).contains(&place.size) {
        found.losses.push(Loss::Size { what: "log_buf_len", value: place.size });
        return found;
    }
    let mut window = Window::new(read);
    let mut pieces = Vec::new();
    let (mut at, mut wrapped, mut text) = (place.first, false, 0);
    // A header is 16 bytes at least; the ring has no more records than that.
    for _ in 0..=place.size / header.size {
        if at == place.next && (wrapped || at >= place.first) {
            break;
        }
        if at.checked_add(header.size).is_none_or(|end| end > place.size) || text > MOST_TEXT {
            found.losses.push(Loss::Record { at, size: place.size, length: header.size });
            break;
        }
        match piece(&mut window, words, header, place, at) {
            Ok(Some((piece, length))) => {
                if at.checked_add(length).is_none_or(|end| end > place.size) || length < header.size {
                    found.losses.push(Loss::Record { at, size: place.size, length });
                    break;
                }
                text += piece.record.text.len() as u64;
                pieces.push(piece);
                at += length;
            }
            // A length of 0: the rest of the ring is not used, it goes on at its beginning.
            Ok(None) if !wrapped => (at, wrapped) = (0, true),
            Ok(None) => break,
            Err(what) => {
                // Where the next record begins is told by this one alone.
                found.lose(what);
                break;
            }
        }
        if wrapped && at > place.first {
            break;
        }
    }
    // Linux 3.5 had one number for level and facility where 3.6 has a byte each (commit "printk: Export struct log size and
    // member offsets through vmcoreinfo" came with the latter). There the high byte is 0 in all records of the kernel's own;
    // later it has LOG_NEWLINE or LOG_CONT.
    let old = !pieces.is_empty() && pieces.iter().all(|piece| piece.old_level < 256);
    join(&mut found, pieces, old);
    found
}

fn piece(
    window: &mut Window<'_>,
    words: Words,
    header: &Header,
    place: Place,
    at: u64,
) -> Result<Option<(Piece, u64)>, What> {
    let address = place.buffer.wrapping_add(at) & words.mask();
    let bytes = window.get(address, header.size)?;
    let number = |at: u64, size: u64| words.number(bytes, at, size).ok_or(What::Layout);
    let length = number(header.len, 2)?;
    if length == 0 {
        return Ok(None);
    }
    let text_len = number(header.text_len, 2)?.min(length.saturating_sub(header.size));
    let bits = number(header.dict_len + 3, 1)?;
    let (level, flags) = if words.little_endian { (bits >> 5, bits & 31) } else { (bits & 7, bits >> 3) };
    let old_level = number(header.dict_len + 2, 2)?;
    let caller = header.caller_id().map(|at| number(at, 4)).transpose()?;
    let mut record = LogRecord {
        time: Some(seconds(number(header.ts_nsec, 8)?)),
        level: u8::try_from(level).ok(),
        caller: caller.map(caller_name),
        text: String::new(),
    };
    let text = window.get(address.wrapping_add(header.size) & words.mask(), text_len)?;
    record.text = String::from_utf8_lossy(text).into_owned();
    Ok(Some((Piece { record, flags: u8::try_from(flags).unwrap_or_default(), old_level }, length)))
}

/// Pieces of one line become one record, by the rules of `msg_print_text`.
fn join(found: &mut Found, pieces: Vec<Piece>, old: bool) {
    let mut before = 0;
    for Piece { mut record, flags, old_level } in pieces {
        if old {
            record.level = u8::try_from(old_level & 7).ok();
            found.records.push(record);
            continue;
        }
        let continued = flags & PREFIX == 0
            && (before & CONT != 0 && before & NEWLINE == 0)
            && found.records.last().is_some_and(|last| last.caller == record.caller);
        match found.records.last_mut() {
            Some(last) if continued => last.text.push_str(&record.text),
            _ => found.records.push(record),
        }
        before = flags;
    }
}
