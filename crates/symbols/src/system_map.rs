//! `System.map`, `/proc/kallsyms` and what nm prints: an address, a letter, a name to a line.
//!
//! Must never take addresses that were hidden for addresses, nor the end of a line that was cut for a name.

use std::collections::BTreeMap;

use oopscope_source::{ReadAt, ReadError};

use crate::SymbolTable;
use crate::kallsyms::MOST;
use crate::table::Builder;
use crate::text_lines::{hexadecimal, lines, words};

/// The most modules: names in brackets that are different.
const MOST_MODULES: usize = 1 << 14;

/// The longest that a line without a symbol may stand in front of the first one. nm prints undefined symbols first.
const HEAD: usize = 64 << 10;

/// Why such a text gives no symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It has none.
    #[error("it has no line of an address, a letter and a name")]
    Empty,
    /// All addresses are zero.
    #[error(
        "its addresses are hidden, all are 0: it was read without the right to see them; read it as root, with \
         kernel.kptr_restrict at 0 or 1"
    )]
    Hidden,
    /// There are more than any kernel has.
    #[error("it has more than {most} symbols, which no kernel has")]
    TooMany {
        /// How many are believed.
        most: u32,
    },
}

/// The symbols of a module that was loaded.
#[derive(Clone, Debug)]
pub struct ModuleSymbols {
    /// Its name; eBPF's programs and code that the kernel makes at run time have names of this form, too.
    pub name: String,
    /// Its symbols where it was loaded.
    pub table: SymbolTable,
}

/// Symbols of a kernel as text.
#[derive(Clone, Debug)]
pub struct SystemMap {
    /// The kernel's own. Of `System.map` and nm as the linker has them, of `/proc/kallsyms` as the kernel ran (KASLR applied).
    pub kernel: SymbolTable,
    /// The modules', in the order of their names; `/proc/kallsyms` alone has them.
    pub modules: Vec<ModuleSymbols>,
    /// Whether the last line was cut off in the middle.
    pub cut: bool,
    /// How many lines are no symbols.
    pub passed: u32,
}

impl SystemMap {
    /// Whether a file that begins like this is one.
    pub fn is(head: &[u8]) -> bool {
        let head = &head[..head.len().min(HEAD)];
        let mut lines = head.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let first = lines.find(|line| !is_undefined(line.trim_ascii_end()));
        first.is_some_and(|line| symbol(line.trim_ascii_end()).is_some())
    }

    /// Reads one.
    pub fn read(file: &dyn ReadAt) -> Result<Self, MapError> {
        let mut kernel = Builder::default();
        let mut modules: BTreeMap<Vec<u8>, Builder> = BTreeMap::new();
        let (mut count, mut passed, mut hidden) = (0_u32, 0_u32, true);
        let end = lines(file, &mut |line| {
            let Some(symbol) = symbol(line) else {
                passed = passed.saturating_add(u32::from(!line.is_empty() && !is_undefined(line)));
                return true;
            };
            if count == MOST {
                return false;
            }
            count += 1;
            hidden &= symbol.address == 0;
            let builder = match symbol.module {
                None => &mut kernel,
                Some(module) => {
                    if let Some(builder) = modules.get_mut(module) {
                        builder
                    } else if modules.len() < MOST_MODULES {
                        modules.entry(module.to_vec()).or_default()
                    } else {
                        return true;
                    }
                }
            };
            builder.push(symbol.address, symbol.kind, symbol.name, symbol.size);
            true
        })?;
        match count {
            0 => return Err(MapError::Empty),
            MOST => return Err(MapError::TooMany { most: MOST }),
            _ if hidden => return Err(MapError::Hidden),
            _ => {}
        }
        let module = |(name, builder): (Vec<u8>, Builder)| ModuleSymbols {
            name: String::from_utf8_lossy(&name).into_owned(),
            table: builder.finish(),
        };
        let modules = modules.into_iter().map(module).collect();
        Ok(Self { kernel: kernel.finish(), modules, cut: !end.whole, passed })
    }

    /// The symbols of a module, by its name; the kernel takes `-` and `_` for the same.
    pub fn module(&self, name: &str) -> Option<&SymbolTable> {
        let same = |one: &ModuleSymbols| {
            one.name.len() == name.len()
                && one
                    .name
                    .bytes()
                    .zip(name.bytes())
                    .all(|(a, b)| a == b || matches!((a, b), (b'-', b'_') | (b'_', b'-')))
        };
        self.modules.iter().find(|one| same(one)).map(|one| &one.table)
    }
}

/// A line's parts.
struct Line<'l> {
    address: u64,
    size: Option<u64>,
    kind: u8,
    name: &'l [u8],
    module: Option<&'l [u8]>,
}

/// `ffffffff81000000 T _stext`, with a size before the letter (`nm -S`), or a module behind the name.
fn symbol(line: &[u8]) -> Option<Line<'_>> {
    let mut words = words(line);
    let address = words.next().filter(|word| matches!(word.len(), 8 | 16))?;
    let mut next = words.next()?;
    let mut size = None;
    if next.len() == address.len() {
        size = Some(hexadecimal(next)?);
        next = words.next()?;
    }
    let &[kind] = next else { return None };
    let name = words.next()?;
    let module = match words.next() {
        None => None,
        Some(word) => Some(word.strip_prefix(b"[")?.strip_suffix(b"]")?),
    };
    let known = kind.is_ascii_alphabetic() || kind == b'?' || kind == b'-';
    let plain = address.iter().all(u8::is_ascii_hexdigit) && words.next().is_none();
    (known && plain).then_some(Line { address: hexadecimal(address)?, size, kind, name, module })
}

/// `                 U printk`: what nm prints of a symbol that is defined elsewhere.
fn is_undefined(line: &[u8]) -> bool {
    let mut words = words(line);
    line.first().is_some_and(u8::is_ascii_whitespace)
        && matches!(words.next(), Some(b"U" | b"w" | b"v"))
        && words.next().is_some()
        && words.next().is_none()
}
