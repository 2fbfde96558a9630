//! Addresses of x86-64: page tables of 4 or 5 levels, the kernel's image, its direct map. Must never take a source of
//! `phys_base` for true while the page tables say otherwise.

use crate::arch::{Arch, DirectMap, Entry, Level, Linear, Proof, Words, prove, search_root};
use crate::error::KernelError;
use crate::vmcoreinfo::VmcoreInfo;
use oopscope_dump::{Dump, Machine, Progress};

/// Where the kernel's image is linked to begin: `__START_KERNEL_map` (arch/x86/include/asm/page_64_types.h).
pub const START_KERNEL_MAP: u64 = 0xffff_ffff_8000_0000;
/// Room for the image, where VMCOREINFO does not tell: `KERNEL_IMAGE_SIZE` with KASLR.
const IMAGE_SIZE: u64 = 1 << 30;

const PAGE_SIZE: u64 = 4096;
/// Bits of an entry that are an address (Intel SDM vol. 3, "Paging": bits 51:12).
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const PRESENT: u64 = 1;
/// In an entry of PUD and PMD: it maps a block.
const HUGE: u64 = 1 << 7;

const FIVE: [Level; 5] = [
    Level { name: "PGD", shift: 48, bits: 9 },
    Level { name: "P4D", shift: 39, bits: 9 },
    Level { name: "PUD", shift: 30, bits: 9 },
    Level { name: "PMD", shift: 21, bits: 9 },
    Level { name: "PTE", shift: 12, bits: 9 },
];
const FOUR: [Level; 4] = [Level { name: "PGD", shift: 39, bits: 9 }, FIVE[2], FIVE[3], FIVE[4]];

/// Names of an entry's flags, by bit (arch/x86/include/asm/pgtable_types.h); bit 7 is PAT in a PTE.
const FLAGS: [(u32, &str); 9] = [
    (0, "present"),
    (1, "rw"),
    (2, "user"),
    (3, "pwt"),
    (4, "pcd"),
    (5, "accessed"),
    (6, "dirty"),
    (8, "global"),
    (63, "nx"),
];

/// Page tables of x86-64.
#[derive(Clone, Debug)]
pub struct X86_64 {
    root: u64,
    root_from: &'static str,
    phys_base: u64,
    five: bool,
    sme_mask: u64,
    image_size: u64,
    direct: Option<DirectMap>,
}

impl X86_64 {
    /// Tables with a known root. `phys_base` is where `START_KERNEL_MAP` would lie; as a difference: it may be
    /// "negative". `sme_mask` are the bits of an entry that mean encryption.
    pub const fn new(root: u64, phys_base: u64, five: bool, sme_mask: u64) -> Self {
        Self { root, root_from: "", phys_base, five, sme_mask, image_size: IMAGE_SIZE, direct: None }
    }

    /// Where `START_KERNEL_MAP` lies.
    pub const fn phys_base(&self) -> u64 {
        self.phys_base
    }

    /// Whether there are five levels.
    pub const fn five_levels(&self) -> bool {
        self.five
    }

    const fn image_physical(&self, address: u64) -> u64 {
        address.wrapping_sub(START_KERNEL_MAP).wrapping_add(self.phys_base)
    }

    /// Room for the direct map: from where the kernel may put it (CONFIG_RANDOMIZE_MEMORY, Linux 4.8 "x86/mm: Enable
    /// KASLR for physical mapping memory regions"; before, it began at the lower bound) to where it never reaches.
    const fn direct_region(&self) -> (u64, u64) {
        if self.five {
            (0xff11_0000_0000_0000, 0xff90_ffff_ffff_ffff)
        } else {
            (0xffff_8800_0000_0000, 0xffff_c7ff_ffff_ffff)
        }
    }

    /// The direct map begins where the first page of the region is mapped: it is aligned to a PUD and begins with
    /// physical page 0.
    fn find_direct_map(&self, words: &dyn Words) -> Option<DirectMap> {
        let (first, last) = self.direct_region();
        let (start, physical) = self.first_mapped(words, self.root, 0, first, last)?;
        let base = start.wrapping_sub(physical);
        let fits = physical < 1 << 30 && base.is_multiple_of(1 << 30) && base >= first;
        fits.then_some(DirectMap { start: base, last, physical: 0, from: "page tables" })
    }

