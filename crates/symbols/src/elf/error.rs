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
    /// `bzImage`, or another kernel as it is booted.
    Boot,
    /// gzip.
    Gzip,
    /// xz.
    Xz,
    /// zstd.
    Zstd,
    /// bzip2.
    Bzip2,
    /// lz4, of either format.
    Lz4,
    /// lzop.
    Lzop,
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
        const MAGICS: [(&[u8], Foreign); 15] = [
            (b"\x1f\x8b", Foreign::Gzip),
            (b"\xfd7zXZ\0", Foreign::Xz),
            (b"\x28\xb5\x2f\xfd", Foreign::Zstd),
            (b"BZh", Foreign::Bzip2),
            (b"\x04\x22\x4d\x18", Foreign::Lz4),
            (b"\x02\x21\x4c\x18", Foreign::Lz4),
            (b"\x89LZO", Foreign::Lzop),
            (b"!<arch>\n", Foreign::Archive),
            (b"\xed\xab\xee\xdb", Foreign::Rpm),
            (b"KDUMP   ", Foreign::Dump),
            (b"DISKDUMP", Foreign::Dump),
            (b"makedumpfile", Foreign::Dump),
            (b"MZ", Foreign::Boot),
            (b"\x27\x05\x19\x56", Foreign::Boot),
            (b"ANDROID!", Foreign::Boot),
        ];
        if let Some(&(_, found)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Some(found);
        }
        // Documentation/arch/x86/boot.rst: the header's magic at 0x202. arch/arm/boot/compressed/head.S: zImage's at 0x24. Documentation/arch/arm64/booting.rst and RISC-V's: at 56.
        let boot: [(usize, &[u8]); 5] =
            [(0x202, b"HdrS"), (0x24, b"\x18\x28\x6f\x01"), (56, b"ARM\x64"), (56, b"RSC\x05"), (0x10008, b"S390EP")];
        if boot.iter().any(|&(at, magic)| head.get(at..).is_some_and(|rest| rest.starts_with(magic))) {
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
                "it is a kernel as it is booted (vmlinuz, bzImage): it has the names and addresses of its functions, \
                           but no types and no source lines; those are in the vmlinux of the debug package"
            }
            Self::Gzip => "it is compressed with gzip; unpack it first",
            Self::Xz => "it is compressed with xz; unpack it first",
            Self::Zstd => "it is compressed with zstd; unpack it first",
            Self::Bzip2 => "it is compressed with bzip2; unpack it first",
            Self::Lz4 => "it is compressed with lz4; unpack it first",
            Self::Lzop => "it is compressed with lzop; unpack it first",
            Self::Archive => {
                "it is an archive or a Debian package; take the vmlinux or the modules out of it first: dpkg-deb -x FILE FOLDER"
            }
            Self::Rpm => {
                "it is an RPM package; take the vmlinux or the modules out of it first: rpm2cpio FILE | cpio -idm"
            }
            Self::Map => "it is a System.map: it has the names and addresses of functions, but is no ELF file",
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
    #[error("its {what} can't be right: the file is damaged, or not the whole of it is here")]
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
