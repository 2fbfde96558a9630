//! IP addresses: `ip`.
//!
//! Found: IPv4 addresses, also with a port or a prefix length after them, and IPv6 addresses in every way of
//! writing, link-local ones too, because an `fe80::` address carries the MAC address of its interface.
//!
//! ```text
//! nfs: server 192.168.7.20 not responding, still trying
//! IPv6: eth0: IPv6 duplicate address fe80::5054:ff:fe12:3456 used by 52:54:00:12:34:56 detected!
//! libceph: mon0 (1)10.20.30.41:6789 session established
//! ```
//!
//! Left alone on purpose, because they name nobody: the loopback (`127.0.0.0/8`, `::1`), the unspecified address
//! (`0.0.0.0`, `::`), netmasks and broadcast (`255.…`), and link-local multicast (`224.0.0.x`, `ff02::…`). And what only
//! looks like an address: versions (`version 1.2.3.4`, `fw 14.28.2006.1`, `v4.1.0.2`, `firmware-2.0.1.3`), PCI
//! addresses (`0000:00:1f.2`), times (`12:34:56`) and hex dumps.
//!
//! This file must never read a number of more or less than four parts as an address, nor a name with colons.

use super::scan::{before, ends_word, is_one_of, starts_word, word_before};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Words after which four numbers are a version.
const VERSION_WORDS: [&str; 14] = [
    "version",
    "ver",
    "vers",
    "rev",
    "revision",
    "fw",
    "firmware",
    "bios",
    "driver",
    "release",
    "nvm",
    "v",
    "api",
    "microcode",
];

/// The longest IPv6 address as text, with an IPv4 address at its end.
const LONGEST_V6: usize = 45;

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = v4(bytes);
    found.extend(v6(text));
    found
}

fn v4(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'.') {
            at += 1;
        }
        // The full stop of a sentence is no part of the address that ends it.
        let end = if bytes[at - 1] == b'.' { at - 1 } else { at };
        if let Some(address) = parse_v4(&bytes[start..end])
            && !is_public_knowledge_v4(address)
            && stands_as_v4(bytes, start..end, address)
        {
            found.push(start..end);
        }
    }
    found
}

/// Four octets, also with the leading zeros of the kernel's `%pi4`.
fn parse_v4(run: &[u8]) -> Option<Ipv4Addr> {
    const LONGEST: usize = 15;
    if run.len() > LONGEST {
        return None;
    }
    let mut octets = [0; 4];
    let mut parts = run.split(|&byte| byte == b'.');
    for octet in &mut octets {
        let part = parts.next().filter(|part| (1..=3).contains(&part.len()))?;
        *octet = str::from_utf8(part).ok()?.parse().ok()?;
    }
    parts.next().is_none().then_some(octets.into())
}

fn is_public_knowledge_v4(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [0 | 127 | 240.., ..] | [224, 0, 0, _])
}

/// Whether four numbers stand where an address would, and not a version.
fn stands_as_v4(bytes: &[u8], range: Range<usize>, address: Ipv4Addr) -> bool {
    if !starts_word(bytes, range.start) || !ends_word(bytes, range.end) {
        return false;
    }
    // No version looks like one of these.
    let surely_private = matches!(address.octets(), [192, 168, ..] | [169, 254, ..] | [172, 16..=31, ..]);
    if surely_private {
        return true;
    }
    let version_before = before(bytes, range.start) == Some(b'-') && !follows_v4(bytes, range.start - 1);
    let version_after = match bytes.get(range.end) {
        Some(b'+' | b'~') => true,
        Some(b'-') => !bytes.get(range.end + 1).is_some_and(u8::is_ascii_digit) || !precedes_v4(bytes, range.end + 1),
        _ => false,
    };
    !version_before && !version_after && !is_one_of(word_before(bytes, range.start), &VERSION_WORDS)
}

/// Whether an address ends at a position: the first of a range `10.0.0.1-10.0.0.9`.
fn follows_v4(bytes: &[u8], end: usize) -> bool {
    let head = &bytes[end.saturating_sub(16)..end];
    let start = head.iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b'.').map_or(0, |start| start + 1);
    parse_v4(&head[start..]).is_some()
}

/// Whether an address begins at a position: the last of a range.
fn precedes_v4(bytes: &[u8], start: usize) -> bool {
    let tail = &bytes[start..bytes.len().min(start + 16)];
    let end = tail.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(tail.len());
    parse_v4(&tail[..end]).is_some()
}

fn v6(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let in_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !in_address(bytes[at]) {
            at += 1;
            continue;
        }
        let mut start = at;
        while at < bytes.len() && in_address(bytes[at]) {
            at += 1;
        }
        let mut end = at;
        // `server:fe80::1`: the colon ends the name before it. `fe80::1:` and `fe80::1.`: punctuation after it.
        if bytes[start] == b':' && bytes.get(start + 1) != Some(&b':') {
            start += 1;
        }
        if bytes[start..end].ends_with(b".")
            || (bytes[start..end].ends_with(b":") && !bytes[start..end].ends_with(b"::"))
        {
            end -= 1;
        }
        if is_v6(text, start..end) && starts_word(bytes, start) && ends_word(bytes, end) {
            found.push(start..end);
        }
    }
    found
}

fn is_v6(text: &str, range: Range<usize>) -> bool {
    if range.len() > LONGEST_V6 || range.is_empty() {
        return false;
    }
    let run = &text[range];
    // Eight pairs are a hardware address (EUI-64), and a name like `abc::def` a path in some program.
    let all_pairs = run.split(':').all(|group| group.len() == 2);
    if all_pairs || !run.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    run.parse::<Ipv6Addr>().is_ok_and(|address| {
        let multicast_beyond_link = address.is_multicast() && address.segments()[0] & 0xf > 2;
        !(address.is_loopback() || address.is_unspecified()) && (!address.is_multicast() || multicast_beyond_link)
    })
}
