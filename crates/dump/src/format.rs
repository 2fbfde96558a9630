//! What a file is, by its first bytes. Must never go by a file's name.

use crate::bytes::Order;
use crate::elf;

/// Formats of dumps, and of what may be taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// ELF core: /proc/vmcore, `makedumpfile -E`, QEMU, libvirt, netdump.
    Elf,
    /// kdump-compressed.
    Kdump,
    /// What kdump-compressed was made from, of RHEL 3 and 4.
    Diskdump,
    /// makedumpfile's flattened form of an ELF core or a kdump.
    Flattened,
    /// LiME.
    Lime,
    /// AVML, which packs with snappy.
    Avml,
    /// An ELF file that is no core: a vmlinux, a module.
    ElfObject,
    /// The core of a process.
    ProcessCore,
    /// Xen's ELF dump of a domain.
    XenElf,
    /// Xen's older dump of a domain.
    XenCore,
    /// Xen's saved domain.
    XenSave,
    /// LKCD.
    Lkcd,
    /// Mission Critical Linux' mcore.
    Mclx,
    /// QEMU's saved machine.
    QemuSave,
    /// libvirt's saved machine.
    LibvirtSave,
    /// Fujitsu's sadump.
    Sadump,
    /// VMware's saved machine.
    Vmware,
    /// IBM Z's stand-alone dump.
    S390,
    /// A dump of Windows.
    Windows,
    /// A minidump.
    Minidump,
    /// A kernel that is packed for booting.
    BootImage,
    /// gzip, xz, zstd, bzip2, lz4, zip or another archive.
    Packed,
    /// Encrypted.
    Encrypted,
    /// A virtual machine's disk.
    DiskImage,
}

impl Format {
    /// True where this crate reads it.
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Elf | Self::Kdump | Self::Diskdump | Self::Flattened | Self::Lime | Self::Avml)
    }

    /// A stable short name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Elf => "elf",
            Self::Kdump => "kdump",
            Self::Diskdump => "diskdump",
            Self::Flattened => "flattened",
            Self::Lime => "lime",
            Self::Avml => "avml",
            Self::ElfObject => "elf-object",
            Self::ProcessCore => "process-core",
            Self::XenElf => "xen-elf",
            Self::XenCore => "xen-core",
            Self::XenSave => "xen-save",
            Self::Lkcd => "lkcd",
            Self::Mclx => "mclx",
            Self::QemuSave => "qemu-save",
            Self::LibvirtSave => "libvirt-save",
            Self::Sadump => "sadump",
            Self::Vmware => "vmware",
            Self::S390 => "s390",
            Self::Windows => "windows",
            Self::Minidump => "minidump",
            Self::BootImage => "boot-image",
            Self::Packed => "packed",
            Self::Encrypted => "encrypted",
            Self::DiskImage => "disk-image",
        }
    }

    /// What it is, as the predicate of "the file is …".
    pub const fn described(self) -> &'static str {
        match self {
            Self::Elf => "an ELF core",
            Self::Kdump => "a kdump-compressed dump",
            Self::Diskdump => "a diskdump",
            Self::Flattened => "a flattened dump",
            Self::Lime => "a LiME image",
            Self::Avml => "an AVML image",
            Self::ElfObject => "an ELF file that is no core: a vmlinux, a module or a program",
            Self::ProcessCore => "the core of a process, not of a kernel",
            Self::XenElf => "a dump of a Xen domain (ELF, xl dump-core)",
            Self::XenCore => "a dump of a Xen domain (xc_core)",
            Self::XenSave => "a saved Xen domain (xc_save)",
            Self::Lkcd => "an LKCD dump",
            Self::Mclx => "a Mission Critical Linux dump (mcore)",
            Self::QemuSave => "a saved state of QEMU (migration stream), not a dump",
            Self::LibvirtSave => "a saved state of libvirt (virsh save, or virsh dump without --memory-only)",
            Self::Sadump => "an sadump dump (Fujitsu)",
            Self::Vmware => "a saved state of VMware (.vmss, .vmsn)",
            Self::S390 => "a stand-alone dump of IBM Z",
            Self::Windows => "a dump of Windows",
            Self::Minidump => "a minidump, of a process",
            Self::BootImage => "a kernel packed for booting (bzImage, vmlinuz), not a dump",
            Self::Packed => "packed (gzip, xz, zstd, bzip2, lz4, zip or the like)",
            Self::Encrypted => "encrypted",
            Self::DiskImage => "the image of a disk, not of memory",
        }
    }

    /// What to do with it, where it is not read.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Elf | Self::Kdump | Self::Diskdump | Self::Flattened | Self::Lime | Self::Avml => "it can be read",
            Self::ElfObject => "give it together with the vmcore that it belongs to",
            Self::ProcessCore => "gdb reads it",
            Self::XenElf | Self::XenCore | Self::XenSave => {
                "it is not read; crash reads it, and a kdump made inside the domain can be opened here"
            }
            Self::Lkcd | Self::Mclx => "it is not read; crash reads it, with a vmlinux of that kernel",
            Self::QemuSave => {
                "make a dump with QEMU's dump-guest-memory, or with virsh dump --memory-only, and open that"
            }
            Self::LibvirtSave => "restore it and make a dump with virsh dump --memory-only, and open that",
            Self::Sadump => "convert it to kdump-compressed with makedumpfile -c -x VMLINUX, and open that",
            Self::Vmware => "convert it to an ELF core with VMware's vmss2core -N6, and open that",
            Self::S390 => "convert it to an ELF core with zgetdump -f elf, and open that",
            Self::Windows => "there is no Linux kernel in it to look at",
            Self::Minidump => "a debugger for programs reads it",
            Self::BootImage => "open the vmcore; this file adds nothing to it",
            Self::Packed => "unpack it first and open what is in it: a dump is read at places, not from the front",
            Self::Encrypted => "decrypt it first",
            Self::DiskImage => "if a vmcore is saved on that disk (/var/crash), copy it out and open that",
        }
    }
}

