//! Instructions of the kernel that yaxpeax-arm does not know: ARM's media instructions, barriers, hints and mode
//! changes, and Thumb's `it`.
//!
//! By the tables of the Arm Architecture Reference Manual, ARMv7-A (A5.4 media instructions, A5.7 unconditional
//! instructions). Must never take a word whose should-be bits are not as they should be.

use super::text::{condition_of, register};

/// An instruction: its text, the register that it writes, those that it reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct More {
    pub(super) text: String,
    pub(super) sets: Option<u8>,
    pub(super) reads: Vec<u8>,
    /// Always executed.
    pub(super) always: bool,
    /// It traps or may: `udf`.
    pub(super) traps: bool,
}

/// An ARM word.
pub(super) fn arm(word: u32) -> Option<More> {
    if word >> 28 == 15 { unconditional(word) } else { media(word).or_else(|| hint(word)) }
}

fn field(word: u32, from: u32) -> u8 {
    u8::try_from(word >> from & 15).unwrap_or(0)
}

/// Barriers' names (A8.8.43).
pub(super) fn barrier(option: u32) -> String {
    match option {
        15 => "sy".to_owned(),
        14 => "st".to_owned(),
        13 => "ld".to_owned(),
        11 => "ish".to_owned(),
        10 => "ishst".to_owned(),
        9 => "ishld".to_owned(),
        7 => "un".to_owned(),
        6 => "unst".to_owned(),
        5 => "nshld".to_owned(),
        3 => "osh".to_owned(),
        2 => "oshst".to_owned(),
        1 => "oshld".to_owned(),
        other => format!("#{other}"),
    }
}

fn unconditional(word: u32) -> Option<More> {
    let text = match word & 0xffff_fff0 {
        0xf57f_f040 => format!("dsb {}", barrier(word & 15)),
        0xf57f_f050 => format!("dmb {}", barrier(word & 15)),
        0xf57f_f060 if word & 15 == 15 => "isb sy".to_owned(),
        0xf57f_f010 if word & 15 == 15 => "clrex".to_owned(),
        _ if word & 0xfff9_fe3f == 0xf108_0000 && word & 0x1c0 != 0 => {
            let flags: String = [(8, 'a'), (7, 'i'), (6, 'f')]
                .iter()
                .filter(|(bit, _)| word >> bit & 1 == 1)
                .map(|(_, flag)| *flag)
                .collect();
            match word >> 17 & 7 {
                // imod 2 enables, imod 3 disables; M is clear.
                0b100 => format!("cpsie {flags}"),
                0b110 => format!("cpsid {flags}"),
                _ => return None,
            }
        }
        // PLD and PLDW with an immediate; of a literal they are read otherwise.
        _ if word & 0xff30_f000 == 0xf510_f000 && field(word, 16) != 15 => {
            let name = if word >> 22 & 1 == 1 { "pld" } else { "pldw" };
            let (base, offset) = (register(field(word, 16)), word & 0xfff);
            match (offset, word >> 23 & 1) {
                (0, 1) => format!("{name} [{base}]"),
                (offset, 1) => format!("{name} [{base}, #{offset}]"),
                (offset, _) => format!("{name} [{base}, #-{offset}]"),
            }
        }
        _ => return None,
    };
    Some(More { text, always: true, ..More::default() })
}

fn hint(word: u32) -> Option<More> {
    if word & 0x0fff_ff00 != 0x0320_f000 {
        return None;
    }
    let condition = condition_of(word >> 28);
    let text = match word & 0xff {
        0 => format!("nop{condition} {{0}}"),
        1 => format!("yield{condition}"),
        2 => format!("wfe{condition}"),
        3 => format!("wfi{condition}"),
        4 => format!("sev{condition}"),
        5 => format!("sevl{condition}"),
        0x14 => format!("csdb{condition}"),
        _ => return None,
    };
    Some(More { text, always: true, ..More::default() })
}

