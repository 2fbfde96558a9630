//! Deterministic mutations: the same seed makes the same inputs on every machine.
//!
//! This file must never use a source of chance but its own generator.

use std::ops::Range;

/// A xorshift generator: small, and good enough to stir bytes.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator for a number; 0 is as good as any other.
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// A generator that depends on some bytes alone.
    pub fn of(bytes: &[u8]) -> Self {
        const PRIME: u64 = 0x0100_0000_01b3;
        Self::new(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.max(1);
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below a bound; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.number() % bound).unwrap_or_default()
    }

    /// One of some things.
    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        things.get(self.below(things.len()))
    }

    /// A part of something that is so long.
    fn range(&mut self, len: usize) -> Range<usize> {
        let start = self.below(len + 1);
        let most = if self.below(4) == 0 { len } else { 64 };
        start..len.min(start + self.below(most + 1))
    }
}

/// What is put in between: texts that mean something to one scanner or another, and bytes that mean trouble.
const TOKENS: [&[u8]; 49] = [
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"\xff",
    b"\xe2\x82",
    b"\x1b[31m",
    b" <IRQ>\n",
    b" </IRQ>\n",
    b" <TASK>\n",
    b"<NMI>\n",
    b"Call Trace:\n",
    b"BUG: kernel NULL pointer dereference, address: 0000000000000008\n",
    b"Oops: 0002 [#1] PREEMPT SMP\n",
    b"Oops: Oops: 0000 [#4294967296] SMP\n",
    b"RIP: 0010:f+0xffffffffffffffff/0x0\n",
    b"general protection fault, probably for non-canonical address 0xdead000000000122: 0000 [#1] SMP\n",
    b"Kernel panic - not syncing: Fatal exception in interrupt\n",
    b"---[ end Kernel panic - not syncing: x ]---\n",
    b"---[ end trace 0000000000000000 ]---\n",
    b"------------[ cut here ]------------\n",
    b"WARNING: CPU: 99999999999 PID: -1 at a.c:99999999999 f+0x1/0x2\n",
    b"Modules linked in: a(OE) b(+) [last unloaded: c]\n",
    b"Code: 00 <11> 22 ?? zz\n",
    b"[    1.000000] ",
    b"[99999999999999999999.999999]",
    b"[    2.0][  T12] ",
    b"<4>",
    b"Internal error: Oops: 0000000096000004 [#1] SMP\n",
    b"Linux version 6.1.0 (a@b.c) (gcc)\n",
    b"BUG: KASAN: use-after-free in f+0x1/0x2\n",
    b"Read of size 8 at addr ffff888000000000 by task x/1\n",
    b"Allocated by task 1:\n",
    b"WARNING: possible circular locking dependency detected\n",
    b"x/1 is trying to acquire lock:\n",
    b" (&a){+.+.}-{3:3}, at: f+0x1/0x2\n",
    b"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n",
    b"INFO: task x:1 blocked for more than 120 seconds.\n",
    b"watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [x:1]\n",
    b"Sending NMI from CPU 0 to CPUs 1:\n",
    b"asm_sysvec_apic_timer_interrupt+0x1/0x2\n",
    b"==================================================================\n",
    b"unreferenced object 0xffff888000000000 (size 32):\n",
    b"  backtrace (crc 0):\n",
    b"BUG kmalloc-32 (Tainted: G B): Poison overwritten\n",
    b"10.1.2.3 ",
    b"@",
    b"%41",
    b"SerialNumber: ",
];

/// Something like `seed`: a few changes to it, some of them with parts of `others`.
pub fn mutated(rng: &mut Rng, seed: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    /// Inputs stay small: what is slow on large ones has tests of its own.
    const LONGEST: usize = 96 << 10;
    let mut bytes = seed.to_vec();
    for _ in 0..=rng.below(6) {
        mutate(rng, &mut bytes, others);
        bytes.truncate(LONGEST);
    }
    bytes
}

fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
    let at = rng.below(bytes.len() + 1);
    match rng.below(14) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
        1 => bytes.truncate(at),
        2 => {
            let range = rng.range(bytes.len());
            bytes.drain(range);
        }
        3 => {
            let copy = bytes[rng.range(bytes.len())].to_vec();
            bytes.splice(at..at, copy);
        }
        4 | 5 => {
            let token = rng.pick(&TOKENS).copied().unwrap_or_default();
            bytes.splice(at..at, token.iter().copied());
        }
        6 => {
            let other = rng.pick(others).map(Vec::as_slice).unwrap_or_default();
            let part = other[rng.range(other.len())].to_vec();
            bytes.splice(at..at, part);
        }
        7 => lines(rng, bytes, |rng, lines| {
            let (one, other) = (rng.below(lines.len()), rng.below(lines.len()));
            lines.swap(one, other);
        }),
        8 => lines(rng, bytes, |rng, lines| {
            let range = rng.range(lines.len());
            lines.drain(range);
        }),
        9 => lines(rng, bytes, |rng, lines| {
            let range = rng.range(lines.len());
            let length = range.len().max(1);
            lines[range].rotate_left(rng.below(length).min(length - 1));
        }),
        10 => {
            // Two CPUs print at once: each its own lines in their order.
            let other = rng.pick(others).cloned().unwrap_or_default();
            *bytes = interleaved(rng, bytes, &other);
        }
        11 => {
            let other = rng.pick(others).map(Vec::as_slice).unwrap_or_default();
            bytes.extend_from_slice(other);
        }
        12 => {
            // What is between reports: with times, and without.
            let line: &[u8] = if rng.below(2) == 0 { b"[   50.0] init: quiet\n" } else { b"init: quiet\n" };
            let quiet = line.repeat(rng.below(100));
            bytes.splice(at..at, quiet);
        }
        _ => {
            // A line that is longer than what is looked at of one.
            let filler = vec![b'a'; if rng.below(8) == 0 { 17 << 10 } else { 300 }];
            bytes.splice(at..at, filler);
        }
    }
}

/// The lines of two logs, each log's in their order, a few of one and a few of the other in turn.
pub fn interleaved(rng: &mut Rng, one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut one = one.split_inclusive(|&byte| byte == b'\n').peekable();
    let mut other = other.split_inclusive(|&byte| byte == b'\n').peekable();
    let mut bytes = Vec::new();
    while one.peek().is_some() || other.peek().is_some() {
        for line in one.by_ref().take(rng.below(6)) {
            bytes.extend_from_slice(line);
        }
        for line in other.by_ref().take(rng.below(6)) {
            bytes.extend_from_slice(line);
        }
    }
    bytes
}

/// Changes the order and number of lines.
fn lines(rng: &mut Rng, bytes: &mut Vec<u8>, change: impl FnOnce(&mut Rng, &mut Vec<&[u8]>)) {
    let mut lines: Vec<_> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    if lines.is_empty() {
        return;
    }
    change(rng, &mut lines);
    *bytes = lines.concat();
}
