//! What can be wrong with a dump or a page of it. Must never hold what only one format has, in words for people.

use crate::Format;
use oopscope_source::ReadError;

/// Why a dump could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There was no file.
    #[error("there is no file to open")]
    Nothing,
    /// A file without a byte.
    #[error("{name} is empty")]
    Empty {
        /// The file.
        name: String,
    },
    /// No format that is known.
    #[error("{name} is in no format that is known: neither a vmcore nor a memory image ({why})")]
    Unknown {
        /// The file.
        name: String,
        /// Why it is not taken for a raw image either.
        why: &'static str,
    },
    /// A format that is known, but not read.
    #[error("{name} is {}: {}", format.described(), format.advice())]
    Unsupported {
        /// The file.
        name: String,
        /// What it is.
        format: Format,
    },
    /// The file ends within what is needed to read it at all.
    #[error("{name} is cut off: {what} should end at byte {end}, the file has {size}")]
    CutOff {
        /// The file.
        name: String,
        /// What is cut off.
        what: &'static str,
        /// Where it should end.
        end: u64,
        /// Size of the file.
        size: u64,
    },
    /// A header that cannot be.
    #[error("{name} has a header that makes no sense: {what} is {value:#x} (at byte {at})")]
    Header {
        /// The file.
        name: String,
        /// Which field.
        what: &'static str,
        /// Its value.
        value: u64,
        /// Where it lies.
        at: u64,
    },
    /// More of something than is ever written.
    #[error("{name} has more than {limit} {what}: {advice}")]
    TooMany {
        /// The file.
        name: String,
        /// Of what.
        what: &'static str,
        /// How many are taken.
        limit: u64,
        /// What to do.
        advice: &'static str,
    },
    /// Files that do not belong together.
    #[error("{one} and {other} do not belong together: {why}")]
    Parts {
        /// A file.
        one: String,
        /// Another.
        other: String,
        /// What differs.
        why: &'static str,
    },
    /// The system could not read.
    #[error("{name}: {error}")]
    Read {
        /// The file.
        name: String,
        /// What went wrong.
        error: ReadError,
    },
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// Why physical memory could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The page was left out when the dump was made.
    #[error("page at physical {physical:#x} was left out of the dump{}", level_words(*level))]
    Excluded {
        /// Address that was asked for.
        physical: u64,
        /// makedumpfile's `-d`, where the dump has it.
        level: Option<u32>,
    },
    /// The dump knows no RAM there.
    #[error("there is no RAM at physical {physical:#x} as far as the dump tells")]
    NotRam {
        /// Address that was asked for.
        physical: u64,
    },
    /// It should be there.
    #[error("page at physical {physical:#x} is lost: {why}")]
    Lost {
        /// Address that was asked for.
        physical: u64,
        /// How.
        why: Loss,
    },
    /// It is there, and broken.
    #[error("page at physical {physical:#x} is damaged: {what}")]
    Corrupt {
        /// Address that was asked for.
        physical: u64,
        /// How.
        what: Corruption,
    },
    /// The system could not read.
    #[error("page at physical {physical:#x}: {error}")]
    Read {
        /// Address that was asked for.
        physical: u64,
        /// What went wrong.
        error: ReadError,
    },
}

impl PageError {
    /// The same error of another address in the page.
    pub(crate) fn at(mut self, address: u64) -> Self {
        let (Self::Excluded { physical, .. }
        | Self::NotRam { physical }
        | Self::Lost { physical, .. }
        | Self::Corrupt { physical, .. }
        | Self::Read { physical, .. }) = &mut self;
        *physical = address;
        self
    }
}

fn level_words(level: Option<u32>) -> String {
    level.map_or_else(String::new, |level| format!(" (dump level {level})"))
}

/// How a page was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// It lies beyond the end of the file.
    #[error("the file ends before it")]
    CutOff,
    /// Whoever wrote the dump did not come to it: no space was left.
    #[error("the dump is incomplete, its writer did not come to this page")]
    NotWritten,
    /// It lies in a file of a split dump that was not given.
    #[error("it lies in a part of the split dump that was not given")]
    PartMissing,
}

/// How a page is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Corruption {
    /// Its descriptor tells a size that cannot be.
    #[error("its descriptor gives it {size} bytes")]
    Size {
        /// The size.
        size: u32,
    },
    /// Its descriptor points to where no page can lie.
    #[error("its descriptor points to byte {offset:#x}, where no page can lie")]
    Offset {
        /// The position.
        offset: u64,
    },
    /// Its descriptor names an unknown way of packing.
    #[error("its descriptor has the flags {flags:#x}, which name no known way of packing")]
    Flags {
        /// The flags.
        flags: u32,
    },
    /// The packed bytes are no stream of the codec, or one of another length.
    #[error("its bytes are no {codec} stream of one page")]
    Stream {
        /// The codec.
        codec: Codec,
    },
    /// A checksum differs.
    #[error("its checksum differs")]
    Checksum,
}

/// How a page is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// As it is.
    None,
    /// zlib.
    Zlib,
    /// LZO1X.
    Lzo,
    /// Raw snappy.
    Snappy,
    /// A zstd frame.
    Zstd,
}

impl Codec {
    /// Its name in facts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Zlib => "zlib",
            Self::Lzo => "lzo",
            Self::Snappy => "snappy",
            Self::Zstd => "zstd",
        }
    }
}

impl std::fmt::Display for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
