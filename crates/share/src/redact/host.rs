//! Names of machines: `host`.
//!
//! Found: the host column of syslog and journal lines; what systemd, `hostname=`, `uname -a`, a login prompt or a
//! shell's prompt say the machine is called; volume groups that Red Hat's installer names after it; `user@host` of whoever built the kernel; servers of NFS, CIFS and iSCSI;
//! full domain names under well-known top-level or internal domains.
//!
//! ```text
//! Nov 21 11:45:11 web-3 kernel: BUG: kernel NULL pointer dereference, address: 0000000000000008
//! systemd[1]: Hostname set to <web-3.acme-devices.com>.
//! Linux version 6.6.0-acme (jane@buildbox) (gcc 13.2.0) #1 SMP
//! Kernel command line: root=/dev/mapper/rhel_web3-root ro rd.lvm.lv=rhel_web3/root
//! nfs: server filer7 not responding, still trying
//! CIFS: VFS: \\files\projects Send error in SessSetup = -13
//! ```
//!
//! A name learned in one of these ways that has a digit or a dash in it is replaced wherever it stands as a word by
//! itself; a name like `debian` is not, for it may mean something else there.
//!
//! Left alone on purpose: `localhost` and `(none)`; `Comm:`, which names a program; function and module names,
//! also with dots (`foo.isra.0`); file names; addresses of the kernel's own project and its distributions
//! (`bugzilla.kernel.org`, `gitlab.freedesktop.org`); build hosts of public distributions (`buildd@lcy02-amd64-032`);
//! systemd units and nodes of a device tree (`soc@0`). Not found: names of cluster peers (DRBD, DLM), names that
//! people give to their Bluetooth devices, and anything else that only its owner knows to be a name.
//!
//! This file must never take for a host what a report is parsed from.

mod column;
mod domain;
mod named;

use super::scan::{is_word, lines, starts_word, word_before};
use std::collections::HashSet;
use std::ops::Range;

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut learned = HashSet::new();
    for (start, line) in lines(text) {
        let own = column::find(line).into_iter().chain(named::find(line));
        for range in own {
            learn(&mut learned, &line[range.clone()]);
            found.push(start + range.start..start + range.end);
        }
        let others = domain::find(line).into_iter().map(|range| start + range.start..start + range.end);
        found.extend(others);
    }
    if !learned.is_empty() {
        found.extend(mentions(text, &learned));
    }
    found
}

/// Whether a byte may stand in a host name.
fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// Length of the host name at a position; 0 when there is none, or one that every machine has.
fn name(bytes: &[u8], at: usize) -> usize {
    const LONGEST: usize = 255;
    let rest = &bytes[at.min(bytes.len())..bytes.len().min(at + LONGEST)];
    let length = rest.iter().take_while(|&&byte| in_name(byte)).count();
    let length = rest[..length].iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1);
    let name = &rest[..length];
    let hex_number = name.starts_with(b"0x") && name[2..].iter().all(u8::is_ascii_hexdigit);
    let is_name = name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.iter().any(u8::is_ascii_alphabetic)
        && !hex_number
        && !name.to_ascii_lowercase().starts_with(b"localhost");
    if is_name { length } else { 0 }
}

/// Keeps a name that can hardly mean anything else, with its first part.
fn learn(learned: &mut HashSet<String>, found: &str) {
    const SHORTEST: usize = 4;
    let full = found.rsplit_once('@').map_or(found, |(_, host)| host).to_ascii_lowercase();
    let first = full.split('.').next().unwrap_or_default();
    for name in [first, &full] {
        let telling = name.bytes().any(|byte| byte.is_ascii_digit() || byte == b'-');
        if name.len() >= SHORTEST && telling && name.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            learned.insert(name.to_owned());
        }
    }
}

/// Where names that are known stand as a word by themselves.
fn mentions(text: &str, learned: &HashSet<String>) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let longest = learned.iter().map(String::len).max().unwrap_or_default();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) || !starts_word(bytes, at) {
            at += 1;
            continue;
        }
        let end = at + bytes[at..].iter().take_while(|&&byte| in_name(byte)).count();
        let length = bytes[at..end].iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1);
        let range = at..at + length;
        if (1..=longest).contains(&length)
            && learned.contains(&text[range.clone()].to_ascii_lowercase())
            && !is_symbol(bytes, &range)
        {
            found.push(range);
        }
        at = end;
    }
    found
}

/// Whether a word stands where a report names a function, a module or a program.
fn is_symbol(bytes: &[u8], range: &Range<usize>) -> bool {
    let function = bytes.get(range.end) == Some(&b'+');
    let module = range.start > 0 && bytes[range.start - 1] == b'[' && bytes.get(range.end) == Some(&b']');
    function || module || word_before(bytes, range.start).eq_ignore_ascii_case(b"comm")
}
