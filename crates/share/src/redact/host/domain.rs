//! Full domain names.
//!
//! This file must never take for one a function with dots in its name, a file, a parameter, a version or a unit: only
//! names under the domains listed here count.

use super::super::email::{BUILDERS, is_under};
use super::super::scan::{before, is_one_of, is_word, starts_word, word_before};
use std::ops::Range;

/// Domains under which two parts make a name.
const TOP: [&str; 12] =
    ["com", "org", "net", "edu", "gov", "local", "lan", "internal", "intranet", "corp", "localdomain", "home"];

/// Domains that end other words with dots too (syslog's `kern.info`): here it takes three parts.
const THREE_PARTS_TOP: [&str; 38] = [
    "ac", "at", "au", "be", "biz", "br", "ca", "ch", "cloud", "cn", "cz", "de", "dk", "es", "eu", "fi", "fr", "ie",
    "in", "info", "int", "io", "it", "jp", "kr", "mil", "nl", "no", "nz", "pl", "pt", "ru", "se", "tw", "ua", "uk",
    "us", "za",
];

/// What the kernel prints on everyone's machine; the public distributions come besides.
const PUBLIC: [&str; 16] = [
    "kernel.org",
    "freedesktop.org",
    "github.com",
    "gitlab.com",
    "sourceforge.net",
    "gnu.org",
    "infradead.org",
    "kvack.org",
    "linuxfoundation.org",
    "lwn.net",
    "qemu.org",
    "googlesource.com",
    "wikipedia.org",
    "ntp.org",
    "openwall.com",
    "seabios.org",
];

/// Makers of hardware and others, whose addresses count as public in a link only: their engineers' machines are not.
const PUBLIC_LINKS: [&str; 9] = [
    "apache.org",
    "intel.com",
    "amd.com",
    "nvidia.com",
    "arm.com",
    "microsoft.com",
    "ibm.com",
    "google.com",
    "vmware.com",
];

/// The longest name there can be, with room for one byte more.
const LONGEST: usize = 254;

pub(super) fn find(line: &str) -> Vec<Range<usize>> {
    let bytes = line.as_bytes();
    let in_domain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && (in_domain(bytes[at]) || bytes[at] == b'_') {
            at += 1;
        }
        let end = start + bytes[start..at].iter().rposition(|&byte| is_word(byte)).map_or(0, |last| last + 1);
        if starts_word(bytes, start) && stands_alone(bytes, &(start..end)) && is_domain(bytes, start..end) {
            found.push(start..end);
        }
    }
    found
}

/// Whether nothing around it says that it is a part of something else: a path, a function, a parameter, a program.
fn stands_alone(bytes: &[u8], range: &Range<usize>) -> bool {
    let in_path = before(bytes, range.start) == Some(b'/') && !in_link(bytes, range.start);
    // What `email` finds, or leaves alone for its own reasons.
    let in_address = before(bytes, range.start) == Some(b'@') && !starts_word(bytes, range.start - 1);
    let continued = matches!(bytes.get(range.end), Some(b'+' | b'=' | b'(' | b'@'));
    !in_path && !in_address && !continued && !word_before(bytes, range.start).eq_ignore_ascii_case(b"comm")
}

fn in_link(bytes: &[u8], start: usize) -> bool {
    bytes[..start].ends_with(b"//")
}

fn is_domain(bytes: &[u8], range: Range<usize>) -> bool {
    let name = &bytes[range.clone()];
    name.len() <= LONGEST && is_placed(name) && !is_public(bytes, name, range.start)
}

/// Whether a name is well-formed, and under a domain that is known.
fn is_placed(name: &[u8]) -> bool {
    let labels = name.split(|&byte| byte == b'.');
    let parts = labels.clone().count();
    let top = labels.clone().next_back().unwrap_or_default();
    let well_formed = labels.clone().all(|label| !label.is_empty() && !label.contains(&b'_'));
    // `6.1.0-acme.com` is a kernel's version.
    let version = labels.take(2).all(|label| label.first().is_some_and(u8::is_ascii_digit));
    let known = (parts >= 2 && is_one_of(top, &TOP)) || (parts >= 3 && is_one_of(top, &THREE_PARTS_TOP));
    known && well_formed && !version
}

fn is_public(bytes: &[u8], name: &[u8], start: usize) -> bool {
    is_under(name, &PUBLIC)
        || is_under(name, &BUILDERS)
        || (in_link(bytes, start) && is_under(name, &PUBLIC_LINKS))
        || is_under(name, &["localhost.localdomain"])
}
