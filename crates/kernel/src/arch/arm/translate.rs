//! Addresses of 32-bit arm: short descriptors (two levels of 32-bit words) and long ones (LPAE: three levels of 64-bit
//! words), the kernel's linear map. Must never assume where memory begins: every board has it elsewhere.

use crate::arch::{Arch, DirectMap, Entry, Level, Linear, Proof, prove, search_root};
use crate::error::KernelError;
use crate::vmcoreinfo::VmcoreInfo;
use oopscope_dump::{Dump, Machine, Progress};

/// Levels of short descriptors (Arm ARM for ARMv7-A, B3.5): sections of 1 MiB, pages of 4 KiB.
const SHORT: [Level; 2] = [Level { name: "PGD", shift: 20, bits: 12 }, Level { name: "PTE", shift: 12, bits: 8 }];

/// Levels of long descriptors (B3.6), as Linux has them: a root of four entries.
const LONG: [Level; 3] = [
    Level { name: "PGD", shift: 30, bits: 2 },
    Level { name: "PMD", shift: 21, bits: 9 },
    Level { name: "PTE", shift: 12, bits: 9 },
];

/// Bytes between which the kernel's image and its modules lie (`MODULES_VADDR` in arch/arm/include/asm/memory.h).
const MODULES: u64 = 16 << 20;

/// The highest address.
const LAST: u64 = 0xffff_ffff;

/// Page tables of 32-bit arm.
#[derive(Clone, Debug)]
pub struct Arm {
    root: u64,
    root_from: &'static str,
    long: bool,
    /// Where the kernel's half begins, by where its image lies.
    page_offset: u64,
    direct: DirectMap,
}

impl Arm {
    /// Tables whose root lies at `physical`, and at `address` in the kernel's linear map. `last` is that map's last address.
    pub fn new(physical: u64, address: u64, long: bool, last: u64) -> Self {
        // The kernel's half begins at a multiple of 256 MiB (CONFIG_VMSPLIT_*), and the image lies in its first part.
        let page_offset = address & 0xf000_0000;
        let direct = DirectMap {
            start: page_offset,
            last,
            physical: physical.wrapping_sub(address - page_offset),
            from: "the page tables",
        };
        Self { root: physical, root_from: "", long, page_offset, direct }
    }
}

impl Arch for Arm {
    fn machine(&self) -> Machine {
        Machine::Arm
    }

    fn levels(&self) -> &[Level] {
        if self.long { &LONG } else { &SHORT }
    }

    fn entry_size(&self) -> u64 {
        if self.long { 8 } else { 4 }
    }

    fn entry(&self, level: usize, entry: u64) -> Entry {
        self.entry_at(level, entry, 0)
    }

    fn entry_at(&self, level: usize, entry: u64, address: u64) -> Entry {
        if self.long {
            // 40 bits of address; a block's size is its level's.
            let physical = entry & 0xff_ffff_f000;
            return match (entry & 3, level) {
                (3, 0 | 1) => Entry::Table(physical),
                (3, 2) => Entry::Leaf(physical),
                (1, 0 | 1) => Entry::Leaf(physical & !((1 << LONG[level].shift) - 1)),
                _ => Entry::Absent,
            };
        }
        match (level, entry & 3) {
            (0, 1) => Entry::Table(entry & 0xffff_fc00),
            // A supersection of 16 MiB stands in sixteen entries (bit 18), with bits 35:32 of its address in 23:20 and
            // 39:36 in 8:5.
            (0, 2 | 3) if entry >> 18 & 1 == 1 => {
                let high = (entry >> 20 & 0xf) << 32 | (entry >> 5 & 0xf) << 36;
                Entry::Leaf(entry & 0xff00_0000 | high | address & 0x00f0_0000)
            }
            (0, 2 | 3) => Entry::Leaf(entry & 0xfff0_0000),
            // A large page of 64 KiB stands in sixteen entries.
            (1, 1) => Entry::Leaf(entry & 0xffff_0000 | address & 0xf000),
            (1, 2 | 3) => Entry::Leaf(entry & 0xffff_f000),
            _ => Entry::Absent,
        }
    }

    fn flags(&self, level: usize, entry: u64) -> Vec<String> {
        let flags: &[(u32, &str)] = match (self.long, level, self.entry(level, entry)) {
            (_, _, Entry::Absent) => &[],
            (true, _, Entry::Table(_)) => &[(0, "valid")],
            (true, ..) => &[(0, "valid"), (6, "user"), (7, "rdonly"), (10, "af"), (11, "ng"), (53, "pxn"), (54, "xn")],
            (false, _, Entry::Table(_)) => &[(2, "pxn")],
            (false, 0, _) => &[(2, "b"), (3, "c"), (4, "xn"), (15, "rdonly"), (16, "shared"), (17, "ng")],
            (false, ..) => &[(0, "xn"), (2, "b"), (3, "c"), (9, "rdonly"), (10, "shared"), (11, "ng")],
        };
        flags.iter().filter(|(bit, _)| entry >> bit & 1 == 1).map(|(_, name)| (*name).to_owned()).collect()
    }

