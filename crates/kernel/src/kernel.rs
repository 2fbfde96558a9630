//! The kernel of a dump: what all else is asked of. Must never hold what can be read again cheaply.

use crate::VmcoreInfo;
use crate::arch::Arch;
use crate::loaded::Loaded;
use crate::tlb::Tlb;
use oopscope_dump::{Dump, Machine};
use oopscope_dwarf::{DwarfTypes, Store};
use oopscope_report::vmcore::Unread;
use oopscope_symbols::btf::Btf;
use oopscope_symbols::elf::ElfFile;
use oopscope_symbols::{Layout, SymbolTable, Types};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// A kernel that was opened out of a dump.
pub struct Kernel {
    pub(crate) dump: Dump,
    pub(crate) info: VmcoreInfo,
    pub(crate) arch: Box<dyn Arch>,
    pub(crate) layout: Layout,
    pub(crate) page_size: u64,
    pub(crate) tlb: Tlb,
    pub(crate) kallsyms: Option<SymbolTable>,
    pub(crate) vmlinux: Option<ElfFile>,
    /// What is added to an address of `vmlinux` to have the kernel's.
    pub(crate) vmlinux_offset: u64,
    pub(crate) btf: Option<Rc<Btf>>,
    /// Types of the debug information, read when they are first asked for: that takes a second.
    pub(crate) debug_types: OnceCell<Option<DwarfTypes>>,
    pub(crate) store: Rc<dyn Store>,
    pub(crate) loaded: OnceCell<Vec<Loaded>>,
    pub(crate) text: OnceCell<Vec<std::ops::Range<u64>>>,
    pub(crate) percpu: OnceCell<Vec<Option<u64>>>,
    pub(crate) unread: RefCell<Vec<Unread>>,
    pub(crate) stacks: crate::stack::Stacks,
    /// Debug information of the kernel itself.
    pub(crate) debug: Option<crate::debug::Debug>,
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernel")
            .field("release", &self.info.text("OSRELEASE"))
            .field("arch", &self.arch.name())
            .finish_non_exhaustive()
    }
}

impl Kernel {
    /// The dump.
    pub const fn dump(&self) -> &Dump {
        &self.dump
    }

    /// VMCOREINFO.
    pub const fn info(&self) -> &VmcoreInfo {
        &self.info
    }

    /// What differs between architectures.
    pub fn arch(&self) -> &dyn Arch {
        &*self.arch
    }

    /// The architecture.
    pub fn machine(&self) -> Machine {
        self.arch.machine()
    }

    /// Byte order and width of pointers.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Size of a page of the kernel, in bytes: of its page tables, which may differ from the dump's.
    pub const fn page_size(&self) -> u64 {
        self.page_size
    }

    /// The kernel's types: its own, else those of the debug information that was given.
    pub fn types(&self) -> Option<&dyn Types> {
        let own = self.btf.as_deref().map(|btf| btf as &dyn Types);
        own.or_else(|| self.loaded_debug_types().map(|types| types as &dyn Types))
    }

    /// The kernel's BTF, for what only it has: the types of per-CPU variables.
    pub fn btf(&self) -> Option<&Btf> {
        self.btf.as_deref()
    }

    /// The kernel's own symbols, sorted by address: kallsyms.
    pub const fn kallsyms(&self) -> Option<&SymbolTable> {
        self.kallsyms.as_ref()
    }

    /// The vmlinux that was given, with what is to be added to its addresses (KASLR).
    pub fn vmlinux(&self) -> Option<(&SymbolTable, u64)> {
        self.vmlinux.as_ref().map(|file| (file.symbols(), self.vmlinux_offset))
    }

    /// What could not be read so far, each with the reason. What answers leave out they say themselves.
    pub fn unread(&self) -> Vec<Unread> {
        self.unread.borrow().clone()
    }

    /// Notes what could not be read.
    pub(crate) fn note(&self, what: &str, why: &dyn std::fmt::Display) {
        let unread = Unread { what: what.to_owned(), why: why.to_string() };
        let mut all = self.unread.borrow_mut();
        if all.len() < 256 && !all.contains(&unread) {
            all.push(unread);
        }
    }
}
