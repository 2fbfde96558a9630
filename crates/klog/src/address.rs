//! What sort of address it is: a NULL pointer, a poison that the kernel wrote on purpose, not canonical, …
//!
//! Values are cited by the kernel header that defines them. Must never call an address something that its value
//! alone does not show: what is inferred is said to be.

use oopscope_report::{AddressClass, Arch, Register};

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

/// Poisons of pointers: include/linux/poison.h, to which `POISON_POINTER_DELTA` is added.
const POINTERS: [(u64, &str, &str); 5] = [
    (0x100, "LIST_POISON1", "the next pointer of a list entry after list_del()"),
    (0x122, "LIST_POISON2", "the prev pointer of a list entry after list_del()"),
    (0x200, "LIST_POISON2", "the prev pointer of a list entry after list_del(), before Linux 4.15"),
    (0x300, "TIMER_ENTRY_STATIC", "the list entry of a timer"),
    (0x400, "PAGE_POISON", "the mapping of a freed page"),
];

/// `POISON_POINTER_DELTA`: `CONFIG_ILLEGAL_POINTER_VALUE` of the architectures' Kconfig. Where there is none, and on 32
/// bits, the poisons lie in the NULL page.
const fn delta(arch: Option<Arch>, wide: bool) -> u64 {
    match arch {
        _ if !wide => 0,
        Some(Arch::Ppc) => 0x5dea_dbee_f000_0000,
        Some(Arch::S390x | Arch::Mips | Arch::Loongarch | Arch::Sparc | Arch::Parisc) => 0,
        _ => 0xdead_0000_0000_0000,
    }
}

/// Those that lie in the NULL page where the delta is zero.
const IN_NULL_PAGE: [(u64, &str); 3] =
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

/// True when values of this architecture have 64 bits. Some have both widths: then their registers tell.
pub(crate) fn is_64(arch: Option<Arch>, registers: &[Register]) -> bool {
    match arch {
        Some(Arch::I386 | Arch::Arm) => false,
        Some(Arch::Riscv | Arch::Ppc | Arch::Mips | Arch::Sparc | Arch::Parisc) => {
            registers.is_empty() || registers.iter().any(|register| register.value.len() > "0x12345678".len())
        }
        _ => true,
    }
}

/// Classifies an address, where the architecture alone tells its width.
pub(crate) fn classify(address: u64, arch: Option<Arch>) -> Meaning {
    classify_as(address, arch, is_64(arch, &[]))
}

