//! Architectures: a folder each, with the same file names. Here is what they share: the walk down page tables, which are
//! trees of words everywhere. Must never believe an entry beyond its form: a table that points to itself ends as any
//! other, because every walk has as many steps as there are levels.

pub mod aarch64;
pub mod arm;
pub mod x86_64;

use crate::error::{KernelError, MemoryError};
use crate::vmcoreinfo::VmcoreInfo;
use oopscope_dump::{Dump, Machine, PageError, Progress};

/// A level of page tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// `PGD`, `P4D`, `PUD`, `PMD`, `PTE`.
    pub name: &'static str,
    /// Lowest bit of the address that this level's index is made of.
    pub shift: u32,
    /// How many bits the index has.
    pub bits: u32,
}

/// What an entry of a page table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing is mapped.
    Absent,
    /// The next table lies at this physical address.
    Table(u64),
    /// A page, or a block of a higher level, begins at this physical address.
    Leaf(u64),
}

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Virtual address at which the page or block begins.
    pub start: u64,
    /// Its physical address.
    pub physical: u64,
    /// Its size in bytes.
    pub size: u64,
}

impl Leaf {
    /// The physical address of `address`, which lies in it.
    pub const fn at(&self, address: u64) -> u64 {
        self.physical.wrapping_add(address.wrapping_sub(self.start))
    }
}

/// A step of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The level, counted from the root.
    pub level: usize,
    /// Physical address of the entry.
    pub at: u64,
    /// The entry.
    pub entry: u64,
}

/// The kernel's linear map of physical memory: `physical = virtual - start + physical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectMap {
    /// The first virtual address of the region.
    pub start: u64,
    /// The last one.
    pub last: u64,
    /// Physical address of `start`; as a difference: it may be "negative".
    pub physical: u64,
    /// How it was found, for people.
    pub from: &'static str,
}

/// What an address's region alone says of its physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// The physical address.
    pub physical: u64,
    /// Which region: "kernel image", "direct map".
    pub how: &'static str,
}

/// What differs between architectures when memory is read.
pub trait Arch {
    /// Which it is.
    fn machine(&self) -> Machine;

    /// Its name, as `uname -m` has it.
    fn name(&self) -> &'static str {
        crate::error::machine_name(self.machine())
    }

    /// The levels of the page tables, from the root.
    fn levels(&self) -> &[Level];

    /// Reads an entry of a level.
    fn entry(&self, level: usize, entry: u64) -> Entry;

    /// Reads the entry that leads to an address: what is larger than its level's pages stands in as many entries, and has one
    /// physical address in all of them.
    fn entry_at(&self, level: usize, entry: u64, _address: u64) -> Entry {
        self.entry(level, entry)
    }

    /// Bytes of an entry: 8 or 4.
    fn entry_size(&self) -> u64 {
        8
    }

    /// Names of an entry's flags, as the manuals have them, in lower case as the kernel's.
    fn flags(&self, level: usize, entry: u64) -> Vec<String>;

    /// Physical address of the kernel's own root table.
    fn kernel_root(&self) -> u64;

    /// How that was found, for people.
    fn root_from(&self) -> &'static str;

    /// The address as the tables have it, without what hardware ignores; none if the processor would not take it.
    fn canonical(&self, address: u64) -> Option<u64>;

    /// The address without authentication code and tag.
    fn strip(&self, address: u64) -> u64 {
        address
    }

    /// Whether a canonical address belongs to the kernel's half.
    fn is_kernel(&self, address: u64) -> bool;

    /// The physical address that the region alone gives, where page tables are missing.
    fn linear(&self, address: u64) -> Option<Linear>;

    /// Where the kernel maps all memory, as far as known.
    fn direct_map(&self) -> Option<DirectMap>;

    /// Takes note of where the kernel says that its direct map begins (x86's `page_offset_base`).
    fn set_direct_map_base(&mut self, _base: u64) {}

    /// Virtual addresses in which the kernel's image can lie.
    fn image(&self) -> (u64, u64);

    /// What `mach` should tell of the architecture: names, values and where they were read.
    fn facts(&self) -> Vec<(&'static str, String, String)>;
}

/// Words of physical memory, as page tables have them.
pub trait Words {
    /// The word at a physical address.
    fn word(&self, physical: u64) -> Result<u64, PageError>;

    /// The word of half the size.
    fn half(&self, physical: u64) -> Result<u64, PageError>;
}

