//! ORC: how x86-64 kernels (and their modules) unwind, an entry for every stretch of code.
//!
//! Two arrays of the same length: `orc_unwind_ip`, sorted, each number the distance from its own place to an address; and
//! `orc_unwind`, 6 bytes each, which say what holds from that address on (arch/x86/include/asm/orc_types.h,
//! arch/x86/kernel/unwind_orc.c). The kernel sorts both when it is built or booted, and a module's when it is loaded.
//!
//! Must never hold a table: half a million entries are searched where they lie.

mod entry;
mod version;

pub use entry::{Base, Entry, FrameKind, Version};
pub use version::{Certainty, version};

use crate::{Layout, Memory, Unreadable};

/// ORC is x86-64's.
const LAYOUT: Layout = Layout { little_endian: true, pointer: 8 };

/// Bytes of an entry.
const ENTRY: u64 = 6;

/// The most entries that are believed.
const MOST: u64 = 1 << 25;

/// So many addresses are read at once, when the search has come down to them.
const BLOCK: u64 = 256;

/// Where the tables lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Address of `__start_orc_unwind_ip`, or what a module's `arch.orc_unwind_ip` says.
    pub ip: u64,
    /// Address of `__start_orc_unwind`, or what a module's `arch.orc_unwind` says.
    pub entries: u64,
    /// How many entries there are: (`__stop_orc_unwind_ip` - `__start_orc_unwind_ip`) / 4, or `arch.num_orcs`.
    pub count: u64,
    /// What lies at `__start_orc_header`, where the kernel has that (6.4, and stable releases of 6.3).
    pub header: Option<[u8; 20]>,
}

/// Why an entry could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrcError {
    /// A part of the tables does not lie in the dump.
    #[error("ORC tables: {0}")]
    Memory(#[from] Unreadable),
    /// There are more entries than any kernel has.
    #[error("the ORC table is said to have {count} entries")]
    Count {
        /// How many it says there are.
        count: u64,
    },
    /// None of the known versions explains the entries.
    #[error("the ORC entries are of no known version")]
    Version,
    /// An entry uses a register or a type that its version does not have.
    #[error("the ORC entry at {address:#x} is damaged")]
    Entry {
        /// Where it lies.
        address: u64,
    },
}

/// The unwind table of the kernel or of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orc {
    tables: Tables,
    version: Version,
}

impl Orc {
    /// A table, of a version that [`version`] has found. Modules have the kernel's.
    pub const fn new(tables: Tables, version: Version) -> Self {
        Self { tables, version }
    }

    /// Which version it is of.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// What holds at `ip`; `None` before the first entry. The caller knows whether `ip` is code that the table is for:
    /// what follows the last address belongs to the last entry.
    pub fn find(&self, memory: &dyn Memory, ip: u64) -> Result<Option<Entry>, OrcError> {
        let Some(found) = self.search(memory, ip)? else { return Ok(None) };
        let entry = self.entry(memory, found)?;
        if entry.kind != FrameKind::Undefined {
            return Ok(Some(entry));
        }
        // The end of a section has an entry of its own, so that there be no gaps; it gives way to a real one at the same
        // address. Sorting puts it first, but what is in a file is not sorted yet.
        let address = self.address(memory, found)?;
        for other in (0..found).rev().take(4) {
            if self.address(memory, other)? != address {
                break;
            }
            let other = self.entry(memory, other)?;
            if other.kind != FrameKind::Undefined {
                return Ok(Some(other));
            }
        }
        Ok(Some(entry))
    }

    /// The number of the last entry whose address is not after `ip`.
    fn search(&self, memory: &dyn Memory, ip: u64) -> Result<Option<u64>, OrcError> {
        if self.tables.count > MOST {
            return Err(OrcError::Count { count: self.tables.count });
        }
        // All before `from` are not after `ip`, all from `to` on are.
        let (mut from, mut to) = (0, self.tables.count);
        while to - from > BLOCK {
            let middle = from + (to - from) / 2;
            if self.address(memory, middle)? <= ip {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        let mut raw = [0; 4 * 256];
        let bytes = usize::try_from((to - from) * 4).unwrap_or(raw.len()).min(raw.len());
        memory.read(self.tables.ip.wrapping_add(from * 4), &mut raw[..bytes])?;
        for raw in raw[..bytes].chunks_exact(4) {
            if self.absolute(from, raw) > ip {
                break;
            }
            from += 1;
        }
        Ok(from.checked_sub(1))
    }

    fn address(&self, memory: &dyn Memory, number: u64) -> Result<u64, Unreadable> {
        let mut raw = [0; 4];
        memory.read(self.tables.ip.wrapping_add(number * 4), &mut raw)?;
        Ok(self.absolute(number, &raw))
    }

    fn absolute(&self, number: u64, raw: &[u8]) -> u64 {
        let distance = i64::from(LAYOUT.u32(raw).cast_signed());
        self.tables.ip.wrapping_add(number * 4).wrapping_add(distance.cast_unsigned())
    }

    fn entry(&self, memory: &dyn Memory, number: u64) -> Result<Entry, OrcError> {
        let address = self.tables.entries.wrapping_add(number * ENTRY);
        let mut raw = [0; 6];
        memory.read(address, &mut raw)?;
        Entry::decode(raw, self.version).ok_or(OrcError::Entry { address })
    }
}
