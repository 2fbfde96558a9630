//! Page tables made by hand, and where addresses lead through them: both architectures, all sizes of pages, sources of
//! the root that lie, VMCOREINFO that must be searched.

mod image;

use image::{AARCH64, Image, X86_64};
use oopscope_kernel::arch::{self, Arch, Leaf, x86_64::START_KERNEL_MAP};
use oopscope_kernel::{Kernel, KernelError, MemoryError};

/// Where the made x86-64 kernel's image begins in memory; `START_KERNEL_MAP` lies there.
const PHYS_BASE: u64 = 0x100_0000;
/// Its root table, behind the image's beginning.
const ROOT: u64 = PHYS_BASE + 0x1000;
/// Its `init_uts_ns`.
const UTS: u64 = PHYS_BASE + 0x8000;
/// Present and writable.
const RW: u64 = 3;
/// A block.
const BLOCK: u64 = 0x83;

const RELEASE: &str = "6.12.0-made";

fn x86_note(phys_base: Option<i64>) -> String {
    let number = phys_base.map_or_else(String::new, |base| format!("NUMBER(phys_base)={base}\n"));
    format!(
        "OSRELEASE={RELEASE}\nPAGESIZE=4096\nSYMBOL(init_uts_ns)={:x}\nOFFSET(uts_namespace.name)=0\n\
         SYMBOL(_stext)={:x}\nSYMBOL(init_top_pgt)={:x}\nNUMBER(pgtable_l5_enabled)=0\nNUMBER(sme_mask)=0\n{number}",
        START_KERNEL_MAP + (UTS - PHYS_BASE),
        START_KERNEL_MAP + 0x20_0000,
        START_KERNEL_MAP + (ROOT - PHYS_BASE),
    )
}

/// A kernel of four levels: its image mapped by pages, its direct map at 0xffff888000000000 by a block of 1 GiB, a page
/// at 0xffffc90000000000.
fn x86_image() -> Image {
    let mut image = Image { note: Some(x86_note(Some(0x100_0000))), ..Image::default() };
    let [pud, pmd, pte, direct, pud2, pmd2, pte2] = [2, 3, 4, 5, 6, 7, 0x10].map(|number| PHYS_BASE + number * 0x1000);
    image.tables(&[
        (ROOT, 511, pud | RW),
        (pud, 510, pmd | RW),
        (pmd, 0, pte | RW),
        (ROOT, 273, direct | RW),
        (direct, 0, BLOCK),
        (ROOT, 402, pud2 | RW),
        (pud2, 0, pmd2 | RW),
        (pmd2, 0, pte2 | RW),
        (pmd2, 1, 0x20_0000 | BLOCK | 1 << 12),
        // Execution disabled, an address above 4 GiB.
        (pte2, 0, 0x8000_0001_2345_6000 | RW),
        // Not present, all else set.
        (pte2, 1, !1),
    ]);
    for page in 0..512 {
        image.word(pte + page * 8, (PHYS_BASE + page * 0x1000) | RW);
    }
    image.put(0x1_2345_6000, b"far away\0");
    image.put(0x20_0000, b"a block");
    image.release(UTS, RELEASE);
    image
}

fn open(image: &Image, machine: u16) -> Result<Kernel, KernelError> {
    Kernel::open(image.dump(machine), &mut |_| true)
}

