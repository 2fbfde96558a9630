//! A copy of /proc/modules: which modules were loaded, and where.
//!
//! Must never take a line for a module that has not the whole form of one (kernel/module/procfs.c, `m_show`).

/// A module that was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loaded {
    /// Its name, with `_`.
    pub(crate) name: String,
    /// Where it begins. Zero where the kernel hides addresses.
    pub(crate) base: u64,
    /// Bytes.
    pub(crate) size: u64,
}

/// The most modules that are believed.
const MOST: usize = 1 << 16;

/// One line: `bad_driver 16384 1 - Live 0xffffffffc0a10000 (O)`.
pub(crate) fn line(text: &str) -> Option<Loaded> {
    let mut words = text.trim().split(' ');
    let name = words.next().filter(|name| {
        !name.is_empty() && name.len() < 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })?;
    let size = words.next()?.parse().ok()?;
    let users = words.next()?;
    let _used_by = words.next()?;
    let state = words.next()?;
    let base = words.next()?.strip_prefix("0x")?;
    let ok = (users == "-" || users.parse::<u32>().is_ok()) && matches!(state, "Live" | "Loading" | "Unloading");
    let base = u64::from_str_radix(base, 16).ok().filter(|_| ok)?;
    Some(Loaded { name: name.to_owned(), base, size })
}

/// All of them. Lines that are no modules are passed over: such lists are copied out of terminals.
pub(crate) fn list(text: &str) -> Vec<Loaded> {
    text.lines().filter_map(line).take(MOST).collect()
}

/// Whether a text begins as such a list.
pub(crate) fn is_list(head: &str) -> bool {
    head.lines().find(|line| !line.trim().is_empty()).is_some_and(|first| line(first).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_modules() {
        let one = |name: &str, base, size| Some(Loaded { name: name.into(), base, size });
        let base = 0xffff_ffff_c0a1_0000;
        assert_eq!(line("bad_driver 16384 1 - Live 0xffffffffc0a10000 (O)"), one("bad_driver", base, 16384));
        assert_eq!(line("ext4 1 2 a,b, Loading 0x0000000000000000\r"), one("ext4", 0, 1));
        assert_eq!(line("x 1 - - Live ffffffffc0a10000"), None);
        assert!(is_list("\nbad_driver 16384 1 - Live 0xffffffffc0a10000 (O)\nmore"));
        assert!(!is_list("Module                  Size  Used by\next4 1 2"));
        assert_eq!(list("# lsmod\na 1 0 - Live 0x10\nb 1 0 - Live 0x20\n").len(), 2);
    }
}
