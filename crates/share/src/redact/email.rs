//! E-mail addresses: `email`.
//!
//! Found: `name@domain.tld`, also that of whoever built the kernel, in the banner.
//!
//! ```text
//! Linux version 6.6.0-acme (build@ci.acme-devices.com) (gcc 13.2.0) #1 SMP
//! foo_drv: report to jane.doe@acme-devices.com
//! ```
//!
//! Left alone on purpose, because the kernel's own source prints them and they are the same on everyone's machine:
//! mailing lists of the kernel (`…@vger.kernel.org`, `dm-devel@redhat.com`), authors in a copyright line, and in the
//! `Linux version` banner the build hosts of public distributions (`debian-kernel@lists.debian.org`,
//! `mockbuild@….fedoraproject.org`): a reader needs to know whose kernel it is. And what is no address though it has
//! an `@`: systemd units (`getty@tty1.service`), nodes of a device tree (`uart@10009000`).
//!
//! A name without a domain (`root@web-1`) is a host name: see `host`.
//!
//! This file must never look further from an `@` than an address can reach.

use super::scan::{is_one_of, is_word, lines, position};
use std::ops::Range;

/// The most that may stand before and after the `@` (RFC 5321).
const LONGEST_NAME: usize = 64;
const LONGEST_DOMAIN: usize = 255;

/// Last parts of systemd's unit names.
const UNITS: [&str; 11] =
    ["service", "socket", "target", "mount", "automount", "slice", "scope", "timer", "path", "device", "swap"];

/// Domains whose addresses the kernel itself prints.
const PUBLIC: [&str; 9] = [
    "kernel.org",
    "infradead.org",
    "kvack.org",
    "lists.linux.dev",
    "freedesktop.org",
    "lists.sourceforge.net",
    "lists.ozlabs.org",
    "lists.debian.org",
    "lists.linuxfoundation.org",
];

/// The list that every boot with the device mapper prints.
const PUBLIC_ADDRESSES: [&str; 1] = ["dm-devel@redhat.com"];

/// Domains under which public distributions build their kernels.
pub(super) const BUILDERS: [&str; 12] = [
    "debian.org",
    "ubuntu.com",
    "launchpad.net",
    "fedoraproject.org",
    "redhat.com",
    "centos.org",
    "rockylinux.org",
    "almalinux.org",
    "opensuse.org",
    "suse.de",
    "archlinux.org",
    "alpinelinux.org",
];

/// What, on a line before an address, says that it is an author's.
const AUTHORS: [&str; 3] = ["copyright", "(c)", "author"];

/// How much of the line before an address may be taken by `Linux version`, the release and a bracket.
const BANNER_WITHIN: usize = 120;

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (start, line) in lines(text) {
        let bytes = line.as_bytes();
        let mut ats = memchr::memchr_iter(b'@', bytes).peekable();
        if ats.peek().is_none() {
            continue;
        }
        // Once a line: what says that all further addresses on it are authors'.
        let author = AUTHORS.iter().filter_map(|word| position(bytes, word)).min().unwrap_or(usize::MAX);
        let addresses = ats.filter_map(|at| address(bytes, at)).filter(|range| range.start < author);
        found.extend(addresses.map(|range| start + range.start..start + range.end));
    }
    found
}

/// The address around an `@`, unless everybody knows it.
fn address(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    shape(bytes, at).filter(|range| !is_public(bytes, range.clone(), at))
}

/// What has the form of an address, around an `@`.
pub(super) fn shape(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let in_name = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'%' | b'+' | b'-');
    let head = &bytes[at.saturating_sub(LONGEST_NAME)..at];
    let name = head.iter().rev().take_while(|&&byte| in_name(byte)).count();
    let start = at - name;
    let start = start + bytes[start..at].iter().take_while(|byte| !is_word(**byte)).count();
    let end = at + 1 + domain(&bytes[at + 1..]);
    let domain = &bytes[at + 1..end];
    let top = domain.rsplit(|&byte| byte == b'.').next()?;
    let is_domain = domain.contains(&b'.') && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    (start < at && is_domain && !is_one_of(top, &UNITS)).then_some(start..end)
}

/// Length of the domain that text begins with: labels of letters, digits and dashes.
fn domain(rest: &[u8]) -> usize {
    let rest = &rest[..rest.len().min(LONGEST_DOMAIN)];
    let length = rest.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')).count();
    // Punctuation after it is no part of it.
    rest[..length].iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1)
}

fn is_public(bytes: &[u8], range: Range<usize>, at: usize) -> bool {
    let domain = &bytes[at + 1..range.end];
    let before = &bytes[range.start.saturating_sub(BANNER_WITHIN)..range.start];
    let in_banner = before.ends_with(b"(") && position(before, "linux version ").is_some();
    is_one_of(&bytes[range], &PUBLIC_ADDRESSES)
        || is_under(domain, &PUBLIC)
        || (in_banner && is_under(domain, &BUILDERS))
}

/// Whether a domain is one of a list, or belongs to it.
pub(super) fn is_under(domain: &[u8], list: &[&str]) -> bool {
    list.iter().any(|parent| {
        let at = domain.len().checked_sub(parent.len());
        at.is_some_and(|at| domain[at..].eq_ignore_ascii_case(parent.as_bytes()) && (at == 0 || domain[at - 1] == b'.'))
    })
}
