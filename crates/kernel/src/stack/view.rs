//! A kernel as unwinding sees it: its memory, its unwind tables and its modules' own, its names. Must never let a
//! damaged table cost more than the frames that need it.

use crate::arch::arm::Exidx;
use crate::stack::recover;
use crate::stack::registers::Registers;
use crate::stack::walk::View;
use crate::{Kernel, MemoryError, arch};
use oopscope_dump::Machine;
use oopscope_symbols::orc::{self, Entry, Orc, OrcError, Tables};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

/// Most entries that are kept: the stacks of many tasks go through the same few functions.
const MOST_KEPT: usize = 1 << 14;

/// More entries no table has; the kernel's own has about a million.
const MOST_ENTRIES: u64 = 1 << 26;

/// Unwind tables of a kernel and its modules.
#[derive(Debug, Default)]
pub(crate) struct Unwinding {
    kernel: Option<Orc>,
    /// Arm's own tables.
    pub(crate) exidx: Exidx,
    /// Ascending by where the code begins.
    modules: Vec<(Range<u64>, Orc)>,
    kept: RefCell<BTreeMap<u64, Option<Entry>>>,
}

impl Unwinding {
    /// Finds the tables. A kernel without ORC has none.
    pub(crate) fn of(kernel: &Kernel) -> Self {
        if kernel.machine() == Machine::Arm {
            return Self { exidx: arch::arm::stacks::tables(kernel), ..Self::default() };
        }
        let Some(tables) = kernel_tables(kernel) else { return Self::default() };
        let version = match orc::version(kernel, &tables) {
            Ok((version, _)) => version,
            Err(why) => {
                kernel.note(super::ORC, &why);
                return Self::default();
            }
        };
        let mut modules = Vec::new();
        for module in kernel.loaded() {
            let at = |member: &str| {
                let offset = kernel.offset_of("struct module", &format!("arch.{member}"))?;
                module.address.checked_add(offset)
            };
            let tables = || {
                Some(Tables {
                    ip: kernel.pointer(at("orc_unwind_ip")?).ok()?,
                    entries: kernel.pointer(at("orc_unwind")?).ok()?,
                    count: u64::from(kernel.u32(at("num_orcs")?).ok()?),
                    header: None,
                })
            };
            if let Some(tables) = tables().filter(|tables| tables.ip != 0 && tables.entries != 0 && tables.count != 0) {
                // A module is only loaded if its tables are of the kernel's version (arch/x86/kernel/module.c and
                // "x86/unwind/orc: Add ELF section with ORC version identifier", 6.4).
                modules.extend(module.text.iter().map(|text| (text.clone(), Orc::new(tables, version))));
            }
        }
        modules.sort_by_key(|(text, _)| text.start);
        Self { kernel: Some(Orc::new(tables, version)), modules, ..Self::default() }
    }

    fn find(&self, kernel: &Kernel, ip: u64) -> Result<Option<Entry>, MemoryError> {
        if let Some(entry) = self.kept.borrow().get(&ip) {
            return Ok(*entry);
        }
        let after = self.modules.partition_point(|(text, _)| text.start <= ip);
        let of_module = after.checked_sub(1).map(|last| &self.modules[last]).filter(|(text, _)| text.contains(&ip));
        let table = match of_module {
            Some((_, table)) => Some(table),
            None => self.kernel.as_ref().filter(|_| kernel.is_text(ip) && kernel.loaded_at(ip).is_none()),
        };
        let Some(table) = table else { return Ok(None) };
        let entry = match table.find(kernel, ip) {
            Ok(entry) => entry,
            // The reason is known where memory is read; what comes after it is a damaged entry.
            Err(OrcError::Memory(at)) => return kernel.read(at.address, &mut [0]).map(|()| None),
            Err(OrcError::Count { .. } | OrcError::Version | OrcError::Entry { .. }) => None,
        };
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(ip, entry);
        Ok(entry)
    }
}

/// The kernel's own tables (include/asm-generic/vmlinux.lds.h, ORC_UNWIND_TABLE).
fn kernel_tables(kernel: &Kernel) -> Option<Tables> {
    let (ip, end) = (kernel.symbol("__start_orc_unwind_ip")?, kernel.symbol("__stop_orc_unwind_ip")?);
    let entries = kernel.symbol("__start_orc_unwind")?;
    let count = end.checked_sub(ip)? / 4;
    let header = kernel.symbol("__start_orc_header").and_then(|at| {
        let mut header = [0; 20];
        kernel.read(at, &mut header).ok()?;
        Some(header)
    });
    (count != 0 && count <= MOST_ENTRIES).then_some(Tables { ip, entries, count, header })
}

/// A kernel with its tables.
pub(crate) struct KernelView<'k> {
    pub(crate) kernel: &'k Kernel,
    pub(crate) unwinding: &'k Unwinding,
}

impl View for KernelView<'_> {
    fn fill(&self, address: u64, buf: &mut [u8]) -> Result<(), MemoryError> {
        self.kernel.read(address, buf)
    }

    fn orc(&self, ip: u64) -> Result<Option<Entry>, MemoryError> {
        self.unwinding.find(self.kernel, ip)
    }

    fn is_text(&self, address: u64) -> bool {
        self.kernel.is_text(address)
    }

    fn function(&self, address: u64) -> Option<(String, u64)> {
        let named = self.kernel.name_of(address)?;
        Some((named.name, address.wrapping_sub(named.offset)))
    }

    fn little_endian(&self) -> bool {
        self.kernel.layout().little_endian
    }

    fn word_size(&self) -> u64 {
        self.kernel.layout().pointer.into()
    }

    fn caller(&self, at: u64, registers: &Registers) -> Option<Registers> {
        recover::caller(self.kernel, at, registers)
    }

    fn strip(&self, address: u64) -> u64 {
        self.kernel.arch().strip(address)
    }
}
