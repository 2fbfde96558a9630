//! What a kernel is wrapped in to be booted, by the first bytes.
//!
//! Must never unpack anything: it says where the kernel lies, or where it may lie.

use std::rc::Rc;

use oopscope_source::ReadAt;
use oopscope_unpack::{Codec, Part};

use super::ImageError;
use crate::Layout;

/// Bytes that tell.
const HEAD: usize = 68 << 10;

/// What a kernel that is booted comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// x86: `bzImage`, `vmlinuz`.
    BzImage,
    /// An EFI application that unpacks the kernel: `vmlinuz.efi`, since 6.1 ("efi/libstub: add generic EFI zboot").
    Zboot,
    /// arm64: `Image`.
    Arm64,
    /// RISC-V: `Image`.
    Riscv,
    /// LoongArch: `vmlinux.efi`.
    LoongArch,
    /// 32-bit arm: `zImage`.
    ZImage,
    /// U-Boot's `uImage`.
    UImage,
    /// Android's `boot.img`.
    Android,
    /// PowerPC: a `zImage` that is an ELF file with the kernel in a section.
    PowerPc,
    /// s390: `bzImage`, `vmlinuz`.
    S390,
    /// A vmlinux.
    Elf,
    /// A compressed file.
    Packed(Codec),
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BzImage => f.write_str("x86 bzImage"),
            Self::Zboot => f.write_str("EFI zboot image"),
            Self::Arm64 => f.write_str("arm64 Image"),
            Self::Riscv => f.write_str("RISC-V Image"),
            Self::LoongArch => f.write_str("LoongArch EFI image"),
            Self::ZImage => f.write_str("arm zImage"),
            Self::UImage => f.write_str("uImage"),
            Self::Android => f.write_str("Android boot image"),
            Self::PowerPc => f.write_str("PowerPC zImage"),
            Self::S390 => f.write_str("s390 image"),
            Self::Elf => f.write_str("vmlinux"),
            Self::Packed(codec) => write!(f, "{} file", codec.name()),
        }
    }
}

/// How numbers lie in memory.
const LE64: Layout = Layout { little_endian: true, pointer: 8 };
const BE64: Layout = Layout { little_endian: false, pointer: 8 };
const LE32: Layout = Layout { little_endian: true, pointer: 4 };
const BE32: Layout = Layout { little_endian: false, pointer: 4 };

/// What is known of a kernel that is not an ELF file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    /// In which ways its numbers may lie, the likelier first.
    pub(super) layouts: &'static [Layout],
    /// As ELF numbers machines; 0 where nobody knows.
    pub(super) machine: u16,
    /// How far behind what its relocations count from the image begins: of arm64, `text_offset`.
    pub(super) text_offset: u64,
}

/// What lies in a file.
pub(super) enum Outer {
    /// An ELF file: the kernel itself, or a wrapper.
    Elf,
    /// The kernel's memory as it is.
    Raw(Form, Raw),
    /// Something packed, at a known place; what comes out, if it says nothing else.
    Packed(Form, Codec, Part, Option<Raw>),
    /// Something packed, somewhere.
    Somewhere(Form, Raw),
    /// Another image, as it is; what it is if it says nothing else.
    Wrapped(Form, Part, Option<Raw>),
}

