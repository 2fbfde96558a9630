//! The stages in which a kernel is opened: first what the log needs, then names and types. Must never let the failure of
//! one stage cost more than what depends on it.

use crate::error::{KernelError, MemoryError, Mismatch};
use crate::tlb::Tlb;
use crate::vmcoreinfo::VmcoreInfo;
use crate::{Kernel, arch, build_id, debug_types, loaded, search, stack};
use oopscope_dump::{Dump, Machine, Progress};
use oopscope_symbols::btf::Btf;
use oopscope_symbols::elf::ElfFile;
use oopscope_symbols::{Layout, kallsyms};
use std::cell::{OnceCell, RefCell};
use std::ops::Range;
use std::rc::Rc;

/// The largest BTF that is read: vmlinux's have five to ten MB.
const LONGEST_BTF: u64 = 64 << 20;
/// How far from `_stext` the image's tables are searched where VMCOREINFO does not name them.
const LONGEST_IMAGE: u64 = 256 << 20;
/// Symbols of VMCOREINFO that are symbols of the kernel: against these kallsyms' forms are checked. Others are macros or
/// the contents of a variable.
const CHECKED: [&str; 6] = ["_stext", "init_uts_ns", "prb", "init_top_pgt", "printk_rb_static", "clear_seq"];

impl Kernel {
    /// Opens the kernel of a dump: VMCOREINFO, architecture, page tables. `tick` is called while it takes time; when it
    /// returns false, the opening ends with [`KernelError::Cancelled`].
    pub fn open(dump: Dump, tick: &mut dyn FnMut(Progress) -> bool) -> Result<Self, KernelError> {
        let (info, arch) = match &dump.notes().vmcoreinfo {
            Some(text) => {
                let from = dump.facts().vmcoreinfo.as_deref().unwrap_or("a note of the dump");
                let info = VmcoreInfo::parse(text, from);
                match arch::open(&dump, &info, tick) {
                    Ok(arch) => (info, arch),
                    // A note of another kernel, or an empty one: memory may hold the right one.
                    Err(KernelError::NoPageTables { why }) => search::vmcoreinfo(&dump, tick).map_err(|error| {
                        if error == KernelError::Cancelled { error } else { KernelError::NoPageTables { why } }
                    })?,
                    Err(error) => return Err(error),
                }
            }
            None => search::vmcoreinfo(&dump, tick)?,
        };
        let pointer = if dump.layout().bits == 32 && !matches!(arch.machine(), Machine::X86_64 | Machine::Aarch64) {
            4
        } else {
            8
        };
        let layout = Layout { little_endian: dump.layout().little_endian, pointer };
        let page_size = info.page_size().unwrap_or_else(|| dump.page_size().max(4096));
        let kernel = Self {
            tlb: Tlb::new(page_size.ilog2()),
            dump,
            info,
            arch,
            layout,
            page_size,
            kallsyms: None,
            vmlinux: None,
            vmlinux_offset: 0,
            btf: None,
            debug_types: OnceCell::new(),
            store: Rc::new(oopscope_dwarf::NoStore),
            loaded: OnceCell::new(),
            text: OnceCell::new(),
            percpu: OnceCell::new(),
            unread: RefCell::default(),
            stacks: stack::Stacks::default(),
            debug: None,
        };
        Ok(kernel)
    }

    /// Reads the kernel's symbols and types. What fails is noted ([`Self::unread`]) and costs only what depends on it;
    /// the only error is that it was cancelled.
    pub fn load_symbols(&mut self, tick: &mut dyn FnMut(Progress) -> bool) -> Result<(), KernelError> {
        let mut go_on =
            |stage, done| if tick(Progress { stage, done, total: 2 }) { Ok(()) } else { Err(KernelError::Cancelled) };
        go_on("symbols", 0)?;
        self.load_kallsyms();
        self.learn_direct_map();
        go_on("types", 1)?;
        self.load_btf();
        self.forget();
        go_on("types", 2)?;
        self.load_types(tick)
    }

    /// Drops what was found without symbols and types, and kept: with them there is more.
    pub(crate) fn forget(&mut self) {
        // What could not be read for want of them is read again, and noted again if it still cannot be.
        let stale = |what: &str| loaded::is_noted(what) || stack::is_noted(what);
        self.unread.get_mut().retain(|unread| !stale(&unread.what));
        self.loaded = OnceCell::new();
        self.text = OnceCell::new();
        self.percpu = OnceCell::new();
        self.stacks = stack::Stacks::default();
    }

    /// The kernel keeps the beginning of its direct map in a variable where that is random (Linux 4.8).
    fn learn_direct_map(&mut self) {
        if let Some(base) = self.symbol("page_offset_base").and_then(|address| self.pointer(address).ok()) {
            self.arch.set_direct_map_base(base);
        }
    }