impl Words for Dump {
    fn word(&self, physical: u64) -> Result<u64, PageError> {
        let mut bytes = [0; 8];
        self.read(physical, &mut bytes)?;
        Ok(if self.layout().little_endian { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
    }

    fn half(&self, physical: u64) -> Result<u64, PageError> {
        let mut bytes = [0; 4];
        self.read(physical, &mut bytes)?;
        Ok(if self.layout().little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }.into())
    }
}

/// Goes down the tables from `root` to `address`, which is canonical. `seen` is told each entry.
pub fn walk(
    arch: &dyn Arch,
    words: &dyn Words,
    root: u64,
    address: u64,
    seen: &mut dyn FnMut(Step),
) -> Result<Leaf, MemoryError> {
    let mut table = root;
    let levels = arch.levels();
    for (number, level) in levels.iter().enumerate() {
        let index = (address >> level.shift) & ((1 << level.bits) - 1);
        let at = table.wrapping_add(index * arch.entry_size());
        let entry = if arch.entry_size() == 4 { words.half(at) } else { words.word(at) };
        let entry = entry.map_err(|error| MemoryError::Table { address, level: level.name, error })?;
        seen(Step { level: number, at, entry });
        match arch.entry_at(number, entry, address) {
            Entry::Absent => return Err(MemoryError::NotMapped { address, level: level.name }),
            Entry::Table(next) => table = next,
            Entry::Leaf(physical) => {
                let size = 1 << level.shift;
                return Ok(Leaf { start: address & !(size - 1), physical, size });
            }
        }
    }
    // The last level has no entries that are tables; without levels nothing is mapped.
    Err(MemoryError::NotMapped { address, level: levels.last().map_or("root", |level| level.name) })
}

/// What a candidate for the kernel's root table is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The tables lead a known address to where it must lie.
    Proven,
    /// They could not be read as far as that.
    Unread,
    /// They lead elsewhere, or nowhere.
    Refuted,
}

/// Whether the tables of `arch` lead `address` to `physical`.
pub fn prove(arch: &dyn Arch, words: &dyn Words, address: u64, physical: u64) -> Proof {
    match walk(arch, words, arch.kernel_root(), address, &mut |_| ()) {
        Ok(leaf) if leaf.at(address) == physical => Proof::Proven,
        Err(MemoryError::Table { .. }) => Proof::Unread,
        Ok(_) | Err(_) => Proof::Refuted,
    }
}

/// Searches memory for the page that is the kernel's root table: it alone leads the root table's own virtual address to
/// itself (tables of processes have the same upper half, but lie elsewhere). `with` makes the architecture for a
/// candidate's physical address.
pub fn search_root<A: Arch>(
    dump: &Dump,
    root: u64,
    page_size: u64,
    with: &dyn Fn(u64) -> A,
    tick: &mut dyn FnMut(Progress) -> bool,
) -> Result<Option<A>, KernelError> {
    let ranges = dump.ranges();
    let total = ranges.iter().map(|range| range.end.saturating_sub(range.start)).fold(0, u64::saturating_add);
    let stage = "searching the page tables";
    if !tick(Progress { stage, done: 0, total }) {
        return Err(KernelError::Cancelled);
    }
    let mut done = 0;
    for range in ranges {
        let mut at = range.start;
        while let Some(run) = dump.present(at).filter(|run| run.start < range.end) {
            let mut page = run.start.next_multiple_of(page_size);
            while page < run.end.min(range.end) {
                let arch = with(page);
                if prove(&arch, dump, root, page) == Proof::Proven {
                    return Ok(Some(arch));
                }
                page += page_size;
                if page.is_multiple_of(4 << 20) && !tick(Progress { stage, done: done + (page - range.start), total }) {
                    return Err(KernelError::Cancelled);
                }
            }
            at = run.end.max(at.saturating_add(1));
        }
        done += range.end - range.start;
    }
    Ok(None)
}

/// Which architecture a kernel is of that tells so by VMCOREINFO's entries alone: each of them is written by one
/// architecture's `arch_crash_save_vmcoreinfo`.
pub fn machine_of(info: &VmcoreInfo) -> Option<Machine> {
    if info.number("phys_base").is_some() || info.symbol("init_top_pgt").or(info.symbol("init_level4_pgt")).is_some() {
        Some(Machine::X86_64)
    } else if info.number("KERNEL_LINK_ADDR").is_some() || info.number("phys_ram_base").is_some() {
        Some(Machine::Riscv64)
    } else if info.number("kimage_voffset").is_some() || info.number("PHYS_OFFSET").is_some() {
        Some(Machine::Aarch64)
    } else if info.symbol("lowcore_ptr").is_some() {
        Some(Machine::S390x)
    } else if info.text("CONFIG_X86_PAE").is_some() {
        Some(Machine::I386)
    } else if info.text("CONFIG_ARM_LPAE").is_some() {
        Some(Machine::Arm)
    } else {
        None
    }
}

/// The registers of an architecture whose stacks are read.
pub(crate) fn registers(machine: Machine) -> Option<&'static crate::stack::registers::File> {
    match machine {
        Machine::X86_64 => Some(&x86_64::registers::FILE),
        Machine::Aarch64 => Some(&aarch64::registers::FILE),
        Machine::Arm => Some(&arm::registers::FILE),
        _ => None,
    }
}

/// The architecture of a dump, with what VMCOREINFO says of its page tables, proven against them where they can be read.
pub fn open(
    dump: &Dump,
    info: &VmcoreInfo,
    tick: &mut dyn FnMut(Progress) -> bool,
) -> Result<Box<dyn Arch>, KernelError> {
    match dump.layout().machine.or_else(|| machine_of(info)) {
        Some(Machine::X86_64) => Ok(Box::new(x86_64::open(dump, info, tick)?)),
        Some(Machine::Aarch64) => Ok(Box::new(aarch64::open(dump, info, tick)?)),
        Some(Machine::Arm) => Ok(Box::new(arm::open(dump, info, tick)?)),
        Some(machine) => Err(KernelError::Architecture(machine)),
        None => Err(KernelError::UnknownArchitecture),
    }
}
