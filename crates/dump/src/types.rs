//! The plain types of this crate's interface. Must never hold logic beyond naming.

use oopscope_source::ReadAt;
use std::fmt;

/// One file of a dump.
pub struct Part {
    /// Its name. A raw image's may end in where it lies: `@0x40000000`, or `@hole=0xc0000000` (see [`crate::Dump::open`]).
    pub name: String,
    /// Its bytes.
    pub bytes: Box<dyn ReadAt>,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("name", &self.name).field("bytes", &self.bytes.len()).finish()
    }
}

/// How far the opening of a dump is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done: "index of the flattened file", "bitmap".
    pub stage: &'static str,
    /// Bytes done.
    pub done: u64,
    /// Bytes to do in this stage.
    pub total: u64,
}

/// Widths and byte order of what the dump holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Width of the machine's pointers: 32 or 64.
    pub bits: u8,
    /// Byte order of the machine.
    pub little_endian: bool,
    /// Which machine; absent where the container does not tell (LiME, AVML, raw images).
    pub machine: Option<Machine>,
}

/// Machines, as containers name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// x86-64.
    X86_64,
    /// ARM, 64 bits.
    Aarch64,
    /// x86, 32 bits.
    I386,
    /// ARM, 32 bits.
    Arm,
    /// RISC-V, 64 bits.
    Riscv64,
    /// POWER, 64 bits.
    Ppc64,
    /// IBM Z, 64 bits.
    S390x,
    /// LoongArch, 64 bits.
    Loongarch64,
    /// Another, by its number in ELF's `e_machine`.
    Other(u16),
}

/// A program header of an ELF core that has a physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// `p_vaddr`.
    pub virtual_address: u64,
    /// `p_paddr`.
    pub physical: u64,
    /// `p_memsz`.
    pub memory_size: u64,
}

/// What a kdump header says of the machine: `struct new_utsname` and the time. QEMU fills in `machine` alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uts {
    /// "Linux".
    pub sysname: String,
    /// The host's name.
    pub nodename: String,
    /// The kernel's release.
    pub release: String,
    /// The kernel's build: "#1 SMP …".
    pub version: String,
    /// The machine: `x86_64`.
    pub machine: String,
    /// The NIS domain.
    pub domainname: String,
    /// When the dump was made, in seconds since 1970; absent where it is zero.
    pub time: Option<i64>,
}

/// What a dump has of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageState {
    /// Its bytes.
    Data,
    /// It is known to be all zeros, without unpacking it.
    Zero,
    /// It reads as zeros, but may have been left out: an ELF core has memory without bytes for both (`p_filesz` less than
    /// `p_memsz`), and does not tell which.
    ZeroOrExcluded,
    /// It is RAM, but was left out of the dump.
    Excluded,
    /// The dump says that there is no RAM, or does not know of it.
    NotRam,
    /// It should be in the dump, and is not: the file is cut off, a part is missing.
    Lost,
    /// It is in the dump and cannot be unpacked. Only told where it is seen without unpacking.
    Corrupt,
}

/// What reading has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reads of files.
    pub reads: u64,
    /// Bytes that those gave.
    pub bytes_read: u64,
    /// Pages that were unpacked.
    pub pages_unpacked: u64,
}