    fn kernel_root(&self) -> u64 {
        self.root
    }

    fn root_from(&self) -> &'static str {
        self.root_from
    }

    fn canonical(&self, address: u64) -> Option<u64> {
        (address <= LAST).then_some(address)
    }

    fn is_kernel(&self, address: u64) -> bool {
        address >= self.page_offset.saturating_sub(MODULES) && address <= LAST
    }

    fn linear(&self, address: u64) -> Option<Linear> {
        let map = &self.direct;
        let physical = (address.wrapping_sub(map.start)).wrapping_add(map.physical);
        (map.start..=map.last).contains(&address).then_some(Linear { physical, how: "direct map" })
    }

    fn direct_map(&self) -> Option<DirectMap> {
        Some(self.direct)
    }

    fn image(&self) -> (u64, u64) {
        (self.page_offset, LAST)
    }

    fn facts(&self) -> Vec<(&'static str, String, String)> {
        let from = self.root_from.to_owned();
        let form = if self.long { "3 levels of 64-bit entries (LPAE)" } else { "2 levels of 32-bit entries" };
        vec![
            ("PAGE TABLES", format!("{form}, root at physical {:#x}", self.root), from.clone()),
            ("PAGE OFFSET", format!("{:#x}", self.page_offset), from.clone()),
            ("PHYS OFFSET", format!("{:#x}", self.direct.physical), from),
        ]
    }
}

/// The page tables of a dump. VMCOREINFO tells their address, but not where memory begins: that is tried for each range of
/// memory, for kernels lie at the beginning of one, and then searched.
pub fn open(dump: &Dump, info: &VmcoreInfo, tick: &mut dyn FnMut(Progress) -> bool) -> Result<Arm, KernelError> {
    let root = info.symbol("swapper_pg_dir").filter(|&root| root <= LAST);
    let root = root.ok_or(KernelError::NoPageTables { why: "VMCOREINFO has no SYMBOL(swapper_pg_dir)" })?;
    let long = info.text("CONFIG_ARM_LPAE") == Some("y");
    // Since Linux 3.x ("ARM: kdump: Add LPAE support" and others) it tells where the linear map has ended.
    let last =
        info.bits("VMALLOC_START").filter(|&start| (root..=LAST).contains(&start)).map_or(LAST, |start| start - 1);
    let with = |physical: u64, from: &'static str| Arm { root_from: from, ..Arm::new(physical, root, long, last) };
    let inside = root & 0x0fff_ffff;
    for range in dump.ranges() {
        let Some(physical) = range.start.checked_add(inside) else { continue };
        let arch = with(physical, "the beginning of memory");
        if prove(&arch, dump, root, physical) == Proof::Proven {
            return Ok(arch);
        }
    }
    search_root(dump, root, 4096, &|page| with(page, "a search in memory"), tick)?
        .ok_or(KernelError::NoPageTables { why: "the page tables were not found in memory" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_descriptors_lead_to_sections_pages_and_what_is_larger() {
        let arm = Arm::new(0x4020_4000, 0xc020_4000, false, LAST);
        assert_eq!(arm.entry(0, 0), Entry::Absent);
        assert_eq!(arm.entry(0, 0x4123_4c01), Entry::Table(0x4123_4c00));
        assert_eq!(arm.entry(0, 0x4121_141e), Entry::Leaf(0x4120_0000));
        assert_eq!(arm.entry_at(0, 0x4104_0402, 0xc0a1_2345), Entry::Leaf(0x41a0_0000));
        assert_eq!(arm.entry_at(0, 0x4134_0422, 0xc0a1_2345), Entry::Leaf(0x13_41a0_0000));
        assert_eq!(arm.entry(1, 0x4123_445f), Entry::Leaf(0x4123_4000));
        assert_eq!(arm.entry_at(1, 0x4120_0001, 0xc0a1_2345), Entry::Leaf(0x4120_2000));
        assert_eq!(arm.linear(0xc000_1234), Some(Linear { physical: 0x4000_1234, how: "direct map" }));
        assert!(arm.is_kernel(0xbf00_0000) && !arm.is_kernel(0xbeff_ffff) && !arm.is_kernel(0x1_0000_0000));
    }

    #[test]
    fn long_descriptors_have_forty_bits() {
        let arm = Arm::new(0x2_0020_3000, 0xc020_3000, true, LAST);
        assert_eq!(arm.entry(0, 0x40_0020_4003), Entry::Table(0x40_0020_4000));
        assert_eq!(arm.entry(1, 0x60_0040_0040_0f01), Entry::Leaf(0x40_0040_0000));
        assert_eq!(arm.entry(2, 0x2_0012_3f4f), Entry::Leaf(0x2_0012_3000));
        assert_eq!(arm.entry(2, 0x2_0012_3f4d), Entry::Absent);
        assert_eq!(arm.linear(0xc000_0000).map(|linear| linear.physical), Some(0x2_0000_0000));
    }
}
