//! Finds kallsyms in the memory of a kernel whose VMCOREINFO does not say where it lies (before 6.0), by its structure.
//!
//! `token_index` gives it away: 256 numbers of 16 bits that begin with 0 and ascend by the lengths of short strings, which
//! lie right before them. The rest follows from scripts/kallsyms.c, in the order in which it writes its tables:
//! addresses (and their base), number, names, markers, token table and index up to 6.3, with the sequence of names between
//! markers and token table since 6.2; number, names, markers, token table, token index, addresses since 6.4 ("kallsyms:
//! change the output order"). Markers tell where every 256th name begins, and so prove the names.
//!
//! Must never take what it finds for proven: it loads it, and known symbols must lie in their places.

use std::cell::Cell;
use std::iter::successors;
use std::ops::Range;

use super::{Kallsyms, KallsymsError, MOST, Places, load};
use crate::{Layout, Memory};

/// Memory that is looked at at once.
const PIECE: u64 = 64 << 10;

/// The smallest page there is: what can't be read is left out by pages.
const PAGE: u64 = 4 << 10;

/// Every so many bytes a page is looked at, to find the addresses: those of 32,000 symbols are longer than this.
const STRIDE: u64 = 128 << 10;

/// More places than this are not tried near what looks like addresses.
const MOST_HITS: usize = 64;

/// The most memory that is searched.
const MOST_MEMORY: u64 = 1 << 30;

/// Between addresses and token index there is hardly ever more than this, in either order.
const NEAR: u64 = 4 << 20;

/// Between markers and token table lies the sequence of names, if anything: four bytes a symbol at most.
const SEQUENCE: u64 = 4 << 20;

/// The longest that 256 names are together.
const MOST_NAMES: u64 = 128 << 10;

/// How much is tried in one search: memory that looks like markers everywhere would be read millions of times. What is a
/// kernel's is found by the first tries.
const TRIES: u32 = 128;

/// What it costs to try what lies around a token table, and to load what markers prove.
const DEAR: u32 = 8;

/// Finds and loads kallsyms in `range`, the addresses of the kernel's image. `known` are symbols with the addresses that
/// they have.
pub fn find(
    image: &dyn Memory,
    range: Range<u64>,
    layout: Layout,
    known: &[(&str, u64)],
) -> Result<(Kallsyms, Places), KallsymsError> {
    let search = Search { image, layout, known, tries: Cell::new(TRIES) };
    let range = range.start..range.end.min(range.start.saturating_add(MOST_MEMORY));
    // Near what looks like addresses first, behind it before what is in front of it: it spares reading the kernel's text.
    let mut done = range.start;
    for hit in search.like_addresses(&range) {
        let behind = hit.max(done)..hit.saturating_add(NEAR).min(range.end);
        let before = hit.saturating_sub(NEAR).max(done)..hit.min(range.end);
        if let Some(found) = search.within(&behind).or_else(|| search.within(&before)) {
            return Ok(found);
        }
        done = done.max(behind.end);
    }
    search.within(&range).ok_or(KallsymsError::NotFound { from: range.start, to: range.end })
}

/// What is searched, and how.
struct Search<'a> {
    image: &'a dyn Memory,
    layout: Layout,
    known: &'a [(&'a str, u64)],
    /// How much may still be tried.
    tries: Cell<u32>,
}

/// The token table and its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tokens {
    table: u64,
    index: u64,
}

