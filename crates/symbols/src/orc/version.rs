//! Which version ORC entries are of: by the hash that kernels since 6.4 carry, or else by what the entries look like.
//!
//! Must never look at a kernel's version: distributions have taken the newer form into older kernels, without the hash.

use super::entry::{Base, Entry, FrameKind, Version};
use super::{ENTRY, MOST, OrcError, Tables};
use crate::{Memory, Unreadable};

/// The hashes of arch/x86/include/asm/orc_types.h ("x86/unwind/orc: Add ELF section with ORC version identifier").
const HASHES: [([u8; 20], Version); 3] = [
    (*b"\xdb\x84\xae\xd4\x10\x3b\x31\xdd\x51\xe0\x17\xf8\xf7\x97\x83\xca\x98\x5c\x2c\x51", Version::V2),
    (*b"\xfe\x5d\x32\xbf\x58\x1b\xd6\x3b\x2c\xa9\xa5\xc6\x5b\xa5\xa6\x25\xea\xb3\xfe\x24", Version::V3),
    (*b"\x13\x7c\x36\xad\x76\x27\xc4\xdd\x55\x93\x21\x76\xbb\x0e\xcd\xbd\x50\x41\xfc\x82", Version::V4),
];

/// Entries that are read at one place.
const BLOCK: u64 = 128;

/// Places where entries are read.
const BLOCKS: u64 = 16;

/// How a version is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// By the kernel's own hash.
    Hash,
    /// By what the entries look like: no other version explains them as well.
    Entries,
}

/// Finds the version of the kernel's table. What decides without a hash: nearly all code is functions that are called and
/// find their caller from SP or BP, so the version is the one that says so of nearly all entries. Between the first two,
/// which differ in two bits that functions leave alone, interrupted frames decide.
pub fn version(memory: &dyn Memory, tables: &Tables) -> Result<(Version, Certainty), OrcError> {
    if tables.count > MOST {
        return Err(OrcError::Count { count: tables.count });
    }
    if let Some(&(_, version)) = HASHES.iter().find(|(hash, _)| tables.header.as_ref() == Some(hash)) {
        return Ok((version, Certainty::Hash));
    }
    let sample = sample(memory, tables)?;
    let score = |version| sample.iter().filter(|&&raw| is_call(raw, version)).count();
    // What is all zeros is undefined in each version.
    let telling = sample.iter().filter(|raw| raw[4..] != [0, 0]).count();
    let scores = Version::ALL.map(|version| (score(version), version));
    // The last of equals, which is the first version.
    let best = scores.iter().rev().max_by_key(|&&(score, _)| score);
    let Some(&(best, version)) = best.filter(|&&(score, _)| score * 10 >= telling * 8 && score > 0) else {
        return Err(OrcError::Version);
    };
    let [(first, _), (second, _), ..] = scores;
    let version = if first == second && best == first { first_or_second(memory, tables) } else { version };
    Ok((version, Certainty::Entries))
}

/// Which of the first two versions it is. The code that is entered by interruptions lies near the end of the kernel's text
/// (arch/x86/kernel/vmlinux.lds.S, ENTRY_TEXT), so the search goes backwards.
fn first_or_second(memory: &dyn Memory, tables: &Tables) -> Version {
    let mut to = tables.count;
    while to > 0 {
        let from = to.saturating_sub(BLOCK * 8);
        let mut raw = vec![0; usize::try_from((to - from) * ENTRY).unwrap_or(0)];
        if memory.read(tables.entries.wrapping_add(from * ENTRY), &mut raw).is_ok() {
            for raw in raw.chunks_exact(6).filter_map(|raw| raw.first_chunk().copied()) {
                match (makes_sense(raw, Version::V1), makes_sense(raw, Version::V2)) {
                    (true, false) => return Version::V1,
                    (false, true) => return Version::V2,
                    _ => {}
                }
            }
        }
        to = from;
    }
    Version::V1
}

/// Entries from places all over the table.
fn sample(memory: &dyn Memory, tables: &Tables) -> Result<Vec<[u8; 6]>, Unreadable> {
    let mut sample = Vec::new();
    let mut last = Ok(());
    let blocks = tables.count.div_ceil(BLOCK).min(BLOCKS);
    for block in 0..blocks {
        let from = (tables.count.saturating_sub(BLOCK) / blocks.max(2).saturating_sub(1)) * block;
        let count = BLOCK.min(tables.count.saturating_sub(from));
        let mut raw = vec![0; usize::try_from(count * ENTRY).unwrap_or(0)];
        match memory.read(tables.entries.wrapping_add(from * ENTRY), &mut raw) {
            Ok(()) => sample.extend(raw.chunks_exact(6).filter_map(|raw| raw.first_chunk().copied())),
            // What is missing here costs nothing as long as there is something elsewhere.
            Err(error) => last = Err(error),
        }
    }
    if sample.is_empty() { last.map(|()| sample) } else { Ok(sample) }
}

/// Whether an entry says what most entries say: a function that has been called, whose caller is found from SP or BP.
fn is_call(raw: [u8; 6], version: Version) -> bool {
    Entry::decode(raw, version).is_some_and(|entry| {
        entry.kind == FrameKind::Call && matches!(entry.sp, Base::Sp | Base::Bp) && !entry.signal && entry.sp_offset > 0
    })
}

/// Whether an entry makes sense in one of the first two versions: registers have always been saved by an interruption.
fn makes_sense(raw: [u8; 6], version: Version) -> bool {
    Entry::decode(raw, version)
        .is_some_and(|entry| entry.signal == matches!(entry.kind, FrameKind::Regs | FrameKind::RegsPartial))
}
