//! The lookup of symbols by address and by name, wherever they come from: kallsyms, a module's symbols, an ELF file.
//!
//! Must never know where its symbols come from, nor say a size that it does not know: where the next symbol lies farther
//! away than any symbol is long, there is a hole.

use std::cell::OnceCell;

use crate::index::Index;

/// The longest that a symbol without a size of its own is taken to be. Static arrays of lockdep have several MiB; between
/// per-CPU offsets and the kernel's text lie exabytes.
pub const LONGEST: u64 = 16 << 20;

/// One symbol of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// Its address while the kernel ran (KASLR applied); of a per-CPU symbol, where these begin at 0, its offset.
    pub address: u64,
    /// The letter that nm prints: `T` global text, `t` local text, `D`, `d` data, `B`, `b` zeroed data, `R`, `r` read-only
    /// data, `A`, `a` absolute or per-CPU, `W`, `w`, `V`, `v` weak; `?` unknown. A letter is its section's: where a
    /// kernel's data lies in an executable one, `init_task` has `T`. What is code, the bounds of the kernel's text tell.
    pub kind: u8,
    /// Its name as the linker knows it.
    pub name: &'a str,
    /// Bytes: what its table says, or else up to the next symbol; `None` where neither tells.
    pub size: Option<u64>,
}

/// Symbols in the order of their addresses.
#[derive(Clone, Debug, Default)]
pub struct SymbolTable {
    addresses: Vec<u64>,
    kinds: Vec<u8>,
    /// Where a name ends in `names`; it begins where the one before it ends.
    ends: Vec<u32>,
    names: String,
    /// Empty where the table tells no sizes; 0 where one symbol has none.
    sizes: Vec<u32>,
    by_name: OnceCell<Index>,
}

impl SymbolTable {
    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// All symbols of this name, by address. There may be several: names of static functions and variables repeat.
    pub fn by_name<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Symbol<'a>> + 'a {
        let count = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let index = self.by_name.get_or_init(|| Index::new(count, |item| Some(self.name(item as usize).as_bytes())));
        index
            .candidates(name.as_bytes())
            .filter(move |&item| self.name(item as usize) == name)
            .filter_map(|item| self.get(item as usize))
    }

    /// The symbol in which `address` lies. Of several at one address the first, as the kernel does
    /// (kernel/kallsyms.c, get_symbol_pos): its build sorts the better name to the front.
    pub fn at(&self, address: u64) -> Option<Symbol<'_>> {
        let after = self.addresses.partition_point(|&start| start <= address);
        let last = after.checked_sub(1)?;
        let start = self.addresses[last];
        let first = self.addresses[..after].partition_point(|&other| other < start);
        // An alias with a size that reaches `address` is better than one that ends before it.
        let reaches = |item: &usize| self.size(*item).map_or(address == start, |size| address - start < size);
        let item = (first..after).find(reaches)?;
        self.get(item)
    }

    /// All symbols, by address.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Symbol<'_>> + '_ {
        (0..self.len()).filter_map(|item| self.get(item))
    }

    /// The symbols from `address` on, by address.
    pub fn from(&self, address: u64) -> impl Iterator<Item = Symbol<'_>> + '_ {
        (self.addresses.partition_point(|&start| start < address)..self.len()).filter_map(|item| self.get(item))
    }

    /// At most `limit` different names that begin with `start`, sorted.
    pub fn prefix(&self, start: &str, limit: usize) -> Vec<&str> {
        let mut found: Vec<&str> =
            (0..self.len()).map(|item| self.name(item)).filter(|name| name.starts_with(start)).collect();
        found.sort_unstable();
        found.dedup();
        found.truncate(limit);
        found
    }

    /// Bytes of memory that the table takes, its name index included where there is one.
    pub fn memory(&self) -> usize {
        let index = self.by_name.get().map_or(0, Index::memory);
        self.len() * 13 + self.names.len() + self.sizes.len() * 4 + index
    }

    fn name(&self, item: usize) -> &str {
        let end = |item: usize| self.ends.get(item).map_or(0, |&end| end as usize);
        let begin = item.checked_sub(1).map_or(0, end);
        self.names.get(begin..end(item)).unwrap_or("")
    }

    fn size(&self, item: usize) -> Option<u64> {
        if let Some(&size) = self.sizes.get(item).filter(|&&size| size != 0) {
            return Some(u64::from(size));
        }
        let start = *self.addresses.get(item)?;
        let rest = &self.addresses[item..];
        // Aliases are few: step over them before searching.
        let next = rest
            .iter()
            .take(8)
            .find(|&&other| other > start)
            .copied()
            .or_else(|| rest.get(rest.partition_point(|&other| other <= start)).copied())?;
        Some(next - start).filter(|&size| size <= LONGEST)
    }

    fn get(&self, item: usize) -> Option<Symbol<'_>> {
        let address = *self.addresses.get(item)?;
        let kind = *self.kinds.get(item)?;
        Some(Symbol { address, kind, name: self.name(item), size: self.size(item) })
    }
}

/// Makes a table of symbols that come one by one.
#[derive(Debug, Default)]
pub struct Builder {
    addresses: Vec<u64>,
    kinds: Vec<u8>,
    ends: Vec<u32>,
    names: Vec<u8>,
    sizes: Vec<u32>,
}

impl Builder {
    /// A builder with room for `symbols` (of which no more than a bounded number is believed).
    pub fn with_room(symbols: usize) -> Self {
        let room = symbols.min(1 << 18);
        Self {
            addresses: Vec::with_capacity(room),
            kinds: Vec::with_capacity(room),
            ends: Vec::with_capacity(room),
            names: Vec::with_capacity(room * 22),
            sizes: Vec::new(),
        }
    }

