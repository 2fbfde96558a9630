//! Whether several files are parts of one log, a log each, or symbols and source. Must never look into them: their names and their number are
//! all that the page knows, and the user can always have it the other way.

/// Files that are read as one log when nothing tells otherwise: a log and its rotated forerunners.
const FEW: usize = 8;

/// The most files that are read as one log.
pub(crate) const MOST_AS_ONE: usize = 1000;

/// What the kernel's pstore calls its records: `fs/pstore/platform.c`, `pstore_type_names`.
const RECORDS: [&str; 9] =
    ["dmesg", "mce", "console", "ftrace", "rtas", "powerpc-ofw", "powerpc-common", "pmsg", "powerpc-opal"];

/// True for files that are read as one log: the records of one pstore, or a few loose ones.
pub(crate) fn are_one(paths: &[String], from_folder: bool) -> bool {
    match paths {
        [] | [_] => true,
        _ if paths.len() > MOST_AS_ONE => false,
        [first, ..] => {
            let folder = folder(first);
            let of_pstore = paths.iter().all(|path| self::folder(path) == folder && is_record(name(path)));
            of_pstore || (!from_folder && paths.len() <= FEW)
        }
    }
}

/// Files of a folder with symbols among which a log is looked for (`LOGS` in `crates/session/src/sorting.rs`).
const LOGS: usize = 64;

/// Names that files of symbols begin with, as builds, packages and `/boot` have them.
const SYMBOLS: [&str; 7] = ["vmlinux", "System.map", "kallsyms", "vmlinuz", "bzImage", "zImage", "Image"];

/// Endings of files of symbols.
const SYMBOL_ENDINGS: [&str; 7] = [".ko", ".ko.xz", ".ko.zst", ".ko.gz", ".debug", ".dwo", ".dwp"];

/// Endings of source files.
const SOURCE_ENDINGS: [&str; 5] = [".c", ".h", ".S", ".rs", ".inc"];

/// What the files of a folder are, by their names.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    symbols: usize,
    source: usize,
    others: usize,
}

impl Tally {
    /// One more file.
    pub(crate) fn add(&mut self, path: &str) {
        *if is_symbols(path) {
            &mut self.symbols
        } else if is_source(path) {
            &mut self.source
        } else {
            &mut self.others
        } += 1;
    }

    /// True for a folder of symbols or of source: no folder of logs to be read each by itself.
    pub(crate) fn are_symbols(&self) -> bool {
        let Self { symbols, source, others } = *self;
        // Beside logs may lie what reproduces their crash.
        if symbols > 0 { others <= LOGS.max(symbols + source) } else { source > others }
    }
}

/// True for the files of a folder of symbols or of source.
pub(crate) fn are_symbols<'a>(paths: impl Iterator<Item = &'a str>) -> bool {
    let mut tally = Tally::default();
    paths.for_each(|path| tally.add(path));
    tally.are_symbols()
}

/// True for a file that has symbols, by its name.
pub(crate) fn is_symbols(path: &str) -> bool {
    let name = name(path);
    if [".log", ".txt"].iter().any(|end| name.ends_with(end)) {
        return false;
    }
    SYMBOLS
        .iter()
        .any(|begin| name.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.'])))
        || SYMBOL_ENDINGS.iter().any(|end| name.ends_with(end))
}

/// True for a file of source, by its name.
pub(crate) fn is_source(path: &str) -> bool {
    SOURCE_ENDINGS.iter().any(|end| path.ends_with(end))
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// True for the name of a pstore record, `dmesg-efi_pstore-170112903301001` or `console-ramoops-0.enc.z`
/// (`pstore_mkfile` in `fs/pstore/inode.c`), and for what systemd-pstore makes of such.
fn is_record(name: &str) -> bool {
    if name == "dmesg.txt" {
        return true;
    }
    let name = name.strip_suffix(".enc.z").or_else(|| name.strip_suffix(".z")).unwrap_or(name);
    RECORDS.iter().any(|record| {
        name.strip_prefix(record)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.rsplit_once('-'))
            .is_some_and(|(backend, id)| {
                !backend.is_empty() && !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit())
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(paths: &[&str], from_folder: bool) -> bool {
        let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
        are_one(&paths, from_folder)
    }

    #[test]
    fn the_records_of_a_pstore_are_one_log_in_whatever_number() {
        assert!(one(&["p/dmesg-efi_pstore-170112903301001", "p/dmesg-efi_pstore-170112903302001"], true));
        assert!(one(&["p/dmesg-ramoops-0.enc.z", "p/console-ramoops-0", "p/dmesg.txt"], true));
        let parts: Vec<String> = (0..60).map(|part| format!("dmesg-erst-{part}")).collect();
        assert!(are_one(&parts, false));
    }

    #[test]
    fn the_logs_of_a_folder_are_a_log_each_and_so_are_many() {
        assert!(!one(&["logs/a.log", "logs/b.log"], true));
        assert!(!one(&["1/dmesg-efi-1", "2/dmesg-efi-1"], true), "two crashes");
        assert!(!one(&["p/dmesg-first-boot.txt", "p/dmesg-second-boot.txt"], true), "named by people");
        let many: Vec<String> = (0..=FEW).map(|n| format!("{n}.log")).collect();
        assert!(!are_one(&many, false));
    }

    #[test]
    fn a_few_loose_files_are_one_log() {
        assert!(one(&["kern.log.1", "kern.log"], false));
        assert!(one(&["logs/only.log"], true));
    }

    #[test]
    fn folders_of_symbols_and_of_source_are_told_from_folders_of_logs() {
        let are = |paths: &[&str]| are_symbols(paths.iter().copied());
        assert!(are(&["d/console.log", "d/vmlinux-6.1.0-50-amd64", "d/ext4.ko.xz"]));
        assert!(are(&["usr/lib/debug/.build-id/ab/cdef.debug"]));
        assert!(are(&["linux/Makefile", "linux/fs/inode.c", "linux/fs/internal.h"]));
        assert!(!are(&["logs/a.log", "logs/b.log", "logs/Image.log"]));
        assert!(!are(&["crash/log0", "crash/report0", "crash/repro.c"]), "a reproducer is no tree");
        let mut many: Vec<String> = (0..500).map(|n| format!("logs/{n}.log")).collect();
        many.push("logs/vmlinux".to_owned());
        assert!(!are_symbols(many.iter().map(String::as_str)), "logs with a vmlinux beside them");
    }
}
