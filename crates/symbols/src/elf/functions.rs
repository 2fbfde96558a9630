//! Some functions out of a file's symbol table, by name or by address: symbolization wants twenty of 200,000.
//!
//! The table is read once from front to back, and no list of it is made but of where code's symbols begin. Must never
//! decide between functions of one name: all are given, with what tells them apart.

use goblin::elf::section_header::{SHF_EXECINSTR, SHN_LORESERVE, SHN_UNDEF, SHN_XINDEX, SHT_SYMTAB};
use goblin::elf::sym::{
    STB_GLOBAL, STB_WEAK, STT_FILE, STT_FUNC, STT_GNU_IFUNC, STT_SECTION, STT_TLS, st_bind, st_type,
};
use oopscope_source::ReadAt;

use super::symbols::MOST;
use super::{ElfError, Outline, Section, slice};
use crate::elf_symbol::{self, ElfSymbol, is_name};

/// Symbols that are read at once, into the same 768 KiB: memory that was never touched costs more than what is read into it.
const PIECE: u64 = 1 << 15;

/// The longest name. The kernel's own limit is 512 (include/linux/kallsyms.h, KSYM_NAME_LEN).
const LONGEST: usize = 4096;

/// The most answers of one search: what `__key.0` has in a kernel is some thousands.
const MOST_FOUND: usize = 1 << 18;

/// SHT_SYMTAB_SHNDX: the sections' numbers of symbols, where 16 bits don't suffice.
const SYMTAB_SHNDX: u32 = 18;

/// EM_ARM.
const ARM: u16 = 40;

/// A place in a file: what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Of a module or an object file, the number of the section from whose beginning the address counts; none for a
    /// linked file.
    pub section: Option<u32>,
    /// The address that the linker gave, or the offset in the section.
    pub address: u64,
}

/// A function, or another symbol, as the file's table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Which of the names or places that were asked for it answers.
    pub asked: usize,
    /// Its name as the linker knows it.
    pub name: String,
    /// The number of its section.
    pub section: u32,
    /// The address that the linker gave; in a module or an object file, the offset in the section.
    pub address: u64,
    /// Bytes, as the table says (`st_size`); 0 where it does not.
    pub size: u64,
    /// Where the next symbol of the code begins, or else its section ends: the kernel's idea of where a function ends,
    /// padding included (kernel/kallsyms.c, get_symbol_pos; kernel/module/kallsyms.c, find_kallsyms_symbol). None for what
    /// is not code.
    pub next: Option<u64>,
    /// True where `next` is its section's end: a module's sections follow each other in memory, and the kernel then counts
    /// up to the next section's first symbol.
    pub last: bool,
    /// Whether other files see it: static functions are not.
    pub global: bool,
    /// Whether the table says that it is a function; labels of assembler code often are not.
    pub function: bool,
}

impl Function {
    /// Bytes as the kernel prints them behind the slash of `name+0x1/0x2`: up to the next symbol.
    pub fn span(&self) -> Option<u64> {
        self.next.and_then(|next| next.checked_sub(self.address))
    }
}

/// All symbols of some names, in the order of the table. A name is compared as a whole: `f` is not `f.cold`.
pub fn find(file: &dyn ReadAt, outline: &Outline, names: &[&str]) -> Result<Vec<Function>, ElfError> {
    let wanted = Wanted::new(names);
    let mut found = Vec::new();
    let mut starts = Vec::new();
    scan(file, outline, &mut |symbol, strings| {
        if symbol.code && symbol.counts(strings) {
            starts.push((symbol.group, symbol.address));
        }
        let Some(asked) = wanted.find(symbol.beginning, strings.from(symbol.name)) else { return };
        let room = MOST_FOUND - found.len();
        found.extend(asked.take(room).map(|asked| symbol.function(asked, strings.text(symbol.name))));
    })?;
    neighbours(outline, &mut found, &starts);
    Ok(found)
}