/// Classifies an address of 64 bits, or of 32.
pub(crate) fn classify_as(address: u64, arch: Option<Arch>, wide: bool) -> Meaning {
    let delta = delta(arch, wide);
    if let Some(poison) = poison(address, delta, wide) {
        return poison;
    }
    // arm64 reports addresses of its lower half without their top byte, which may hold a tag (`untagged_addr`).
    if arch == Some(Arch::Arm64)
        && address >> 56 == 0
        && let Some(poison) = poison(address | (address << 8 & 0xff << 56), delta, wide)
    {
        return poison;
    }
    if address == 0 {
        return meaning(AddressClass::NullPage, "a NULL pointer");
    }
    if address < PAGE {
        // A store through such a pointer goes to its first or second word: `entry->next->prev = …`.
        let word = if wide { 16 } else { 8 };
        let also = IN_NULL_PAGE.iter().find(|(value, _)| delta == 0 && (*value..value + word).contains(&address));
        let also = also.map(|(value, name)| {
            let kernel = if wide { "on this architecture" } else { "of this 32-bit kernel" };
            format!(", or {name}{} {kernel}: an entry already taken off its list", plus(address - value))
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
        Some(Arch::Riscv) if wide => riscv64(address),
        Some(Arch::Ppc) if wide => ppc64(address),
        Some(Arch::Mips) => mips(address, wide),
        Some(Arch::Loongarch) => loongarch64(address),
        Some(Arch::S390x | Arch::Sparc | Arch::Parisc) => meaning(
            AddressClass::Unknown,
            "user space and the kernel each have an address space of their own here: the address alone does not say whose it is",
        ),
        Some(Arch::I386 | Arch::Arm | Arch::Ppc | Arch::Riscv) if address < 0x4000_0000 => {
            meaning(AddressClass::User, "in the range of user space")
        }
        _ => meaning(
            AddressClass::Unknown,
            "of user space or of the kernel: where the one ends is a choice of this kernel's configuration",
        ),
    }
}

/// Classifies the number of a page: all that s390 reports of an address (`__FAIL_ADDR_MASK`, arch/s390/mm/fault.c).
/// `kernel` tells whose address space the announcement named.
pub(crate) fn classify_page(page: u64, kernel: Option<bool>) -> Meaning {
    const ONLY: &str = "this architecture reports the page alone";
    if page == 0 && kernel != Some(false) {
        return meaning(
            AddressClass::NullPage,
            format!("in the page at zero: a NULL pointer, a member of a structure at NULL, or a list poison ({ONLY})"),
        );
    }
    if page == PAGE.wrapping_neg() {
        return meaning(
            AddressClass::ErrorPointer,
            format!("in the last page: an error number was used as an address ({ONLY})"),
        );
    }
    if let Some((byte, name, what)) = FILLS.iter().find(|fill| u64::from_ne_bytes([fill.0; 8]) & !(PAGE - 1) == page) {
        return meaning(AddressClass::Poison, format!("in the page of {name} ({byte:#04x} repeated): {what} ({ONLY})"));
    }
    match kernel {
        Some(true) => meaning(AddressClass::Kernel, format!("in the kernel's address space ({ONLY})")),
        Some(false) => meaning(AddressClass::User, format!("in the address space of user mode ({ONLY})")),
        None => meaning(AddressClass::Unknown, format!("of the kernel or of user mode ({ONLY})")),
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
        0..=0xffff => close_to_zero(address),
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
        0 if address <= 0xffff => close_to_zero(address),
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

/// Addresses are sign-extended from 39, 48 or 57 bits (RISC-V privileged architecture, Sv39, Sv48, Sv57).
fn riscv64(address: u64) -> Meaning {
    match address >> 56 {
        0 if address <= 0xffff => close_to_zero(address),
        0 => meaning(AddressClass::User, "in the range of user space"),
        0xff => meaning(AddressClass::Kernel, "in the kernel's range"),
        _ => meaning(AddressClass::NonCanonical, "no page table can map it: its upper bits are not all the same"),
    }
}

/// The uppermost bits choose the region: 0 is user space; 0xc, 0xd (until 4.x) and 0xf are the kernel's
/// (arch/powerpc/include/asm/book3s/64/pgtable.h).
fn ppc64(address: u64) -> Meaning {
    match address >> 56 {
        0 if address <= 0xffff => close_to_zero(address),
        0 => meaning(AddressClass::User, "in the range of user space"),
        0xc0 | 0xd0 | 0xf0 => meaning(AddressClass::Kernel, "in the kernel's range"),
        _ => meaning(AddressClass::NonCanonical, "neither in the user's nor in the kernel's regions: nothing maps it"),
    }
}

/// Segments that the architecture fixes (arch/mips/include/asm/addrspace.h).
fn mips(address: u64, wide: bool) -> Meaning {
    // The segments of 32 bits are at both ends of the 64, sign-extended.
    let compatible = !wide || address >> 31 == 0x1_ffff_ffff;
    match (compatible, if compatible { address >> 28 & 0xf } else { address >> 60 }) {
        _ if address <= 0xffff => close_to_zero(address),
        (true, 0..=7) => meaning(AddressClass::User, "in the range of user space (useg)"),
        (true, 8..=0xb) => meaning(AddressClass::Kernel, "in the kernel's range that is not translated (kseg0, kseg1)"),
        (true, _) => meaning(AddressClass::Kernel, "in the kernel's range (kseg2, kseg3)"),
        (false, 0..=3) => meaning(AddressClass::User, "in the range of user space (xuseg)"),
        (false, 8..=0xb) => meaning(AddressClass::Kernel, "in the kernel's range that is not translated (xkphys)"),
        (false, 0xc..) => meaning(AddressClass::Kernel, "in the kernel's range (xkseg)"),
        (false, _) => meaning(AddressClass::NonCanonical, "in the supervisor's range, which Linux does not use"),
    }
}

/// 48 bits are translated; 0x8000… and 0x9000… are windows to memory (arch/loongarch/include/asm/addrspace.h).
fn loongarch64(address: u64) -> Meaning {
    match address >> 48 {
        0 if address <= 0xffff => close_to_zero(address),
        0 if address >> 47 == 0 => meaning(AddressClass::User, "in the range of user space"),
        0x8000..=0x800f | 0x9000..=0x900f | 0xa000..=0xa00f => {
            meaning(AddressClass::Kernel, "in the kernel's windows to memory")
        }
        0xffff if address >> 47 == 0x1_ffff => meaning(AddressClass::Kernel, "in the kernel's range"),
        _ => meaning(AddressClass::NonCanonical, "no page table can map it: its upper bits are not all the same"),
    }
}

fn close_to_zero(address: u64) -> Meaning {
    meaning(AddressClass::User, format!("{address:#x}, close to zero: perhaps a member far inside a structure at NULL"))
}

fn plus(distance: u64) -> String {
    if distance == 0 { String::new() } else { format!(" + {distance:#x}") }
}

/// A poison value, or an address close after one.
fn poison(address: u64, delta: u64, wide: bool) -> Option<Meaning> {
    let at = |value: u64| address.checked_sub(value).filter(|distance| *distance < NEAR);
    if delta != 0 {
        // The nearest one at or below: LIST_POISON1 + 0x22 is LIST_POISON2.
        let nearest = POINTERS.iter().filter_map(|p| Some((at(delta + p.0)?, p))).min_by_key(|(distance, _)| *distance);
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
        check(0x5dea_dbee_f000_0122, Arch::Ppc, Poison, "LIST_POISON2:");
        check(0xdead_0000_0000_0100, Arch::Ppc, NonCanonical, "neither");
        check(0xc000_0000_00a1_b2c4, Arch::Ppc, Kernel, "kernel");
        check(0x7fff_9a2b_4c5d, Arch::Ppc, User, "user space");
        check(0xdead_0000_0000_0108, Arch::Riscv, Poison, "LIST_POISON1 + 0x8");
        check(0xff20_0000_0001_3d00, Arch::Riscv, Kernel, "kernel");
        check(0xdead_4ead_0000_0000, Arch::Riscv, NonCanonical, "no page table");
        check(0x9000_0001_00a3_8000, Arch::Loongarch, Kernel, "windows");
        check(0xdead_4ead_0000_0000, Arch::Loongarch, NonCanonical, "no page table");
        check(0x122, Arch::Loongarch, NullPage, "LIST_POISON2 on this architecture");
        check(0xffff_ffff_8012_3456, Arch::Mips, Kernel, "kseg0");
        check(0x1_2000_0000, Arch::Mips, User, "xuseg");
        check(0x1234_5678, Arch::Sparc, Unknown, "of their own");
    }

    #[test]
    fn both_widths_and_pages() {
        let class = |address, arch, wide| classify_as(address, Some(arch), wide).class;
        assert_eq!(class(0x8012_3456, Arch::Mips, false), AddressClass::Kernel);
        assert_eq!(class(0xffff_ffea, Arch::Mips, false), AddressClass::ErrorPointer);
        assert_eq!(class(0x6b6b_6b73, Arch::Ppc, false), AddressClass::Poison);
        assert_eq!(class(0x8000_0000, Arch::Ppc, false), AddressClass::Unknown);
        let register = |value: &str| [Register { value: value.into(), ..Register::default() }];
        assert!(is_64(Some(Arch::Ppc), &register("0xc0000000fe5d3a00")));
        assert!(!is_64(Some(Arch::Ppc), &register("0xc0008000")) && !is_64(Some(Arch::Arm), &[]));
        assert_eq!(classify_page(0, Some(true)).class, AddressClass::NullPage);
        assert_eq!(classify_page(0, Some(false)).class, AddressClass::User);
        assert_eq!(classify_page(0xffff_ffff_ffff_f000, Some(true)).class, AddressClass::ErrorPointer);
        assert_eq!(classify_page(0x6b6b_6b6b_6b6b_6000, Some(true)).class, AddressClass::Poison);
        assert_eq!(classify_page(0x3ff_8001_2000, Some(true)).class, AddressClass::Kernel);
    }
}
