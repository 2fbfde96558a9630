//! Kernels as they are booted, in every wrapping. Must never use the reader's own code.

use super::kallsyms::{Form, Made, Order, make_with};
use super::{LE32, LE64};
use oopscope_symbols::kallsyms::{Encoding, Lengths};

pub(crate) const BANNER: &str = "Linux version 6.12.0-test (somebody@here) (gcc 14) #7 SMP Sat Nov 21 2026";
pub(crate) const BUILD_ID: [u8; 20] = [0xc6; 20];

/// The tables of a kernel, with the two banners that kernels have, a vDSO's build-id and the kernel's own.
pub(crate) fn kernel(form: &Form) -> Made {
    let mut made = make_with(form, 300, 0x100);
    let image = &mut made.image;
    image.bytes.extend(BANNER.replace("#7", "#").bytes().chain(*b"\n\0"));
    image.bytes.extend(BANNER.bytes().chain(*b"\n\0"));
    image.align(0x1000);
    image.bytes.extend(b"\x7fELF");
    image.align(16);
    image.bytes.extend(note([1; 20]));
    image.align(0x1000);
    image.bytes.extend([0; 0x4000]);
    image.bytes.extend(note(BUILD_ID));
    made
}

fn note(id: [u8; 20]) -> Vec<u8> {
    [&[4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0][..], b"GNU\0", &id].concat()
}

/// x86-64, as most are.
pub(crate) fn x86_64() -> Made {
    let (order, encoding, lengths) = (Order::Last, Encoding::RelativeButPerCpu, Lengths::OneOrTwoBytes);
    kernel(&Form { layout: LE64, order, encoding, lengths })
}

/// 32-bit arm.
pub(crate) fn arm() -> Made {
    let (order, encoding, lengths) = (Order::Last, Encoding::Relative, Lengths::OneOrTwoBytes);
    kernel(&Form { layout: LE32, order, encoding, lengths })
}

/// A stripped vmlinux of it, without sections.
pub(crate) fn elf(made: &Made) -> Vec<u8> {
    let mut out = b"\x7fELF\x02\x01\x01".to_vec();
    out.resize(16, 0);
    out.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    for long in [0_u64, 64, 0] {
        out.extend(long.to_le_bytes());
    }
    for half in [0, 0, 64, 56, 2, 0, 0, 0_u16] {
        out.extend(half.to_le_bytes());
    }
    let size = made.image.bytes.len() as u64;
    // Per-CPU variables at 0, and the kernel.
    for (address, offset, size) in [(0, 0x1000, 0x10), (made.image.base, 0x1000, size)] {
        out.extend([1, 0, 0, 0, 7, 0, 0, 0]);
        for long in [offset, address, address, size, size, 0x1000_u64] {
            out.extend(long.to_le_bytes());
        }
    }
    out.resize(0x1000, 0);
    out.extend(&made.image.bytes);
    out
}

fn put(out: &mut [u8], at: usize, value: u32) {
    out[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("small")
}

/// x86: a boot sector, setup code, code before the payload, the payload with the unpacked size behind it.
pub(crate) fn bzimage(packed: &[u8], unpacked: u32, protocol: u16) -> Vec<u8> {
    let mut out = vec![0; 3 * 512 + 0x123];
    out[0x1f1] = 2;
    out[0x202..0x206].copy_from_slice(b"HdrS");
    out[0x206..0x208].copy_from_slice(&protocol.to_le_bytes());
    let mut payload = packed.to_vec();
    // gzip has the size itself.
    if !packed.starts_with(&[0x1f, 0x8b]) {
        payload.extend(unpacked.to_le_bytes());
    }
    if protocol >= 0x208 {
        put(&mut out, 0x248, 0x123);
        put(&mut out, 0x24c, length(&payload));
    }
    out.extend(payload);
    out.extend([0xcc; 300]);
    out
}

/// An EFI application.
pub(crate) fn zboot(packed: &[u8]) -> Vec<u8> {
    let mut out = b"MZ\0\0zimg".to_vec();
    out.resize(0x200, 0);
    put(&mut out, 8, 0x200);
    put(&mut out, 12, length(packed));
    out.extend(packed);
    out.extend([0; 100]);
    out
}

/// 32-bit arm: the payload lies somewhere behind code.
pub(crate) fn zimage(packed: &[u8], unpacked: u32) -> Vec<u8> {
    let mut out = vec![0xe1; 0x3210];
    put(&mut out, 0x24, 0x016f_2818);
    // What begins like something packed, and is nothing.
    out[0x100..0x104].copy_from_slice(&[0x1f, 0x8b, 8, 0]);
    out[0x200..0x206].copy_from_slice(b"\xfd7zXZ\0");
    out.extend(packed);
    out.extend(unpacked.to_le_bytes());
    out.extend([0; 64]);
    out
}

/// U-Boot's header; the architecture is 2 for arm.
pub(crate) fn uimage(inner: &[u8], arch: u8) -> Vec<u8> {
    let mut out = vec![0; 64];
    out[..4].copy_from_slice(&0x2705_1956_u32.to_be_bytes());
    out[12..16].copy_from_slice(&length(inner).to_be_bytes());
    out[29] = arch;
    out.extend(inner);
    out
}

/// Android's, of version 0 with pages of 2048 bytes.
pub(crate) fn android(inner: &[u8]) -> Vec<u8> {
    let mut out = b"ANDROID!".to_vec();
    out.resize(2048, 0);
    put(&mut out, 8, length(inner));
    put(&mut out, 36, 2048);
    out.extend(inner);
    out.resize(out.len() + 4096, 0);
    out
}