/// The function in which each of some places lies, as the kernel would name it; none for a place that is no code or lies
/// before all symbols. Of several names of one address it is the kernel's choice (scripts/kallsyms.c, compare_symbols;
/// for modules the first of the table).
pub fn at(file: &dyn ReadAt, outline: &Outline, places: &[Place]) -> Result<Vec<Option<Function>>, ElfError> {
    let linked = !outline.is_module();
    let mut order: Vec<usize> = (0..places.len()).collect();
    let key = |place: &Place| (if linked { 0 } else { place.section.unwrap_or(0) }, place.address);
    order.sort_by_key(|&item| key(&places[item]));
    let sorted: Vec<(u32, u64)> = order.iter().map(|&item| key(&places[item])).collect();
    let mut best: Vec<Option<(Symbol, Function)>> = vec![None; sorted.len()];
    let mut starts = Vec::new();
    scan(file, outline, &mut |symbol, strings| {
        if !symbol.code || !symbol.counts(strings) {
            return;
        }
        let start = (symbol.group, symbol.address);
        starts.push(start);
        // The first place that is not before it keeps it; those behind are given it below.
        let slot = sorted.partition_point(|place| *place < start);
        let Some(kept) = best.get_mut(slot).filter(|_| sorted[slot].0 == symbol.group) else { return };
        let better = kept.as_ref().is_none_or(|(old, _)| {
            symbol.address > old.address
                || linked && symbol.address == old.address && symbol.rank(strings) < old.rank(strings)
        });
        if better {
            *kept = Some((*symbol, symbol.function(order[slot], strings.text(symbol.name))));
        }
    })?;
    for slot in 1..best.len() {
        if best[slot].is_none() && sorted[slot].0 == sorted[slot - 1].0 {
            let (before, rest) = best.split_at_mut(slot);
            rest[0].clone_from(&before[slot - 1]);
        }
    }
    let mut functions: Vec<Function> = Vec::new();
    let mut out = vec![None; places.len()];
    for (slot, kept) in best.into_iter().enumerate() {
        if let Some((_, function)) = kept {
            functions.push(Function { asked: order[slot], ..function });
        }
    }
    neighbours(outline, &mut functions, &starts);
    for function in functions {
        let address = places[function.asked].address;
        if function.next.is_some_and(|next| address < next) {
            let asked = function.asked;
            out[asked] = Some(function);
        }
    }
    Ok(out)
}

/// A symbol that has a place in the file.
#[derive(Clone, Copy, Debug)]
struct Symbol {
    /// Where its name begins.
    name: u32,
    /// The first eight bytes of its name, zeros behind its end.
    beginning: u64,
    info: u8,
    section: u32,
    /// What its address is compared within: 0 in a linked file, or else its section.
    group: u32,
    address: u64,
    size: u64,
    /// Whether its section is code.
    code: bool,
}

impl Symbol {
    fn function(&self, asked: usize, name: &[u8]) -> Function {
        let form = st_type(self.info);
        Function {
            asked,
            name: String::from_utf8_lossy(name).into_owned(),
            section: self.section,
            address: self.address,
            size: self.size,
            next: None,
            last: false,
            global: matches!(st_bind(self.info), STB_GLOBAL | STB_WEAK),
            function: matches!(form, STT_FUNC | STT_GNU_IFUNC),
        }
    }

    /// Whether the kernel's own table has it, so that what lies before it ends here.
    fn counts(&self, strings: &Strings) -> bool {
        let [first, second, ..] = self.beginning.to_le_bytes();
        match first {
            0 => false,
            b'.' | b'$' | b'L' => is_name(strings.text(self.name)),
            b'_' if second == b'_' => !is_ignored(strings.text(self.name)),
            _ => true,
        }
    }

    /// The smaller, the better the name is among those of one address (scripts/kallsyms.c, compare_symbols): what is not
    /// weak, what no linker script provides, what begins with fewer underscores, what nm sorts to the front.
    fn rank<'s>(&self, strings: &'s Strings) -> (bool, bool, usize, &'s [u8]) {
        let name = strings.text(self.name);
        let provided = name.strip_prefix(b"__").is_some_and(|rest| {
            [&b"start_"[..], b"stop_", b"end_"].iter().any(|word| rest.starts_with(word))
                || [&b"_start"[..], b"_end"].iter().any(|word| rest.ends_with(word))
        });
        let underscores = name.iter().take_while(|&&byte| byte == b'_').count();
        (st_bind(self.info) == STB_WEAK, provided, underscores, name)
    }
}

