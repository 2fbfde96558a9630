//! What sort of address it is: a NULL pointer, a poison that the kernel wrote on purpose, not canonical, …
//!
//! Values are cited by the kernel header that defines them. Must never call an address something that its value
//! alone does not show: what is inferred is said to be.

use oopscope_report::{AddressClass, Arch};

/// A class and the words for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) class: AddressClass,
    pub(crate) words: String,
}

fn meaning(class: AddressClass, words: impl Into<String>) -> Meaning {
    Meaning { class, words: words.into() }
}

/// Size of the page at address zero that is never mapped.
const PAGE: u64 = 4096;
/// How far from a poison value an access still counts as one through it: a member of a structure there.
const NEAR: u64 = PAGE;

/// Poisons with a fixed 64-bit value: include/linux/poison.h with `POISON_POINTER_DELTA` = 0xdead000000000000
/// (`CONFIG_ILLEGAL_POINTER_VALUE` of x86-64, arm64, riscv64 and others).
const POINTERS64: [(u64, &str, &str); 5] = [
    (0xdead_0000_0000_0100, "LIST_POISON1", "the next pointer of a list entry after list_del()"),
    (0xdead_0000_0000_0122, "LIST_POISON2", "the prev pointer of a list entry after list_del()"),
    (0xdead_0000_0000_0200, "LIST_POISON2", "the prev pointer of a list entry after list_del(), before Linux 4.15"),
    (0xdead_0000_0000_0300, "TIMER_ENTRY_STATIC", "the list entry of a timer"),
    (0xdead_0000_0000_0400, "PAGE_POISON", "the mapping of a freed page"),
];

/// The same on 32 bits, where the delta is zero: these lie in the NULL page.
const POINTERS32: [(u64, &str); 3] =
    [(0x100, "LIST_POISON1"), (0x122, "LIST_POISON2"), (0x200, "LIST_POISON2 before Linux 4.15")];

/// Bytes that fill memory whose content must not be used any more, or not yet.
const FILLS: [(u8, &str, &str); 9] = [
    (0x6b, "POISON_FREE", "slab memory that has been freed"),
    (0x5a, "POISON_INUSE", "slab memory that was allocated and not initialised"),
    (0xa5, "POISON_END", "the end of a poisoned slab object"),
    (0xaa, "PAGE_POISON", "a page that has been freed, or a local variable initialised by pattern"),
    (0xcc, "POISON_FREE_INITMEM", "init memory that has been freed, or int3 padding between functions"),
    (0xbb, "SLUB_RED_INACTIVE", "the red zone of a free slab object"),
    (0x22, "MUTEX_DEBUG_FREE", "a mutex that has been destroyed"),
    (0x11, "MUTEX_DEBUG_INIT", "a mutex that is being initialised"),
    (0xbd, "KEY_DESTROY", "a key that has been destroyed"),
];

/// True when values of this architecture have 64 bits.
pub(crate) const fn is_64(arch: Option<Arch>) -> bool {
    !matches!(arch, Some(Arch::I386 | Arch::Arm))
}

/// Classifies an address.
pub(crate) fn classify(address: u64, arch: Option<Arch>) -> Meaning {
    let wide = is_64(arch);
    if let Some(poison) = poison(address, wide) {
        return poison;
    }
    // arm64 reports addresses of its lower half without their top byte, which may hold a tag (`untagged_addr`).
    if arch == Some(Arch::Arm64)
        && address >> 56 == 0
        && let Some(poison) = poison(address | (address << 8 & 0xff << 56), wide)
    {
        return poison;
    }
    if address == 0 {
        return meaning(AddressClass::NullPage, "a NULL pointer");
    }
    if address < PAGE {
        // A store through such a pointer goes to its first or second word: `entry->next->prev = …`.
        let also = POINTERS32.iter().find(|(value, _)| !wide && (*value..value + 8).contains(&address));
        let also = also.map(|(value, name)| {
            format!(", or {name}{} of this 32-bit kernel: an entry already taken off its list", plus(address - value))
        });
        return meaning(
            AddressClass::NullPage,
            format!("inside the NULL page: {address:#x} bytes from a NULL pointer{}", also.unwrap_or_default()),
        );
    }
    let negative = if wide { address.wrapping_neg() } else { u64::from(lower(address).wrapping_neg()) };
    if (1..=PAGE).contains(&negative) {
        let words = match errno(negative) {
            Some(name) => format!("-{negative} as a pointer: the error {name} was used as an address"),
            None => format!("{negative} bytes before zero: an error pointer, or a member before a NULL pointer"),
        };
        return meaning(AddressClass::ErrorPointer, words);
    }
    match arch {
        Some(Arch::X86_64) => x86_64(address),
        Some(Arch::Arm64) => arm64(address),
        Some(Arch::I386 | Arch::Arm) if address < 0x4000_0000 => {
            meaning(AddressClass::User, "in the range of user space")
        }
        _ => meaning(
            AddressClass::Unknown,
            "of user space or of the kernel: where the one ends is a choice of this kernel's configuration",
        ),
    }
}

