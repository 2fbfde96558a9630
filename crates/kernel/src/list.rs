//! The kernel's doubly linked lists (`struct list_head`). Must never go on without end: circles that miss the head are
//! noticed, poison and NULL are named.

use crate::Kernel;
use crate::error::{ListError, MemoryError};
use crate::object::Object;
use oopscope_symbols::{TypeId, Types};

/// No list of a kernel is longer.
const LONGEST: u64 = 1 << 22;
/// What removed entries point to lies amid these (include/linux/poison.h: 0x100 and 0x122 plus
/// CONFIG_ILLEGAL_POINTER_VALUE, which leaves the low bits).
const POISON: [u64; 2] = [0x100, 0x122];
const POISON_BASE: u64 = 0xdead_0000_0000_0000;

/// The entries of a list, from its first on. After an error it ends.
pub struct ListIter<'k> {
    kernel: &'k Kernel,
    head: u64,
    at: u64,
    count: u64,
    /// Brent's way of noticing a circle: an entry seen before, and how far from it the next such lies.
    seen: u64,
    until: u64,
    kind: Result<(&'k dyn Types, TypeId, u64), Option<ListError>>,
    ended: bool,
}

impl std::fmt::Debug for ListIter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListIter").field("head", &self.head).field("count", &self.count).finish_non_exhaustive()
    }
}

impl Kernel {
    /// The objects of type `type_name` on the list whose `struct list_head` lies at `head`; `member` is the
    /// `struct list_head` in them.
    pub fn list<'k>(&'k self, head: u64, type_name: &str, member: &str) -> ListIter<'k> {
        let kind = self.at(type_name, 0).and_then(|object| {
            let offset = object.member(member)?.address();
            let id = object.type_id().ok_or_else(|| crate::ObjectError::NoType { name: type_name.to_owned() })?;
            Ok((object.types(), id, offset))
        });
        let kind = kind.map_err(|error| Some(ListError::Object { head, error }));
        ListIter { kernel: self, head, at: head, count: 0, seen: head, until: 1, kind, ended: false }
    }

    /// The addresses of a list's `struct list_head`s, without their objects: where types are not known.
    pub fn list_addresses(&self, head: u64) -> impl Iterator<Item = Result<u64, ListError>> + '_ {
        let kind = Err(None);
        let mut list = ListIter { kernel: self, head, at: head, count: 0, seen: head, until: 1, kind, ended: false };
        std::iter::from_fn(move || list.step())
    }
}

impl ListIter<'_> {
    /// Address of the next entry's `struct list_head`.
    fn step(&mut self) -> Option<Result<u64, ListError>> {
        if self.ended {
            return None;
        }
        let (head, count) = (self.head, self.count);
        let result = match self.kernel.pointer(self.at) {
            Err(error) => Err(self.unread(error)),
            Ok(next) if next == head => {
                self.ended = true;
                return None;
            }
            Ok(next) if next < 4096 || (next & !0xffff == POISON_BASE) || POISON.contains(&next) => {
                Err(ListError::Damaged { head, count, at: self.at, value: next })
            }
            Ok(next) if next == self.seen => Err(ListError::Circle { head, count }),
            Ok(_) if count >= LONGEST => Err(ListError::TooLong { head, count }),
            Ok(next) => Ok(next),
        };
        match &result {
            Ok(next) => {
                self.at = *next;
                self.count += 1;
                if self.count == self.until {
                    self.seen = *next;
                    self.until *= 2;
                }
            }
            Err(_) => self.ended = true,
        }
        Some(result)
    }

    const fn unread(&self, error: MemoryError) -> ListError {
        ListError::Memory { head: self.head, count: self.count, error }
    }
}

impl<'k> Iterator for ListIter<'k> {
    type Item = Result<Object<'k>, ListError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = &mut self.kind {
            self.ended = true;
            return error.take().map(Err);
        }
        let at = self.step()?;
        let Ok((types, id, offset)) = self.kind else { return None };
        Some(at.map(|at| self.kernel.at_id(types, id, at.wrapping_sub(offset))))
    }
}
