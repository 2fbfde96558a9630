//! The bytes of a report's `Code:` against the file's own.
//!
//! A running kernel's code is not that of its file: it is patched at boot and while it runs. Must never explain a
//! difference by that unless its form is one of those that patching makes.

use crate::object::Object;
use oopscope_dwarf::At;
use oopscope_report::{Arch, Code};

/// What the comparison gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// All bytes are the same.
    Equal,
    /// They differ in places that are patched while a kernel runs: how many bytes, and what patches them.
    Patched(String),
    /// They differ, in words.
    Different(String),
}

impl Compared {
    /// As [`oopscope_report::Symbolized::code`] has it.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Equal => "equal".to_owned(),
            Self::Patched(words) | Self::Different(words) => words,
        }
    }
}

/// The longest piece that is patched as one: a call through memory has seven bytes, and is padded.
const LONGEST: usize = 16;

/// Bytes of the file before and behind what was printed.
const MARGIN: u64 = 8;

/// KASLR moves x86's kernel by multiples of 2 MiB within 1 GiB (arch/x86/boot/compressed/kaslr.c, CONFIG_PHYSICAL_ALIGN).
const STEP: u32 = 0x20_0000;
const STEPS: u32 = 512;

/// Compares a report's code with the file's, of which `pc` is the trapping instruction. None where there is nothing to
/// compare: no bytes in the log, or none in the file.
pub(crate) fn compare(
    code: &Code,
    arch: Option<Arch>,
    object: &Object,
    pc: At,
    moved: Option<u64>,
) -> Option<Compared> {
    let trap = usize::try_from(code.trap?).ok()?;
    let width = code.units.first()?.len() / 2;
    let is_x86 = matches!(arch, Some(Arch::X86_64 | Arch::I386));
    // Where units are words, those of one size alone can be laid side by side.
    if !matches!(width, 1 | 2 | 4) || code.units.iter().any(|unit| unit.len() != width * 2) || !is_x86 && width == 1 {
        return None;
    }
    let before = u64::try_from(trap * width).ok()?;
    let total = u64::try_from(code.units.len() * width).ok()?;
    let from = At { address: pc.address.checked_sub(before)?, ..pc };
    let margin = At { address: from.address.saturating_sub(MARGIN), ..from };
    let (from, lead, file) = match object.loaded(margin, total + 2 * MARGIN) {
        Some(file) if from.address >= MARGIN => (margin, MARGIN, file),
        _ => (from, 0, object.loaded(from, total)?),
    };
    let little = object.outline.layout.little_endian;
    // What was not printed is not known of the log, but of the file: pieces at the edges are whole there.
    let mut log = vec![None; usize::try_from(lead).ok()?];
    for unit in &code.units {
        let raw = u32::from_str_radix(unit, 16).ok().map(u32::to_le_bytes);
        log.extend((0..width).map(|at| raw.map(|raw| raw[if little { at } else { width - 1 - at }])));
    }
    log.resize(file.len().max(log.len()), None);
    let pairs: Vec<(Option<u8>, u8)> = log.into_iter().zip(file).collect();
    let relocated = object.relocated(from, pairs.len() as u64);
    Some(judge(&pairs, &relocated, arch, from.address, moved))
}

fn judge(
    pairs: &[(Option<u8>, u8)],
    relocated: &[bool],
    arch: Option<Arch>,
    base: u64,
    moved: Option<u64>,
) -> Compared {
    let differs = |at: usize| {
        let (log, file) = pairs[at];
        log.is_some_and(|log| log != file) && !relocated.get(at).copied().unwrap_or(false)
    };
    let moved = moved.and_then(|moved| u32::try_from(moved).ok()).or_else(|| told(pairs));
    let mut at = 0;
    let mut patched: Vec<&'static str> = Vec::new();
    let mut bytes = 0;
    while at < pairs.len() {
        if !differs(at) {
            at += 1;
            continue;
        }
        let explained = match arch {
            Some(Arch::X86_64 | Arch::I386) => explain(pairs, at, moved),
            Some(Arch::Arm64) => explain_arm64(pairs, at),
            _ => None,
        };
        let Some((end, what)) = explained else {
            let (log, file) = pairs[at];
            let place = base.wrapping_add(at as u64);
            return Compared::Different(format!(
                "different: at {place:#x} of the file is {file:02x}, the log has {:02x}; nothing that is known to patch \
                 a running kernel makes that of it",
                log.unwrap_or(0)
            ));
        };
        bytes += (at..end.min(pairs.len())).filter(|&at| differs(at)).count();
        if !patched.contains(&what) {
            patched.push(what);
        }
        at = end.max(at + 1);
    }
    if patched.is_empty() {
        return Compared::Equal;
    }
    let (s, what) = (if bytes == 1 { "" } else { "s" }, patched.join(", "));
    Compared::Patched(format!("equal but for {bytes} byte{s} that a running kernel patches: {what}"))
}