    fn load_kallsyms(&mut self) {
        let info = &self.info;
        let known: Vec<_> = CHECKED.iter().filter_map(|name| Some((*name, info.symbol(name)?))).collect();
        let symbol = |name: &str| info.symbol(name);
        // Since Linux 6.0 (f09bddbd8661 "vmcoreinfo: add kallsyms_num_syms symbol" and its series).
        let places = || {
            Some(kallsyms::Places {
                names: symbol("kallsyms_names")?,
                num_syms: symbol("kallsyms_num_syms")?,
                token_table: symbol("kallsyms_token_table")?,
                token_index: symbol("kallsyms_token_index")?,
                offsets: symbol("kallsyms_offsets"),
                addresses: symbol("kallsyms_addresses"),
                relative_base: symbol("kallsyms_relative_base"),
            })
        };
        let what = "the kernel's symbols (kallsyms)";
        let loaded = match places() {
            Some(places) => kallsyms::load(self, self.layout, &places, &known),
            None => match self.image_range() {
                Some(range) => kallsyms::find(self, range, self.layout, &known).map(|(symbols, _)| symbols),
                None => return self.note(what, &"no memory of the kernel's image is mapped from _stext on"),
            },
        };
        match loaded {
            Ok(symbols) => self.kallsyms = Some(symbols.table),
            Err(error) => self.note(what, &error),
        }
    }

    /// Where the image can hold tables: from `_stext` to the last page that is mapped near it.
    fn image_range(&self) -> Option<Range<u64>> {
        let start = self.info.symbol("_stext")?;
        let (first, last) = self.arch.image();
        let limit = start.saturating_add(LONGEST_IMAGE).min(last);
        let (mut at, mut end) = (start & !(self.page_size - 1), None);
        while at < limit && at >= first {
            let size = match self.leaf(at) {
                Ok(leaf) => {
                    end = Some((leaf.start + (leaf.size - 1)).min(limit));
                    leaf.size
                }
                Err(error) => {
                    let (MemoryError::NotMapped { level, .. } | MemoryError::Table { level, .. }) = error else {
                        return None;
                    };
                    self.arch.levels().iter().find(|of| of.name == level).map_or(self.page_size, |of| 1 << of.shift)
                }
            };
            at = (at & !(size - 1)).checked_add(size)?;
        }
        end.map(|end| start..end.saturating_add(1))
    }

    fn load_btf(&mut self) {
        let what = debug_types::TYPES;
        let places = self.symbol("__start_BTF").zip(self.symbol("__stop_BTF"));
        let Some((start, stop)) = places else {
            let why = if self.kallsyms.is_some() || self.vmlinux.is_some() {
                "this kernel has no BTF (it was built without CONFIG_DEBUG_INFO_BTF)"
            } else {
                "without symbols it is not known where they lie"
            };
            let why = format!("{why}: {}", self.wanted_vmlinux());
            return self.note(what, &why);
        };
        match self.read_btf(start, stop.saturating_sub(start), None) {
            Ok(btf) => {
                self.btf = Some(Rc::new(btf));
                self.unread.borrow_mut().retain(|unread| unread.what != what);
            }
            Err(why) => self.note(what, &format!("{why}: {}", self.wanted_vmlinux())),
        }
    }

    /// What a person gives where the dump has no types.
    fn wanted_vmlinux(&self) -> String {
        let id = self.build_id().map(|(id, _)| format!(", of build-id {id}")).unwrap_or_default();
        format!("its vmlinux with debug information is needed{id} (a distribution has it in a debug package)")
    }

    /// BTF at an address.
    pub(crate) fn read_btf(&self, start: u64, length: u64, base: Option<Rc<Btf>>) -> Result<Btf, String> {
        if length > LONGEST_BTF {
            return Err(format!("BTF at {start:#x} would have {length} bytes"));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.read(start, &mut bytes).map_err(|error| error.to_string())?;
        Btf::parse(bytes, self.layout, base).map_err(|error| error.to_string())
    }

    /// Takes a vmlinux's symbols too, if it is this kernel's: by build-id, or where that is not known by `_stext`.
    pub fn use_vmlinux(&mut self, file: ElfFile) -> Result<(), Mismatch> {
        if file.symbols().is_empty() {
            return Err(Mismatch::NoSymbols);
        }
        if file.machine() != debug_types::elf_machine(self.machine()).unwrap_or(file.machine()) {
            return Err(Mismatch::Architecture);
        }
        let of_file = file.build_id().map(build_id::hex);
        if let Some((of_file, of_kernel)) =
            of_file.zip(self.build_id().map(|(id, _)| id)).filter(|(one, other)| one != other)
        {
            return Err(Mismatch::BuildId { file: of_file, kernel: of_kernel });
        }
        let of_file = file.symbols().by_name("_stext").next().map(|symbol| symbol.address);
        let offset = match (of_file, self.symbol("_stext")) {
            (Some(of_file), Some(of_kernel)) => of_kernel.wrapping_sub(of_file),
            _ => self.info.kernel_offset().unwrap_or(0),
        };
        if let Some((told, of_file)) = self.info.kernel_offset().zip(of_file).filter(|(told, _)| *told != offset) {
            return Err(Mismatch::Symbol {
                symbol: "_stext",
                file: of_file.wrapping_add(told),
                kernel: of_file.wrapping_add(offset),
            });
        }
        self.vmlinux_offset = offset;
        self.vmlinux = Some(file);
        self.learn_direct_map();
        if self.btf.is_none() {
            self.load_btf();
        }
        // What was derived without these symbols is derived anew.
        self.forget();
        Ok(())
    }
}
