//! Lists of symbols that are no ELF file: System.map, /proc/kallsyms, what lies in a kernel image.
//!
//! Must never say of a list that it is a running kernel's: System.map has the addresses of the linker.

use crate::names;
use oopscope_source::ReadAt;
use oopscope_symbols::image::{self, KernelImage, Origin};
use oopscope_symbols::system_map::SystemMap;
use oopscope_symbols::{Symbol, SymbolTable};
use std::rc::Rc;

/// Such a list.
pub(crate) struct Table {
    /// As [`oopscope_report::SymbolFile::kind`] says it.
    pub(crate) kind: &'static str,
    /// Whether its addresses are those of the running kernel: KASLR is in them.
    pub(crate) is_live: bool,
    /// The kernel's own symbols.
    pub(crate) symbols: SymbolTable,
    /// Modules' symbols, by their names.
    pub(crate) modules: Vec<(String, SymbolTable)>,
    /// The kernel that it says it is of.
    pub(crate) release: Option<String>,
    /// `Linux version …`, of an image.
    pub(crate) banner: Option<String>,
    /// Build-id as hex digits.
    pub(crate) build_id: Option<String>,
    /// What must be known about it.
    pub(crate) note: Option<String>,
}

impl Table {
    /// Reads a file as such a list; none where it is something else.
    pub(crate) fn open(bytes: &Rc<dyn ReadAt>, head: &[u8]) -> Option<Result<Self, String>> {
        if is_image(head) {
            return Some(
                image::open(Rc::clone(bytes), &mut |_, _| true).map(Self::of_image).map_err(|why| why.to_string()),
            );
        }
        SystemMap::is(head).then(|| SystemMap::read(&**bytes).map(Self::of_text).map_err(|error| error.to_string()))
    }

    /// What lies in a kernel as it is booted.
    fn of_image(image: KernelImage) -> Self {
        let note = match image.origin {
            Origin::None(why) => Some(format!("no symbols were found in it: {why}")),
            _ if !image.placed => {
                Some("it is not known where its first byte lies in memory: its addresses are not used".to_owned())
            }
            _ => None,
        };
        let release = image.release().map(str::to_owned);
        Self {
            kind: "kernel-image",
            is_live: false,
            symbols: if image.placed { image.symbols } else { SymbolTable::default() },
            modules: Vec::new(),
            release,
            banner: image.banner,
            build_id: image.build_id.as_deref().map(names::hex),
            note,
        }
    }

    /// A list of text. Modules' symbols are a running kernel's alone, and so are addresses that are not where the linker
    /// puts things.
    fn of_text(text: SystemMap) -> Self {
        let is_live = !text.modules.is_empty() || text.kernel.iter().any(|symbol| is_live_only(symbol.name));
        let note = text.cut.then(|| "its last line was cut off: there were more".to_owned());
        Self {
            kind: if is_live { "kallsyms" } else { "system-map" },
            is_live,
            symbols: text.kernel,
            modules: text.modules.into_iter().map(|module| (module.name, module.table)).collect(),
            release: None,
            banner: None,
            build_id: None,
            note,
        }
    }

    /// The symbol in which an address lies, and whose it is.
    pub(crate) fn at(&self, address: u64) -> Option<(Symbol<'_>, Option<&str>)> {
        let code = |symbol: &Symbol<'_>| matches!(symbol.kind, b't' | b'T' | b'w' | b'W');
        if let Some(symbol) = self.symbols.at(address).filter(code) {
            return Some((symbol, None));
        }
        self.modules.iter().find_map(|(name, symbols)| {
            let symbol = symbols.at(address).filter(code)?;
            Some((symbol, Some(name.as_str())))
        })
    }
}

/// Names that only a running kernel's list has: what it makes while it runs.
fn is_live_only(name: &str) -> bool {
    name.starts_with("bpf_prog_") || name.starts_with("__builtin__ftrace") || name == "ftrace_trampoline"
}

/// Whether a file begins as a kernel does that is booted: an EFI application, x86's boot header
/// (Documentation/arch/x86/boot.rst), arm's zImage (arch/arm/boot/compressed/head.S), arm64's and riscv's Image
/// (Documentation/arch/arm64/booting.rst), U-Boot's.
fn is_image(head: &[u8]) -> bool {
    let has = |at: usize, magic: &[u8]| head.get(at..at + magic.len()) == Some(magic);
    has(0, b"MZ")
        || has(0x202, b"HdrS")
        || has(0x24, &[0x18, 0x28, 0x6f, 0x01])
        || has(0x24, &[0x01, 0x6f, 0x28, 0x18])
        || has(0x38, b"ARM\x64")
        || has(0x38, b"RSC\x05")
        || has(0, &[0x27, 0x05, 0x19, 0x56])
}
