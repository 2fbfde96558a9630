//! Where lines begin: a sparse index whose size is bounded whatever the size of the log.

/// Bytes between entries at first.
const STRIDE: u64 = 64 << 10;
/// At this many entries every second one is dropped and the stride doubled.
const MOST: usize = 1 << 15;

/// Where lines begin, sparsely: every so many bytes the number of a line and the offset of its first byte.
#[derive(Clone, Debug)]
pub struct LineIndex {
    entries: Vec<(u64, u64)>,
    stride: u64,
}

impl Default for LineIndex {
    fn default() -> Self {
        Self { entries: vec![(1, 0)], stride: STRIDE }
    }
}

impl LineIndex {
    /// The nearest indexed line at or before `line` (counting from 1), with the byte offset at which it begins.
    /// Scan forward from there.
    pub fn at_or_before(&self, line: u64) -> (u64, u64) {
        let after = self.entries.partition_point(|(n, _)| *n <= line);
        self.entries[after.saturating_sub(1)]
    }

    /// Notes that `line` begins at `offset`.
    pub(crate) fn note(&mut self, line: u64, offset: u64) {
        let last = self.entries.last().map_or(0, |entry| entry.1);
        if offset < last + self.stride {
            return;
        }
        self.entries.push((line, offset));
        if self.entries.len() >= MOST {
            let mut keep = false;
            self.entries.retain(|_| {
                keep = !keep;
                keep
            });
            self.stride *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_small_and_finds_the_line_before() {
        let mut index = LineIndex::default();
        for n in 1..1_000_000u64 {
            index.note(n + 1, n * 60_000);
        }
        assert!(index.entries.len() <= MOST);
        for line in [1, 2, 77_777, 999_999, 5_000_000] {
            let (n, offset) = index.at_or_before(line);
            assert!(n <= line && offset == (n - 1) * 60_000, "{line}: {n} {offset}");
            assert!(line > 1_000_000 || line - n < 200);
        }
    }
}
