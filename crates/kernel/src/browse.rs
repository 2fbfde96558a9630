//! What a person looks around with: all symbols, beginnings of names, the page tables of a task, facts of the container.
//! Must never answer what the other modules would answer otherwise.

use crate::names::Named;
use crate::{Kernel, ObjectError};
use oopscope_report::vmcore::DumpFacts;
use oopscope_symbols::types::TypeId;

impl Kernel {
    /// The container's facts, with where VMCOREINFO was found after all.
    pub fn facts(&self) -> DumpFacts {
        let mut facts = self.dump().facts().clone();
        facts.vmcoreinfo = Some(self.info().from().to_owned());
        facts.machine.get_or_insert_with(|| self.arch().name().to_owned());
        facts
    }

    /// All symbols of the kernel itself, by address.
    pub fn all_symbols(&self) -> impl Iterator<Item = (u64, Named)> + '_ {
        let own = self.kallsyms().map(|table| (table, 0, "kallsyms"));
        let table = own.or_else(|| self.vmlinux().map(|(table, offset)| (table, offset, "vmlinux")));
        table.into_iter().flat_map(|(table, offset, from)| {
            table.iter().map(move |symbol| {
                let name = symbol.name.to_owned();
                let named = Named { name, offset: 0, size: symbol.size, module: None, kind: symbol.kind, from };
                (symbol.address.wrapping_add(offset), named)
            })
        })
    }

    /// At most `limit` names of the kernel's symbols that begin with `start`, sorted.
    pub fn symbols_with_prefix(&self, start: &str, limit: usize) -> Vec<String> {
        let table = self.kallsyms().or_else(|| self.vmlinux().map(|(table, _)| table));
        table.map(|table| table.prefix(start, limit)).unwrap_or_default().into_iter().map(str::to_owned).collect()
    }

    /// Whether a symbol is a variable of each CPU: it lies in `__per_cpu_start`..`__per_cpu_end`.
    pub fn is_per_cpu(&self, name: &str) -> bool {
        let places = (self.symbol("__per_cpu_start"), self.symbol("__per_cpu_end"), self.symbol(name));
        matches!(places, (Some(start), Some(end), Some(address)) if (start..end).contains(&address))
    }

    /// The type of a variable, where the kernel's types have it. BTF has those of per-CPU variables (not in Debian's 5.10),
    /// and of others only where pahole was asked for them (`global_var`); DWARF has all. Of several variables of a name that
    /// at the symbol's address.
    pub fn variable_type(&self, name: &str) -> Option<TypeId> {
        if let Some(btf) = self.btf() {
            return btf.variable(name);
        }
        let all = self.loaded_debug_types()?.variables(name);
        let linked = self.symbol(name).map(|address| address.wrapping_sub(self.vmlinux_offset));
        let there = all.iter().find(|variable| Some(variable.address) == linked);
        there.or(all.first()).map(|variable| variable.type_id)
    }

    /// Physical address of the root of a task's page tables; the kernel's own for a thread that has none.
    pub fn page_table_of(&self, task: u64) -> Result<u64, ObjectError> {
        let task = self.at("struct task_struct", task)?;
        if task.member("mm")?.pointer()? == 0 {
            return Ok(self.arch().kernel_root());
        }
        let root = task.member("mm")?.deref()?.member("pgd")?.pointer()?;
        self.translate(root).map_err(|error| ObjectError::Memory { what: "mm_struct.pgd".to_owned(), error })
    }
}
