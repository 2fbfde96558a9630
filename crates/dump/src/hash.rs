//! Where a block or page is kept, by its number: a hash map with a hash that costs next to nothing.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Numbers of blocks or pages, each with an index into a table. It is never iterated over.
#[derive(Debug, Default)]
pub(crate) struct Positions(HashMap<u64, usize, BuildHasherDefault<Mix>>);

impl Positions {
    pub(crate) fn get(&self, number: u64) -> Option<usize> {
        self.0.get(&number).copied()
    }

    pub(crate) fn insert(&mut self, number: u64, at: usize) {
        self.0.insert(number, at);
    }

    pub(crate) fn remove(&mut self, number: u64) {
        self.0.remove(&number);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// A multiplication whose high bits come down. Whoever chooses numbers that collide slows down their own dump.
#[derive(Debug, Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }
}
