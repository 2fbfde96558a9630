//! To which part of the kernel a report belongs: a guess from the culprit's source file, its module, its name or the
//! report's kind, in this order.
//!
//! The tables are facts about names: the prefix that the functions of one part of the kernel share, the modules that are
//! built from it, the directory it lies in. The parts are called as the sections of the kernel's MAINTAINERS file are.
//! The longest entry that fits wins. Must never guess where no entry fits.

mod files;
mod functions;
mod modules;

use oopscope_report::{Report, Subsystem};

/// An entry: the beginning of a name, and the part of the kernel.
type Entry = (&'static str, &'static str);

/// Infers the subsystem; None where nothing is known.
pub(crate) fn of(report: &Report) -> Option<Subsystem> {
    let culprit = report.culprit.as_ref();
    let made = |name: &str, reason: String, line: u64| Some(Subsystem { name: name.to_owned(), reason, line });
    if let Some(culprit) = culprit {
        if let Some(file) = &culprit.file
            && let Some((path, name)) = longest(files::FILES, file)
        {
            return made(name, format!("the culprit's file {file} is under {path}"), culprit.line);
        }
        if let Some(module) = &culprit.module {
            // The module's own name tells more than the names in it, which it may share with another.
            return match of_module(module) {
                Some(name) => made(name, format!("the culprit's module is {module}"), culprit.line),
                None => None,
            };
        }
        let function = culprit.function.trim_start_matches('_');
        if let Some((prefix, name)) = longest(functions::FUNCTIONS, function) {
            return made(name, format!("the culprit's name begins with {prefix}"), culprit.line);
        }
    }
    let kind = report.kind.name();
    let (_, name) = KINDS.iter().find(|(known, _)| *known == kind)?;
    made(name, "such reports are about it".to_owned(), report.first_line)
}

/// Kinds that are about one part of the kernel, whoever ran into it.
const KINDS: [Entry; 5] = [
    ("bad-page", "MEMORY MANAGEMENT"),
    ("busy-dentry", "FILESYSTEMS (VFS and infrastructure)"),
    ("mm-counters", "MEMORY MANAGEMENT"),
    ("unregister-netdevice", "NETWORKING [GENERAL]"),
    ("vfs-busy", "FILESYSTEMS (VFS and infrastructure)"),
];

fn of_module(module: &str) -> Option<&'static str> {
    let module = module.replace('-', "_");
    longest(modules::MODULES, &module).map(|(_, name)| name)
}

/// The longest entry that `text` begins with; an entry that ends in `$` must be the whole of it.
fn longest(table: &'static [Entry], text: &str) -> Option<Entry> {
    let fits = |entry: &&Entry| match entry.0.strip_suffix('$') {
        Some(whole) => text == whole,
        None => text.starts_with(entry.0),
    };
    table.iter().filter(fits).max_by_key(|entry| entry.0.len()).map(|(name, of)| (name.trim_end_matches('$'), *of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oopscope_report::{Culprit, Kind};

    fn of_culprit(function: &str, module: Option<&str>, file: Option<&str>) -> Option<String> {
        let culprit = Culprit {
            function: function.to_owned(),
            module: module.map(str::to_owned),
            file: file.map(str::to_owned),
            line: 5,
            ..Culprit::default()
        };
        of(&Report { culprit: Some(culprit), ..Report::default() }).map(|subsystem| subsystem.name)
    }

    #[test]
    fn the_strongest_evidence_and_the_longest_entry_win() {
        let check = |function, module, file, want: Option<&str>| {
            assert_eq!(of_culprit(function, module, file).as_deref(), want, "{function} {module:?} {file:?}");
        };
        check("__ext4_find_entry", None, None, Some("EXT4 FILE SYSTEM"));
        check("tcp_ack", None, None, Some("NETWORKING [TCP]"));
        check("nf_tables_newrule", Some("nf_tables"), None, Some("NETFILTER"));
        check("ath9k_hif_usb_rx_cb", Some("ath9k_htc"), None, Some("QUALCOMM ATHEROS ATH9K WIRELESS DRIVER"));
        check("f", None, Some("fs/xfs/xfs_log.c"), Some("XFS FILESYSTEM"));
        check("f", None, Some("fs/unknown.c"), Some("FILESYSTEMS (VFS and infrastructure)"));
        check("tcp_like_name", Some("my_driver"), None, None);
        check("frobnicate", None, None, None);
    }

    #[test]
    fn it_says_why() {
        let culprit = Culprit { function: "btrfs_sync_log".to_owned(), line: 9, ..Culprit::default() };
        let subsystem = of(&Report { culprit: Some(culprit), ..Report::default() }).unwrap();
        assert_eq!((subsystem.reason.as_str(), subsystem.line), ("the culprit's name begins with btrfs_", 9));
        let page = Report { kind: Kind::new("bad-page"), first_line: 3, ..Report::default() };
        assert_eq!(of(&page).unwrap().name, "MEMORY MANAGEMENT");
    }

    #[test]
    fn the_tables_are_in_order_and_hold_nothing_twice() {
        for table in [files::FILES, functions::FUNCTIONS, modules::MODULES] {
            for pair in table.windows(2) {
                assert!(pair[0].0 < pair[1].0, "{} and {}", pair[0].0, pair[1].0);
            }
            assert!(table.iter().all(|(name, of)| name.len() > 1 && !name.starts_with('_') && !of.is_empty()));
        }
    }
}
