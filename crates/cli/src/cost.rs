//! What a command cost: reads of files, and memory.
//!
//! This module must never measure time: that depends on the machine, and whoever calls can do it better.

use std::sync::atomic::{AtomicU64, Ordering};

/// Of all files of this process.
static READS: AtomicU64 = AtomicU64::new(0);
static BYTES_READ: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// A file of that many bytes was opened.
pub(crate) fn opened(bytes: u64) {
    BYTES.fetch_add(bytes, Ordering::Relaxed);
}

/// A piece of a file was read.
pub(crate) fn read(bytes: usize) {
    READS.fetch_add(1, Ordering::Relaxed);
    BYTES_READ.fetch_add(bytes as u64, Ordering::Relaxed);
}

/// What it cost until now, in a line that programs can read: names, each with its number.
pub(crate) fn line() -> String {
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    format!("stats: reads {}, bytes_read {}, bytes {}{}", of(&READS), of(&BYTES_READ), of(&BYTES), peak())
}

/// The most memory that this process had, as an end of such a line, where the system tells (proc(5), `VmHWM`).
pub(crate) fn peak() -> String {
    peak_kb().map(|peak| format!(", peak_kb {peak}")).unwrap_or_default()
}

fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
