//! Members of one structure, looked up once and read of many objects in one piece each: what a walk over a hundred
//! thousand tasks needs. Must never read more than the span of the members that were asked for.

use crate::error::MemoryError;
use crate::log::Words;
use crate::{Kernel, ObjectError};
use oopscope_report::vmcore::Unread;

/// Objects are at most this large: `task_struct` has 10 KiB, with debugging 14.
const LONGEST: u64 = 64 << 10;

/// Where a member lies, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

impl Field {
    /// The member `path` of `type_name`, where the kernel's types have it.
    pub(crate) fn of(kernel: &Kernel, type_name: &str, path: &str) -> Option<Self> {
        let place = kernel.place_of(type_name, path).filter(|place| place.bits.is_none())?;
        Some(Self { offset: place.offset(), size: kernel.types()?.size_of(place.type_id).ok()? })
    }

    /// The first of several that there is: names that a member has had.
    pub(crate) fn any(kernel: &Kernel, type_name: &str, paths: &[&str]) -> Option<Self> {
        paths.iter().find_map(|path| Self::of(kernel, type_name, path))
    }

    /// The same, as an error that names the type and the first of the names.
    pub(crate) fn need(kernel: &Kernel, type_name: &str, paths: &[&str]) -> Result<Self, ObjectError> {
        Self::any(kernel, type_name, paths).ok_or_else(|| {
            let member = paths.first().copied().unwrap_or_default();
            if kernel.types().is_none() {
                ObjectError::NoTypes { wanted: format!("{type_name}.{member}") }
            } else if kernel.has_type(type_name) {
                ObjectError::NoMember { type_name: type_name.to_owned(), member: member.to_owned() }
            } else {
                ObjectError::NoType { name: type_name.to_owned() }
            }
        })
    }

    const fn end(self) -> u64 {
        self.offset.saturating_add(self.size)
    }
}

/// How this kernel writes numbers.
pub(crate) fn words(kernel: &Kernel) -> Words {
    let layout = kernel.layout();
    Words { little_endian: layout.little_endian, long: u64::from(layout.pointer) }
}

/// The part of a structure that is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: u64,
    length: u64,
    words: Words,
}

impl Span {
    pub(crate) fn over(words: Words, fields: impl IntoIterator<Item = Option<Field>>) -> Self {
        let (mut start, mut end) = (u64::MAX, 0);
        for field in fields.into_iter().flatten() {
            start = start.min(field.offset);
            end = field.end().max(end);
        }
        let length = end.saturating_sub(start);
        // What is larger is read member by member.
        Self { start, length: if length > LONGEST { 0 } else { length }, words }
    }

    /// Reads the span of the object at `address`.
    pub(crate) fn read<'k>(&self, kernel: &'k Kernel, address: u64) -> Piece<'k> {
        let mut bytes = vec![0; usize::try_from(self.length).unwrap_or_default()];
        if kernel.read(address.wrapping_add(self.start), &mut bytes).is_err() {
            bytes.clear();
        }
        Piece { kernel, address, start: self.start, words: self.words, bytes }
    }
}

/// A part of an object, or the way to it where it could not be read in one piece.
pub(crate) struct Piece<'k> {
    kernel: &'k Kernel,
    address: u64,
    start: u64,
    words: Words,
    bytes: Vec<u8>,
}

impl Piece<'_> {
    /// The unsigned number in a member of at most 8 bytes.
    pub(crate) fn number(&self, field: Field) -> Result<u64, MemoryError> {
        let at = field.offset.wrapping_sub(self.start);
        match self.words.number(&self.bytes, at, field.size) {
            Some(number) => Ok(number),
            None => number(self.kernel, self.address.wrapping_add(field.offset), field.size),
        }
    }

    /// The signed number in a member of 4 bytes.
    pub(crate) fn int(&self, field: Field) -> Result<i32, MemoryError> {
        self.number(field).map(|number| u32::try_from(number & 0xffff_ffff).unwrap_or_default().cast_signed())
    }

    /// The text in a member, up to its NUL.
    pub(crate) fn text(&self, field: Field) -> Result<String, MemoryError> {
        let length = usize::try_from(field.size.min(256)).unwrap_or_default();
        let at = usize::try_from(field.offset.wrapping_sub(self.start)).unwrap_or(usize::MAX);
        let mut own = Vec::new();
        let bytes = if let Some(bytes) = at.checked_add(length).and_then(|end| self.bytes.get(at..end)) {
            bytes
        } else {
            own.resize(length, 0);
            self.kernel.read(self.address.wrapping_add(field.offset), &mut own)?;
            &own
        };
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        Ok(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }
}

/// The unsigned number of `size` bytes (at most 8) at a kernel address.
pub(crate) fn number(kernel: &Kernel, address: u64, size: u64) -> Result<u64, MemoryError> {
    let mut bytes = [0; 8];
    let length = usize::try_from(size.clamp(1, 8)).unwrap_or(8);
    kernel.read(address, &mut bytes[..length])?;
    Ok(words(kernel).number(&bytes, 0, size.clamp(1, 8)).unwrap_or_default())
}

/// A variable that is a number of `size` bytes: its value, or why not.
pub(crate) fn variable(kernel: &Kernel, symbol: &str, size: u64) -> Result<u64, ObjectError> {
    let address = kernel.symbol(symbol).ok_or_else(|| ObjectError::NoSymbol { name: symbol.to_owned() })?;
    number(kernel, address, size).map_err(|error| ObjectError::Memory { what: symbol.to_owned(), error })
}

/// Whether the kernel's symbols are known: only then does a missing one mean that this kernel does not have it.
pub(crate) fn has_symbols(kernel: &Kernel) -> bool {
    kernel.kallsyms().is_some() || kernel.vmlinux().is_some()
}

/// What is said of what cannot be found without symbols.
pub(crate) fn without_symbols(what: &str) -> Unread {
    let why =
        "without the kernel's symbols it is not known where it begins in memory; a vmlinux of this kernel has them";
    Unread { what: what.to_owned(), why: why.to_owned() }
}
