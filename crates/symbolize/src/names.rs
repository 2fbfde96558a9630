//! What a file's name says about what it may be. Of a folder with thousands of files this alone decides what is opened.
//!
//! Must never be taken for more than a guess: what a file is, its bytes say when it is opened.

/// What a file may be by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Guess {
    /// `vmlinux`, `vmlinux-6.1.0-50-amd64`, `vmlinux.debug`.
    Kernel,
    /// `ext4.ko`, `ext4.ko.xz`, `ext4.ko.debug`: the module's name, with `_`.
    Module(String),
    /// `.build-id/c0/ffee….debug`: the build-id as hex digits.
    BuildId(String),
    /// `vmlinuz`, `bzImage`, `Image.gz`.
    Image,
    /// `System.map`.
    Map,
    /// A copy of /proc/kallsyms.
    Kallsyms,
    /// A copy of /proc/modules.
    ModulesList,
    /// `.dwo`, `.dwp`.
    SplitDwarf,
    /// A file of source code.
    Source,
}

/// What compressed files end with.
const PACKED: [&str; 5] = [".gz", ".xz", ".zst", ".bz2", ".lz4"];

/// What source code ends with.
const SOURCE: [&str; 8] = ["c", "h", "S", "s", "rs", "inc", "lds", "cc"];

/// The last part of a path.
pub(crate) fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A module's name as the kernel prints it: files have `-` where their module has `_`
/// (scripts/Makefile.lib, KBUILD_MODNAME).
pub(crate) fn module(name: &str) -> String {
    name.replace('-', "_")
}

/// Whether a name is that of a package of split debug information.
pub(crate) fn is_package(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending == "dwp")
}

/// Without the ending that a packed file has.
pub(crate) fn unpacked(name: &str) -> &str {
    PACKED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// What a file may be by its name, of which folders are a part.
pub(crate) fn guess(path: &str) -> Option<Guess> {
    if let Some(id) = build_id(path) {
        return Some(Guess::BuildId(id));
    }
    let whole = last(path);
    let name = unpacked(whole);
    let is = |beginning: &str| {
        name.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', '_', '+']))
    };
    let bare = name.strip_suffix(".debug").unwrap_or(name);
    if let Some(stem) = bare.strip_suffix(".ko").filter(|stem| !stem.is_empty()) {
        return Some(Guess::Module(module(stem)));
    }
    if let Some((_, ending)) = whole.rsplit_once('.') {
        if SOURCE.contains(&ending) {
            return Some(Guess::Source);
        }
        if matches!(ending, "dwo" | "dwp") {
            return Some(Guess::SplitDwarf);
        }
    }
    if is("vmlinux") {
        return Some(Guess::Kernel);
    }
    if ["vmlinuz", "bzImage", "zImage", "uImage", "Image", "kernel8"].into_iter().any(is) {
        return Some(Guess::Image);
    }
    if is("System.map") {
        return Some(Guess::Map);
    }
    if is("kallsyms") || is("proc-kallsyms") || is("proc_kallsyms") {
        return Some(Guess::Kallsyms);
    }
    // `modules.dep` and its like are something else.
    matches!(name, "modules" | "modules.txt" | "proc-modules" | "proc_modules" | "proc-modules.txt")
        .then_some(Guess::ModulesList)
}

/// `…/.build-id/c0/ffee….debug`, as debuggers look for it: the first byte is a folder.
fn build_id(path: &str) -> Option<String> {
    let name = path.strip_suffix(".debug")?;
    let (rest, name) = name.rsplit_once('/')?;
    let (rest, first) = rest.rsplit_once('/').unwrap_or(("", rest));
    let folder = last(rest);
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let ok = (folder == ".build-id" || folder == "build-id") && first.len() == 2 && hex(first);
    (ok && (6..=126).contains(&name.len()) && hex(name)).then(|| format!("{first}{name}").to_ascii_lowercase())
}

/// Whether a path names a kernel's release among its folders or behind its name: `lib/modules/6.1.0-50-amd64/…`,
/// `vmlinux-6.1.0-50-amd64`.
pub(crate) fn says_release(path: &str, release: &str) -> bool {
    !release.is_empty()
        && path.match_indices(release).any(|(at, _)| {
            let before = path[..at].chars().next_back();
            let after = path[at + release.len()..].chars().next();
            before.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.')
                && after.is_none_or(|c| matches!(c, '/' | '.' | '_'))
        })
}

/// Bytes as hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_debug_package() {
        let module = |name: &str| Some(Guess::Module(name.to_owned()));
        for (path, want) in [
            ("vmlinux", Some(Guess::Kernel)),
            ("usr/lib/debug/boot/vmlinux-6.1.0-50-amd64", Some(Guess::Kernel)),
            ("vmlinux.xz", Some(Guess::Kernel)),
            ("a/vmlinux.debug", Some(Guess::Kernel)),
            ("vmlinux.lds", Some(Guess::Source)),
            ("vmlinux.h", Some(Guess::Source)),
            ("lib/modules/x/kernel/drivers/usb/host/xhci-hcd.ko.debug", module("xhci_hcd")),
            ("snd-hda-intel.ko.zst", module("snd_hda_intel")),
            ("snd_hda_intel.ko.xz", module("snd_hda_intel")),
            (".build-id/c0/FFEE0011.debug", Some(Guess::BuildId("c0ffee0011".into()))),
            ("usr/lib/debug/.build-id/c0/ffee.debug", None),
            ("x/c0/ffee0011.debug", None),
            ("boot/vmlinuz-6.1", Some(Guess::Image)),
            ("arch/x86/boot/bzImage", Some(Guess::Image)),
            ("Image.gz", Some(Guess::Image)),
            ("Images", None),
            ("System.map-6.1.0-50-amd64", Some(Guess::Map)),
            ("kallsyms.gz", Some(Guess::Kallsyms)),
            ("modules", Some(Guess::ModulesList)),
            ("modules.dep", None),
            ("fs/ext4/inode.c", Some(Guess::Source)),
            ("entry_64.S", Some(Guess::Source)),
            ("a.dwo", Some(Guess::SplitDwarf)),
            ("usr/share/doc/copyright", None),
            ("dmesg.txt", None),
        ] {
            assert_eq!(guess(path), want, "{path}");
        }
    }

    #[test]
    fn a_release_is_a_whole_word_of_the_path() {
        assert!(says_release("lib/modules/6.1.0-50-amd64/a.ko", "6.1.0-50-amd64"));
        assert!(says_release("boot/vmlinux-6.1.0-50-amd64", "6.1.0-50-amd64"));
        assert!(!says_release("boot/vmlinux-6.1.0-50-amd64", "6.1.0-5"));
        assert!(!says_release("boot/vmlinux-16.1.0", "6.1.0"));
        assert!(!says_release("boot/vmlinux", ""));
    }
}