/// Whether the kernel's build leaves it out of kallsyms (scripts/mksysmap): marks under a prefix, the linker's own
/// stubs, the EFI stub's second names, numbers that are no addresses.
fn is_ignored(name: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 11] = [
        b"__efistub_",
        b"__kcfi_typeid_",
        b"__crc_",
        b"__ksymtab_",
        b"__kstrtab_",
        b"__kstrtabns_",
        b"__AArch64ADRPThunk_",
        b"__ARMV5PILongThunk_",
        b"__ARMV7PILongThunk_",
        b"__ThumbV7PILongThunk_",
        b"__LA25Thunk_",
    ];
    let rest = [&b"__pi_"[..], b"__kvm_nvhe_"].iter().find_map(|prefix| name.strip_prefix(*prefix));
    rest.is_some_and(|rest| !is_name(rest) || rest.starts_with(b"__kcfi_typeid_"))
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// The table of names.
struct Strings(Vec<u8>);

impl Strings {
    fn from(&self, at: u32) -> &[u8] {
        self.0.get(at as usize..).unwrap_or(&[])
    }

    /// The name that begins at `at`; empty where it has no end.
    fn text(&self, at: u32) -> &[u8] {
        let rest = self.from(at);
        let rest = &rest[..rest.len().min(LONGEST)];
        rest.iter().position(|&byte| byte == 0).map_or(&[], |end| &rest[..end])
    }

    /// The first eight bytes of the name that begins at `at`, zeros behind its end.
    fn beginning(&self, at: u32) -> u64 {
        let rest = self.from(at);
        rest.first_chunk().map_or_else(|| short(rest), |raw| until_zero(u64::from_le_bytes(*raw)))
    }
}

/// The first eight bytes of a name, the first of them in the lowest bits.
fn short(name: &[u8]) -> u64 {
    until_zero(name.iter().take(8).rev().fold(0, |word, &byte| word << 8 | u64::from(byte)))
}

/// A word's bytes before its first zero byte, from the lowest on.
fn until_zero(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let zeros = word.wrapping_sub(ONES) & !word & (ONES << 7);
    if zeros == 0 {
        return word;
    }
    word & !(u64::MAX << (zeros.trailing_zeros() & !7))
}

/// The names that are asked for, to be met by any of 200,000 symbols in a nanosecond.
struct Wanted<'n> {
    /// By the first eight bytes: what no name begins with has no bit here.
    bits: [u64; 64],
    names: Vec<(u64, &'n [u8], usize)>,
}

impl<'n> Wanted<'n> {
    fn new(names: &[&'n str]) -> Self {
        let mut names: Vec<_> = names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty() && !name.contains('\0'))
            .map(|(asked, name)| (short(name.as_bytes()), name.as_bytes(), asked))
            .collect();
        names.sort_unstable();
        let mut bits = [0; 64];
        for (beginning, ..) in &names {
            let (word, bit) = Self::bit(*beginning);
            bits[word] |= bit;
        }
        Self { bits, names }
    }

    fn bit(beginning: u64) -> (usize, u64) {
        let [.., low, high] = beginning.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        (usize::from(high & 63), 1 << (low & 63))
    }

    /// Which of the names `rest` begins with, as a whole.
    #[inline]
    fn find<'w>(&'w self, beginning: u64, rest: &'w [u8]) -> Option<impl Iterator<Item = usize> + 'w> {
        let (word, bit) = Self::bit(beginning);
        if self.bits[word] & bit == 0 {
            return None;
        }
        let from = self.names.partition_point(|name| name.0 < beginning);
        let same = self.names[from..].iter().take_while(move |name| name.0 == beginning);
        let whole = move |name: &[u8]| rest.starts_with(name) && rest.get(name.len()) == Some(&0);
        Some(same.filter(move |name| whole(name.1)).map(|name| name.2))
    }
}

