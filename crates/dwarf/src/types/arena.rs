//! Records that are added while others are lent out.
//!
//! Must never move a record once it lies here, nor hold more of them than [`MOST`].

use std::cell::{Cell, OnceCell};

/// Records of the first chunk; each chunk has twice as many as the one before.
const FIRST: usize = 256;
/// Chunks.
const CHUNKS: usize = 14;
/// The most records.
pub(super) const MOST: usize = FIRST * ((1 << CHUNKS) - 1);

/// Records by their number.
pub(super) struct Arena<T> {
    chunks: [OnceCell<Box<[OnceCell<T>]>>; CHUNKS],
    len: Cell<usize>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { chunks: [const { OnceCell::new() }; CHUNKS], len: Cell::new(0) }
    }
}

impl<T> Arena<T> {
    /// The record of a number.
    pub(super) fn get(&self, number: usize) -> Option<&T> {
        let (chunk, at) = place(number)?;
        self.chunks.get(chunk)?.get()?.get(at)?.get()
    }

    /// Adds a record and gives its number; none where there is no more room.
    pub(super) fn add(&self, record: T) -> Option<usize> {
        let number = self.len.get();
        let (chunk, at) = place(number)?;
        let made = || (0..FIRST << chunk).map(|_| OnceCell::new()).collect();
        self.chunks.get(chunk)?.get_or_init(made).get(at)?.set(record).ok()?;
        self.len.set(number + 1);
        Some(number)
    }
}

/// Chunk, and place in it.
fn place(number: usize) -> Option<(usize, usize)> {
    if number >= MOST {
        return None;
    }
    let chunk = (number / FIRST + 1).ilog2() as usize;
    Some((chunk, number - FIRST * ((1 << chunk) - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_there_stays_while_more_is_added() {
        let arena = Arena::default();
        let first = arena.add("first".to_owned()).and_then(|number| arena.get(number)).unwrap();
        for number in 1..5000_usize {
            assert_eq!(arena.add(number.to_string()), Some(number));
        }
        assert_eq!(first, "first");
        assert!((1..5000).all(|number| arena.get(number) == Some(&number.to_string())));
        assert_eq!(arena.get(5000), None);
    }

    #[test]
    fn there_is_an_end_of_it() {
        let arena = Arena::default();
        assert_eq!((place(MOST - 1), place(MOST)), (Some((CHUNKS - 1, (FIRST << (CHUNKS - 1)) - 1)), None));
        arena.len.set(MOST);
        assert_eq!(arena.add(()), None);
    }
}