    /// One more symbol. Those past 4 GiB of names are left out.
    pub fn push(&mut self, address: u64, kind: u8, name: &[u8], size: Option<u64>) {
        let Ok(end) = u32::try_from(self.names.len() + name.len()) else { return };
        self.names.extend_from_slice(name);
        self.close(address, kind, end, size);
    }

    /// Where the bytes of the next name go, before [`Builder::pushed`] makes a symbol of them.
    pub(crate) fn name_bytes(&mut self) -> &mut Vec<u8> {
        &mut self.names
    }

    /// Bytes of names so far.
    pub(crate) fn named(&self) -> usize {
        self.names.len()
    }

    /// One more symbol, whose name has been put into [`Builder::name_bytes`].
    pub(crate) fn pushed(&mut self, kind: u8) {
        let end = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.close(0, kind, end, None);
    }

    /// The name of the symbol that was pushed as number `item`.
    pub(crate) fn name(&self, item: usize) -> &[u8] {
        let end = |item: usize| self.ends.get(item).map_or(0, |&end| end as usize);
        self.names.get(item.checked_sub(1).map_or(0, end)..end(item)).unwrap_or(&[])
    }

    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there is none yet.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Gives the symbols their addresses, in the order in which they were pushed.
    pub(crate) fn place(&mut self, addresses: Vec<u64>) {
        self.addresses = addresses;
    }

    fn close(&mut self, address: u64, kind: u8, end: u32, size: Option<u64>) {
        if let Some(size) = size.and_then(|size| u32::try_from(size).ok()).filter(|&size| size != 0) {
            self.sizes.resize(self.kinds.len(), 0);
            self.sizes.push(size);
        }
        self.addresses.push(address);
        self.kinds.push(kind);
        self.ends.push(end);
    }

    /// The table. Symbols of one address stay in the order in which they came.
    pub fn finish(mut self) -> SymbolTable {
        self.addresses.truncate(self.kinds.len());
        self.kinds.truncate(self.addresses.len());
        self.ends.truncate(self.addresses.len());
        if !self.sizes.is_empty() {
            self.sizes.resize(self.addresses.len(), 0);
        }
        if !self.addresses.is_sorted() {
            self = self.sorted();
        }
        self.names.shrink_to_fit();
        let names = match String::from_utf8(self.names) {
            Ok(names) => names,
            // Of one length, so that the ends stay true.
            Err(error) => {
                let bytes = error.into_bytes();
                bytes.iter().map(|&byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect()
            }
        };
        SymbolTable {
            addresses: self.addresses,
            kinds: self.kinds,
            ends: self.ends,
            names,
            sizes: self.sizes,
            by_name: OnceCell::new(),
        }
    }

    fn sorted(self) -> Self {
        let mut order: Vec<usize> = (0..self.addresses.len()).collect();
        order.sort_by_key(|&item| self.addresses[item]);
        let mut out = Self::with_room(order.len());
        for item in order {
            let size = self.sizes.get(item).map(|&size| u64::from(size));
            out.push(self.addresses[item], self.kinds[item], self.name(item), size);
        }
        if !out.sizes.is_empty() {
            out.sizes.resize(out.addresses.len(), 0);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(symbols: &[(u64, u8, &str, Option<u64>)]) -> SymbolTable {
        let mut builder = Builder::default();
        for &(address, kind, name, size) in symbols {
            builder.push(address, kind, name.as_bytes(), size);
        }
        builder.finish()
    }

    #[test]
    fn a_symbol_ends_where_the_next_begins_and_aliases_are_one() {
        let table = table(&[
            (0x1100, b't', "second", None),
            (0x1000, b'T', "first", None),
            (0x1000, b'T', "alias", None),
            (0x10_0000_0000, b'd', "far", None),
        ]);
        let at = |address| table.at(address).map(|symbol| (symbol.name, symbol.size));
        assert_eq!(at(0xfff), None);
        assert_eq!(at(0x1000), Some(("first", Some(0x100))));
        assert_eq!(at(0x10ff), Some(("first", Some(0x100))));
        // Farther than any symbol is long: its beginning alone is sure.
        assert_eq!(at(0x1100), Some(("second", None)));
        assert_eq!(at(0x1101), None);
        assert_eq!(at(0x10_0000_0000), Some(("far", None)));
        assert_eq!(table.by_name("alias").map(|symbol| symbol.address).collect::<Vec<_>>(), [0x1000]);
        assert_eq!(table.by_name("nothing").count(), 0);
        assert_eq!(table.prefix("f", 9), ["far", "first"]);
        assert_eq!(table.from(0x1001).map(|symbol| symbol.name).collect::<Vec<_>>(), ["second", "far"]);
    }

    #[test]
    fn a_size_of_the_table_counts_more_than_the_next_symbol() {
        let table =
            table(&[(0x1000, b'T', "f", Some(0x10)), (0x1000, b't', "g", Some(0x20)), (0x1100, b'd', "x", None)]);
        let at = |address| table.at(address).map(|symbol| symbol.name);
        assert_eq!((at(0x100f), at(0x1010), at(0x1020), at(0x1100)), (Some("f"), Some("g"), None, Some("x")));
    }

    #[test]
    fn names_that_are_no_text_are_shown_without_moving_the_others() {
        let mut builder = Builder::default();
        builder.push(1, b't', b"a\xff\xfeb", None);
        builder.push(2, b't', b"next", None);
        let table = builder.finish();
        assert_eq!(table.iter().map(|symbol| symbol.name).collect::<Vec<_>>(), ["a??b", "next"]);
    }
}
