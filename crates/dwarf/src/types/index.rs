//! Which names there are, and where in `.debug_info` each has its entry; and that kept between two openings.
//!
//! Must never hold more than names and places, nor believe what was kept: it is looked at like any input.

use oopscope_symbols::types::Kind;

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    /// A type.
    Type(Kind),
    /// A struct, union or enum that is only declared here.
    Declared(Kind),
    /// A constant of an enumeration: the place is the enumeration's.
    Constant,
    /// A variable outside of functions.
    Variable,
}

/// All of them, by the number under which they are kept.
const SORTS: [Sort; 10] = [
    Sort::Type(Kind::Struct),
    Sort::Type(Kind::Union),
    Sort::Type(Kind::Enum),
    Sort::Type(Kind::Typedef),
    Sort::Type(Kind::Base),
    Sort::Declared(Kind::Struct),
    Sort::Declared(Kind::Union),
    Sort::Declared(Kind::Enum),
    Sort::Constant,
    Sort::Variable,
];

/// An entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Where in the names its name begins, and how many bytes it has.
    pub(super) name: u32,
    pub(super) length: u16,
    pub(super) sort: Sort,
    /// Where it begins, counted from the beginning of `.debug_info`.
    pub(super) offset: u32,
    /// Of a variable its address; of a type its size in bytes.
    pub(super) value: u64,
}

/// All entries that have names, sorted by name, then by sort, then by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// Where units begin, ascending.
    pub(super) units: Vec<u32>,
    /// Bytes of an address.
    pub(super) address_size: u8,
    pub(super) names: String,
    pub(super) items: Vec<Item>,
    /// Where the first part begins that made no sense.
    pub(super) damaged: Option<u32>,
}

/// What the bytes begin with that are kept.
const MAGIC: &[u8; 8] = b"oopsty01";
/// Bytes of an entry.
const ITEM: usize = 20;

impl Index {
    /// Sorts; of one name and sort those that lie at one place are one.
    pub(super) fn sort(&mut self) {
        let names = std::mem::take(&mut self.names);
        let text = |item: &Item| text(&names, item);
        self.items.sort_by(|one, other| {
            (text(one), one.sort, one.offset, one.value).cmp(&(text(other), other.sort, other.offset, other.value))
        });
        self.items
            .dedup_by(|one, other| one.sort == other.sort && one.offset == other.offset && text(one) == text(other));
        self.names = names;
    }

    /// The name of an entry.
    pub(super) fn name(&self, item: &Item) -> &str {
        text(&self.names, item)
    }

    /// All entries of a name and sort, in the order in which they lie in the file.
    pub(super) fn all(&self, sort: Sort, name: &str) -> &[Item] {
        let from = self.items.partition_point(|item| (self.name(item), item.sort) < (name, sort));
        let rest = self.items.get(from..).unwrap_or(&[]);
        let count = rest.iter().take_while(|item| item.sort == sort && self.name(item) == name).count();
        &rest[..count]
    }

    /// At most `limit` different names of a sort that begin with `start`, sorted.
    pub(super) fn starting(&self, sort: Sort, start: &str, limit: usize) -> Vec<String> {
        let from = self.items.partition_point(|item| self.name(item) < start);
        let mut found: Vec<String> = Vec::new();
        for item in self.items.iter().skip(from) {
            let name = self.name(item);
            if found.len() >= limit || !name.starts_with(start) {
                break;
            }
            if item.sort == sort && found.last().is_none_or(|last| last != name) {
                found.push(name.to_owned());
            }
        }
        found
    }

    /// Where the unit begins that holds a place, and where the next one does.
    pub(super) fn unit(&self, offset: u32) -> Option<(u32, Option<u32>)> {
        let after = self.units.partition_point(|&start| start <= offset);
        Some((*self.units.get(after.checked_sub(1)?)?, self.units.get(after).copied()))
    }

    /// Bytes of memory that it takes.
    pub(super) fn memory(&self) -> usize {
        self.units.len() * 4 + self.names.len() + self.items.len() * size_of::<Item>()
    }