fn lower(address: u64) -> u32 {
    u32::try_from(address & 0xffff_ffff).unwrap_or(u32::MAX)
}

fn x86_64(address: u64) -> Meaning {
    match address {
        // KASAN_SHADOW_OFFSET of arch/x86: the shadow of address a is at (a >> 3) + this.
        0xdfff_fc00_0000_0000..=0xdfff_fc1f_ffff_ffff => meaning(
            AddressClass::KasanShadow,
            format!(
                "KASAN's shadow of {:#x}: the pointer that was checked was NULL or wild",
                (address - 0xdfff_fc00_0000_0000) << 3
            ),
        ),
        0..=0xffff => meaning(
            AddressClass::User,
            format!("{address:#x}, close to zero: perhaps a member far inside a structure at NULL"),
        ),
        0x1_0000..=0x7fff_ffff_ffff => meaning(AddressClass::User, "in the range of user space"),
        0xffff_ffff_8000_0000..=0xffff_ffff_feff_ffff => {
            meaning(AddressClass::Kernel, "in the range of the kernel's image and modules")
        }
        0xffff_8000_0000_0000.. => meaning(AddressClass::Kernel, "in the kernel's range"),
        // With five-level page tables 57 bits are canonical; the kernel itself speaks of non-canonical only where
        // the CPU refused the address.
        _ => meaning(AddressClass::NonCanonical, "not canonical: no page table can map it"),
    }
}

fn arm64(address: u64) -> Meaning {
    match address >> 52 {
        0 if address <= 0xffff => meaning(
            AddressClass::User,
            format!("{address:#x}, close to zero: perhaps a member far inside a structure at NULL"),
        ),
        0 => meaning(AddressClass::User, "in the range of user space"),
        0xfff => meaning(AddressClass::Kernel, "in the kernel's range"),
        // Bits 63 to 56 may be a tag where memory tagging or top-byte-ignore is on; 55 then selects the half.
        top if top & 0xf == 0xf => meaning(
            AddressClass::Kernel,
            format!("in the kernel's range, with the tag {:#04x} in its top byte", top >> 4),
        ),
        _ => meaning(
            AddressClass::NonCanonical,
            "neither in the user's nor in the kernel's range: no page table can map it",
        ),
    }
}

fn plus(distance: u64) -> String {
    if distance == 0 { String::new() } else { format!(" + {distance:#x}") }
}

/// A poison value, or an address close after one.
pub(crate) fn poison(address: u64, wide: bool) -> Option<Meaning> {
    let at = |value: u64| address.checked_sub(value).filter(|distance| *distance < NEAR);
    if wide {
        // The nearest one at or below: LIST_POISON1 + 0x22 is LIST_POISON2.
        let nearest = POINTERS64.iter().filter_map(|p| Some((at(p.0)?, p))).min_by_key(|(distance, _)| *distance);
        if let Some((distance, (_, name, what))) = nearest {
            return Some(meaning(AddressClass::Poison, format!("{name}{}: {what}", plus(distance))));
        }
    }
    for (byte, name, what) in FILLS {
        let repeated = if wide { u64::from_ne_bytes([byte; 8]) } else { u64::from(u32::from_ne_bytes([byte; 4])) };
        // Slab's poison ends in 0xa5 (POISON_END) where the object ends.
        if let Some(distance) = at(repeated) {
            return Some(meaning(
                AddressClass::Poison,
                format!("{name} ({byte:#04x} repeated){}: {what}", plus(distance)),
            ));
        }
        // A pointer at a negative offset, container_of() of a poisoned list entry.
        if let Some(distance) = repeated.checked_sub(address).filter(|distance| *distance < 0x400) {
            return Some(meaning(
                AddressClass::Poison,
                format!("{name} ({byte:#04x} repeated) - {distance:#x}: {what}"),
            ));
        }
    }
    None
}

