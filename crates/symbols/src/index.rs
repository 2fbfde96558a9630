//! A hash index from names to numbers: what lookups by name go through.
//!
//! Must never be iterated: its order means nothing. Items of one hash are chained, so that thousands of symbols of one
//! name (`__key.0`) neither slow down its making nor the search for others.

/// Ends a chain.
const NONE: u32 = u32::MAX;

/// Items 0..n by the hash of their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    heads: Vec<u32>,
    next: Vec<u32>,
}

impl Index {
    /// Indexes `count` items; those without a name are left out.
    pub(crate) fn new<'a>(count: u32, name: impl Fn(u32) -> Option<&'a [u8]>) -> Self {
        let buckets = (count as usize).div_ceil(2).next_power_of_two().max(16);
        let mut heads = vec![NONE; buckets];
        let mut next = vec![NONE; count as usize];
        // Backwards, so that a chain gives the items in their order.
        for item in (0..count).rev() {
            let Some(name) = name(item) else { continue };
            let head = &mut heads[bucket(name, buckets)];
            next[item as usize] = std::mem::replace(head, item);
        }
        Self { heads, next }
    }

    /// Bytes of memory that it takes.
    pub(crate) fn memory(&self) -> usize {
        (self.heads.len() + self.next.len()) * 4
    }

    /// The items whose names may be `name`, in their order: the caller compares.
    pub(crate) fn candidates(&self, name: &[u8]) -> impl Iterator<Item = u32> + '_ {
        let mut at = self.heads.get(bucket(name, self.heads.len().max(1))).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let item = at;
            at = *self.next.get(usize::try_from(item).ok()?)?;
            Some(item)
        })
    }
}

/// The bucket of a name; `buckets` is a power of two.
fn bucket(name: &[u8], buckets: usize) -> usize {
    const K: u64 = 0x517c_c1b7_2722_0a95;
    let mut hash = name.len() as u64;
    let mut words = name.chunks_exact(8);
    for word in &mut words {
        hash = (hash.rotate_left(5) ^ u64::from_le_bytes(*word.first_chunk().unwrap_or(&[0; 8]))).wrapping_mul(K);
    }
    let last = words.remainder().iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    hash = (hash.rotate_left(5) ^ last).wrapping_mul(K);
    let [.., a, b, c, d] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d]) as usize & (buckets - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_one_name_come_in_their_order_and_many_of_them_cost_nothing() {
        let name = |item: u32| if item.is_multiple_of(2) { Some(&b"__key.0"[..]) } else { Some(&b"other_name"[..]) };
        let index = Index::new(100_000, name);
        let found: Vec<u32> = index.candidates(b"__key.0").filter(|&item| name(item) == Some(b"__key.0")).collect();
        assert_eq!(found.len(), 50_000);
        assert!(found.is_sorted());
        assert_eq!(Index::default().candidates(b"x").count(), 0);
    }
}