    /// The first mapped address from `first` to `last`, in the table at `table`: address and physical address.
    fn first_mapped(&self, words: &dyn Words, table: u64, number: usize, first: u64, last: u64) -> Option<(u64, u64)> {
        let level = *self.levels().get(number)?;
        let size = 1_u64 << level.shift;
        let top = if number == 0 {
            u64::MAX << (level.shift + level.bits)
        } else {
            first & !(size << level.bits).wrapping_sub(1)
        };
        for index in (first >> level.shift) & 511..512 {
            let start = (top | (index << level.shift)).max(first);
            if start > last {
                return None;
            }
            match self.entry(number, words.word(table.wrapping_add(index * 8)).ok()?) {
                Entry::Absent => {}
                Entry::Leaf(physical) => return Some((start & !(size - 1), physical)),
                Entry::Table(next) => {
                    let found = self.first_mapped(words, next, number + 1, start, last.min(start | (size - 1)));
                    if found.is_some() {
                        return found;
                    }
                }
            }
        }
        None
    }
}

impl Arch for X86_64 {
    fn machine(&self) -> Machine {
        Machine::X86_64
    }

    fn levels(&self) -> &[Level] {
        if self.five { &FIVE } else { &FOUR }
    }

    fn entry(&self, level: usize, entry: u64) -> Entry {
        let Some(level) = self.levels().get(level) else { return Entry::Absent };
        let address = entry & ADDRESS & !self.sme_mask;
        if entry & PRESENT == 0 {
            Entry::Absent
        } else if level.shift == 12 || (entry & HUGE != 0 && matches!(level.shift, 21 | 30)) {
            // Bit 12 of a block's entry is PAT: the address begins above it.
            Entry::Leaf(address & !((1 << level.shift) - 1))
        } else {
            Entry::Table(address)
        }
    }

    fn flags(&self, level: usize, entry: u64) -> Vec<String> {
        let mut names: Vec<_> =
            FLAGS.iter().filter(|(bit, _)| entry >> bit & 1 == 1).map(|(_, name)| (*name).to_owned()).collect();
        if entry & HUGE != 0 {
            let pte = self.levels().get(level).is_some_and(|level| level.shift == 12);
            names.push(if pte { "pat" } else { "psize" }.to_owned());
        }
        if self.sme_mask != 0 && entry & self.sme_mask != 0 {
            names.push("encrypted".to_owned());
        }
        names
    }

    fn kernel_root(&self) -> u64 {
        self.root
    }

    fn root_from(&self) -> &'static str {
        self.root_from
    }

    fn canonical(&self, address: u64) -> Option<u64> {
        let unused = if self.five { 7 } else { 16 };
        let extended = ((address << unused).cast_signed() >> unused).cast_unsigned();
        (extended == address).then_some(address)
    }

    fn is_kernel(&self, address: u64) -> bool {
        address >> 63 == 1
    }

    fn linear(&self, address: u64) -> Option<Linear> {
        if address >= START_KERNEL_MAP && address - START_KERNEL_MAP < self.image_size {
            return Some(Linear { physical: self.image_physical(address), how: "kernel image" });
        }
        let map = self.direct.filter(|map| (map.start..=map.last).contains(&address))?;
        Some(Linear { physical: address - map.start + map.physical, how: "direct map" })
    }

    fn direct_map(&self) -> Option<DirectMap> {
        self.direct
    }

    fn set_direct_map_base(&mut self, base: u64) {
        let (first, last) = self.direct_region();
        if base.is_multiple_of(1 << 30) && (first..=last).contains(&base) {
            self.direct = Some(DirectMap { start: base, last, physical: 0, from: "page_offset_base" });
        }
    }

    fn image(&self) -> (u64, u64) {
        (START_KERNEL_MAP, START_KERNEL_MAP.saturating_add(self.image_size - 1))
    }

    fn facts(&self) -> Vec<(&'static str, String, String)> {
        let mut facts = vec![
            (
                "PAGE TABLES",
                format!("{} levels, root at physical {:#x}", self.levels().len(), self.root),
                self.root_from.to_owned(),
            ),
            ("PHYS BASE", format!("{:#x}", self.phys_base), self.root_from.to_owned()),
        ];
        if self.sme_mask != 0 {
            facts.push(("SME MASK", format!("{:#x}", self.sme_mask), "VMCOREINFO".to_owned()));
        }
        if let Some(map) = self.direct {
            facts.push(("DIRECT MAP", format!("{:#x}", map.start), map.from.to_owned()));
        }
        facts
    }
}

