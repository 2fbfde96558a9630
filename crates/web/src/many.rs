//! Whether several files are parts of one log or a log each. Must never look into them: their names and their number are
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
}
