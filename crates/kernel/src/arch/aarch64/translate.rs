//! Addresses of arm64: pages of 4, 16 and 64 KiB, 48 and 52 bits of virtual address, the kernel's image and its linear
//! map. Must never assume where the linear map lies: it changed sides.

use crate::arch::{Arch, DirectMap, Entry, Level, Linear, Proof, prove, search_root};
use crate::error::KernelError;
use crate::vmcoreinfo::VmcoreInfo;
use oopscope_dump::{Dump, Machine, Progress};

/// Names from the root, for the number of levels that there are.
const NAMES: [&[&str]; 6] = [
    &[],
    &[],
    &["PGD", "PTE"],
    &["PGD", "PMD", "PTE"],
    &["PGD", "PUD", "PMD", "PTE"],
    &["PGD", "P4D", "PUD", "PMD", "PTE"],
];

/// Flags of blocks and pages, by bit (Arm ARM, "VMSAv8-64 descriptor formats, Stage 1"; bits 55 to 58 are the kernel's:
/// arch/arm64/include/asm/pgtable-prot.h).
const FLAGS: [(u32, &str); 10] = [
    (0, "valid"),
    (6, "user"),
    (7, "rdonly"),
    (10, "af"),
    (11, "ng"),
    (51, "dbm"),
    (52, "cont"),
    (53, "pxn"),
    (54, "uxn"),
    (55, "dirty"),
];

/// Page tables of arm64.
#[derive(Clone, Debug)]
pub struct Aarch64 {
    root: u64,
    root_from: &'static str,
    page_shift: u32,
    /// Bits of an address that the tables translate.
    bits: u32,
    levels: Vec<Level>,
    /// Descriptors hold bits 49:48 of the address in place and 51:50 in bits 9:8 (FEAT_LPA2).
    lpa2: bool,
    /// What is added to an address of the image gives its physical address, negated.
    image_offset: Option<u64>,
    direct: Option<DirectMap>,
}

impl Aarch64 {
    /// Tables with a known root, for pages of `1 << page_shift` bytes and `bits` of virtual address.
    pub fn new(root: u64, page_shift: u32, bits: u32) -> Self {
        let page_shift = page_shift.clamp(12, 16);
        let bits = bits.clamp(page_shift + 1, 52);
        let stride = page_shift - 3;
        let count = (bits - page_shift).div_ceil(stride);
        let names = NAMES.get(count as usize).copied().unwrap_or(&[]);
        let levels = names
            .iter()
            .zip((0..count).rev())
            .map(|(&name, from_below)| {
                let shift = page_shift + stride * from_below;
                Level { name, shift, bits: stride.min(bits - shift) }
            })
            .collect();
        let lpa2 = bits == 52 && page_shift != 16;
        Self { root, root_from: "", page_shift, bits, levels, lpa2, image_offset: None, direct: None }
    }

    /// Bits of virtual address that the tables translate.
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    const fn address_of(&self, entry: u64) -> u64 {
        let low = entry & 0x0000_ffff_ffff_ffff & !((1 << self.page_shift) - 1);
        if self.page_shift == 16 {
            // Bits 51:48 lie in 15:12 (FEAT_LPA); they are zero without it.
            low | ((entry >> 12) & 0xf) << 48
        } else if self.lpa2 {
            low | (entry & (3 << 48)) | ((entry >> 8) & 3) << 50
        } else {
            low
        }
    }
}

impl Arch for Aarch64 {
    fn machine(&self) -> Machine {
        Machine::Aarch64
    }

    fn levels(&self) -> &[Level] {
        &self.levels
    }

    fn entry(&self, level: usize, entry: u64) -> Entry {
        let Some(this) = self.levels.get(level) else { return Entry::Absent };
        let last = level + 1 == self.levels.len();
        match (entry & 3, last) {
            (3, false) => Entry::Table(self.address_of(entry)),
            (3, true) | (1, false) => Entry::Leaf(self.address_of(entry) & !((1 << this.shift) - 1)),
            // Bit 1 must be set in a page's descriptor; without bit 0 nothing is valid.
            _ => Entry::Absent,
        }
    }

    fn flags(&self, level: usize, entry: u64) -> Vec<String> {
        if matches!(self.entry(level, entry), Entry::Table(_)) {
            return vec!["valid".to_owned(), "table".to_owned()];
        }
        let mut names: Vec<_> =
            FLAGS.iter().filter(|(bit, _)| entry >> bit & 1 == 1).map(|(_, name)| (*name).to_owned()).collect();
        names.push(format!("attr{}", entry >> 2 & 7));
        names
    }

    fn kernel_root(&self) -> u64 {
        self.root
    }

