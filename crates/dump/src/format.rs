//! What a file is, by its first bytes. Must never go by a file's name.

/// Formats of dumps, and of what may be taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// ELF core.
    Elf,
    /// kdump-compressed.
    Kdump,
}

impl Format {
    /// What it is, as the predicate of "the file is …".
    pub const fn described(self) -> &'static str {
        match self {
            Self::Elf => "an ELF core",
            Self::Kdump => "a kdump-compressed dump",
        }
    }

    /// What to do with it, where it is not read.
    pub const fn advice(self) -> &'static str {
        "it can be read"
    }
}

/// What a file is, by its first 64 KiB; `None` for what has no signature: raw images, text.
pub fn identify(head: &[u8]) -> Option<Format> {
    match head {
        [0x7f, b'E', b'L', b'F', ..] => Some(Format::Elf),
        [b'K', b'D', b'U', b'M', b'P', b' ', b' ', b' ', ..] => Some(Format::Kdump),
        _ => None,
    }
}