fn media(word: u32) -> Option<More> {
    let condition = condition_of(word >> 28);
    let (d, n, m) = (field(word, 12), field(word, 16), field(word, 0));
    let (rd, rn, rm) = (register(d), register(n), register(m));
    let of = |text: String, sets: u8, reads: &[u8]| {
        Some(More { text, sets: Some(sets), reads: reads.to_vec(), always: word >> 28 == 14, traps: false })
    };
    if word & 0xfff0_00f0 == 0xe7f0_00f0 {
        let number = word >> 4 & 0xfff0 | word & 15;
        return Some(More { text: format!("udf #{number}"), always: true, traps: true, ..More::default() });
    }
    if word & 0x0f80_03f0 == 0x0680_0070 {
        let name = match word >> 20 & 7 {
            0 => "sxtb16",
            2 => "sxtb",
            3 => "sxth",
            4 => "uxtb16",
            6 => "uxtb",
            7 => "uxth",
            _ => return None,
        };
        let rotation = match word >> 10 & 3 {
            0 => String::new(),
            eighths => format!(", ror #{}", eighths * 8),
        };
        if n == 15 {
            return of(format!("{name}{condition} {rd}, {rm}{rotation}"), d, &[m]);
        }
        let name = name.replacen("xt", "xta", 1);
        return of(format!("{name}{condition} {rd}, {rn}, {rm}{rotation}"), d, &[n, m]);
    }
    match word & 0x0fff_0ff0 {
        0x06bf_0f30 => return of(format!("rev{condition} {rd}, {rm}"), d, &[m]),
        0x06bf_0fb0 => return of(format!("rev16{condition} {rd}, {rm}"), d, &[m]),
        0x06ff_0fb0 => return of(format!("revsh{condition} {rd}, {rm}"), d, &[m]),
        0x06ff_0f30 => return of(format!("rbit{condition} {rd}, {rm}"), d, &[m]),
        _ => {}
    }
    let low = word >> 7 & 31;
    match word & 0x0fe0_0070 {
        0x07e0_0050 => of(format!("ubfx{condition} {rd}, {rm}, #{low}, #{}", (word >> 16 & 31) + 1), d, &[m]),
        0x07a0_0050 => of(format!("sbfx{condition} {rd}, {rm}, #{low}, #{}", (word >> 16 & 31) + 1), d, &[m]),
        0x07c0_0010 => {
            let width = (word >> 16 & 31).checked_sub(low)? + 1;
            if m == 15 {
                of(format!("bfc{condition} {rd}, #{low}, #{width}"), d, &[])
            } else {
                of(format!("bfi{condition} {rd}, {rm}, #{low}, #{width}"), d, &[m])
            }
        }
        _ => None,
    }
}

/// A Thumb halfword.
pub(super) fn thumb(half: u32) -> Option<More> {
    let text = match half {
        0xbf00 => "nop".to_owned(),
        0xbf10 => "yield".to_owned(),
        0xbf20 => "wfe".to_owned(),
        0xbf30 => "wfi".to_owned(),
        0xbf40 => "sev".to_owned(),
        _ if half & 0xff00 == 0xbf00 && half & 15 != 0 => {
            let (condition, mask) = (half >> 4 & 15, half & 15);
            if condition >= 14 {
                return None;
            }
            // As many letters as bits stand above the lowest set one (A7.7.38).
            let letters: String = (mask.trailing_zeros() + 1..4)
                .rev()
                .map(|bit| if mask >> bit & 1 == condition & 1 { 't' } else { 'e' })
                .collect();
            format!("it{letters} {}", condition_of(condition))
        }
        _ if half & 0xffe8 == 0xb660 && half & 7 != 0 => {
            let flags: String = [(2, 'a'), (1, 'i'), (0, 'f')]
                .iter()
                .filter(|(bit, _)| half >> bit & 1 == 1)
                .map(|(_, flag)| *flag)
                .collect();
            format!("cpsi{} {flags}", if half >> 4 & 1 == 1 { 'd' } else { 'e' })
        }
        _ => return None,
    };
    Some(More { text, always: true, ..More::default() })
}

/// The conditions that an `it` gives to the instructions after it.
pub(super) fn block(half: u32) -> Vec<u32> {
    let (condition, mask) = (half >> 4 & 15, half & 15);
    if half & 0xff00 != 0xbf00 || mask == 0 || condition >= 14 {
        return Vec::new();
    }
    let rest = (mask.trailing_zeros() + 1..4).rev().map(|bit| condition & 0b1110 | mask >> bit & 1);
    std::iter::once(condition).chain(rest).collect()
}
