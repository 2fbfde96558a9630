//! Intervals of numbers that may overlap, made disjoint. Must never take time that grows with the square of their number.

use std::collections::BTreeMap;

/// What lies in an interval.
pub(crate) trait Interval: Sized {
    /// The first number.
    fn start(&self) -> u64;
    /// The number after the last.
    fn end(&self) -> u64;
    /// The part of it from `from` to `to`, which lie within it, as one interval or several.
    fn part(&self, from: u64, to: u64, out: &mut Vec<Self>);
}

/// The intervals cut so that none overlaps another, ascending; of two that overlap, the one that comes first keeps what is
/// common.
pub(crate) fn disjoint<T: Interval>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut out = Vec::new();
    // What is covered so far, neighbours merged: each insertion removes what it merges, so that all of it is n log n.
    let mut covered: BTreeMap<u64, u64> = BTreeMap::new();
    for item in items {
        let (start, end) = (item.start(), item.end());
        if start >= end {
            continue;
        }
        let (mut from, mut first, mut last) = (start, start, end);
        if let Some((&begin, &stop)) = covered.range(..=start).next_back()
            && stop >= start
        {
            covered.remove(&begin);
            (from, first, last) = (stop, begin, last.max(stop));
        }
        while let Some((&begin, &stop)) = covered.range(start..=end).next() {
            covered.remove(&begin);
            if from < begin {
                item.part(from, begin, &mut out);
            }
            (from, last) = (from.max(stop), last.max(stop));
        }
        if from < end {
            item.part(from, end, &mut out);
        }
        covered.insert(first, last);
    }
    out.sort_unstable_by_key(Interval::start);
    out
}

/// Index of the interval that holds a number, or else of the next one after it.
pub(crate) fn find<T: Interval>(items: &[T], at: u64) -> Result<usize, usize> {
    let next = items.partition_point(|item| item.end() <= at);
    if items.get(next).is_some_and(|item| item.start() <= at) { Ok(next) } else { Err(next) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::index;
    use proptest::prelude::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Named(u64, u64, usize);

    impl Interval for Named {
        fn start(&self) -> u64 {
            self.0
        }
        fn end(&self) -> u64 {
            self.1
        }
        fn part(&self, from: u64, to: u64, out: &mut Vec<Self>) {
            assert!(self.0 <= from && from < to && to <= self.1);
            out.push(Self(from, to, self.2));
        }
    }

    proptest! {
        #[test]
        fn the_first_keeps_what_is_common(ranges in proptest::collection::vec((0_u64..60, 0_u64..20), 0..30)) {
            let items: Vec<_> =
                ranges.iter().enumerate().map(|(name, &(start, size))| Named(start, start + size, name)).collect();
            let mut expected = [None; 80];
            for item in items.iter().rev() {
                for slot in &mut expected[index(item.0)..index(item.1)] {
                    *slot = Some(item.2);
                }
            }
            let cut = disjoint(items);
            prop_assert!(cut.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{:?}", cut);
            for at in 0..80 {
                let found = find(&cut, at).ok().map(|found| cut[found].2);
                prop_assert_eq!(found, expected[index(at)], "at {} of {:?}", at, cut);
            }
        }
    }
}