    /// As bytes, to be kept. `of` is the size of `.debug_info`.
    pub(super) fn keep(&self, of: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.units.len() * 4 + self.names.len() + self.items.len() * ITEM);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&of.to_le_bytes());
        bytes.extend_from_slice(&[self.address_size, u8::from(self.damaged.is_some()), 0, 0]);
        bytes.extend_from_slice(&self.damaged.unwrap_or(0).to_le_bytes());
        for count in [self.units.len(), self.names.len(), self.items.len()] {
            bytes.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
        }
        for unit in &self.units {
            bytes.extend_from_slice(&unit.to_le_bytes());
        }
        bytes.extend_from_slice(self.names.as_bytes());
        for item in &self.items {
            let sort = SORTS.iter().position(|&sort| sort == item.sort).and_then(|sort| u8::try_from(sort).ok());
            bytes.extend_from_slice(&item.name.to_le_bytes());
            bytes.extend_from_slice(&item.length.to_le_bytes());
            bytes.extend_from_slice(&[sort.unwrap_or(u8::MAX), 0]);
            bytes.extend_from_slice(&item.offset.to_le_bytes());
            bytes.extend_from_slice(&item.value.to_le_bytes());
        }
        bytes
    }

    /// What was kept; none where it is not of such a `.debug_info`, or is damaged.
    pub(super) fn kept(bytes: &[u8], of: u64) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let mut take = |count: usize| {
            let (part, after) = rest.split_at_checked(count)?;
            rest = after;
            Some(part)
        };
        let word = |raw: &[u8]| raw.first_chunk().map(|raw| u32::from_le_bytes(*raw));
        if take(8)? != of.to_le_bytes() {
            return None;
        }
        let head = take(20)?;
        let damaged = if head[1] == 0 { None } else { Some(word(&head[4..])?) };
        let counts = [word(&head[8..])?, word(&head[12..])?, word(&head[16..])?].map(|count| count as usize);
        let units: Vec<u32> = take(counts[0].checked_mul(4)?)?.chunks_exact(4).filter_map(word).collect();
        let names = String::from_utf8(take(counts[1])?.to_vec()).ok()?;
        let items = take(counts[2].checked_mul(ITEM)?)?.chunks_exact(ITEM).map(|raw| {
            let item = Item {
                name: word(raw)?,
                length: raw.get(4..).and_then(<[u8]>::first_chunk).map(|raw| u16::from_le_bytes(*raw))?,
                sort: *SORTS.get(usize::from(raw[6]))?,
                offset: word(&raw[8..])?,
                value: raw.get(12..).and_then(<[u8]>::first_chunk).map(|raw| u64::from_le_bytes(*raw))?,
            };
            range(&item).and_then(|range| names.get(range)).map(|_| item)
        });
        let items: Option<Vec<Item>> = items.collect();
        let index = Self { units, address_size: head[0], names, items: items?, damaged };
        let ascending = index.units.is_sorted() && index.units.last().is_none_or(|&last| u64::from(last) < of);
        let sorted = index.items.is_sorted_by(|one, other| {
            (index.name(one), one.sort, one.offset) <= (index.name(other), other.sort, other.offset)
        });
        (ascending && sorted && matches!(index.address_size, 4 | 8)).then_some(index)
    }
}

fn text<'a>(names: &'a str, item: &Item) -> &'a str {
    range(item).and_then(|range| names.get(range)).unwrap_or("")
}

fn range(item: &Item) -> Option<std::ops::Range<usize>> {
    let start = item.name as usize;
    Some(start..start.checked_add(usize::from(item.length))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let names = "listpagebus".to_owned();
        let item = |name, length, sort, offset| Item { name, length, sort, offset, value: 7 };
        let items = vec![
            item(4, 4, Sort::Type(Kind::Struct), 40),
            item(0, 4, Sort::Variable, 30),
            item(0, 4, Sort::Type(Kind::Struct), 20),
            item(0, 4, Sort::Type(Kind::Struct), 10),
            item(8, 3, Sort::Declared(Kind::Struct), 10),
        ];
        let mut index = Index { units: vec![0, 35], address_size: 8, names, items, damaged: Some(9) };
        index.sort();
        index
    }

    #[test]
    fn names_are_found_by_sort_and_beginning() {
        let index = index();
        let places = |sort, name| index.all(sort, name).iter().map(|item| item.offset).collect::<Vec<_>>();
        assert_eq!(places(Sort::Type(Kind::Struct), "list"), [10, 20]);
        assert_eq!(places(Sort::Variable, "list"), [30]);
        assert_eq!(places(Sort::Type(Kind::Union), "list"), [0_u32; 0]);
        assert_eq!(places(Sort::Type(Kind::Struct), "lis"), [0_u32; 0]);
        assert_eq!(index.starting(Sort::Type(Kind::Struct), "", 9), ["list", "page"]);
        assert_eq!(index.starting(Sort::Type(Kind::Struct), "", 1), ["list"]);
        assert_eq!((index.unit(34), index.unit(35)), (Some((0, Some(35))), Some((35, None))));
    }

    #[test]
    fn what_is_kept_comes_back_and_what_is_damaged_does_not() {
        let index = index();
        let bytes = index.keep(100);
        assert_eq!(Index::kept(&bytes, 100), Some(index));
        assert_eq!(Index::kept(&bytes, 101), None, "of another file");
        for length in 0..bytes.len() {
            assert_eq!(Index::kept(&bytes[..length], 100), None);
        }
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0xff;
            // Whatever comes out of it can be asked.
            if let Some(index) = Index::kept(&bytes, 100) {
                assert!(index.starting(Sort::Variable, "", 9).len() <= 9);
                assert!(index.all(Sort::Variable, "list").len() <= 5);
            }
        }
    }
}
