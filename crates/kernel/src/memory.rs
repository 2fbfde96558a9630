//! The kernel's virtual memory: addresses through its page tables, bytes out of the dump. Must never hand out bytes that
//! are not the dump's: what is missing is an error that says where and why.

use crate::Kernel;
use crate::arch::{self, Leaf};
use crate::error::MemoryError;
use oopscope_dump::PageState;
use oopscope_report::vmcore::{Translation, TranslationStep};
use oopscope_symbols::{Memory, Unreadable};

/// A string's bytes are looked for in steps of this many.
const STRING_STEP: u64 = 64;
/// The longest string that is read whatever a caller allows.
const LONGEST_STRING: u64 = 1 << 20;

impl Kernel {
    /// Fills `buf` from a kernel address: all of it, or the error of the first page that has none.
    pub fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        self.read_by(address, buf, &|at| self.leaf(at))
    }

    /// As [`Self::read`], through the tables whose root lies at a physical address: a task's user memory.
    pub fn read_in(&self, root: u64, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        let last = std::cell::Cell::new(None::<Leaf>);
        self.read_by(address, buf, &|at| {
            if let Some(leaf) = last.get().filter(|leaf| at.wrapping_sub(leaf.start) < leaf.size) {
                return Ok(leaf);
            }
            let canonical = self.arch().canonical(at).ok_or(MemoryError::NotCanonical { address: at })?;
            let leaf =
                arch::walk(self.arch(), self.dump(), root, canonical, &mut |_| ()).map_err(|error| error.of(at))?;
            last.set(Some(leaf));
            Ok(leaf)
        })
    }

    /// Reads run by run: pages that lie one after the other in physical memory too are one read of the dump.
    fn read_by(
        &self,
        address: u64,
        buf: &mut [u8],
        leaf_at: &dyn Fn(u64) -> Result<Leaf, MemoryError>,
    ) -> Result<(), MemoryError> {
        let length = buf.len() as u64;
        if length == 0 {
            return Ok(());
        }
        if address.checked_add(length - 1).is_none() {
            return Err(MemoryError::Wraps { address, length });
        }
        let mut done: u64 = 0;
        let mut rest = buf;
        while !rest.is_empty() {
            let start = address + done;
            let leaf = leaf_at(start)?;
            let physical = leaf.at(self.arch().canonical(start).unwrap_or(start));
            let left = rest.len() as u64;
            let mut run = room(leaf, start).min(left);
            while run < left {
                let Ok(next) = leaf_at(start + run) else { break };
                if next.at(self.arch().canonical(start + run).unwrap_or(start + run)) != physical.wrapping_add(run) {
                    break;
                }
                run = (run + room(next, start + run)).min(left);
            }
            // No longer than `rest`, so it fits.
            let (now, after) = rest.split_at_mut(usize::try_from(run).unwrap_or(rest.len()));
            self.dump().read(physical, now).map_err(|error| MemoryError::Page {
                address: start + page_error_offset(&error, physical).min(run - 1),
                error,
            })?;
            rest = after;
            done += run;
        }
        Ok(())
    }

    /// Where a kernel address leads, remembered.
    pub(crate) fn leaf(&self, address: u64) -> Result<Leaf, MemoryError> {
        if let Some(leaf) = self.tlb.find(address) {
            return Ok(leaf);
        }
        let canonical = self.arch().canonical(address).ok_or(MemoryError::NotCanonical { address })?;
        match arch::walk(self.arch(), self.dump(), self.arch().kernel_root(), canonical, &mut |_| ()) {
            Ok(leaf) => {
                if canonical == address {
                    self.tlb.keep(address, leaf);
                }
                Ok(leaf)
            }
            // The region alone tells where an address of the image or the direct map leads.
            Err(error @ MemoryError::Table { .. }) => {
                let linear = self.arch().linear(canonical).ok_or_else(|| error.of(address))?;
                let inside = canonical & (self.page_size() - 1);
                Ok(Leaf {
                    start: canonical - inside,
                    physical: linear.physical.wrapping_sub(inside),
                    size: self.page_size(),
                })
            }
            Err(error) => Err(error.of(address)),
        }
    }

    /// The physical address of a kernel address.
    pub fn translate(&self, address: u64) -> Result<u64, MemoryError> {
        let leaf = self.leaf(address)?;
        Ok(leaf.at(self.arch().canonical(address).unwrap_or(address)))
    }

    /// The way of a kernel address through the page tables, and what the dump has at its end.
    pub fn translation(&self, address: u64) -> Translation {
        self.translation_in(self.arch().kernel_root(), address)
    }

    /// As [`Self::translation`], through the tables whose root lies at a physical address.
    pub fn translation_in(&self, root: u64, address: u64) -> Translation {
        let mut out =
            Translation { virtual_address: address.into(), how: "page tables".to_owned(), ..Translation::default() };
        let Some(canonical) = self.arch().canonical(address) else {
            out.why = Some(MemoryError::NotCanonical { address }.to_string());
            return out;
        };
        let mut steps = Vec::new();
        let found = arch::walk(self.arch(), self.dump(), root, canonical, &mut |step| steps.push(step));
        out.steps = steps
            .iter()
            .map(|step| TranslationStep {
                level: self.arch().levels().get(step.level).map_or("", |level| level.name).to_owned(),
                at: step.at.into(),
                entry: step.entry.into(),
                flags: self.arch().flags(step.level, step.entry),
            })
            .collect();
        let physical = match found {
            Ok(leaf) => Some(leaf.at(canonical)),
            Err(error) => {
                out.why = Some(error.to_string());
                let linear = self.arch().linear(canonical);
                linear.filter(|_| matches!(error, MemoryError::Table { .. })).map(|linear| {
                    linear.how.clone_into(&mut out.how);
                    linear.physical
                })
            }
        };
        out.physical = physical.map(Into::into);
        out.page = physical.map(|physical| page_word(self.dump().page(physical)).to_owned());
        out
    }

    /// The kernel address at which its direct map has physical memory.
    pub fn direct_address(&self, physical: u64) -> Option<u64> {
        let map = self.arch().direct_map()?;
        let address = map.start.checked_add(physical.wrapping_sub(map.physical))?;
        (address <= map.last).then_some(address)
    }

    /// A byte.
    pub fn u8(&self, address: u64) -> Result<u8, MemoryError> {
        let mut bytes = [0; 1];
        self.read(address, &mut bytes)?;
        Ok(bytes[0])
    }

    /// A number of two bytes, in the kernel's byte order.
    pub fn u16(&self, address: u64) -> Result<u16, MemoryError> {
        let mut bytes = [0; 2];
        self.read(address, &mut bytes)?;
        Ok(self.layout().u16(&bytes))
    }

    /// A number of four bytes.
    pub fn u32(&self, address: u64) -> Result<u32, MemoryError> {
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Ok(self.layout().u32(&bytes))
    }

    /// A number of eight bytes.
    pub fn u64(&self, address: u64) -> Result<u64, MemoryError> {
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        Ok(self.layout().u64(&bytes))
    }

    /// A pointer or `unsigned long`.
    pub fn pointer(&self, address: u64) -> Result<u64, MemoryError> {
        if self.layout().pointer == 4 { self.u32(address).map(u64::from) } else { self.u64(address) }
    }

    /// A NUL-terminated string of at most `max` bytes; what is no UTF-8 is replaced.
    pub fn string(&self, address: u64, max: u64) -> Result<String, MemoryError> {
        let limit = max.min(LONGEST_STRING);
        let mut bytes = Vec::new();
        let mut done = 0;
        while done < limit {
            let at = address.checked_add(done).ok_or(MemoryError::Wraps { address, length: limit })?;
            // Steps end at multiples of the step, so that none goes into a page that the string may not reach.
            let step = (STRING_STEP - at % STRING_STEP).min(limit - done);
            let mut chunk = [0; 64];
            let chunk = &mut chunk[..usize::try_from(step).unwrap_or(0)];
            self.read(at, chunk)?;
            if let Some(end) = chunk.iter().position(|&byte| byte == 0) {
                bytes.extend_from_slice(&chunk[..end]);
                return Ok(String::from_utf8_lossy(&bytes).into_owned());
            }
            bytes.extend_from_slice(chunk);
            done += step;
        }
        Err(MemoryError::Endless { address, limit })
    }
}

impl Memory for Kernel {
    fn read(&self, address: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        Self::read(self, address, buf).map_err(|error| Unreadable { address: error.address() })
    }
}

/// Bytes from `address` to the end of its page or block.
const fn room(leaf: Leaf, address: u64) -> u64 {
    // A canonical form may differ in the bits above; what lies within a block does not.
    leaf.size - (address & (leaf.size - 1))
}

/// How far behind the start of a read its bad page lies.
fn page_error_offset(error: &oopscope_dump::PageError, start: u64) -> u64 {
    use oopscope_dump::PageError;
    match *error {
        PageError::Excluded { physical, .. }
        | PageError::NotRam { physical }
        | PageError::Lost { physical, .. }
        | PageError::Corrupt { physical, .. }
        | PageError::Read { physical, .. } => physical.saturating_sub(start),
        _ => 0,
    }
}

/// A page's state, as `vtop` names it.
const fn page_word(state: PageState) -> &'static str {
    match state {
        PageState::Data => "data",
        PageState::Zero => "zero",
        PageState::ZeroOrExcluded => "zero, or left out of the dump",
        PageState::Excluded => "excluded",
        PageState::NotRam => "not RAM",
        PageState::Lost => "lost",
        PageState::Corrupt => "corrupt",
    }
}