#[test]
fn pages_blocks_and_the_direct_map_of_x86() {
    let kernel = open(&x86_image(), X86_64).unwrap();
    assert_eq!(kernel.arch().root_from(), "VMCOREINFO");
    assert_eq!(kernel.translate(START_KERNEL_MAP + 0x8123), Ok(UTS + 0x123));
    assert_eq!(kernel.translate(0xffff_c900_0000_0008), Ok(0x1_2345_6008));
    assert_eq!(kernel.translate(0xffff_c900_003f_ffff), Ok(0x3f_ffff), "bit 12 of a block's entry is PAT");
    assert_eq!(kernel.translate(0xffff_8880_3fff_ffff), Ok(0x3fff_ffff));
    assert_eq!(kernel.string(0xffff_c900_0000_0000, 100).unwrap(), "far away");
    let missing = |address, level| Err(MemoryError::NotMapped { address, level });
    assert_eq!(kernel.translate(0xffff_c900_0000_1000), missing(0xffff_c900_0000_1000, "PTE"));
    assert_eq!(kernel.translate(0xffff_8880_4000_0000), missing(0xffff_8880_4000_0000, "PUD"));
    assert_eq!(kernel.translate(0x1000), missing(0x1000, "PGD"));
    assert_eq!(kernel.translate(0x8000_0000_0000), Err(MemoryError::NotCanonical { address: 0x8000_0000_0000 }));
    assert_eq!(kernel.direct_address(0x1234), Some(0xffff_8880_0000_1234));
    let way = kernel.translation(0xffff_c900_0000_0000);
    let levels: Vec<_> = way.steps.iter().map(|step| (step.level.as_str(), step.at.0 & 0xfff)).collect();
    assert_eq!(levels, [("PGD", 402 * 8), ("PUD", 0), ("PMD", 0), ("PTE", 0)]);
    assert_eq!(way.steps[3].flags, ["present", "rw", "nx"]);
    assert_eq!(way.physical.map(|physical| physical.0), Some(0x1_2345_6000));
    assert_eq!(way.page.as_deref(), Some("data"));
}

#[test]
fn what_is_read_goes_on_over_the_ends_of_pages_and_names_the_page_that_is_missing() {
    let mut image = x86_image();
    image.put(PHYS_BASE + 0x20_0000 - 4, b"last");
    let kernel = open(&image, X86_64).unwrap();
    let mut bytes = [0; 8];
    // Two pages, one after the other in memory too.
    kernel.read(START_KERNEL_MAP + 0x2ffc, &mut bytes).unwrap();
    let after_image = START_KERNEL_MAP + 0x20_0000;
    let error = kernel.read(after_image - 4, &mut bytes).unwrap_err();
    assert_eq!(error, MemoryError::NotMapped { address: after_image, level: "PMD" });
    // A hole of the dump: mapped, but not there.
    let error = kernel.read(START_KERNEL_MAP + 0x1_fff8, &mut [0; 16]).unwrap_err();
    assert!(matches!(error, MemoryError::Page { address, .. } if address == START_KERNEL_MAP + 0x1_fff8), "{error}");
    assert!(matches!(kernel.read(u64::MAX - 3, &mut bytes), Err(MemoryError::Wraps { .. })));
    assert_eq!(kernel.read(u64::MAX, &mut []), Ok(()));
}

#[test]
fn a_string_is_not_read_beyond_its_page() {
    let mut image = x86_image();
    image.put(0x1_2345_6ffc, b"end\0");
    image.put(0x1_2345_6ff0, b"without");
    let kernel = open(&image, X86_64).unwrap();
    assert_eq!(kernel.string(0xffff_c900_0000_0ffc, 64).unwrap(), "end");
    let endless = MemoryError::Endless { address: 0xffff_c900_0000_0ff0, limit: 4 };
    assert_eq!(kernel.string(0xffff_c900_0000_0ff0, 4), Err(endless));
}

#[test]
fn a_phys_base_that_lies_is_not_believed() {
    // VMCOREINFO says another than is true; the program headers say the right one.
    let mut image = x86_image();
    image.note = Some(x86_note(Some(0x300_0000)));
    image.virtual_offset = START_KERNEL_MAP.wrapping_sub(PHYS_BASE);
    assert_eq!(open(&image, X86_64).unwrap().arch().root_from(), "a program header");
    // Nothing says the right one: it is found in memory.
    image.virtual_offset = 0;
    for note in [Some(0x300_0000), Some(-0x300_0000), None] {
        image.note = Some(x86_note(note));
        let kernel = open(&image, X86_64).unwrap();
        assert_eq!(kernel.arch().root_from(), "a search in memory");
        assert_eq!(kernel.arch().kernel_root(), ROOT);
        assert_eq!(kernel.translate(START_KERNEL_MAP + 0x8000), Ok(UTS));
    }
}