/// The page tables of a dump. `phys_base` has several sources; each is proven by walking to a symbol, and if none holds,
/// memory is searched for the root table.
pub fn open(dump: &Dump, info: &VmcoreInfo, tick: &mut dyn FnMut(Progress) -> bool) -> Result<X86_64, KernelError> {
    // Renamed in Linux 4.13 (65ade2f872b4 "x86/boot/64: Rename init_level4_pgt and early_level4_pgt"); `swapper_pg_dir`
    // is a macro for it.
    let root = info.symbol("init_top_pgt").or(info.symbol("init_level4_pgt")).or(info.symbol("swapper_pg_dir"));
    let root = root.ok_or(KernelError::NoPageTables { why: "VMCOREINFO has no SYMBOL(init_top_pgt)" })?;
    let sme_mask = info.bits("sme_mask").unwrap_or(0);
    let image_size = info.bits("KERNEL_IMAGE_SIZE").filter(|size| size.is_power_of_two() && *size <= 2 << 30);
    let image_size = image_size.unwrap_or(IMAGE_SIZE);
    // Whether there are five levels is told since Linux 4.17; where it is not told, both are tried.
    let levels: &[bool] = match info.number("pgtable_l5_enabled") {
        Some(0) => &[false],
        Some(_) => &[true],
        None => &[false, true],
    };
    let make = |phys_base: u64, five: bool, root_from: &'static str| {
        let offset = root.wrapping_sub(START_KERNEL_MAP);
        X86_64 {
            root: offset.wrapping_add(phys_base) & ADDRESS,
            root_from,
            phys_base,
            five,
            sme_mask,
            image_size,
            direct: None,
        }
    };
    let known = info.symbol("init_uts_ns").or(info.symbol("_stext")).unwrap_or(root);
    let mut found = None;
    for (phys_base, from) in sources(dump, info) {
        for &five in levels {
            let arch = make(phys_base, five, from);
            match prove(&arch, dump, known, arch.image_physical(known)) {
                Proof::Proven => return Ok(finish(arch, dump)),
                // Nothing speaks against it: it is taken if nothing better is found.
                Proof::Unread => found = found.or(Some(arch)),
                Proof::Refuted => {}
            }
        }
    }
    for &five in levels {
        let with = |page: u64| make(page.wrapping_sub(root.wrapping_sub(START_KERNEL_MAP)), five, "a search in memory");
        if let Some(arch) = search_root(dump, root, PAGE_SIZE, &with, tick)? {
            return Ok(finish(arch, dump));
        }
    }
    found.map(|arch| finish(arch, dump)).ok_or(KernelError::NoPageTables {
        why: "no phys_base of VMCOREINFO, the dump's header or its segments leads to them, and they were not found in memory",
    })
}

/// Where `phys_base` may be told, the best source first.
fn sources(dump: &Dump, info: &VmcoreInfo) -> Vec<(u64, &'static str)> {
    let mut sources = Vec::new();
    // Since Linux 4.10 (401721ecd1dc "kexec: export the value of phys_base instead of symbol address").
    sources.extend(info.bits("phys_base").map(|base| (base, "VMCOREINFO")));
    sources.extend(dump.phys_base().map(|base| (base, "the dump's sub-header")));
    let image = dump.load_segments().iter().filter(|segment| segment.virtual_address >= START_KERNEL_MAP);
    sources.extend(
        image
            .map(|segment| {
                (segment.physical.wrapping_sub(segment.virtual_address - START_KERNEL_MAP), "a program header")
            })
            .take(16),
    );
    sources
}

/// What can be told once the root is known.
fn finish(mut arch: X86_64, dump: &Dump) -> X86_64 {
    arch.direct = arch.find_direct_map(dump);
    if arch.direct.is_none() {
        let (first, last) = arch.direct_region();
        // The last one: /proc/kcore of Linux 4.19 has remapped segments before it.
        let segment = dump.load_segments().iter().rfind(|segment| {
            (first..=last).contains(&segment.virtual_address) && segment.virtual_address >= segment.physical
        });
        arch.direct = segment.map(|segment| DirectMap {
            start: segment.virtual_address - segment.physical,
            last,
            physical: 0,
            from: "a program header",
        });
    }
    arch
}