/// Signatures at the very beginning.
const BEGINNINGS: [(&[u8], Format); 36] = [
    (b"KDUMP   ", Format::Kdump),
    (b"DISKDUMP", Format::Diskdump),
    (b"makedumpfile\0\0\0\0", Format::Flattened),
    (b"EMiL\x01\0\0\0", Format::Lime),
    (b"LiME\0\0\0\x01", Format::Lime),
    (b"AVML\x02\0\0\0", Format::Avml),
    // LKCD's 0xa8190173618f23ed, live …23cd, in both orders; IBM Z's ends in fd.
    (b"\xed\x23\x8f\x61\x73\x01\x19\xa8", Format::Lkcd),
    (b"\xa8\x19\x01\x73\x61\x8f\x23\xed", Format::Lkcd),
    (b"\xcd\x23\x8f\x61\x73\x01\x19\xa8", Format::Lkcd),
    (b"\xa8\x19\x01\x73\x61\x8f\x23\xcd", Format::Lkcd),
    (b"\xa8\x19\x01\x73\x61\x8f\x23\xfd", Format::S390),
    (b"\xdd\xcc\x8b\x9a", Format::Mclx),
    (b"QEVM", Format::QemuSave),
    (b"LibvirtQemudSave", Format::LibvirtSave),
    (b"LibvirtQemudPart", Format::LibvirtSave),
    (b"\xed\xeb\x0f\xf0", Format::XenCore),
    (b"\xee\xeb\x0f\xf0", Format::XenCore),
    (b"\xf0\x0f\xeb\xed", Format::XenCore),
    (b"\xf0\x0f\xeb\xee", Format::XenCore),
    (b"LinuxGuestRecord", Format::XenSave),
    // sadump's partition header: 0x75646173 and 0x0000706d.
    (b"sadump\0\0", Format::Sadump),
    (b"PAGEDU64", Format::Windows),
    (b"PAGEDUMP", Format::Windows),
    (b"MDMP", Format::Minidump),
    (b"\x1f\x8b", Format::Packed),
    (b"\xfd7zXZ\0", Format::Packed),
    (b"\x28\xb5\x2f\xfd", Format::Packed),
    (b"BZh", Format::Packed),
    (b"\x04\x22\x4d\x18", Format::Packed),
    (b"PK\x03\x04", Format::Packed),
    (b"7z\xbc\xaf\x27\x1c", Format::Packed),
    (b"\x89LZO\0\r\n\x1a\n", Format::Packed),
    (b"LUKS\xba\xbe", Format::Encrypted),
    (b"Salted__", Format::Encrypted),
    (b"age-encryption.org/", Format::Encrypted),
    (b"QFI\xfb", Format::DiskImage),
];

/// VMware's checkpoint files: 0xbed2bed2 and variants, little-endian.
const VMWARE: [u32; 4] = [0xbed2_bed0, 0xbad1_bad1, 0xbed2_bed2, 0xbed3_bed3];

/// What a file is, by its first 64 KiB; `None` for what has no signature: raw images, text.
pub fn identify(head: &[u8]) -> Option<Format> {
    if head.starts_with(b"\x7fELF") {
        return Some(if elf::is_no_core(head) { Format::ElfObject } else { Format::Elf });
    }
    if let Some(&(_, format)) = BEGINNINGS.iter().find(|(beginning, _)| head.starts_with(beginning)) {
        return Some(format);
    }
    if Order::LITTLE.u32(head, 0).is_some_and(|magic| VMWARE.contains(&magic)) {
        return Some(Format::Vmware);
    }
    // x86's boot header (Linux, Documentation/arch/x86/boot.rst) and arm64's (Documentation/arch/arm64/booting.rst).
    if head.get(0x202..0x206) == Some(b"HdrS") || head.get(0x38..0x3c) == Some(b"ARMd") {
        return Some(Format::BootImage);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(Format::Packed);
    }
    None
}