#[test]
fn five_levels_are_found_where_nothing_tells() {
    let mut image = x86_image();
    let note = x86_note(Some(0x100_0000)).replace("NUMBER(pgtable_l5_enabled)=0\n", "");
    assert!(open(&Image { note: Some(note.clone()), ..x86_image() }, X86_64).is_ok());
    // The root becomes the second level.
    image.note = Some(note);
    let p4d = PHYS_BASE + 0x1_1000;
    image.tables(&[(ROOT, 273, 0), (ROOT, 402, 0), (ROOT, 511, p4d | RW), (p4d, 511, (PHYS_BASE + 0x2000) | RW)]);
    image.tables(&[(ROOT, 273, p4d | RW), (p4d, 0, (PHYS_BASE + 0x5000) | RW)]);
    let kernel = open(&image, X86_64).unwrap();
    assert_eq!(kernel.arch().levels().len(), 5);
    assert_eq!(kernel.translate(START_KERNEL_MAP + 0x8000), Ok(UTS));
    assert_eq!(kernel.direct_address(0), Some(0xff11_0000_0000_0000));
    assert_eq!(kernel.translate(0xff11_0000_0000_1000), Ok(0x1000));
    assert!(kernel.arch().canonical(0xff00_0000_0000_0000).is_some());
}

#[test]
fn encryption_bits_are_no_address_bits() {
    let mut image = x86_image();
    let bit = 1 << 47;
    image.note = Some(x86_note(Some(0x100_0000)).replace("NUMBER(sme_mask)=0", &format!("NUMBER(sme_mask)={bit}")));
    image.tables(&[(ROOT, 511, (PHYS_BASE + 0x2000) | RW | bit), (PHYS_BASE + 0x4000, 8, UTS | RW | bit)]);
    let kernel = open(&image, X86_64).unwrap();
    assert_eq!(kernel.translate(START_KERNEL_MAP + 0x8000), Ok(UTS));
    assert!(kernel.translation(START_KERNEL_MAP + 0x8000).steps[0].flags.contains(&"encrypted".to_owned()));
}

#[test]
fn a_missing_page_table_leaves_what_lies_at_a_fixed_distance() {
    let mut image = x86_image();
    image.lose(PHYS_BASE + 0x4000);
    let kernel = open(&image, X86_64).unwrap();
    assert_eq!(kernel.translate(START_KERNEL_MAP + 0x8010), Ok(UTS + 0x10));
    assert_eq!(kernel.translation(START_KERNEL_MAP + 0x8010).how, "kernel image");
    image.lose(PHYS_BASE + 0x1_0000);
    let kernel = open(&image, X86_64).unwrap();
    let error = kernel.translate(0xffff_c900_0000_0000).unwrap_err();
    assert!(matches!(error, MemoryError::Table { level: "PTE", .. }), "{error}");
}

#[test]
fn tables_that_go_in_circles_end() {
    let mut image = x86_image();
    image.tables(&[(ROOT, 300, ROOT | RW), (ROOT, 301, (ROOT + 0x8) | RW)]);
    let kernel = open(&image, X86_64).unwrap();
    let through = 0xffff_0000_0000_0000 | 300 << 39;
    for low in [0, 300 << 30, 300 << 30 | 300 << 21, 300 << 30 | 300 << 21 | 300 << 12] {
        let way = kernel.translation(through | low);
        assert!(way.steps.len() <= 4, "{way:?}");
    }
    assert_eq!(kernel.translate(through | 300 << 30 | 300 << 21 | 300 << 12), Ok(ROOT));
}

