//! VMCOREINFO: what the kernel tells about itself to those who read its memory afterwards (`kernel/vmcore_info.c`): text,
//! a fact a line, `SYMBOL(prb)=ffffffff82a5c3a0`. Must never be believed beyond what it says: whether an address in it
//! is one is for the reader of memory to find out.

use std::collections::BTreeMap;

/// The kernel gives it a page (`VMCOREINFO_BYTES`), which has at most 64 KiB.
pub const LONGEST: usize = 64 << 10;
/// No kernel has a fifth of these lines.
const MOST_LINES: usize = 2048;

/// VMCOREINFO, parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VmcoreInfo {
    symbols: BTreeMap<String, u64>,
    offsets: BTreeMap<String, u64>,
    sizes: BTreeMap<String, u64>,
    lengths: BTreeMap<String, u64>,
    numbers: BTreeMap<String, i64>,
    texts: BTreeMap<String, String>,
    from: String,
}

impl VmcoreInfo {
    /// Reads the lines of `text`, up to its first NUL; lines that are of no known form are passed over. `from` says for
    /// people where the text was found.
    pub fn parse(text: &[u8], from: &str) -> Self {
        let mut info = Self { from: from.to_owned(), ..Self::default() };
        let text = &text[..text.len().min(LONGEST)];
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
        for line in text.split(|&byte| byte == b'\n').take(MOST_LINES) {
            if let Ok(line) = std::str::from_utf8(line) {
                info.line(line.trim_end_matches('\r'));
            }
        }
        info
    }

    fn line(&mut self, line: &str) {
        let Some((key, value)) = line.split_once('=') else { return };
        let parts = key.split_once('(').and_then(|(sort, rest)| Some((sort, rest.strip_suffix(')')?)));
        let Some((sort, name)) = parts else {
            self.texts.entry(key.to_owned()).or_insert_with(|| value.to_owned());
            return;
        };
        // Entries of the same name do not occur; if they do, the first is the kernel's own.
        let map = match sort {
            "SYMBOL" => {
                if let Some(value) = hexadecimal(value) {
                    self.symbols.entry(name.to_owned()).or_insert(value);
                }
                return;
            }
            "NUMBER" => {
                if let Some(value) = number(value) {
                    self.numbers.entry(name.to_owned()).or_insert(value);
                }
                return;
            }
            "OFFSET" => &mut self.offsets,
            "SIZE" => &mut self.sizes,
            "LENGTH" => &mut self.lengths,
            _ => return,
        };
        if let Ok(value) = value.parse() {
            map.entry(name.to_owned()).or_insert(value);
        }
    }

    /// Where the text was found, for people: "ELF note", "memory at physical 0x…".
    pub fn from(&self) -> &str {
        &self.from
    }

    /// Address of a symbol as the kernel ran (`SYMBOL(name)`): KASLR's offset is in it.
    pub fn symbol(&self, name: &str) -> Option<u64> {
        self.symbols.get(name).copied()
    }

    /// All symbols, by name.
    pub fn symbols(&self) -> impl Iterator<Item = (&str, u64)> {
        self.symbols.iter().map(|(name, &address)| (name.as_str(), address))
    }

    /// Offset of a member in bytes (`OFFSET(struct.member)`); `path` is `printk_info.seq`.
    pub fn offset(&self, path: &str) -> Option<u64> {
        self.offsets.get(path).copied()
    }

    /// Size of a type in bytes (`SIZE(name)`), without `struct`.
    pub fn size(&self, name: &str) -> Option<u64> {
        self.sizes.get(name).copied()
    }

    /// Number of elements (`LENGTH(name)`).
    pub fn length(&self, name: &str) -> Option<u64> {
        self.lengths.get(name).copied()
    }

    /// A number (`NUMBER(name)`), which the kernel prints with a sign, or as 0x… where architectures do so.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.numbers.get(name).copied()
    }

    /// [`Self::number`] as the 64 bits that were meant, for addresses.
    pub fn bits(&self, name: &str) -> Option<u64> {
        self.number(name).map(i64::cast_unsigned)
    }

    /// What stands behind `KEY=`: `OSRELEASE`, `BUILD-ID`, `PAGESIZE`, `CRASHTIME`, `KERNELOFFSET`.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// By how much KASLR moved the kernel (`KERNELOFFSET`, hexadecimal without 0x).
    pub fn kernel_offset(&self) -> Option<u64> {
        self.text("KERNELOFFSET").and_then(hexadecimal)
    }

    /// Size of a page in bytes (`PAGESIZE`), where it is one.
    pub fn page_size(&self) -> Option<u64> {
        let size: u64 = self.text("PAGESIZE")?.trim().parse().ok()?;
        (size.is_power_of_two() && (4096..=1 << 20).contains(&size)).then_some(size)
    }

    /// True when nothing was understood.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty() && self.texts.is_empty()
    }
}

/// With or without 0x.
fn hexadecimal(text: &str) -> Option<u64> {
    let text = text.trim();
    u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}

/// Decimal with a sign, or hexadecimal behind 0x; the bits are what counts.
fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => text.parse().ok().or_else(|| text.parse::<u64>().ok().map(u64::cast_signed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_value_is_read() {
        let text = b"OSRELEASE=6.12.107+deb13-amd64\nPAGESIZE=4096\nSYMBOL(prb)=ffffffff9ba5c3a0\nOFFSET(list_head.prev)=8\n\
            SIZE(printk_info)=88\nLENGTH(mem_section)=4096\nNUMBER(phys_base)=-245366784\n\
            NUMBER(VMALLOC_START)=0xffffd4de40000000\nKERNELOFFSET=18e00000\nCONFIG_X86_PAE=y\nCRASHTIME=1763747\n\0junk=1\n";
        let info = VmcoreInfo::parse(text, "a test");
        assert_eq!(info.text("OSRELEASE"), Some("6.12.107+deb13-amd64"));
        assert_eq!(info.page_size(), Some(4096));
        assert_eq!(info.symbol("prb"), Some(0xffff_ffff_9ba5_c3a0));
        assert_eq!(info.offset("list_head.prev"), Some(8));
        assert_eq!(info.size("printk_info"), Some(88));
        assert_eq!(info.length("mem_section"), Some(4096));
        assert_eq!(info.number("phys_base"), Some(-245_366_784));
        assert_eq!(info.bits("VMALLOC_START"), Some(0xffff_d4de_4000_0000));
        assert_eq!(info.kernel_offset(), Some(0x18e0_0000));
        assert_eq!(info.text("CONFIG_X86_PAE"), Some("y"));
        assert_eq!(info.text("CRASHTIME"), Some("1763747"));
        assert_eq!(info.text("junk"), None, "what lies behind the NUL is none of it");
    }

    #[test]
    fn what_is_no_fact_is_passed_over() {
        let info = VmcoreInfo::parse(
            b"SYMBOL(x)=zzz\nSYMBOL(y=1\n=\n(\nNUMBER()=\nOFFSET(a.b)=-1\nPAGESIZE=4097\n\xff\xfe=1\nSYMBOL(y)=10\nSYMBOL(y)=20\n",
            "a test",
        );
        assert_eq!(info.symbol("x"), None);
        assert_eq!(info.symbol("y"), Some(0x10), "the first counts");
        assert_eq!(info.offset("a.b"), None);
        assert_eq!(info.page_size(), None);
    }
}