/// Names of include/uapi/asm-generic/errno-base.h and errno.h, and include/linux/errno.h's 512 and up.
fn errno(number: u64) -> Option<&'static str> {
    const NAMES: [&str; 34] = [
        "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF", "ECHILD", "EAGAIN", "ENOMEM",
        "EACCES", "EFAULT", "ENOTBLK", "EBUSY", "EEXIST", "EXDEV", "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE",
        "EMFILE", "ENOTTY", "ETXTBSY", "EFBIG", "ENOSPC", "ESPIPE", "EROFS", "EMLINK", "EPIPE", "EDOM", "ERANGE",
    ];
    match number {
        1..=34 => NAMES.get(usize::try_from(number - 1).ok()?).copied(),
        38 => Some("ENOSYS"),
        61 => Some("ENODATA"),
        71 => Some("EPROTO"),
        95 => Some("EOPNOTSUPP"),
        110 => Some("ETIMEDOUT"),
        517 => Some("EPROBE_DEFER"),
        524 => Some("ENOTSUPP"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: u64, arch: Arch, class: AddressClass, words: &str) {
        let got = classify(address, Some(arch));
        assert_eq!(got.class, class, "{address:#x}: {}", got.words);
        assert!(got.words.contains(words), "{address:#x}: {}", got.words);
    }

    #[test]
    fn classes() {
        use AddressClass::*;
        check(0, Arch::X86_64, NullPage, "a NULL pointer");
        check(0x100, Arch::X86_64, NullPage, "0x100 bytes from");
        check(0x100, Arch::Arm, NullPage, "LIST_POISON1 of");
        check(0x104, Arch::Arm, NullPage, "LIST_POISON1 + 0x4 of");
        check(0xffff_ffff_ffff_fff4, Arch::X86_64, ErrorPointer, "ENOMEM");
        check(0xffff_ffea, Arch::Arm, ErrorPointer, "EINVAL");
        check(0xdead_0000_0000_0100, Arch::X86_64, Poison, "LIST_POISON1:");
        check(0xdead_0000_0000_0108, Arch::Arm64, Poison, "LIST_POISON1 + 0x8");
        check(0xdead_0000_0000_0122, Arch::X86_64, Poison, "LIST_POISON2:");
        check(0x6b6b_6b6b_6b6b_6b6b, Arch::X86_64, Poison, "POISON_FREE");
        check(0x6b6b_6b6b_6b6b_6b83, Arch::X86_64, Poison, "+ 0x18");
        check(0x6b6b_6b6b_6b6b_6b5b, Arch::X86_64, Poison, "- 0x10");
        check(0x006b_6b6b_6b6b_6b6b, Arch::Arm64, Poison, "POISON_FREE");
        check(0x6b6b_6b73, Arch::Arm, Poison, "POISON_FREE (0x6b repeated) + 0x8");
        check(0xdead_4ead_0000_0000, Arch::X86_64, NonCanonical, "not canonical");
        check(0x7f00_0000_1000, Arch::X86_64, User, "user space");
        check(0xffff_8880_1234_5678, Arch::X86_64, Kernel, "kernel");
        check(0xdfff_fc00_0000_0003, Arch::X86_64, KasanShadow, "0x18");
        check(0xffff_0000_0abc_def0, Arch::Arm64, Kernel, "kernel");
        check(0xefff_8000_0000_0137, Arch::Arm64, Kernel, "the tag 0xef");
        check(0x0123_4567_89ab_cdef, Arch::Arm64, NonCanonical, "neither");
    }
}
