//! Where instructions begin: in step with the marked byte.
//!
//! The bytes before the trap begin anywhere, also in the middle of an instruction. Every beginning is tried; those
//! count that reach the trapping byte exactly without meeting bytes that are no instruction. They soon fall in step
//! with each other, for x86 code synchronises itself, and from there on the listing is certain. Must never give a
//! place from which the trapping byte is not met.

use crate::instruction::Decoder;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// Index of the first instruction's first byte.
    pub(crate) at: usize,
    /// True when other beginnings are as good and give other instructions.
    pub(crate) guessed: bool,
}

/// Finds the beginning in `bytes` for a trap at `trap`.
pub(crate) fn start(decoder: &dyn Decoder, bytes: &[u8], trap: usize) -> Start {
    if decoder.longest() == decoder.step() {
        return Start { at: trap % decoder.step(), guessed: false };
    }
    way(decoder, bytes, trap, true)
        .or_else(|| way(decoder, bytes, trap, false))
        .unwrap_or(Start { at: trap, guessed: false })
}

/// The best beginning before the trap; `strict` takes no instruction that no compiler writes. None where there is no
/// beginning before the trap at all.
fn way(decoder: &dyn Decoder, bytes: &[u8], trap: usize, strict: bool) -> Option<Start> {
    // meets[i]: a beginning at i reaches the trap. next[i]: where the instruction at i ends.
    let mut next = vec![0; trap];
    let mut meets = vec![false; trap + 1];
    meets[trap] = true;
    for at in (0..trap).rev().filter(|at| (trap - at).is_multiple_of(decoder.step())) {
        if let Some(length) = decoder.length(&bytes[at..])
            && at + length <= trap
            && !(strict && decoder.is_odd(&bytes[at..]))
        {
            next[at] = at + length;
            meets[at] = meets[at + length];
        }
    }
    let first = (0..trap).find(|at| meets[*at])?;
    // Any of these may be the true beginning: one of so many bytes is the first of an instruction.
    let last = (first + decoder.longest()).min(trap);
    let candidates: Vec<usize> = (first..last).filter(|at| meets[*at]).collect();
    let mut on_every_way = vec![0_usize; trap + 1];
    for candidate in &candidates {
        let mut at = *candidate;
        while at < trap {
            on_every_way[at] += 1;
            at = next[at];
        }
    }
    let agreed = (0..trap).find(|at| on_every_way[*at] == candidates.len() && !candidates.is_empty());
    Some(match agreed {
        Some(at) if at <= trap / 2 || at <= decoder.longest() => Start { at, guessed: false },
        // No early agreement: the way that most beginnings join.
        late => {
            let best = candidates.iter().copied().max_by_key(|candidate| {
                let mut at = *candidate;
                let mut votes = 0;
                while at < trap {
                    votes += on_every_way[at];
                    at = next[at];
                }
                (votes, std::cmp::Reverse(*candidate))
            });
            let at = best.unwrap_or(trap);
            Start { at, guessed: late != Some(at) && at != trap }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x86::X86;

    fn check(bytes: &[u8], trap: usize) -> Start {
        start(&X86 { bits: 64 }, bytes, trap)
    }

    #[test]
    fn the_middle_of_an_instruction_is_left_out() {
        // The tail of a `mov $imm32,%eax`, then `mov %rsp,%rbp`, `push %rbx`, `mov (%rax),%ebx`.
        let bytes = [0x81, 0x0f, 0x48, 0x89, 0xe5, 0x53, 0x8b, 0x18];
        let start = check(&bytes, 6);
        assert!(start.at <= 6);
        let mut at = start.at;
        while at < 6 {
            at += X86 { bits: 64 }.length(&bytes[at..]).unwrap();
        }
        assert_eq!(at, 6);
    }

    #[test]
    fn nothing_before_the_trap_is_nothing_to_guess() {
        assert_eq!(check(&[0x0f, 0x0b], 0), Start { at: 0, guessed: false });
        // 0x06 is no instruction in 64-bit mode.
        assert_eq!(check(&[0x06, 0x0f, 0x0b], 1), Start { at: 1, guessed: false });
    }

    #[test]
    fn nops_of_one_byte_are_certain_from_the_first_on() {
        assert!(!check(&[0x90, 0x90, 0x90, 0x0f, 0x0b], 3).guessed);
    }
}