#[test]
fn vmcoreinfo_is_found_in_memory_and_not_another_kernels() {
    let mut image = x86_image();
    image.note = None;
    assert!(matches!(open(&image, X86_64), Err(KernelError::NoVmcoreinfo { searched: 1.. })));
    // That of a kernel that was never started: its release stands nowhere.
    image.put(0x50_0000, x86_note(Some(0x100_0000)).replace(RELEASE, "4.4.4").as_bytes());
    // One whose tables lie elsewhere.
    image.put(0x51_0000, x86_note(Some(0x700_0000)).as_bytes());
    // Within a page, as a log or a file may have it.
    image.put(0x52_0100, x86_note(Some(0x100_0000)).as_bytes());
    image.put(0x53_0000, b"\x0b\0\0\0\0\x02\0\0\0\0\0\0VMCOREINFO\0\0");
    image.put(0x53_0000 + 24, x86_note(Some(0x100_0000)).as_bytes());
    let kernel = open(&image, X86_64).unwrap();
    assert_eq!(kernel.info().from(), "memory at physical 0x530000");
    assert_eq!(kernel.translate(START_KERNEL_MAP + 0x8000), Ok(UTS));
    // It can be stopped.
    assert!(matches!(Kernel::open(image.dump(X86_64), &mut |_| false), Err(KernelError::Cancelled)));
    // Of two that are right, that of the kernel that crashed.
    image.put(0x54_0000, (x86_note(Some(0x100_0000)) + "CRASHTIME=1763747000\n").as_bytes());
    assert_eq!(open(&image, X86_64).unwrap().info().from(), "memory at physical 0x540000");
    // One that does not say where its tables lie; they are found as well.
    image.lose(0x53_0000);
    image.lose(0x54_0000);
    image.lose(0x51_0000);
    image.put(0x55_0000, x86_note(None).as_bytes());
    let kernel = open(&image, X86_64).unwrap();
    assert_eq!(
        (kernel.info().from(), kernel.arch().root_from()),
        ("memory at physical 0x550000", "a search in memory")
    );
}

#[test]
fn an_architecture_that_cannot_be_read_is_named() {
    let image = Image { note: Some("OSRELEASE=6.12\nPAGESIZE=4096\n".to_owned()), ..x86_image() };
    let error = open(&image, 243).unwrap_err();
    assert_eq!(error.to_string(), "memory of riscv64 kernels cannot be read yet (x86_64 and aarch64 can)");
    let error = open(&image, X86_64).unwrap_err();
    assert_eq!(error.to_string(), "the kernel's page tables were not found: VMCOREINFO has no SYMBOL(init_top_pgt)");
}

/// Leads an address of arm64 through tables of which each level's begins at `0x100_0000 + level * 0x10000`.
fn arm_walk(page_shift: u32, bits: u32, address: u64, leaf: u64, leaf_level: usize) -> Result<Leaf, MemoryError> {
    let arch = arch::aarch64::Aarch64::new(0x100_0000, page_shift, bits);
    let mut image = Image::default();
    let table = |level: usize| 0x100_0000 + level as u64 * 0x1_0000;
    for (number, level) in arch.levels().iter().enumerate().take(leaf_level + 1) {
        let index = (address >> level.shift) & ((1 << level.bits) - 1);
        let entry = if number == leaf_level { leaf } else { table(number + 1) | 3 };
        image.word(table(number) + index * 8, entry);
    }
    let dump = image.dump(AARCH64);
    arch::walk(&arch, &dump, arch.kernel_root(), arch.canonical(address).unwrap(), &mut |_| ())
}