    fn root_from(&self) -> &'static str {
        self.root_from
    }

    fn canonical(&self, address: u64) -> Option<u64> {
        // The top byte is a tag for user space (TBI) and for the kernel where KASAN has it; bit 55 tells the half.
        let extended = ((address << 8).cast_signed() >> 8).cast_unsigned();
        let above = extended >> self.bits;
        (above == 0 || above == u64::MAX >> self.bits).then_some(extended)
    }

    fn strip(&self, address: u64) -> u64 {
        let low = address & ((1 << self.bits) - 1);
        if address >> 55 & 1 == 1 { low | !((1 << self.bits) - 1) } else { low }
    }

    fn is_kernel(&self, address: u64) -> bool {
        address >> 55 & 1 == 1
    }

    fn linear(&self, address: u64) -> Option<Linear> {
        if let Some(map) = self.direct.filter(|map| (map.start..=map.last).contains(&address)) {
            let physical = (address - map.start).wrapping_add(map.physical);
            return Some(Linear { physical, how: "direct map" });
        }
        // The image lies amid vmalloc's addresses, and only its own are at this distance.
        None
    }

    fn direct_map(&self) -> Option<DirectMap> {
        self.direct
    }

    fn image(&self) -> (u64, u64) {
        // In the half that the direct map does not have.
        let half = 1_u64 << (self.bits - 1);
        let all = !((half << 1) - 1);
        match self.direct {
            Some(map) if map.start & half == 0 => (all | half, u64::MAX),
            Some(_) => (all, all | (half - 1)),
            None => (all, u64::MAX),
        }
    }

    fn facts(&self) -> Vec<(&'static str, String, String)> {
        let from = self.root_from.to_owned();
        let mut facts = vec![
            ("PAGE TABLES", format!("{} levels, root at physical {:#x}", self.levels.len(), self.root), from.clone()),
            ("VA BITS", self.bits.to_string(), "VMCOREINFO".to_owned()),
        ];
        if let Some(offset) = self.image_offset {
            facts.push(("KIMAGE VOFFSET", format!("{offset:#x}"), from));
        }
        if let Some(map) = self.direct {
            facts.push(("DIRECT MAP", format!("{:#x}", map.start), map.from.to_owned()));
        }
        facts
    }
}

/// The page tables of a dump.
pub fn open(dump: &Dump, info: &VmcoreInfo, tick: &mut dyn FnMut(Progress) -> bool) -> Result<Aarch64, KernelError> {
    let root = info
        .symbol("swapper_pg_dir")
        .ok_or(KernelError::NoPageTables { why: "VMCOREINFO has no SYMBOL(swapper_pg_dir)" })?;
    let page_size = info.page_size().unwrap_or_else(|| dump.page_size());
    let page_shift = page_size.max(1).ilog2();
    let linked = info.bits("VA_BITS").and_then(|bits| u32::try_from(bits).ok()).filter(|bits| (36..=52).contains(bits));
    let linked = linked.ok_or(KernelError::NoPageTables { why: "VMCOREINFO has no NUMBER(VA_BITS)" })?;
    // Since Linux 5.9 (bbdbc11804ff "arm64/crash_core: Export TCR_EL1.T1SZ in vmcoreinfo"); some distributions had it in
    // lower case. With 64 KiB pages the kernel's tables are laid out for the bits it was built with.
    let t1sz = info.bits("TCR_EL1_T1SZ").or(info.bits("tcr_el1_t1sz")).and_then(|size| u32::try_from(size).ok());
    let running = t1sz.and_then(|size| 64_u32.checked_sub(size)).filter(|bits| (36..=52).contains(bits));
    let bits = if page_shift == 16 { linked } else { running.unwrap_or(linked) };

    let with = |physical: u64, from: &'static str| {
        let mut arch = Aarch64::new(physical & !((1 << 6) - 1), page_shift, bits);
        arch.root_from = from;
        arch.image_offset = Some(root.wrapping_sub(physical));
        arch.direct = direct_map(info, root, linked, running.unwrap_or(linked));
        arch
    };
    // Since Linux 4.11 (20a166243328 "arm64: kdump: add VMCOREINFO's for user-space tools").
    let told = info.bits("kimage_voffset").map(|offset| with(root.wrapping_sub(offset), "VMCOREINFO"));
    let known = info.symbol("init_uts_ns").or(info.symbol("_stext")).unwrap_or(root);
    if let Some(arch) = &told {
        let physical = known.wrapping_sub(arch.image_offset.unwrap_or(0));
        if prove(arch, dump, known, physical) == Proof::Proven {
            return Ok(arch.clone());
        }
    }
    if let Some(arch) = search_root(dump, root, page_size, &|page| with(page, "a search in memory"), tick)? {
        return Ok(arch);
    }
    told.ok_or(KernelError::NoPageTables {
        why: "VMCOREINFO has no NUMBER(kimage_voffset), and they were not found in memory",
    })
}

/// Where the linear map lies: in the half of the addresses in which the image does not lie. It was the upper half, and is
/// the lower one since Linux 5.4 (14c127c957c1 "arm64: mm: Flip kernel VA space").
fn direct_map(info: &VmcoreInfo, image: u64, linked: u32, running: u32) -> Option<DirectMap> {
    let physical = info.bits("PHYS_OFFSET")?;
    let half = 1_u64 << (linked - 1);
    let map = if image & half == 0 {
        DirectMap { start: half.wrapping_neg(), last: u64::MAX, physical, from: "VMCOREINFO" }
    } else {
        let end = (1_u64 << (running - 1)).wrapping_neg();
        DirectMap { start: (half << 1).wrapping_neg(), last: end - 1, physical, from: "VMCOREINFO" }
    };
    Some(map)
}
