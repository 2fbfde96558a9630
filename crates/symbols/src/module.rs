//! A module's own symbols: the part of its ELF symbol table that the kernel keeps in memory.
//!
//! Must never trust a letter that is not there: where the kernel kept it has changed.

use crate::elf_symbol::{self, ElfSymbol, is_name};
use crate::table::Builder;
use crate::window::Window;
use crate::{Layout, Memory, SymbolTable, Unreadable};

/// The most symbols that are read.
const MOST: u32 = 1 << 20;

/// The most bytes of names that are read.
const MOST_BYTES: usize = 64 << 20;

/// The longest name.
const LONGEST: usize = 2048;

/// Where a module's symbols lie: its `struct mod_kallsyms`, to which `struct module.kallsyms` points
/// (include/linux/module.h).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleSymbols {
    /// `symtab`: an array of `Elf_Sym`.
    pub symtab: u64,
    /// `num_symtab`.
    pub count: u32,
    /// `strtab`.
    pub strtab: u64,
    /// `typetab`: nm's letters (5.2, "kallsyms: store type information in its own array"). Before, they took the place of
    /// `st_size` (5.0) or `st_info`.
    pub typetab: Option<u64>,
}

/// Reads a module's symbols. Undefined and absolute ones, and the marks that tell code from data, are left out.
pub fn load(memory: &dyn Memory, layout: Layout, places: &ModuleSymbols) -> Result<SymbolTable, Unreadable> {
    let count = places.count.min(MOST);
    let mut window = Window::new(memory, places.symtab);
    let mut symbols = Vec::with_capacity(count.min(1 << 12) as usize);
    for _ in 0..count {
        symbols.push(ElfSymbol::new(window.take(elf_symbol::size(layout))?, layout));
    }
    let letters = match places.typetab {
        Some(typetab) => {
            let mut window = Window::new(memory, typetab);
            let mut letters = Vec::with_capacity(symbols.len());
            for _ in 0..symbols.len() {
                letters.push(window.take(1)?[0]);
            }
            letters
        }
        None => Vec::new(),
    };
    let last = symbols.iter().map(|symbol| symbol.name).max().unwrap_or(0);
    let names = strings(memory, places.strtab, last as usize)?;
    let mut builder = Builder::with_room(symbols.len());
    for (item, symbol) in symbols.iter().enumerate() {
        // SHN_UNDEF, and SHN_LORESERVE and above.
        if symbol.section == 0 || symbol.section >= 0xff00 {
            continue;
        }
        let rest = names.get(symbol.name as usize..).unwrap_or(&[]);
        let Some(end) = rest.iter().take(LONGEST).position(|&byte| byte == 0) else { continue };
        let name = &rest[..end];
        if !is_name(name) {
            continue;
        }
        let (kind, size) = match letters.get(item) {
            Some(&letter) => (letter, Some(symbol.size)),
            None if is_letter(u64::from(symbol.info)) => (symbol.info, Some(symbol.size)),
            None if is_letter(symbol.size) => (u8::try_from(symbol.size).unwrap_or(b'?'), None),
            None => (b'?', Some(symbol.size)),
        };
        builder.push(symbol.value, if is_letter(u64::from(kind)) { kind } else { b'?' }, name, size);
    }
    Ok(builder.finish())
}

fn is_letter(value: u64) -> bool {
    u8::try_from(value).is_ok_and(|byte| b"AaBbCcDdGgIiNnRrSsTtVvWw".contains(&byte))
}

/// The names, to the end of the one that begins at `last`; what lies behind memory that can't be read is left out.
fn strings(memory: &dyn Memory, at: u64, last: usize) -> Result<Vec<u8>, Unreadable> {
    let mut window = Window::new(memory, at);
    let mut names = Vec::with_capacity((last + 64).min(1 << 20));
    let mut most = 4096;
    while names.len() < MOST_BYTES && (names.len() <= last || names.last() != Some(&0)) {
        let piece = last.saturating_sub(names.len()).clamp(1, most);
        match window.take(piece) {
            Ok(bytes) => names.extend_from_slice(bytes),
            // Up to the hole, byte by byte.
            Err(_) if piece > 1 => most = 1,
            Err(error) if names.is_empty() => return Err(error),
            Err(_) => break,
        }
    }
    Ok(names)
}
