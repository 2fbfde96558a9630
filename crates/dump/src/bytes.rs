//! Numbers out of headers, in the byte order of whoever wrote them. Must never panic on short input.

/// A byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// True for little-endian.
    pub(crate) little: bool,
}

impl Order {
    /// Most significant byte last.
    pub(crate) const LITTLE: Self = Self { little: true };
    /// Most significant byte first.
    pub(crate) const BIG: Self = Self { little: false };

    /// 16 bits at an offset.
    pub(crate) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    /// 32 bits at an offset.
    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    /// 64 bits at an offset.
    pub(crate) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
    }

    /// A C `unsigned long` of 64 or 32 bits.
    pub(crate) fn long(self, bytes: &[u8], at: usize, wide: bool) -> Option<u64> {
        if wide { self.u64(bytes, at) } else { self.u32(bytes, at).map(u64::from) }
    }
}

/// The text of a C array: as far as its first NUL, what is no UTF-8 replaced.
pub(crate) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// A length or position that is known to fit memory: what is larger becomes `usize::MAX`, which no slice reaches.
pub(crate) fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