impl Search<'_> {
    /// Whether something of this cost may be tried; takes it off.
    fn may_try(&self, cost: u32) -> Option<()> {
        let left = self.tries.get().checked_sub(cost)?;
        self.tries.set(left);
        Some(())
    }

    /// Bytes of memory; pages that can't be read are zeros.
    fn bytes(&self, from: u64, length: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        if self.image.read(from, &mut bytes).is_ok() {
            return bytes;
        }
        let mut rest = bytes.as_mut_slice();
        let mut at = from;
        while !rest.is_empty() {
            let here = usize::try_from(PAGE - at % PAGE).unwrap_or(rest.len()).min(rest.len());
            let (page, more) = rest.split_at_mut(here);
            if self.image.read(at, page).is_err() {
                page.fill(0);
            }
            at = at.wrapping_add(here as u64);
            rest = more;
        }
        bytes
    }

    /// Where a page of addresses may lie, by one page of every stride, each looked at when it is asked for: the tables lie
    /// right behind the code, and what follows them is not read then. Every second stride comes first: it meets the tables
    /// of all kernels but small ones.
    fn like_addresses(&self, range: &Range<u64>) -> impl Iterator<Item = u64> {
        // A damaged image may say that it lies in the last page of all.
        let first = range.start.checked_next_multiple_of(PAGE).unwrap_or(range.end);
        let every_second =
            |from| successors(Some(from), |at: &u64| at.checked_add(2 * STRIDE)).take_while(|at| *at < range.end);
        let mut page = vec![0; usize::try_from(PAGE).unwrap_or(0)];
        every_second(first)
            .chain(every_second(first.saturating_add(STRIDE)))
            .filter(move |&at| self.image.read(at, &mut page).is_ok() && self.is_addresses(&page, range))
            .take(MOST_HITS)
    }

    /// Whether a page holds nothing but numbers that ascend, or that descend (as offsets from a base above do).
    fn is_addresses(&self, page: &[u8], range: &Range<u64>) -> bool {
        let offsets: Vec<u32> = page.chunks_exact(4).map(|raw| self.layout.u32(raw)).collect();
        let different = offsets.windows(2).filter(|pair| pair[0] != pair[1]).count();
        if different > offsets.len() / 4 && (offsets.is_sorted() || offsets.is_sorted_by(|a, b| a >= b)) {
            return true;
        }
        let whole: Vec<u64> =
            page.chunks_exact(usize::from(self.layout.pointer.max(4))).map(|raw| self.layout.long(raw)).collect();
        whole.is_sorted() && whole.first().is_some_and(|first| range.contains(first)) && whole.first() != whole.last()
    }

    /// Searches a range for token indexes, and loads what belongs to the first that is proven.
    fn within(&self, range: &Range<u64>) -> Option<(Kallsyms, Places)> {
        let mut at = range.start & !3;
        while at < range.end {
            let bytes = self.bytes(at, (PIECE + 512).min(range.end - at));
            for place in (0..bytes.len().saturating_sub(511)).step_by(4) {
                if !self.is_index(&bytes[place..place + 512]) {
                    continue;
                }
                let found = self.tokens(at + place as u64).and_then(|tokens| self.around(tokens));
                if found.is_some() {
                    return found;
                }
            }
            at = at.saturating_add(PIECE);
        }
        None
    }

    /// Whether these are the beginnings of 256 short strings.
    fn is_index(&self, raw: &[u8]) -> bool {
        let mut last = self.layout.u16(raw);
        // Most places fail here.
        if last != 0 || !(2..=64).contains(&self.layout.u16(&raw[2..])) {
            return false;
        }
        raw.chunks_exact(2).skip(1).all(|raw| {
            let next = self.layout.u16(raw);
            let right = next > last.saturating_add(1) && next - last <= 256;
            last = next;
            right
        })
    }

    /// The token table before an index.
    fn tokens(&self, index: u64) -> Option<Tokens> {
        let starts = self.bytes(index, 512);
        let start = |token: usize| self.layout.u16(starts.get(token * 2..).unwrap_or(&[]));
        let last = u64::from(start(255));
        // The last token is followed by its end and up to seven bytes of padding.
        let room = last + 512;
        let before = self.bytes(index.checked_sub(room)?, room);
        let end = before.iter().rposition(|&byte| byte != 0)?;
        if before.len() - end > 16 || before.len() - end < 2 {
            return None;
        }
        let begin = before[..end].iter().rposition(|&byte| byte == 0)? + 1;
        let table = begin.checked_sub(usize::from(start(255)))?;
        let tokens = &before[table..];
        let whole = (1..256).all(|token| {
            let (from, to) = (usize::from(start(token - 1)), usize::from(start(token)) - 1);
            tokens.get(from..to).is_some_and(|token| token.iter().all(u8::is_ascii_graphic))
                && tokens.get(to) == Some(&0)
        });
        let table = index - room + table as u64;
        (whole && table.is_multiple_of(4)).then_some(Tokens { table, index })
    }

    /// Names and addresses around a token table.
    fn around(&self, tokens: Tokens) -> Option<(Kallsyms, Places)> {
        self.may_try(DEAR)?;
        // Without a sequence of names the markers are near.
        [SEQUENCE >> 6, SEQUENCE >> 3, SEQUENCE].into_iter().find_map(|reach| self.before(tokens, reach))
    }

    /// Names and addresses, with markers that begin no more than `reach` before a token table.
    fn before(&self, tokens: Tokens, reach: u64) -> Option<(Kallsyms, Places)> {
        let from = tokens.table.saturating_sub(reach) & !3;
        let before = self.bytes(from, tokens.table - from);
        // Backwards, in pieces of four bytes: markers lie before the token table, with the sequence of names between them
        // in some kernels. Since 4.20 ("kallsyms: reduce size a little on 64-bit") they have four bytes.
        for place in (0..before.len().saturating_sub(7)).step_by(4).rev() {
            if self.layout.u32(&before[place..]) != 0 {
                continue;
            }
            for width in [4, 8] {
                if !self.is_marker(&before[place..], width) {
                    continue;
                }
                let markers = self.markers(&before[place..], width);
                if markers.len() < 2 {
                    continue;
                }
                let found = self
                    .names(from + place as u64, &markers)
                    .and_then(|(names, num_syms, count)| self.load(tokens, names, num_syms, count));
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// Whether a second marker comes behind what may be the first; hardly any zero has one.
    fn is_marker(&self, bytes: &[u8], width: usize) -> bool {
        let Some(raw) = bytes.get(width..2 * width) else { return false };
        let value = if width == 4 { u64::from(self.layout.u32(raw)) } else { self.layout.u64(raw) };
        (512..MOST_NAMES).contains(&value)
    }

    /// The markers at the front of `bytes`: a zero, and then where each 256th name begins. A name has at least a length
    /// and a letter.
    fn markers(&self, bytes: &[u8], width: usize) -> Vec<u32> {
        let mut markers: Vec<u32> = Vec::new();
        for raw in bytes.chunks_exact(width) {
            let value = if width == 4 { u64::from(self.layout.u32(raw)) } else { self.layout.u64(raw) };
            let Ok(value) = u32::try_from(value) else { break };
            let right = match markers.last() {
                None => value == 0,
                Some(&last) => value > last && (512..MOST_NAMES).contains(&u64::from(value - last)),
            };
            if !right || markers.len() > MOST as usize / 256 {
                break;
            }
            markers.push(value);
        }
        markers
    }

    /// The names that end where the markers begin: where they begin, where their number lies, and the number.
    fn names(&self, end: u64, markers: &[u32]) -> Option<(u64, u64, u32)> {
        self.may_try(1)?;
        // The run of ascending numbers may be longer than the markers are, by chance.
        for count in (markers.len().saturating_sub(4).max(1)..=markers.len()).rev() {
            let last = u64::from(markers[count - 1]);
            let blocks = u32::try_from(count).ok()?;
            let numbers = (blocks - 1) * 256 + 1..=blocks * 256;
            let from = end.checked_sub(last + MOST_NAMES)?;
            let bytes = self.bytes(from, MOST_NAMES);
            // Names begin at least a length and a letter before the last marker's place is up.
            for place in
                (8..bytes.len().saturating_sub(1)).rev().filter(|place| (from + *place as u64).is_multiple_of(4))
            {
                let here = |back: usize| self.layout.u32(&bytes[place - back..]);
                let long = if self.layout.pointer == 8 { self.layout.u64(&bytes[place - 8..]) } else { 0 };
                let number = [(8, here(8)), (4, here(4)), (8, u32::try_from(long).unwrap_or(0))];
                let Some(&(back, number)) = number.iter().find(|(_, number)| numbers.contains(number)) else {
                    continue;
                };
                let names = from + place as u64;
                if self.proves(names, markers, count) {
                    return Some((names, names - back, number));
                }
            }
        }
        None
    }

    /// Whether 256 names from one marker's place on end at the next marker's, with lengths of either form.
    fn proves(&self, names: u64, markers: &[u32], count: usize) -> bool {
        let walk = |item: usize, two_bytes: bool| {
            let Some((&from, &to)) = markers.get(item).zip(markers.get(item + 1)) else { return false };
            let bytes = self.bytes(names + u64::from(from), u64::from(to - from));
            let byte = |at: usize| bytes.get(at).copied().map(usize::from);
            let mut at = 0;
            for _ in 0..256 {
                let Some(first) = byte(at) else { return false };
                at += 1 + first;
                if two_bytes && first >= 0x80 {
                    let Some(second) = byte(at - first) else { return false };
                    at = at - 0x80 + 1 + (second << 7);
                }
            }
            at == bytes.len()
        };
        let some = [0, count / 2, count.saturating_sub(2)];
        count < 2 || some.iter().any(|&item| walk(item, true) || walk(item, false))
    }

    /// Loads the names with the addresses, which lie before them or behind the token index.
    fn load(&self, tokens: Tokens, names: u64, num_syms: u64, count: u32) -> Option<(Kallsyms, Places)> {
        self.may_try(DEAR)?;
        let pointer = u64::from(self.layout.pointer);
        let count = u64::from(count);
        let up = |address: u64| address.checked_next_multiple_of(pointer);
        let behind = tokens.index + 512;
        let places =
            Places { names, num_syms, token_table: tokens.table, token_index: tokens.index, ..Places::default() };
        let mut candidates = Vec::new();
        // Up to 6.3: offsets, base, number; or addresses, number.
        if let Some(base) = (num_syms & !(pointer - 1)).checked_sub(pointer) {
            if let Some(offsets) = base.checked_sub(count * 4).map(|offsets| offsets & !(pointer - 1)) {
                candidates.push(Places { offsets: Some(offsets), relative_base: Some(base), ..places });
            }
            if let Some(addresses) = (base + pointer).checked_sub(count * pointer) {
                candidates.push(Places { addresses: Some(addresses), ..places });
            }
        }
        // Since 6.4: offsets, and until 7.0 their base; or addresses.
        for offsets in [Some(behind), up(behind)].into_iter().flatten() {
            candidates.push(Places { offsets: Some(offsets), ..places });
            if let Some(base) = offsets.checked_add(count * 4).and_then(up) {
                candidates.push(Places { offsets: Some(offsets), relative_base: Some(base), ..places });
            }
            candidates.push(Places { addresses: Some(offsets), ..places });
        }
        candidates.into_iter().find_map(|places| {
            let kallsyms = load(self.image, self.layout, &places, self.known).ok()?;
            (kallsyms.proven > 0 || is_plausible(&kallsyms)).then_some((kallsyms, places))
        })
    }
}

/// Without any known symbol: whether the kernel's text begins with a page.
fn is_plausible(kallsyms: &Kallsyms) -> bool {
    kallsyms.by_name("_stext").chain(kallsyms.by_name("_text")).any(|symbol| symbol.address % PAGE == 0)
}
