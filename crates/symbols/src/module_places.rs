//! Where modules were loaded, as text: `/proc/modules`, and what lies in `/sys/module/NAME/sections`.
//!
//! Old logs have bare addresses; with these the module and the offset in it are known. Must never take a hidden address,
//! which is 0, for one.

use std::collections::BTreeMap;

use oopscope_source::ReadAt;

use crate::system_map::MapError;
use crate::text_lines::{hexadecimal, lines, words};

/// The most modules and sections.
const MOST: usize = 1 << 17;

/// A module that was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModulePlace {
    /// Where its code begins; none where only sections are known.
    pub base: Option<u64>,
    /// Bytes of all that was loaded of it, as `/proc/modules` tells. Since 6.4 ("module: replace module_layout with
    /// module_memory") code and data need not follow each other.
    pub size: Option<u64>,
    /// Where its sections lie, by their names.
    pub sections: BTreeMap<String, u64>,
}

/// Modules with their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModulePlaces {
    modules: BTreeMap<String, ModulePlace>,
}

impl ModulePlaces {
    /// Whether a file that begins like this tells places of modules.
    pub fn is(head: &[u8]) -> bool {
        let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty());
        let Some(first) = lines.next() else { return false };
        module(first).is_some() || section(first).is_some() || heading(first).is_some()
    }

    /// Reads one.
    pub fn read(file: &dyn ReadAt) -> Result<Self, MapError> {
        let mut found = Self::default();
        let (mut count, mut any) = (0, false);
        // The section whose address comes in the next line, as `tail -n +1` and `head` print them.
        let mut under: Option<(String, String)> = None;
        lines(file, &mut |line| {
            let here = if let Some((name, size, base)) = module(line) {
                any = true;
                if base != 0 {
                    let place = found.modules.entry(name).or_default();
                    (place.base, place.size) = (Some(base), Some(size));
                }
                None
            } else if let Some((name, section, address)) = section(line) {
                Some((name, section, address))
            } else if let Some((name, section)) = heading(line) {
                under = Some((name, section));
                None
            } else {
                under.take().and_then(|(name, section)| {
                    let address = hexadecimal(line.strip_prefix(b"0x")?.trim_ascii_end())?;
                    Some((name, section, address))
                })
            };
            if let Some((name, section, address)) = here {
                any = true;
                if address != 0 {
                    found.modules.entry(name).or_default().sections.insert(section, address);
                }
            }
            count += 1;
            count < MOST
        })?;
        if found.modules.is_empty() {
            return Err(if any { MapError::Hidden } else { MapError::Empty });
        }
        Ok(found)
    }

    /// A module's place; the kernel takes `-` and `_` for the same.
    pub fn module(&self, name: &str) -> Option<&ModulePlace> {
        self.modules.get(&name.replace('-', "_"))
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ModulePlace)> {
        self.modules.iter().map(|(name, place)| (name.as_str(), place))
    }

    /// The module in which an address lies, and how far behind its beginning.
    pub fn at(&self, address: u64) -> Option<(&str, u64)> {
        self.iter().find_map(|(name, place)| {
            let offset = address.checked_sub(place.base.or_else(|| place.sections.get(".text").copied())?)?;
            (offset < place.size?).then_some((name, offset))
        })
    }
}

/// `nvme 45056 2 - Live 0xffffffffc0a10000 (OE)`: kernel/module/procfs.c, m_show. Since 3.0 or so the address stands there
/// always; without the right to see it, it is 0.
fn module(line: &[u8]) -> Option<(String, u64, u64)> {
    let mut words = words(line);
    let name = words.next()?;
    let size = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    let references = words.next()?;
    let used = references == b"-" || references.iter().all(u8::is_ascii_digit);
    words.next()?;
    let state = matches!(words.next()?, b"Live" | b"Loading" | b"Unloading");
    let base = hexadecimal(words.next()?.strip_prefix(b"0x")?)?;
    (used && state).then(|| (text(name), size, base))
}

/// `/sys/module/nvme/sections/.text:0xffffffffc0a10000`, as `grep . /sys/module/*/sections/*` prints it.
fn section(line: &[u8]) -> Option<(String, String, u64)> {
    let colon = line.iter().rposition(|&byte| byte == b':')?;
    let (name, section) = path(&line[..colon])?;
    Some((name, section, hexadecimal(line[colon + 1..].trim_ascii().strip_prefix(b"0x")?)?))
}

/// `==> /sys/module/nvme/sections/.text <==`.
fn heading(line: &[u8]) -> Option<(String, String)> {
    path(line.strip_prefix(b"==> ")?.strip_suffix(b" <==")?)
}

/// `/sys/module/NAME/sections/SECTION`, or the end of that.
fn path(path: &[u8]) -> Option<(String, String)> {
    let mut parts = path.rsplit(|&byte| byte == b'/');
    let (section, folder, name) = (parts.next()?, parts.next()?, parts.next()?);
    let right = folder == b"sections" && !section.is_empty() && !name.is_empty();
    right.then(|| (text(name), String::from_utf8_lossy(section).into_owned()))
}

/// A module's name as the kernel has it.
fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).replace('-', "_")
}