#[test]
fn every_granule_of_arm64() {
    let names = |page_shift, bits| {
        let arch = arch::aarch64::Aarch64::new(0, page_shift, bits);
        arch.levels().iter().map(|level| (level.name, level.shift, level.bits)).collect::<Vec<_>>()
    };
    assert_eq!(names(12, 39), [("PGD", 30, 9), ("PMD", 21, 9), ("PTE", 12, 9)]);
    assert_eq!(names(12, 48), [("PGD", 39, 9), ("PUD", 30, 9), ("PMD", 21, 9), ("PTE", 12, 9)]);
    assert_eq!(names(12, 52), [("PGD", 48, 4), ("P4D", 39, 9), ("PUD", 30, 9), ("PMD", 21, 9), ("PTE", 12, 9)]);
    assert_eq!(names(14, 47), [("PGD", 36, 11), ("PMD", 25, 11), ("PTE", 14, 11)]);
    assert_eq!(names(14, 52), [("PGD", 47, 5), ("PUD", 36, 11), ("PMD", 25, 11), ("PTE", 14, 11)]);
    assert_eq!(names(16, 42), [("PGD", 29, 13), ("PTE", 16, 13)]);
    assert_eq!(names(16, 52), [("PGD", 42, 10), ("PMD", 29, 13), ("PTE", 16, 13)]);

    let address = 0xffff_8000_1234_5678;
    let at = |walked: Result<Leaf, MemoryError>| walked.map(|leaf| leaf.at(address));
    assert_eq!(at(arm_walk(12, 48, address, 0x0078_0000_4567_8703, 3)), Ok(0x4567_8678), "flags on both sides");
    assert_eq!(at(arm_walk(12, 48, address, 0x0078_0000_4560_0701, 2)), Ok(0x4574_5678), "a block of 2 MiB");
    assert_eq!(at(arm_walk(14, 48, address, 0x4567_8703, 3)), Ok(0x4567_9678), "the offset has 14 bits");
    assert_eq!(at(arm_walk(16, 48, address, 0x4567_0703, 2)), Ok(0x4567_5678));
    assert_eq!(at(arm_walk(16, 52, address, 0x4567_a703, 2)), Ok(0xa_0000_4567_5678), "bits 51:48 lie in 15:12");
    assert_eq!(at(arm_walk(12, 52, address, 0x0003_0000_4567_8303, 4)), Ok(0xf_0000_4567_8678), "LPA2");
    assert_eq!(
        at(arm_walk(12, 48, address, 0x0000_0000_4567_8303, 3)),
        Ok(0x4567_8678),
        "without LPA2 9:8 are no address"
    );
    // A page's descriptor without bit 1 is reserved; without bit 0 nothing is valid.
    for entry in [0x4567_8701, 0x4567_8702, 0] {
        assert!(matches!(arm_walk(12, 48, address, entry, 3), Err(MemoryError::NotMapped { level: "PTE", .. })));
    }
}

/// A kernel of arm64 with 4 KiB pages: root table, a table of image pages. Linked at `base`.
fn arm_image(va_bits: u32, extra: &str, base: u64) -> Image {
    let root = 0x4100_0000_u64;
    let voffset = base.wrapping_sub(root);
    let note = format!(
        "OSRELEASE={RELEASE}\nPAGESIZE=4096\nSYMBOL(init_uts_ns)={:x}\nOFFSET(uts_namespace.name)=8\nSYMBOL(_stext)={base:x}\n\
         SYMBOL(swapper_pg_dir)={base:x}\nNUMBER(VA_BITS)={va_bits}\nNUMBER(PHYS_OFFSET)=0x40000000\n{extra}",
        base + 0x5000
    )
    .replace("KIMAGE", &format!("{voffset:#x}"));
    let mut image = Image { note: Some(note), ..Image::default() };
    let arch = arch::aarch64::Aarch64::new(root, 12, 48);
    for page in 0..16 {
        let address = base + page * 0x1000;
        let mut table = root;
        for (number, level) in arch.levels().iter().enumerate() {
            let index = (address >> level.shift) & 511;
            let next = root + (number as u64 + 1) * 0x1000;
            image.word(table + index * 8, if level.shift == 12 { (root + page * 0x1000) | 0x703 } else { next | 3 });
            table = next;
        }
    }
    image.release(root + 0x5008, RELEASE);
    image
}

