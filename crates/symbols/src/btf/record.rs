//! One record of BTF: a head of 12 bytes (`struct btf_type`) and what belongs to its kind.
//!
//! Must never read past the record's own bytes: those have been counted before.

use super::header::Header;
use crate::Layout;

/// Bytes of the head.
const HEAD: usize = 12;

/// What a record is, by its number in include/uapi/linux/btf.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Pointer,
    Array,
    Struct,
    Union,
    Enum,
    Forward,
    Typedef,
    Volatile,
    Const,
    Restrict,
    Function,
    Prototype,
    Variable,
    Section,
    Float,
    DeclTag,
    TypeTag,
    /// 6.0, "bpf: Add btf enum64 support".
    Enum64,
    /// One that is not known; how long it is, the header may tell.
    Other(u8),
}

impl Kind {
    fn new(number: u8) -> Self {
        match number {
            1 => Self::Int,
            2 => Self::Pointer,
            3 => Self::Array,
            4 => Self::Struct,
            5 => Self::Union,
            6 => Self::Enum,
            7 => Self::Forward,
            8 => Self::Typedef,
            9 => Self::Volatile,
            10 => Self::Const,
            11 => Self::Restrict,
            12 => Self::Function,
            13 => Self::Prototype,
            14 => Self::Variable,
            15 => Self::Section,
            16 => Self::Float,
            17 => Self::DeclTag,
            18 => Self::TypeTag,
            19 => Self::Enum64,
            other => Self::Other(other),
        }
    }
}

/// A record's head, and the bytes from behind it to the end of all records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    pub(super) name: u32,
    pub(super) kind: Kind,
    /// The head's flag, which each kind uses for something else.
    pub(super) flag: bool,
    /// How many elements follow.
    pub(super) count: u32,
    /// The size in bytes, or the type that it is made of.
    pub(super) value: u32,
    rest: &'a [u8],
}

/// What is said of an integer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Int {
    /// 1 signed, 2 character, 4 truth value.
    pub(super) encoding: u8,
    pub(super) offset: u8,
    pub(super) bits: u32,
}

impl<'a> Raw<'a> {
    /// The record at `at`, if its head lies in `types`.
    #[inline]
    pub(super) fn read(types: &'a [u8], at: usize, layout: Layout) -> Option<Self> {
        let record = types.get(at..)?;
        let (head, rest) = record.split_at_checked(HEAD)?;
        let info = layout.u32(&head[4..]);
        // The kind had five bits and the number of elements 16, until the bits beside them, which were zero, were added to
        // them in 7.x: what is old reads the same.
        let [.., kind] = (info & 0x7f00_0000).to_le_bytes();
        Some(Self {
            name: layout.u32(head),
            kind: Kind::new(kind),
            flag: info >> 31 != 0,
            count: info & 0xff_ffff,
            value: layout.u32(&head[8..]),
            rest,
        })
    }

    /// Bytes of the whole record.
    #[inline]
    pub(super) fn size(&self, header: &Header) -> Option<usize> {
        let count = self.count as usize;
        let more = match self.kind {
            Kind::Int | Kind::Variable | Kind::DeclTag => 4,
            Kind::Array => 12,
            Kind::Struct | Kind::Union | Kind::Section | Kind::Enum64 => count.checked_mul(12)?,
            Kind::Enum | Kind::Prototype => count.checked_mul(8)?,
            Kind::Pointer
            | Kind::Forward
            | Kind::Typedef
            | Kind::Volatile
            | Kind::Const
            | Kind::Restrict
            | Kind::Function
            | Kind::Float
            | Kind::TypeTag => 0,
            Kind::Other(kind) => {
                let &(fixed, each) = header.kinds.get(usize::from(kind))?;
                count.checked_mul(usize::from(each))?.checked_add(usize::from(fixed))?
            }
        };
        HEAD.checked_add(more)
    }

    fn numbers<const N: usize>(&self, item: u32, layout: Layout) -> Option<[u32; N]> {
        if item >= self.count {
            return None;
        }
        let at = (item as usize).checked_mul(N * 4)?;
        let bytes = self.rest.get(at..at.checked_add(N * 4)?)?;
        let mut numbers = [0; N];
        for (number, raw) in numbers.iter_mut().zip(bytes.chunks_exact(4)) {
            *number = layout.u32(raw);
        }
        Some(numbers)
    }

    /// A struct's member: its name, its type, its place.
    pub(super) fn member(&self, item: u32, layout: Layout) -> Option<(u32, u32, u32)> {
        self.numbers(item, layout).map(|[name, type_id, place]| (name, type_id, place))
    }

    /// A prototype's parameter: its name and type.
    pub(super) fn parameter(&self, item: u32, layout: Layout) -> Option<(u32, u32)> {
        self.numbers(item, layout).map(|[name, type_id]| (name, type_id))
    }

    /// An enumeration's constant: its name, and its value's bits.
    pub(super) fn constant(&self, item: u32, layout: Layout) -> Option<(u32, u64)> {
        if self.kind == Kind::Enum64 {
            let [name, low, high] = self.numbers(item, layout)?;
            return Some((name, u64::from(high) << 32 | u64::from(low)));
        }
        let [name, value] = self.numbers(item, layout)?;
        Some((name, u64::from(value)))
    }

    /// An array's element type and count.
    pub(super) fn array(&self, layout: Layout) -> (u32, u32) {
        (layout.u32(self.rest), layout.u32(self.rest.get(8..).unwrap_or(&[])))
    }

    /// What is said of an integer.
    pub(super) fn int(&self, layout: Layout) -> Int {
        let [bits, _, offset, ..] = layout.u32(self.rest).to_le_bytes();
        let [.., encoding] = layout.u32(self.rest).to_le_bytes();
        Int { encoding: encoding & 0xf, offset, bits: u32::from(bits) }
    }
}
