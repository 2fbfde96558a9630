//! The addresses of kallsyms, in each form that they have had.
//!
//! Must never take a form that puts no known symbol in its place where one is known.

use super::{KallsymsError, Part, Places};
use crate::window::Window;
use crate::{Layout, Memory, Unreadable};

/// How addresses are kept (kernel/kallsyms.c, kallsyms_sym_address).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Whole, in `kallsyms_addresses`: always up to 4.5, and without `CONFIG_KALLSYMS_BASE_RELATIVE` up to 6.10.
    Absolute,
    /// Unsigned offsets from `kallsyms_relative_base` (4.6, "kallsyms: add support for relative offsets in kallsyms address
    /// table").
    Relative,
    /// Offsets of which those from 0 on are addresses (of per-CPU symbols), and negative ones lie -1 - offset after
    /// `kallsyms_relative_base`: x86-64 with SMP, 4.6 to 6.14.
    RelativeButPerCpu,
    /// Signed offsets, each from its own place (7.0, commit a081b5789255d).
    OwnPlace,
    /// Addresses of 32 bits in `kallsyms_offsets`: 7.0 on, for kernels of 32 bits that can't be moved.
    Absolute32,
}

/// The addresses, and how they were found.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) all: Vec<u64>,
    pub(super) encoding: Encoding,
    /// How many known symbols lie where they must.
    pub(super) proven: u32,
    /// Why not all were read.
    pub(super) error: Option<Unreadable>,
}

/// What the table holds, before it is known what it means.
struct Raw {
    /// Where its first number lies.
    at: u64,
    numbers: Vec<u64>,
    error: Option<Unreadable>,
}

/// Reads the addresses of `count` symbols. `seen` are numbers of symbols with the addresses that they must have.
pub(super) fn read(
    memory: &dyn Memory,
    layout: Layout,
    places: &Places,
    count: usize,
    seen: &[(usize, u64)],
) -> Result<Addresses, KallsymsError> {
    let unreadable = |error| KallsymsError::Memory { part: Part::Addresses, error };
    let mut base = None;
    if let Some(at) = places.relative_base {
        let mut raw = [0; 8];
        let raw = &mut raw[..usize::from(layout.pointer.min(8))];
        memory.read(at, raw).map_err(unreadable)?;
        base = Some(layout.long(raw));
    }
    let whole = places.addresses.map(|at| numbers(memory, layout, at, usize::from(layout.pointer), count));
    let offsets = places.offsets.map(|at| numbers(memory, layout, at, 4, count));
    let mut candidates: Vec<(Encoding, &Raw, u64)> = Vec::new();
    if let Some(raw) = &offsets {
        if let Some(base) = base {
            candidates.push((Encoding::Relative, raw, base));
            candidates.push((Encoding::RelativeButPerCpu, raw, base));
        }
        candidates.push((Encoding::OwnPlace, raw, 0));
        if layout.pointer == 4 {
            candidates.push((Encoding::Absolute32, raw, 0));
        }
    }
    if let Some(raw) = &whole {
        candidates.push((Encoding::Absolute, raw, 0));
    }
    if candidates.is_empty() {
        return Err(KallsymsError::NoAddresses);
    }
    if let Some(error) = candidates.iter().find_map(|(_, raw, _)| raw.error.filter(|_| raw.numbers.is_empty())) {
        return Err(unreadable(error));
    }
    let best = candidates
        .iter()
        .map(|&(encoding, raw, base)| (proven(layout, encoding, raw, base, seen), ascends(layout, encoding, raw, base)))
        .zip(&candidates)
        // The last of equals is what `max_by_key` gives; the first is wanted.
        .rev()
        .max_by_key(|&(score, _)| score);
    let Some(((proven, ascends), &(encoding, raw, base))) = best else { return Err(KallsymsError::NoAddresses) };
    let within = seen.iter().filter(|&&(symbol, _)| symbol < raw.numbers.len()).count();
    if proven == 0 && (within > 0 || !ascends) {
        return Err(KallsymsError::Encoding { known: u32::try_from(within).unwrap_or(u32::MAX) });
    }
    let addresses = (0..raw.numbers.len()).map(|item| address(layout, encoding, raw, base, item)).collect();
    Ok(Addresses { all: addresses, encoding, proven, error: raw.error })
}

/// Reads numbers of `width` bytes, as many as can be read.
fn numbers(memory: &dyn Memory, layout: Layout, at: u64, width: usize, count: usize) -> Raw {
    let mut window = Window::new(memory, at);
    let mut numbers = Vec::with_capacity(count.min(1 << 18));
    // Many at once: this runs for every symbol.
    while numbers.len() < count {
        let batch = (count - numbers.len()).min(256);
        if let Ok(raw) = window.take(batch * width) {
            numbers.extend(raw.chunks_exact(width).map(|raw| number(layout, raw)));
            continue;
        }
        match window.take(width) {
            Ok(raw) => numbers.push(number(layout, raw)),
            Err(error) => return Raw { at, numbers, error: Some(error) },
        }
    }
    Raw { at, numbers, error: None }
}

fn number(layout: Layout, raw: &[u8]) -> u64 {
    if raw.len() == 4 { u64::from(layout.u32(raw)) } else { layout.u64(raw) }
}

/// What a number of the table stands for.
#[inline]
fn address(layout: Layout, encoding: Encoding, raw: &Raw, base: u64, item: usize) -> u64 {
    let number = raw.numbers.get(item).copied().unwrap_or(0);
    let signed = u32::try_from(number).unwrap_or(0).cast_signed();
    let moved = i64::from(signed).cast_unsigned();
    layout.wrap(match encoding {
        Encoding::Absolute | Encoding::Absolute32 => number,
        Encoding::Relative => base.wrapping_add(number),
        Encoding::RelativeButPerCpu if signed >= 0 => number,
        // base - 1 - number
        Encoding::RelativeButPerCpu => base.wrapping_add(!moved),
        Encoding::OwnPlace => raw.at.wrapping_add(item as u64 * 4).wrapping_add(moved),
    })
}

fn proven(layout: Layout, encoding: Encoding, raw: &Raw, base: u64, seen: &[(usize, u64)]) -> u32 {
    let met = seen
        .iter()
        .filter(|&&(item, known)| item < raw.numbers.len() && address(layout, encoding, raw, base, item) == known);
    u32::try_from(met.count()).unwrap_or(u32::MAX)
}

fn ascends(layout: Layout, encoding: Encoding, raw: &Raw, base: u64) -> bool {
    let mut last = 0;
    (0..raw.numbers.len()).all(|item| {
        let next = address(layout, encoding, raw, base, item);
        let right = next >= last;
        last = next;
        right
    })
}