#[test]
fn arm64_from_either_half() {
    let told = "NUMBER(kimage_voffset)=KIMAGE\nNUMBER(TCR_EL1_T1SZ)=0x10\n";
    // Since 5.4: the image above, the linear map below.
    let kernel = open(&arm_image(48, told, 0xffff_8000_1000_0000), AARCH64).unwrap();
    assert_eq!(kernel.arch().root_from(), "VMCOREINFO");
    assert_eq!(kernel.translate(0xffff_8000_1000_5008), Ok(0x4100_5008));
    assert_eq!(kernel.direct_address(0x4000_1000), Some(0xffff_0000_0000_1000));
    // Built for 52 bits, run with 48.
    let kernel = open(&arm_image(52, told, 0xffff_8000_1000_0000), AARCH64).unwrap();
    assert_eq!(kernel.translate(0xffff_8000_1000_5008), Ok(0x4100_5008));
    assert_eq!(kernel.direct_address(0x4000_1000), Some(0xfff0_0000_0000_1000));
    // Before 5.4: the other way round; nothing tells T1SZ.
    let kernel = open(&arm_image(48, "NUMBER(kimage_voffset)=KIMAGE\n", 0xffff_0000_0800_0000), AARCH64).unwrap();
    assert_eq!(kernel.translate(0xffff_0000_0800_5008), Ok(0x4100_5008));
    assert_eq!(kernel.direct_address(0x4000_1000), Some(0xffff_8000_0000_1000));
    // No offset is told, or a wrong one: it is found.
    for extra in ["", "NUMBER(kimage_voffset)=0xffff800000000000\n"] {
        let kernel = open(&arm_image(48, extra, 0xffff_8000_1000_0000), AARCH64).unwrap();
        assert_eq!(kernel.arch().root_from(), "a search in memory");
        assert_eq!(kernel.translate(0xffff_8000_1000_5008), Ok(0x4100_5008));
    }
}

#[test]
fn tags_and_authentication_codes_of_arm64_are_no_address() {
    let told = "NUMBER(kimage_voffset)=KIMAGE\nNUMBER(TCR_EL1_T1SZ)=0x10\n";
    let kernel = open(&arm_image(48, told, 0xffff_8000_1000_0000), AARCH64).unwrap();
    assert_eq!(kernel.translate(0xf4ff_8000_1000_5008), Ok(0x4100_5008), "KASAN's tag");
    assert_eq!(kernel.u8(0xf4ff_8000_1000_5008 + 130), Ok(b'6'));
    assert_eq!(kernel.arch().strip(0x12b4_8000_1000_5008), 0xffff_8000_1000_5008, "bit 55 tells the half");
    assert_eq!(kernel.arch().strip(0x1234_0000_0000_5008), 0x5008);
    let unmapped = 0xf4ff_8000_2000_0000;
    assert_eq!(kernel.read(unmapped, &mut [0; 4]).unwrap_err().address(), unmapped, "an error names what was asked");
    assert!(matches!(kernel.translate(0xffab_8000_1000_5008), Err(MemoryError::NotCanonical { .. })));
}

#[test]
fn lists_end_even_where_they_do_not() {
    let mut image = x86_image();
    let list = START_KERNEL_MAP + 0x1_0000 + 0x100;
    let at = |entry: u64| PHYS_BASE + 0x1_0100 + entry * 16;
    let mut link = |from: u64, to: u64| image.word(at(from), to);
    // 0 → 1 → 2 → 0; 10 → 11 → 12 → 11; 20 → 21 → NULL; 30 → poison; 40 → nowhere; 50 → itself
    for (from, to) in [(0, 1), (1, 2), (2, 0), (10, 11), (11, 12), (12, 11), (20, 21), (50, 50)] {
        link(from, list + to * 16);
    }
    link(21, 0);
    link(30, 0xdead_0000_0000_0100);
    link(40, 0xffff_c900_0000_1000);
    let kernel = open(&image, X86_64).unwrap();
    let walk = |head: u64| {
        let mut ends = None;
        let found = kernel
            .list_addresses(list + head * 16)
            .map_while(|entry| entry.map_err(|error| ends = Some(error.to_string())).ok());
        (found.map(|address| address.wrapping_sub(list) / 16).collect::<Vec<_>>(), ends)
    };
    assert_eq!(walk(0), (vec![1, 2], None));
    assert_eq!(walk(50), (vec![], None));
    let (found, why) = walk(10);
    assert!(found.len() < 20 && why.as_ref().is_some_and(|why| why.contains("in a circle")), "{found:?} {why:?}");
    let (found, why) = walk(20);
    assert_eq!(found, [21]);
    assert_eq!(
        why.unwrap(),
        format!("the list at {:#x} is damaged after 1 entries: {:#x} points to 0x0", list + 320, list + 336)
    );
    assert!(walk(30).1.unwrap().ends_with("points to 0xdead000000000100"));
    let (found, why) = walk(40);
    assert!(found.len() == 1 && why.unwrap().contains("is not mapped"), "the entry's own link could not be read");
}