/// Looks at the first bytes of a file.
pub(super) fn outer(file: &Rc<dyn ReadAt>) -> Result<Outer, ImageError> {
    let mut head = vec![0; HEAD];
    let n = file.read_at(0, &mut head)?;
    head.truncate(n);
    let le = |at: usize| LE32.u32(head.get(at..).unwrap_or(&[]));
    let be = |at: usize| BE32.u32(head.get(at..).unwrap_or(&[]));
    let is = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    if is(0, b"\x7fELF") {
        return Ok(Outer::Elf);
    }
    if is(0x202, b"HdrS") {
        return x86(file, &head);
    }
    // drivers/firmware/efi/libstub/zboot-header.S: where the payload lies and how long it is.
    if is(0, b"MZ") && is(4, b"zimg") {
        let part = whole(file, "the kernel in it", le(8).into(), le(12).into())?;
        return inner(Form::Zboot, part, None);
    }
    // Documentation/arch/arm64/booting.rst, arch/riscv/boot-image-header.rst.
    if is(56, b"ARM\x64") {
        let layouts: &[Layout] = if le(24) & 1 == 0 { &[LE64] } else { &[BE64] };
        let text_offset = LE64.u64(head.get(8..).unwrap_or(&[])) & 0x1f_ffff;
        return Ok(Outer::Raw(Form::Arm64, Raw { layouts, machine: 183, text_offset }));
    }
    if is(56, b"RSC\x05") {
        return Ok(Outer::Raw(Form::Riscv, Raw { layouts: &[LE64, LE32], machine: 243, text_offset: 0 }));
    }
    // arch/loongarch/kernel/head.S: LINUX_PE_MAGIC where the others have their own.
    if is(0, b"MZ") && le(56) == 0x8182_23cd {
        return Ok(Outer::Raw(Form::LoongArch, Raw { layouts: &[LE64], machine: 258, text_offset: 0 }));
    }
    // arch/arm/boot/compressed/head.S: the magic number, where the image begins and ends.
    if le(0x24) == 0x016f_2818 {
        return Ok(Outer::Somewhere(Form::ZImage, Raw { layouts: &[LE32, BE32], machine: 40, text_offset: 0 }));
    }
    // include/image.h of U-Boot: a header of 64 bytes, its size at 12, the architecture at 29.
    if be(0) == 0x2705_1956 {
        let part = whole(file, "the kernel in it", 64, be(12).into())?;
        let raw = |layouts, machine| Some(Raw { layouts, machine, text_offset: 0 });
        let raw = match head.get(29) {
            Some(2) => raw(&[LE32, BE32][..], 40),
            Some(5) => raw(&[BE32, LE32, BE64, LE64], 8),
            Some(7) => raw(&[BE32, BE64], 20),
            Some(22) => raw(&[LE64], 183),
            Some(26) => raw(&[LE64, LE32], 243),
            _ => None,
        };
        return inner(Form::UImage, part, raw);
    }
    // system/tools/mkbootimg of Android: pages of the size at 36 up to version 2, of 4096 bytes from 3 on.
    if is(0, b"ANDROID!") {
        let page = if le(40) >= 3 && le(40) < 16 { 4096 } else { u64::from(le(36)).clamp(2048, 1 << 20) };
        let part = whole(file, "the kernel in it", page, le(8).into())?;
        return inner(Form::Android, part, None);
    }
    if be(0) == 0xd00d_feed {
        return Err(ImageError::Fit);
    }
    // arch/s390/boot/head.S: what QEMU and zipl look for.
    if is(0x10008, b"S390EP") {
        return Ok(Outer::Somewhere(Form::S390, Raw { layouts: &[BE64], machine: 22, text_offset: 0 }));
    }
    if let Some(codec) = Codec::of(&head) {
        let part = Part::new(Rc::clone(file), 0, file.len());
        return Ok(Outer::Packed(Form::Packed(codec), codec, part, None));
    }
    Err(ImageError::NotImage)
}

/// Documentation/arch/x86/boot.rst: since protocol 2.08 (2.6.26) the header says where the compressed kernel lies.
fn x86(file: &Rc<dyn ReadAt>, head: &[u8]) -> Result<Outer, ImageError> {
    let number = |at: usize| LE32.u32(head.get(at..).unwrap_or(&[]));
    let raw = Raw { layouts: &[LE64, LE32], machine: 62, text_offset: 0 };
    let (offset, length) = (u64::from(number(0x248)), u64::from(number(0x24c)));
    if number(0x206) & 0xffff < 0x208 || length == 0 {
        return Ok(Outer::Somewhere(Form::BzImage, raw));
    }
    let sectors = match head.get(0x1f1) {
        None | Some(0) => 4,
        Some(&sectors) => u64::from(sectors),
    };
    let from = (sectors + 1) * 512 + offset;
    let part = whole(file, "the compressed kernel", from, length)?;
    let mut magic = [0; 16];
    part.read_at(0, &mut magic)?;
    match Codec::of(&magic) {
        // Behind all but gzip, which has it itself, the build puts the unpacked size (scripts/Makefile.lib, size_append).
        Some(codec) => {
            let length = if codec == Codec::Gzip { length } else { length.saturating_sub(4) };
            let part = Part::new(Rc::clone(file), from, length);
            Ok(Outer::Packed(Form::BzImage, codec, part, Some(raw)))
        }
        None => Ok(Outer::Somewhere(Form::BzImage, raw)),
    }
}

/// What lies in a part: packed, or an image of its own.
fn inner(form: Form, part: Part, raw: Option<Raw>) -> Result<Outer, ImageError> {
    let mut magic = [0; 16];
    let n = part.read_at(0, &mut magic)?;
    Ok(match Codec::of(&magic[..n]) {
        Some(codec) => Outer::Packed(form, codec, part, raw),
        None => Outer::Wrapped(form, part, raw),
    })
}

/// A part of a file, of which nothing may be missing.
fn whole(file: &Rc<dyn ReadAt>, what: &'static str, offset: u64, size: u64) -> Result<Part, ImageError> {
    if offset.saturating_add(size) > file.len() {
        return Err(ImageError::Outside { what, offset, size, length: file.len() });
    }
    Ok(Part::new(Rc::clone(file), offset, size))
}
