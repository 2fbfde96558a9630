//! Modules as far as addresses, names and types need them: where each lies, its own symbols, its BTF. Must never tell
//! what only `mod` shows: that is [`crate::modules`]'.

use crate::Kernel;
use crate::error::ObjectError;
use crate::object::Object;
use oopscope_symbols::btf::Btf;
use oopscope_symbols::module::{ModuleSymbols, load};
use oopscope_symbols::types::Kind;
use oopscope_symbols::{SymbolTable, TypeId, Types};
use std::cell::OnceCell;
use std::ops::Range;

/// A part of a module is no longer than this: modules lie in 2 GiB at most.
const LONGEST_PART: u64 = 1 << 32;
/// More parts of memory no module has (`MOD_MEM_NUM_TYPES` is 7).
const MOST_PARTS: u64 = 16;

/// As what is noted that the list of modules could not be read, or only its beginning.
const LIST: [&str; 2] = ["modules", "the rest of the modules"];
/// The same of one module, whose name follows.
const SYMBOLS: &str = "symbols of module ";
const TYPES: &str = "types of module ";

/// Whether a note tells of what is read here: it is read again, and noted again, when more symbols or types are known.
pub(crate) fn is_noted(what: &str) -> bool {
    LIST.contains(&what) || what.starts_with(SYMBOLS) || what.starts_with(TYPES)
}

/// A loaded module.
#[derive(Debug)]
pub struct Loaded {
    /// Its name.
    pub name: String,
    /// Its `struct module`.
    pub address: u64,
    /// The memory that it has, in no order.
    pub parts: Vec<Range<u64>>,
    /// Those parts, or the beginnings of those, that are code.
    pub text: Vec<Range<u64>>,
    symbols: OnceCell<Option<SymbolTable>>,
    types: OnceCell<Option<Btf>>,
    /// Debug information out of a file that was given.
    pub(crate) debug: OnceCell<crate::debug::Debug>,
}

impl Loaded {
    /// Its own symbols: none if they could not be read, which is noted then.
    pub fn symbols(&self, kernel: &Kernel) -> Option<&SymbolTable> {
        let read = || match read_symbols(kernel, self.address) {
            Ok(table) => Some(table),
            Err(why) => {
                kernel.note(&format!("{SYMBOLS}{}", self.name), &why);
                None
            }
        };
        self.symbols.get_or_init(read).as_ref()
    }

    /// Whether an address lies in its memory.
    pub fn holds(&self, address: u64) -> bool {
        self.parts.iter().any(|part| part.contains(&address))
    }
}

impl Kernel {
    /// The modules, in the kernel's order: that loaded last first. What could not be read is noted.
    pub fn loaded(&self) -> &[Loaded] {
        self.loaded.get_or_init(|| {
            let mut all = Vec::new();
            if let Err(why) = self.read_modules(&mut all) {
                self.note(LIST[usize::from(!all.is_empty())], &why);
            }
            all
        })
    }

    /// The module in whose memory an address lies.
    pub fn loaded_at(&self, address: u64) -> Option<&Loaded> {
        self.loaded().iter().find(|module| module.holds(address))
    }

    /// The types of a module, which include the kernel's: none where the module has no BTF.
    pub fn module_types(&self, name: &str) -> Option<&dyn Types> {
        let module = self.loaded().iter().find(|module| module.name == name)?;
        let read = || match self.read_module_types(module) {
            Ok(types) => types,
            Err(why) => {
                self.note(&format!("{TYPES}{name}"), &why);
                None
            }
        };
        module.types.get_or_init(read).as_ref().map(|btf| btf as &dyn Types)
    }

    /// The types of one name, the first kind that there is: the kernel's own; or where it has none, those of all modules that
    /// have one. Each with its module and with the types that it is one of.
    pub fn types_named(&self, kinds: &[Kind], name: &str) -> Vec<(Option<&str>, &dyn Types, TypeId)> {
        let find = |types: &dyn Types| kinds.iter().find_map(|kind| types.find(*kind, name));
        if let Some((types, id)) = self.types().and_then(|types| Some((types, find(types)?))) {
            return vec![(None, types, id)];
        }
        let mut found = Vec::new();
        for module in self.loaded() {
            let Some(types) = self.module_types(&module.name) else { continue };
            found.extend(find(types).map(|id| (Some(module.name.as_str()), types, id)));
        }
        found
    }

    fn read_modules(&self, all: &mut Vec<Loaded>) -> Result<(), String> {
        // A kernel built without CONFIG_MODULES has no such list.
        let Some(head) = self.symbol("modules") else {
            return if self.kallsyms.is_some() { Ok(()) } else { Err("the kernel's symbols are not known".to_owned()) };
        };
        for module in self.list(head, "struct module", "list") {
            let module = module.map_err(|error| error.to_string())?;
            let module = module.load().map_err(|error| error.to_string())?;
            all.push(read_module(&module).map_err(|error| error.to_string())?);
        }
        Ok(())
    }

