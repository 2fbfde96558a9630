//! UUIDs: `uuid`.
//!
//! Found: UUIDs of file systems, partitions, LUKS volumes and machines wherever they stand in full, also in the
//! names that systemd makes of them; the short forms after `UUID=`, `PARTUUID=`, `by-uuid/` and `by-partuuid/` (MBR
//! partitions, FAT and NTFS); md's four groups; the 32 digits of a machine or boot id where they are named so.
//!
//! ```text
//! Kernel command line: root=UUID=4e5cf2a1-7d3b-4c1e-9f60-12ab34cd56ef ro resume=PARTUUID=1234abcd-01
//! EXT4-fs (sda1): mounted filesystem 4e5cf2a1-7d3b-4c1e-9f60-12ab34cd56ef r/w with ordered data mode
//! systemd[1]: Expecting device dev-disk-by\x2duuid-4e5cf2a1\x2d7d3b\x2d4c1e\x2d9f60\x2d12ab34cd56ef.device
//! oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/kubepods/burstable/pod4e5cf2a1-7d3b-4c1e-9f60-12ab34cd56ef
//! systemd-journald[301]: File /var/log/journal/0123456789abcdef0123456789abcdef/system.journal corrupted
//! ```
//!
//! Left alone on purpose: the UUID of zeros only, the GUIDs by which WMI, EFI and Hyper-V name interfaces (the same on
//! every machine), and build-ids and module hashes, which a reader needs to find the right symbols.
//!
//! This file must never take bare hex digits for a UUID, but where a name before them says so.

use super::scan::{contains, ends_word, is_word, line_before, run, starts_word, word_before};
use std::ops::Range;

/// Digits in the groups of a UUID, and of md's own writing.
const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
const MD_GROUPS: [usize; 4] = [8, 8, 8, 8];

/// What Kubernetes puts before a UUID, without anything in between.
const POD: &[u8] = b"pod";

/// What a UUID of fewer digits stands right behind. The longest names first.
const NAMED: [&str; 8] =
    ["by-partuuid/", "by-uuid/", "by\\x2dpartuuid-", "by\\x2duuid-", "uuid=", "uuid=\"", "uuid: ", "uuid:"];

/// What an id of 32 digits stands behind.
const ID_WORDS: [&str; 7] = ["machine_id", "machine", "journal", "boot_id", "_boot_id", "_machine_id", "id"];

/// Words on a line, shortly before, that tell a GUID of the interface's makers.
const PUBLIC: [&str; 4] = ["wmi", "guid", "efivar", "vmbus"];

/// How much of the line before a UUID is looked at for [`PUBLIC`].
const PUBLIC_WITHIN: usize = 96;

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let starts = starts_word(bytes, at) || bytes[..at].ends_with(POD);
        if !bytes[at].is_ascii_hexdigit() || !starts {
            at += 1;
            continue;
        }
        let end = full(bytes, at, &GROUPS)
            .filter(|_| !is_public(bytes, at))
            .or_else(|| md(bytes, at))
            .or_else(|| named(bytes, at))
            .or_else(|| bare_id(bytes, at));
        match end {
            Some(end) => {
                if bytes[at..end].iter().any(|byte| byte.is_ascii_hexdigit() && *byte != b'0') {
                    found.push(at..end);
                }
                at = end;
            }
            None => at += run(bytes, at, is_word),
        }
    }
    found
}

/// Groups of hex digits with `-` between them, or with what stands for it in the names of systemd's units.
fn full(bytes: &[u8], start: usize, groups: &[usize]) -> Option<usize> {
    let mut at = start;
    for (index, &digits) in groups.iter().enumerate() {
        if index > 0 {
            at += separator(bytes, at)?;
        }
        let end = at + digits;
        if !bytes.get(at..end)?.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        at = end;
    }
    ends_word(bytes, at).then_some(at)
}

fn separator(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    ["-", "\\x2d", "_"].iter().find(|separator| rest.starts_with(separator.as_bytes())).map(|separator| separator.len())
}

fn md(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for (index, &digits) in MD_GROUPS.iter().enumerate() {
        if index > 0 {
            at += usize::from(bytes.get(at) == Some(&b':')).checked_sub(1).map(|_| 1)?;
        }
        if run(bytes, at, |byte| byte.is_ascii_hexdigit()) != digits {
            return None;
        }
        at += digits;
    }
    (ends_word(bytes, at) && bytes.get(at) != Some(&b':')).then_some(at)
}

/// A short form: digits and dashes right behind a name that says what they are.
fn named(bytes: &[u8], start: usize) -> Option<usize> {
    const SHORTEST: usize = 8;
    const LONGEST: usize = 64;
    let head = line_before(bytes, start, 16);
    let says_so =
        |name: &&str| head.len() >= name.len() && head[head.len() - name.len()..].eq_ignore_ascii_case(name.as_bytes());
    NAMED.iter().find(|name| says_so(name))?;
    let mut end = start;
    while end - start <= LONGEST {
        match bytes.get(end) {
            Some(byte) if byte.is_ascii_hexdigit() => end += 1,
            _ => match separator(bytes, end) {
                Some(length) if bytes.get(end + length).is_some_and(u8::is_ascii_hexdigit) => end += length,
                _ => break,
            },
        }
    }
    (end - start >= SHORTEST && ends_word(bytes, end)).then_some(end)
}

/// The id of a machine, a boot or a journal.
fn bare_id(bytes: &[u8], start: usize) -> Option<usize> {
    const DIGITS: usize = 32;
    let end = start + DIGITS;
    let digits = bytes.get(start..end)?;
    let is_id = digits.iter().all(u8::is_ascii_hexdigit) && ends_word(bytes, end);
    let word = match bytes[..start].last() {
        Some(b'/') => word_before(bytes, start - 1),
        _ => word_before(bytes, start),
    };
    (is_id && ID_WORDS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))).then_some(end)
}

/// Whether the line says, before a UUID, that it names an interface and no thing of the user's.
fn is_public(bytes: &[u8], start: usize) -> bool {
    let head = line_before(bytes, start, PUBLIC_WITHIN);
    PUBLIC.iter().any(|word| contains(head, word))
}
