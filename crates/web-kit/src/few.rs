//! A map for few keys: a sorted list of pairs. Must never hold thousands: to put a key in moves those behind it.
//!
//! The standard maps are made for many, and each pair of types that they hold costs a page eight kilobytes of code.

/// A map with its keys in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> Few<K, V> {
    fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(key))
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let at = self.place(key).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// Whether the key is there.
    pub fn has(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Puts a value in the place of the one that the key has; true for a new key.
    pub fn insert(&mut self, key: K, value: V) -> bool {
        match self.place(&key) {
            Ok(at) => {
                self.0[at].1 = value;
                false
            }
            Err(at) => {
                self.0.insert(at, (key, value));
                true
            }
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.place(key).ok()?;
        Some(self.0.remove(at).1)
    }

    /// Takes everything out but what is wanted.
    pub fn retain(&mut self, wanted: impl Fn(&K, &V) -> bool) {
        self.0.retain(|(key, value)| wanted(key, value));
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn it_is_a_map() {
        let mut few = Few::default();
        assert!(few.is_empty() && few.insert(3, 'c') && few.insert(1, 'a') && few.insert(2, 'x'));
        assert!(!few.insert(2, 'b'), "the key is there already");
        assert_eq!((few.len(), few.keys().copied().collect::<Vec<_>>()), (3, vec![1, 2, 3]));
        assert_eq!((few.get(&2), few.get(&4), few.has(&3)), (Some(&'b'), None, true));
        assert_eq!((few.remove(&2), few.remove(&2)), (Some('b'), None));
        few.retain(|key, _| *key == 3);
        assert_eq!(few.keys().collect::<Vec<_>>(), [&3]);
        few.clear();
        assert!(few.is_empty());
    }
}