/// Hands over every symbol that has a place, in the order of the table.
fn scan(file: &dyn ReadAt, outline: &Outline, visit: &mut dyn FnMut(&Symbol, &Strings)) -> Result<(), ElfError> {
    let layout = outline.layout;
    let (number, table) =
        (0..).zip(&outline.sections).find(|(_, section)| section.kind == SHT_SYMTAB).ok_or(ElfError::Stripped)?;
    let names = usize::try_from(table.link).ok().and_then(|link| outline.sections.get(link));
    let names = names.ok_or(ElfError::Damaged { what: "symbol table" })?;
    if table.compressed || names.compressed {
        return Err(ElfError::Compressed);
    }
    if !table.in_file || !names.in_file {
        return Err(ElfError::Stripped);
    }
    let width = elf_symbol::size(layout);
    let count = table.size / width as u64;
    if count > MOST {
        return Err(ElfError::TooLarge { what: "its symbols", size: count });
    }
    let strings = Strings(slice(file, names.offset, names.size, "the names of its symbols")?);
    let numbers = outline.sections.iter().find(|section| section.kind == SYMTAB_SHNDX && section.link == number);
    let code: Vec<bool> =
        outline.sections.iter().map(|section| section.flags & u64::from(SHF_EXECINSTR) != 0).collect();
    let linked = !outline.is_module();
    let (mut raw, mut long) = (Vec::new(), Vec::new());
    let mut from = 0;
    while from < count {
        let now = PIECE.min(count - from);
        part(file, table, from * width as u64, now * width as u64, &mut raw)?;
        if let Some(numbers) = numbers {
            part(file, numbers, from * 4, now * 4, &mut long)?;
        }
        for (item, raw) in raw.chunks_exact(width).enumerate() {
            let symbol = ElfSymbol::new(raw, layout);
            let mut section = u32::from(symbol.section);
            if section == SHN_XINDEX {
                section = layout.u32(long.get(item * 4..).unwrap_or(&[]));
            } else if section >= SHN_LORESERVE {
                continue;
            }
            let form = st_type(symbol.info);
            if section == SHN_UNDEF || matches!(form, STT_SECTION | STT_FILE | STT_TLS) {
                continue;
            }
            let Some(&code) = code.get(section as usize) else { continue };
            // A function of Thumb-2 code is marked by its lowest bit, which is no part of its address.
            let thumb = outline.machine == ARM && form == STT_FUNC;
            let address = if thumb { symbol.value & !1 } else { symbol.value };
            let one = Symbol {
                name: symbol.name,
                beginning: strings.beginning(symbol.name),
                info: symbol.info,
                section,
                group: if linked { 0 } else { section },
                address,
                size: symbol.size,
                code,
            };
            visit(&one, &strings);
        }
        from += now;
    }
    Ok(())
}

/// Reads a part of a section's bytes, no more than a piece.
fn part(file: &dyn ReadAt, section: &Section, from: u64, size: u64, out: &mut Vec<u8>) -> Result<(), ElfError> {
    let damaged = ElfError::Damaged { what: "symbol table" };
    let offset = section.offset.checked_add(from).ok_or(damaged)?;
    let outside = ElfError::Outside { what: "its symbols", offset, size, length: file.len() };
    if offset.checked_add(size).is_none_or(|end| end > file.len()) {
        return Err(outside);
    }
    out.resize(usize::try_from(size).map_err(|_| damaged)?, 0);
    if file.read_at(offset, out)? < out.len() { Err(outside) } else { Ok(()) }
}

/// Gives every function of code the beginning of the next, or the end of its section.
fn neighbours(outline: &Outline, found: &mut [Function], starts: &[(u32, u64)]) {
    let linked = !outline.is_module();
    let key = |function: &Function| (if linked { 0 } else { function.section }, function.address);
    let mut own: Vec<(u32, u64)> = found.iter().map(key).collect();
    own.sort_unstable();
    own.dedup();
    // Of every address the nearest beginning behind it: first of those that lie before the following address, then, as no
    // other lies between, the following one's own.
    let mut next: Vec<Option<u64>> = vec![None; own.len()];
    for &(group, start) in starts {
        let before = own.partition_point(|one| *one < (group, start));
        let Some(slot) = before.checked_sub(1).filter(|&slot| own[slot].0 == group) else { continue };
        next[slot] = Some(next[slot].map_or(start, |old| old.min(start)));
    }
    for slot in (1..own.len()).rev() {
        if next[slot - 1].is_none() && own[slot - 1].0 == own[slot].0 {
            next[slot - 1] = next[slot];
        }
    }
    for function in found {
        let Some(section) = outline.sections.get(function.section as usize) else { continue };
        if section.flags & u64::from(SHF_EXECINSTR) == 0 {
            continue;
        }
        let slot = own.binary_search(&key(function)).ok();
        let following = slot.and_then(|slot| next[slot]);
        let base = if linked { section.address } else { 0 };
        let end = base.checked_add(section.size).filter(|&end| end > function.address);
        function.last = following.is_none() || linked && end.is_some_and(|end| following > Some(end));
        function.next = if function.last { end } else { following };
    }
}
