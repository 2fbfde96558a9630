//! Names of addresses and addresses of names: the kernel's symbols, its modules', a vmlinux's, VMCOREINFO's. Must never
//! name an address after a symbol that does not cover it.

use crate::Kernel;
use oopscope_symbols::Symbol;
use std::ops::Range;

/// An address by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The symbol.
    pub name: String,
    /// How far behind it the address lies.
    pub offset: u64,
    /// The symbol's size, where it is known.
    pub size: Option<u64>,
    /// Its module; none for the kernel itself.
    pub module: Option<String>,
    /// nm's letter.
    pub kind: u8,
    /// Where the name was read: `kallsyms`, `module kallsyms`, `vmlinux`.
    pub from: &'static str,
}

/// Pairs of symbols between which the kernel has code (include/asm-generic/sections.h).
const TEXT: [(&str, &str); 3] =
    [("_stext", "_etext"), ("_sinittext", "_einittext"), ("__entry_text_start", "__entry_text_end")];

impl Kernel {
    /// Address of a symbol of the kernel: kallsyms', else the vmlinux's, else VMCOREINFO's. Per-CPU variables give what is
    /// to be added to a CPU's offset. Of several of one name that which VMCOREINFO means, else a global one, else the
    /// first.
    pub fn symbol(&self, name: &str) -> Option<u64> {
        let told = self.info.symbol(name);
        if let Some(table) = &self.kallsyms {
            let mut all = table.by_name(name);
            if let Some(first) = all.next() {
                let mut best = first;
                for other in all {
                    let better = |symbol: &Symbol<'_>| (Some(symbol.address) == told, symbol.kind.is_ascii_uppercase());
                    if better(&other) > better(&best) {
                        best = other;
                    }
                }
                return Some(best.address);
            }
        }
        let of_file = self.vmlinux.as_ref().and_then(|file| {
            let mut all = file.symbols().by_name(name);
            let first = all.next()?;
            let best =
                std::iter::once(first).chain(all).find(|symbol| symbol.kind.is_ascii_uppercase()).unwrap_or(first);
            Some(self.run_time(best.address))
        });
        of_file.or(told)
    }

    /// All symbols of a name, the kernel's and its modules'; each with its module.
    pub fn symbols_named(&self, name: &str) -> Vec<(u64, Named)> {
        let mut found = Vec::new();
        if let Some(table) = &self.kallsyms {
            found.extend(table.by_name(name).map(|symbol| (symbol.address, named(symbol, 0, None, "kallsyms"))));
        }
        if found.is_empty()
            && let Some(file) = &self.vmlinux
        {
            let all = file.symbols().by_name(name);
            found.extend(all.map(|symbol| (self.run_time(symbol.address), named(symbol, 0, None, "vmlinux"))));
        }
        if found.is_empty()
            && let Some(address) = self.info.symbol(name)
        {
            let size = None;
            let from = "VMCOREINFO";
            found.push((address, Named { name: name.to_owned(), offset: 0, size, module: None, kind: b'?', from }));
        }
        for module in self.loaded() {
            if let Some(table) = module.symbols(self) {
                let all = table.by_name(name);
                found.extend(
                    all.map(|symbol| (symbol.address, named(symbol, 0, Some(&module.name), "module kallsyms"))),
                );
            }
        }
        found
    }

    /// An address of the vmlinux as the kernel ran. Per-CPU variables that begin at 0 were not moved.
    fn run_time(&self, address: u64) -> u64 {
        let (first, last) = self.arch.image();
        if self.arch.is_kernel(address) || (first..=last).contains(&address) {
            address.wrapping_add(self.vmlinux_offset)
        } else {
            address
        }
    }

    /// The name of an address: of the kernel or of a module.
    pub fn name_of(&self, address: u64) -> Option<Named> {
        let address = self.arch.strip(address);
        if !self.arch.is_kernel(address) {
            return None;
        }
        if let Some(module) = self.loaded_at(address) {
            let symbol = module.symbols(self)?.at(address)?;
            return Some(named(symbol, address - symbol.address, Some(&module.name), "module kallsyms"));
        }
        if let Some(symbol) = self.kallsyms.as_ref().and_then(|table| table.at(address)) {
            return Some(named(symbol, address - symbol.address, None, "kallsyms"));
        }
        let of_file = address.wrapping_sub(self.vmlinux_offset);
        let symbol = self.vmlinux.as_ref()?.symbols().at(of_file)?;
        Some(named(symbol, of_file - symbol.address, None, "vmlinux"))
    }

    /// Whether an address lies in code of the kernel or of a module.
    pub fn is_text(&self, address: u64) -> bool {
        let ranges = self.text_ranges();
        let after = ranges.partition_point(|range| range.start <= address);
        after.checked_sub(1).is_some_and(|last| ranges[last].contains(&address))
    }

    /// Where code lies, ascending: the kernel's, then the modules' amid it.
    pub fn text_ranges(&self) -> &[Range<u64>] {
        self.text.get_or_init(|| {
            let kernel = TEXT.iter().filter_map(|(start, end)| Some(self.symbol(start)?..self.symbol(end)?));
            let modules = self.loaded().iter().flat_map(|module| module.text.iter().cloned());
            let mut all: Vec<_> = kernel.chain(modules).filter(|range| !range.is_empty()).collect();
            all.sort_by_key(|range| range.start);
            let mut merged: Vec<Range<u64>> = Vec::with_capacity(all.len());
            for range in all {
                match merged.last_mut() {
                    Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                    _ => merged.push(range),
                }
            }
            merged
        })
    }
}

fn named(symbol: Symbol<'_>, offset: u64, module: Option<&str>, from: &'static str) -> Named {
    Named {
        name: symbol.name.to_owned(),
        offset,
        size: symbol.size,
        module: module.map(str::to_owned),
        kind: symbol.kind,
        from,
    }
}
