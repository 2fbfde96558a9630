//! Unpacked pages that are kept, within a budget. Must never hold more than that.

use crate::bytes::index;
use crate::hash::Positions;

/// The pages that are kept, all of one size.
pub(crate) struct Pages {
    size: usize,
    most: usize,
    positions: Positions,
    slots: Vec<Slot>,
    hand: usize,
    last: usize,
}

struct Slot {
    number: u64,
    bytes: Box<[u8]>,
    used: bool,
}

impl Pages {
    /// Keeps pages of `size` bytes within a budget of bytes.
    pub(crate) fn new(size: u64, budget: u64) -> Self {
        let most = Self::most(size, budget);
        Self { size: index(size), most, positions: Positions::default(), slots: Vec::new(), hand: 0, last: usize::MAX }
    }

    fn most(size: u64, budget: u64) -> usize {
        index(budget / size.max(1)).clamp(2, 1 << 24)
    }

    /// Changes the budget.
    pub(crate) fn set_budget(&mut self, budget: u64) {
        *self = Self::new(self.size as u64, budget);
    }

    /// A page, where it is kept.
    pub(crate) fn get(&mut self, number: u64) -> Option<&[u8]> {
        if self.slots.get(self.last).is_none_or(|slot| slot.number != number) {
            self.last = self.positions.get(number)?;
        }
        let slot = self.slots.get_mut(self.last)?;
        slot.used = true;
        Some(&slot.bytes)
    }

    /// Keeps a page that `fill` makes, in place of one that was not used of late when there is no more room.
    pub(crate) fn put<E>(&mut self, number: u64, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<&[u8], E> {
        let at = if self.slots.len() < self.most {
            let mut bytes = vec![0; self.size].into_boxed_slice();
            fill(&mut bytes)?;
            self.slots.push(Slot { number, bytes, used: false });
            self.slots.len() - 1
        } else {
            while std::mem::take(&mut self.slots[self.hand].used) {
                self.hand = (self.hand + 1) % self.slots.len();
            }
            let at = self.hand;
            self.hand = (at + 1) % self.slots.len();
            let slot = &mut self.slots[at];
            self.positions.remove(slot.number);
            // What is half filled when an error comes belongs to no page.
            slot.number = u64::MAX;
            fill(&mut slot.bytes)?;
            slot.number = number;
            at
        };
        self.positions.insert(number, at);
        self.last = at;
        Ok(&self.slots[at].bytes)
    }
}