    /// Before Linux 5.16 a module's BTF is only in the list `btf_modules`; `struct module` has it too (36e68442d1af "bpf:
    /// Load and verify kernel module BTFs").
    fn read_module_types(&self, module: &Loaded) -> Result<Option<Btf>, String> {
        let Some(base) = &self.btf else { return Ok(None) };
        let module = self.at("struct module", module.address).map_err(|error| error.to_string())?;
        let btf = self.module_btf(&module).map_err(|error| error.to_string())?;
        let Some((start, length)) = btf else { return Ok(None) };
        self.read_btf(start, length, Some(base.clone())).map(Some)
    }

    /// Where a module's BTF lies: the copy that the list `btf_modules` keeps, for the section in `struct module` is only
    /// kept by kernels that show it in sysfs.
    fn module_btf(&self, module: &Object<'_>) -> Result<Option<(u64, u64)>, ObjectError> {
        if let Some(head) = self.symbol("btf_modules").filter(|_| self.has_member("struct btf_module", "list")) {
            for entry in self.list(head, "struct btf_module", "list") {
                let Ok(entry) = entry else { break };
                if entry.member("module")?.u64()? == module.address() {
                    let btf = entry.member("btf")?.deref()?;
                    return Ok(Some((btf.member("data")?.u64()?, btf.member("data_size")?.u64()?)));
                }
            }
        }
        if !module.has("btf_data") {
            return Ok(None);
        }
        let (start, length) = (module.member("btf_data")?.u64()?, module.member("btf_data_size")?.u64()?);
        Ok((start != 0 && length != 0).then_some((start, length)))
    }
}

fn read_module(module: &Object<'_>) -> Result<Loaded, ObjectError> {
    let mut parts = Vec::new();
    let mut text = Vec::new();
    let mut part = |base: u64, size: u64, code: u64| {
        let size = size.min(LONGEST_PART);
        if base != 0 && size != 0 {
            let range = base..base.saturating_add(size);
            if code != 0 {
                text.push(base..base.saturating_add(code.min(size)));
            }
            parts.push(range);
        }
    };
    let number = |path: &str| module.member(path).and_then(|member| member.u64());
    if module.has("mem") {
        // Since Linux 6.4 (ac3b43283923 "module: replace module_layout with module_memory").
        let mem = module.member("mem")?;
        let code = |name: &str, otherwise: u64| {
            module.kernel().constant(name).and_then(|value| u64::try_from(value).ok()).unwrap_or(otherwise)
        };
        let codes = [code("MOD_TEXT", 0), code("MOD_INIT_TEXT", 4)];
        for kind in 0..mem.count().unwrap_or(0).min(MOST_PARTS) {
            let memory = mem.element(kind)?;
            let (base, size) = (memory.member("base")?.u64()?, memory.member("size")?.u64()?);
            part(base, size, if codes.contains(&kind) { size } else { 0 });
        }
    } else if module.has("core_layout") {
        // Since Linux 4.5 (7523e4dc5057 "module: use a structure to encapsulate layout.").
        for layout in ["core_layout", "init_layout"] {
            part(
                number(&format!("{layout}.base"))?,
                number(&format!("{layout}.size"))?,
                number(&format!("{layout}.text_size"))?,
            );
        }
        if module.has("data_layout") {
            // Since Linux 5.18, where architectures want it (01dc0386efb7 "module: Add
            // CONFIG_ARCH_WANTS_MODULES_DATA_IN_VMALLOC").
            part(number("data_layout.base")?, number("data_layout.size")?, 0);
        }
    } else {
        part(number("module_core")?, number("core_size")?, number("core_text_size")?);
        part(number("module_init")?, number("init_size")?, number("init_text_size")?);
    }
    Ok(Loaded {
        name: module.member("name")?.string()?,
        address: module.address(),
        parts,
        text,
        symbols: OnceCell::new(),
        types: OnceCell::new(),
        debug: OnceCell::new(),
    })
}

/// A module's own symbols: `struct mod_kallsyms` behind the pointer `kallsyms` since Linux 4.5 (8244062ef1e5 "modules: fix
/// longstanding /proc/kallsyms vs module insertion race."), before that in `struct module` itself.
fn read_symbols(kernel: &Kernel, module: u64) -> Result<SymbolTable, String> {
    let places = || -> Result<ModuleSymbols, ObjectError> {
        let module = kernel.at("struct module", module)?;
        let tables = if module.has("kallsyms") { module.member("kallsyms")?.deref()? } else { module };
        let typetab = if tables.has("typetab") { Some(tables.member("typetab")?.u64()?) } else { None };
        let count = tables.member("num_symtab")?.u64()?;
        Ok(ModuleSymbols {
            symtab: tables.member("symtab")?.u64()?,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            strtab: tables.member("strtab")?.u64()?,
            typetab,
        })
    };
    let places = places().map_err(|error| error.to_string())?;
    load(kernel, kernel.layout(), &places).map_err(|error| match kernel.translate(error.address) {
        Err(why) => why.to_string(),
        Ok(_) => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::is_noted;

    #[test]
    fn only_what_is_read_here_is_forgotten() {
        let ours = ["modules", "the rest of the modules", "symbols of module nf_tables", "types of module ext4"];
        assert!(ours.into_iter().all(is_noted));
        let others = ["debug information of a module", "the kernel's symbols (kallsyms)", "module", "source lines"];
        assert!(!others.into_iter().any(is_noted));
    }
}
