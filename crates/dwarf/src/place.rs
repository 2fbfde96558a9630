//! Addresses of a module's file as plain numbers: its sections, which all begin at 0, are laid one behind the other.
//!
//! So that whatever reads debug information need not know of sections. Must never let two sections meet: an address at the
//! end of one is not the beginning of the next.

use oopscope_symbols::elf::Outline;

use crate::At;

/// `SHF_ALLOC`.
const LOADED: u64 = 2;

/// What is between two sections, at least.
const GAP: u64 = 4096;

/// Where the sections of a module's file are put; nothing for a linked file, whose addresses are numbers already.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Of each section, by its number: where it begins.
    bases: Vec<Option<u64>>,
    /// The same by address: beginning, size, number.
    by_address: Vec<(u64, u64, u32)>,
    linked: bool,
}

impl Places {
    /// Puts the sections of a file that are loaded.
    pub(crate) fn of(outline: &Outline) -> Self {
        if !outline.is_module() {
            return Self { linked: true, ..Self::default() };
        }
        let mut places = Self::default();
        // The first page is left free, so that 0 is no address.
        let mut next = GAP;
        for (number, section) in (0..).zip(&outline.sections) {
            let loaded = section.flags & LOADED != 0;
            places.bases.push(loaded.then_some(next));
            if loaded {
                places.by_address.push((next, section.size, number));
                let end = next.saturating_add(section.size).saturating_add(GAP);
                next = end.checked_next_multiple_of(GAP).unwrap_or(u64::MAX);
            }
        }
        places
    }

    /// Where a section was put; 0 for one that is not loaded.
    pub(crate) fn base(&self, section: u32) -> u64 {
        usize::try_from(section).ok().and_then(|at| *self.bases.get(at)?).unwrap_or(0)
    }

    /// The number that stands for an address; none where the file has no such place.
    pub(crate) fn number(&self, at: At) -> Option<u64> {
        match at.section {
            None if self.linked => Some(at.address),
            Some(section) if !self.linked => {
                let base = (*self.bases.get(usize::try_from(section).ok()?)?)?;
                let index = self.by_address.partition_point(|&(begin, ..)| begin <= base).checked_sub(1)?;
                let &(_, size, _) = self.by_address.get(index)?;
                (at.address <= size).then(|| base.saturating_add(at.address))
            }
            _ => None,
        }
    }

    /// The address that a number stands for.
    pub(crate) fn address(&self, number: u64) -> Option<At> {
        if self.linked {
            return Some(At { section: None, address: number });
        }
        let index = self.by_address.partition_point(|&(begin, ..)| begin <= number).checked_sub(1)?;
        let &(begin, size, section) = self.by_address.get(index)?;
        (number - begin <= size).then_some(At { section: Some(section), address: number - begin })
    }
}
