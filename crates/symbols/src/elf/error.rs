//! Why a file gives no symbols, in words that tell what to do.
//!
//! Must never guess: a file is named as what its first bytes say.

use oopscope_source::ReadError;

/// What a file is instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A dump, not a kernel.
    Core,
    /// Another dump format.
    Dump,
    /// `bzImage`, or a kernel as an EFI application.
    Boot,
    /// gzip.
    Gzip,
    /// xz.
    Xz,
    /// zstd.
    Zstd,
    /// bzip2.
    Bzip2,
    /// An archive: `ar`, as Debian packages are.
    Archive,
    /// An RPM package.
    Rpm,
    /// `System.map`.
    Map,
}

impl Foreign {
    /// What a file is, by its first bytes.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        const MAGICS: [(&[u8], Foreign); 10] = [
            (b"\x1f\x8b", Foreign::Gzip),
            (b"\xfd7zXZ\0", Foreign::Xz),
            (b"\x28\xb5\x2f\xfd", Foreign::Zstd),
            (b"BZh", Foreign::Bzip2),
            (b"!<arch>\n", Foreign::Archive),
            (b"\xed\xab\xee\xdb", Foreign::Rpm),
            (b"KDUMP   ", Foreign::Dump),
            (b"DISKDUMP", Foreign::Dump),
            (b"makedumpfile", Foreign::Dump),
            (b"MZ", Foreign::Boot),
        ];
        if let Some(&(_, found)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Some(found);
        }
        // Documentation/arch/x86/boot.rst: the header's magic at 0x202.
        if head.get(0x202..0x206) == Some(b"HdrS") {
            return Some(Self::Boot);
        }
        let line = head.split(|&byte| byte == b'\n').next().unwrap_or(&[]);
        let mut words = line.split(|&byte| byte == b' ');
        let address =
            words.next().is_some_and(|word| matches!(word.len(), 8 | 16) && word.iter().all(u8::is_ascii_hexdigit));
        (address && words.next().is_some_and(|word| word.len() == 1)).then_some(Self::Map)
    }
}

impl std::fmt::Display for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Core => "it is an ELF core: a dump, not the kernel that was dumped",
            Self::Dump => "it is a dump, not the kernel that was dumped",
            Self::Boot => {
                "it is a kernel as it is booted (vmlinuz, bzImage), without symbols; they are in the vmlinux of \
                           the debug package"
            }
            Self::Gzip => "it is compressed with gzip; unpack it first",
            Self::Xz => "it is compressed with xz; unpack it first",
            Self::Zstd => "it is compressed with zstd; unpack it first",
            Self::Bzip2 => "it is compressed with bzip2; unpack it first",
            Self::Archive => "it is an archive or a Debian package; the vmlinux must be taken out of it first",
            Self::Rpm => "it is an RPM package; the vmlinux must be taken out of it first",
            Self::Map => "it is a System.map, not an ELF file",
        })
    }
}

/// Why a file gives no symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is something else that is known.
    #[error("{0}")]
    Foreign(Foreign),
    /// It is nothing that is known.
    #[error("it is no ELF file")]
    NotElf,
    /// A part of it makes no sense.
    #[error("its {what} make no sense: the file is damaged, or not the whole of it is here")]
    Damaged {
        /// Which part.
        what: &'static str,
    },
    /// A part does not lie in the file.
    #[error(
        "{what} should lie at byte {offset}, with {size} bytes, but the file has {length} bytes: not the whole of it is here"
    )]
    Outside {
        /// Which part.
        what: &'static str,
        /// Where.
        offset: u64,
        /// How long.
        size: u64,
        /// The file's length.
        length: u64,
    },
    /// A part is larger than anything that makes sense.
    #[error("{what}: {size} is more than any kernel has")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// How large it is said to be.
        size: u64,
    },
    /// It has no symbols.
    #[error("it has no symbol table: it was stripped; the debug package of the same kernel has one that was not")]
    Stripped,
    /// Its symbols are compressed, which no linker does.
    #[error("its symbol table is compressed, which is not supported")]
    Compressed,
    /// It is a module.
    #[error("it is a module or an object file, not a kernel")]
    Module,
    /// It is no module.
    #[error("it is no module")]
    NoModule,
}
