//! Translations that were made once. Must never hold one that was not read out of the page tables.

use crate::arch::Leaf;
use std::cell::Cell;

/// Slots of either sort; each holds the translation that came last.
const SLOTS: usize = 1024;

/// A small memory of translations of kernel addresses: of pages, and of parts of blocks as large as the smallest block.
#[derive(Debug)]
pub(crate) struct Tlb {
    slots: Vec<Cell<Option<Leaf>>>,
    blocks: Vec<Cell<Option<Leaf>>>,
    page_shift: u32,
    block_shift: u32,
}

impl Tlb {
    /// For pages of `1 << page_shift` bytes.
    pub(crate) fn new(page_shift: u32) -> Self {
        Self {
            slots: vec![Cell::new(None); SLOTS],
            blocks: vec![Cell::new(None); SLOTS / 8],
            page_shift,
            // A table of the last level maps as much as the smallest block.
            block_shift: page_shift + page_shift.saturating_sub(3),
        }
    }

    /// The page or block in which `address` lies.
    pub(crate) fn find(&self, address: u64) -> Option<Leaf> {
        let holds = |leaf: &Leaf| address.wrapping_sub(leaf.start) < leaf.size;
        slot(&self.blocks, address >> self.block_shift)
            .get()
            .filter(holds)
            .or_else(|| slot(&self.slots, address >> self.page_shift).get().filter(holds))
    }

    /// Keeps where `address` leads.
    pub(crate) fn keep(&self, address: u64, leaf: Leaf) {
        if leaf.size >> self.block_shift == 0 {
            slot(&self.slots, address >> self.page_shift).set(Some(leaf));
        } else {
            slot(&self.blocks, address >> self.block_shift).set(Some(leaf));
        }
    }
}

fn slot(slots: &[Cell<Option<Leaf>>], number: u64) -> &Cell<Option<Leaf>> {
    // Never empty, and the remainder is less than the length.
    let index = usize::try_from(number % slots.len() as u64).unwrap_or(0);
    &slots[index]
}