/// A piece that lies around a difference, and what it is in file and log: its end, and the words for what was done to it.
/// Pieces at the edge of what was printed are cut off, and judged by what is there.
fn explain(pairs: &[(Option<u8>, u8)], at: usize, moved: Option<u32>) -> Option<(usize, &'static str)> {
    let earliest = at.saturating_sub(LONGEST - 1);
    for from in (earliest..=at).rev() {
        let file = |n: usize| pairs.get(from + n).map(|pair| pair.1);
        let log = |n: usize| pairs.get(from + n).and_then(|pair| pair.0);
        for (size, what) in shapes(&file, &log) {
            if from + size > at {
                return Some((from + size, what));
            }
        }
    }
    moved.filter(|&moved| moved != 0).and_then(|moved| relocation(pairs, at, moved))
}

/// What one piece is in file and log, by the forms that patching makes, each with its size.
fn shapes(file: &dyn Fn(usize) -> Option<u8>, log: &dyn Fn(usize) -> Option<u8>) -> Vec<(usize, &'static str)> {
    let is = |of: &dyn Fn(usize) -> Option<u8>, bytes: &[u8]| {
        bytes.iter().enumerate().all(|(n, &byte)| of(n).is_none_or(|have| have == byte))
    };
    let nop5 =
        |of: &dyn Fn(usize) -> Option<u8>| is(of, &[0x0f, 0x1f, 0x44, 0, 0]) || is(of, &[0x66, 0x66, 0x66, 0x66, 0x90]);
    let nop2 = |of: &dyn Fn(usize) -> Option<u8>| is(of, &[0x66, 0x90]);
    let starts = |of: &dyn Fn(usize) -> Option<u8>, byte: u8| of(0).is_none_or(|have| have == byte);
    let mut found = Vec::new();
    // arch/x86/kernel/ftrace.c, arch/x86/kernel/static_call.c: a call of five bytes, or a nop of five.
    if starts(file, 0xe8) && nop5(log) || nop5(file) && starts(log, 0xe8) {
        found.push((5, "function tracing or a static call"));
    }
    if matches!(file(0), Some(0xe8 | 0xe9)) && matches!(log(0), Some(0xe8 | 0xe9)) {
        found.push((5, "a static call or a thunk"));
    }
    // A warning as a call of what traps ("x86/bug: Implement WARN_ONCE()", 6.19): `ud1 (%edx),%rdi`.
    if starts(file, 0xe8) && is(log, &[0x67, 0x48, 0x0f, 0xb9, 0x3a]) {
        found.push((5, "a static call"));
    }
    // arch/x86/kernel/jump_label.c: a jump, or a nop of its size.
    if nop5(file) && starts(log, 0xe9) || starts(file, 0xe9) && nop5(log) {
        found.push((5, "a static key"));
    }
    if nop2(file) && starts(log, 0xeb) || starts(file, 0xeb) && nop2(log) {
        found.push((2, "a static key"));
    }
    // arch/x86/kernel/alternative.c, apply_returns: `jmp __x86_return_thunk` becomes `ret; int3…`.
    if starts(file, 0xe9) && is(log, &[0xc3, 0xcc, 0xcc, 0xcc, 0xcc]) {
        found.push((5, "a return thunk"));
    }
    // apply_retpolines: a call or jump to a thunk becomes one through the register, with its padding.
    if matches!(file(0), Some(0xe8 | 0xe9)) && (starts(log, 0xff) || log(0) == Some(0x41) && log(1) == Some(0xff)) {
        found.push((5, "a retpoline"));
    }
    // apply_paravirt and apply_alternatives: a call through memory becomes a direct one, or the instruction itself.
    if starts(file, 0xff) && matches!(file(1), Some(0x14 | 0x15)) {
        found.push((if file(1) == Some(0x14) { 7 } else { 6 }, "a paravirtual call"));
    }
    // apply_alternatives: nops become an instruction, as `stac` and `clac` do (SMAP).
    if is(file, &[0x90, 0x90, 0x90]) || is(file, &[0x0f, 0x1f, 0x00]) {
        found.push((3, "alternative instructions"));
    }
    // alternatives_smp_*: the lock prefix of a machine with one CPU.
    if starts(file, 0xf0) && starts(log, 0x3e) {
        found.push((1, "a lock prefix"));
    }
    found
}

/// arm64 patches whole instructions: a nop becomes a branch or a barrier, or the other way round
/// (arch/arm64/kernel/alternative.c, jump_label.c, ftrace.c).
fn explain_arm64(pairs: &[(Option<u8>, u8)], at: usize) -> Option<(usize, &'static str)> {
    const NOP: [u8; 4] = 0xd503_201f_u32.to_le_bytes();
    let from = at - at % 4;
    let word = pairs.get(from..from + 4)?;
    let is_nop = word.iter().map(|pair| pair.1).eq(NOP) || word.iter().map(|pair| pair.0).eq(NOP.map(Some));
    is_nop.then_some((from + 4, "alternatives, a static key or function tracing"))
}

