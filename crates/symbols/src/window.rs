//! Reads memory or a file in pieces: every table that is walked from its front goes through this.
//!
//! Must never allocate what a number of the dump says: a piece has a fixed size, and a sum has a bound.

use crate::{Memory, Unreadable};

/// Bytes that are read at once. A page of the largest size there is.
const PIECE: usize = 64 << 10;

/// Bytes of memory in their order.
pub(crate) struct Window<'m> {
    memory: &'m dyn Memory,
    /// Where the next piece begins.
    address: u64,
    bytes: Vec<u8>,
    at: usize,
}

impl<'m> Window<'m> {
    /// Begins at `address`.
    pub(crate) fn new(memory: &'m dyn Memory, address: u64) -> Self {
        Self { memory, address, bytes: Vec::new(), at: 0 }
    }

    /// The next `n` bytes; `n` is at most a piece.
    pub(crate) fn take(&mut self, n: usize) -> Result<&[u8], Unreadable> {
        if self.bytes.len() - self.at < n {
            self.fill(n)?;
        }
        let from = self.at;
        self.at += n;
        Ok(&self.bytes[from..self.at])
    }

    fn fill(&mut self, n: usize) -> Result<(), Unreadable> {
        self.bytes.drain(..self.at);
        self.at = 0;
        let have = self.bytes.len();
        // To the end of an aligned piece first: what follows it may not be there, and nobody may want it.
        let aligned = PIECE - usize::try_from(self.address % PIECE as u64).unwrap_or(0);
        let mut want = aligned.max(n.saturating_sub(have)).min(PIECE.max(n));
        loop {
            self.bytes.resize(have + want, 0);
            match self.memory.read(self.address, &mut self.bytes[have..]) {
                Ok(()) => break,
                // What can be read before the hole is enough, perhaps.
                Err(hole) => {
                    let before = usize::try_from(hole.address.wrapping_sub(self.address)).unwrap_or(usize::MAX);
                    if before < want && before + have >= n && before > 0 {
                        want = before;
                    } else if want > n - have {
                        want = (want / 2).max(n - have);
                    } else {
                        self.bytes.truncate(have);
                        return Err(hole);
                    }
                }
            }
        }
        self.address = self.address.wrapping_add(want as u64);
        Ok(())
    }
}
