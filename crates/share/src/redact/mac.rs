//! Hardware addresses of network devices: `mac`.
//!
//! Found: addresses of six pairs with colons or dashes (Ethernet, Wi-Fi, Bluetooth), of eight (EUI-64, FireWire) and
//! twenty (InfiniBand), both addresses in the fourteen pairs of netfilter's `MAC=`, and the twelve digits inside
//! interface names that systemd makes of the address.
//!
//! ```text
//! e1000e 0000:00:1f.6 eth0: (PCI Express:2.5GT/s:Width x1) 54:ee:75:12:34:56
//! wlan0: authenticate with 00-1b-21-aa-bb-cc
//! r8152 2-1:1.0 enx00e04c680001: renamed from eth0
//! IN=eth0 OUT= MAC=52:54:00:12:34:56:52:54:00:ab:cd:ef:08:00 SRC=192.168.7.20
//! ```
//!
//! Left alone on purpose: `00:00:00:00:00:00` and `ff:ff:ff:ff:ff:ff`, which name no device, runs of another length
//! (hex dumps), and hex digits with blanks between them (code bytes, dumps).
//!
//! This file must never take a part of a longer run for an address.

use super::scan::{ends_word, is_word, run, starts_word};
use std::ops::Range;

/// Lengths of hardware addresses, in pairs.
const PAIRS: [usize; 3] = [6, 8, 20];

/// Pairs of a whole Ethernet header: two addresses of six pairs, and a type.
const HEADER: usize = 14;

/// How systemd begins a name that it makes of an address: Ethernet, WLAN, WWAN.
const NAMES: [&[u8]; 3] = [b"enx", b"wlx", b"wwx"];

pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) || !starts_word(bytes, at) {
            at += 1;
            continue;
        }
        let word = run(bytes, at, is_word);
        if let Some(digits) = in_interface_name(&bytes[at..at + word]) {
            found.push(at + word - digits..at + word);
            at += word;
            continue;
        }
        let (pairs, end) = pairs(bytes, at);
        if pairs == 0 {
            at += word;
            continue;
        }
        if ends_word(bytes, end) {
            let address = |first: usize, pairs: usize| at + 3 * first..at + 3 * (first + pairs) - 1;
            let addresses = match pairs {
                HEADER => vec![address(0, 6), address(6, 6)],
                pairs if PAIRS.contains(&pairs) => vec![address(0, pairs)],
                _ => Vec::new(),
            };
            found.extend(addresses.into_iter().filter(|range| !names_nobody(&bytes[range.clone()])));
        }
        at = end;
    }
    found
}

/// Length of the address at the end of an interface's name.
fn in_interface_name(word: &[u8]) -> Option<usize> {
    let digits = NAMES.iter().find_map(|prefix| word.strip_prefix(*prefix))?;
    (digits.len() == 12 && digits.iter().all(u8::is_ascii_hexdigit)).then_some(12)
}

/// How many pairs of hex digits there are from a position on, with the same separator between all of them, and
/// where they end.
fn pairs(bytes: &[u8], start: usize) -> (usize, usize) {
    let pair_at = |at: usize| bytes.get(at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
    if !pair_at(start) {
        return (0, start);
    }
    let (mut count, mut end) = (1, start + 2);
    let separator = bytes.get(end).copied().filter(|byte| matches!(byte, b':' | b'-'));
    while separator.is_some() && bytes.get(end).copied() == separator && pair_at(end + 1) {
        count += 1;
        end += 3;
    }
    (count, end)
}

fn names_nobody(address: &[u8]) -> bool {
    let all = |wanted: u8| {
        let mut digits = address.iter().filter(|byte| byte.is_ascii_hexdigit());
        digits.all(|digit| digit.eq_ignore_ascii_case(&wanted))
    };
    all(b'0') || all(b'f')
}