/// Four bytes that hold an address of the kernel, as far as they are known: KASLR moved it.
fn relocation(pairs: &[(Option<u8>, u8)], at: usize, moved: u32) -> Option<(usize, &'static str)> {
    (at.saturating_sub(3)..=at).find_map(|from| {
        let piece = pairs.get(from..from + 4)?;
        let file = u32::from_le_bytes([piece[0].1, piece[1].1, piece[2].1, piece[3].1]);
        // Places of per-CPU variables count from the instruction, and do not move with it (tools/relocs.c, relocs32neg).
        let want = if is_address(file) {
            file.wrapping_add(moved)
        } else if is_per_cpu(pairs, from, file) {
            file.wrapping_sub(moved)
        } else {
            return None;
        };
        let same = piece.iter().zip(want.to_le_bytes()).all(|(pair, want)| pair.0.is_none_or(|log| log == want));
        same.then_some((from + 4, "addresses that KASLR moved"))
    })
}

/// How far KASLR moved the kernel, by the first difference that only that can make.
fn told(pairs: &[(Option<u8>, u8)]) -> Option<u32> {
    let at = (0..pairs.len())
        .find(|&at| explain(pairs, at, None).is_none() && pairs[at].0.is_some_and(|log| log != pairs[at].1))?;
    (1..STEPS).map(|steps| steps * STEP).find(|&moved| relocation(pairs, at, moved).is_some())
}

/// Whether four bytes may be the lower half of an address of the kernel, as the linker places it: from 16 MiB behind
/// `__START_KERNEL_map` on (arch/x86/include/asm/page_types.h, CONFIG_PHYSICAL_START), for as long as kernels are.
const fn is_address(value: u32) -> bool {
    value >= 0x8100_0000 && value < 0x9000_0000
}

/// Whether four bytes may be the distance from an instruction to a per-CPU variable, whose places begin at 0: almost as far
/// as the kernel lies below the address space's end, behind a prefix for GS.
fn is_per_cpu(pairs: &[(Option<u8>, u8)], from: usize, value: u32) -> bool {
    let before = &pairs[from.saturating_sub(5)..from];
    (0x7000_0000..0x7f00_0000).contains(&value) && before.iter().any(|pair| pair.1 == 0x65)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &[u8], log: &[u8], moved: Option<u64>) -> Compared {
        let pairs: Vec<_> = file.iter().zip(log).map(|(&file, &log)| (Some(log), file)).collect();
        judge(&pairs, &[], Some(Arch::X86_64), 0x1000, moved)
    }

    #[test]
    fn what_patching_makes_is_explained_and_nothing_else() {
        let same = [0x55, 0x48, 0x89, 0xe5];
        assert_eq!(check(&same, &same, None), Compared::Equal);
        let traced = check(&[0xe8, 1, 2, 3, 4, 0x55], &[0x0f, 0x1f, 0x44, 0, 0, 0x55], None);
        assert!(matches!(traced, Compared::Patched(words) if words.contains("function tracing")));
        let key = check(&[0x55, 0x66, 0x90, 0x55], &[0x55, 0xeb, 0x10, 0x55], None);
        assert!(matches!(key, Compared::Patched(words) if words.contains("2 bytes") && words.contains("static key")));
        let ret = check(&[0xe9, 9, 9, 9, 9], &[0xc3, 0xcc, 0xcc, 0xcc, 0xcc], None);
        assert!(matches!(ret, Compared::Patched(words) if words.contains("return thunk")));
        assert!(matches!(check(&same, &[0x55, 0x48, 0x89, 0xe6], None), Compared::Different(_)));
        let moved = check(&[0x48, 0xc7, 0xc0, 0, 0, 0, 0x82], &[0x48, 0xc7, 0xc0, 0, 0, 0, 0x92], Some(0x1000_0000));
        assert!(matches!(moved, Compared::Patched(words) if words.contains("KASLR")));
        // Without the log's word the difference itself tells, if it is one that KASLR makes.
        let told = check(&[0x48, 0xc7, 0xc0, 0, 0, 0, 0x82], &[0x48, 0xc7, 0xc0, 0, 0, 0x20, 0x92], None);
        assert!(matches!(told, Compared::Patched(words) if words.contains("KASLR")));
        let odd = check(&[0x48, 0xc7, 0xc0, 0, 0, 0, 0x82], &[0x48, 0xc7, 0xc0, 0, 0, 0x10, 0x92], None);
        assert!(matches!(odd, Compared::Different(_)));
        let two = [0x48, 0xc7, 0xc0, 0, 0, 0, 0x82, 0x48, 0xc7, 0xc1, 0, 0, 0, 0x82];
        let other = [0x48, 0xc7, 0xc0, 0, 0, 0x20, 0x92, 0x48, 0xc7, 0xc1, 0, 0, 0x40, 0x92];
        assert!(matches!(check(&two, &other, None), Compared::Different(_)), "moved by two distances");
    }
}
