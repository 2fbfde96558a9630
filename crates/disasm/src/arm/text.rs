//! arm instructions as text, as objdump writes them.
//!
//! Must never print an instruction whose form it does not know: those are no text, and become data.

use std::fmt::Write;
use yaxpeax_arm::armv7::{ConditionCode, Instruction, Opcode, Operand as Op, Reg, RegShift, RegShiftStyle, ShiftStyle};

const REGISTERS: [&str; 16] =
    ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "sl", "fp", "ip", "sp", "lr", "pc"];

/// A register's name.
pub(super) fn register(number: u8) -> &'static str {
    REGISTERS[usize::from(number & 15)]
}

/// False for bytes that the decoder must not be given: it counts on from r15 where an instruction names two
/// registers in a row, and panics. The manual calls these unpredictable.
pub(super) fn is_readable(bytes: &[u8], thumb: bool) -> bool {
    match bytes.first_chunk() {
        Some(word) if !thumb => {
            let word = u32::from_le_bytes(*word);
            // LDRD and STRD, by register or immediate (A5.2.8).
            let double = word & 0x0e10_00d0 == 0x0000_00d0;
            !(double && word >> 12 & 15 == 15)
        }
        _ => thumb,
    }
}

/// The text and the target of a branch. None for what is not known well enough.
pub(super) fn text(instruction: &Instruction, bytes: &[u8], at: u64) -> Option<(String, Option<u64>)> {
    let (name, operands) = respelled(instruction, mnemonic(instruction, bytes)?);
    let mut text = name;
    let mut target = None;
    let mut separator = " ";
    match instruction.opcode {
        Opcode::MCR(coprocessor, first, ..)
        | Opcode::MRC(coprocessor, first, ..)
        | Opcode::MCRR(coprocessor, first, _)
        | Opcode::MRRC(coprocessor, first, _) => {
            let _ = write!(text, " {coprocessor}, {first}");
            separator = ", ";
        }
        Opcode::DMB | Opcode::DSB | Opcode::ISB => {
            let Op::Imm12(option) = instruction.operands[0] else { return None };
            return Some((format!("{text} {}", super::more::barrier(u32::from(option))), None));
        }
        Opcode::BKPT => {
            let Op::Imm12(number) = instruction.operands[0] else { return None };
            return Some((format!("{text} {number:#06x}"), None));
        }
        Opcode::SVC if instruction.thumb => return Some((format!("{text} {}", bytes[0]), None)),
        Opcode::SVC => {
            let number = u32::from_le_bytes(*bytes.first_chunk()?) & 0x00ff_ffff;
            return Some((format!("{text} {number:#010x}"), None));
        }
        _ => {}
    }
    for operand in operands {
        text.push_str(separator);
        separator = ", ";
        let place = match operand {
            _ if instruction.thumb && matches!(operand, Op::BranchOffset(_) | Op::BranchThumbOffset(_)) => {
                at.wrapping_add_signed(thumb_distance(bytes, at)?)
            }
            Op::BranchOffset(words) => at.wrapping_add_signed(i64::from(words) << 2),
            Op::BranchThumbOffset(halves) => at.wrapping_add_signed(i64::from(halves) << 1),
            other => {
                text.push_str(&spelled(other, instruction)?);
                continue;
            }
        };
        let place = place & 0xffff_ffff;
        target = Some(place);
        let _ = write!(text, "{place:#x}");
    }
    if let Opcode::MCR(_, _, last, _) | Opcode::MRC(_, _, last, _) = instruction.opcode {
        let _ = write!(text, ", {{{last}}}");
    }
    Some((text, target))
}

/// How far a Thumb branch goes from its own address (Arm ARM, A7.7: B, BL and BLX, CBZ).
fn thumb_distance(bytes: &[u8], at: u64) -> Option<i64> {
    let half = |index: usize| Some(u32::from(u16::from_le_bytes([*bytes.get(index)?, *bytes.get(index + 1)?])));
    let signed = |value: u32, bits: u32| i64::from((value << (32 - bits)).cast_signed() >> (32 - bits));
    let first = half(0)?;
    let distance = match first >> 12 {
        0xb => i64::from((first >> 3 & 0x1f | first >> 4 & 0x20) << 1),
        0xd => signed(first & 0xff, 8) << 1,
        0xe if first >> 11 == 0b11100 => signed(first & 0x7ff, 11) << 1,
        _ => {
            let second = half(2)?;
            let (sign, low, one, two) = (first >> 10 & 1, second & 0x7ff, second >> 13 & 1, second >> 11 & 1);
            if second >> 12 & 1 == 0 && second >> 14 & 1 == 0 {
                // B with a condition.
                signed(sign << 19 | two << 18 | one << 17 | (first & 0x3f) << 11 | low, 20) << 1
            } else {
                let (one, two) = (one ^ sign ^ 1, two ^ sign ^ 1);
                let far = signed(sign << 23 | one << 22 | two << 21 | (first & 0x3ff) << 11 | low, 24) << 1;
                // BLX goes to ARM code, whose words are aligned.
                if second >> 12 & 1 == 0 && at & 2 != 0 { far - 2 } else { far }
            }
        }
    };
    Some(distance + 4)
}

/// Mnemonic and operands by the names that objdump prefers.
fn respelled(instruction: &Instruction, name: String) -> (String, Vec<Op>) {
    let mut all: Vec<Op> = instruction.operands.iter().copied().take_while(|operand| *operand != Op::Nothing).collect();
    let condition = condition(instruction.condition);
    let flags = if instruction.s() { "s" } else { "" };
    let stack = matches!(all.first(), Some(Op::RegWBack(base, true)) if base.number() == 13);
    match instruction.opcode {
        // The second register follows from the first.
        Opcode::LDRD | Opcode::STRD | Opcode::LDREXD if !instruction.thumb && all.len() > 2 => {
            all.remove(1);
        }
        Opcode::STREXD if !instruction.thumb && all.len() > 3 => {
            all.remove(2);
        }
        Opcode::MVN if all.len() == 3 => {
            all.remove(1);
        }
        Opcode::LDM(true, false, _, false) if stack && !instruction.thumb && several(&all) => {
            return (format!("pop{condition}"), vec![all[1]]);
        }
        Opcode::STM(false, true, _, false) if stack && !instruction.thumb && several(&all) => {
            return (format!("push{condition}"), vec![all[1]]);
        }
        Opcode::PUSH if instruction.thumb && instruction.wide && several(&all) => {
            return (format!("stmdb{condition}"), vec![Op::RegWBack(Reg::from_u8(13), true), all[0]]);
        }
        Opcode::POP if instruction.thumb && instruction.wide && several(&all) => {
            return (format!("ldmia{condition}.w"), vec![Op::RegWBack(Reg::from_u8(13), true), all[0]]);
        }
        Opcode::STR if !instruction.thumb && pushes(&all) => {
            return (format!("push{condition}"), vec![one(all[0])]);
        }
        Opcode::LDR if !instruction.thumb && pops(&all) => {
            return (format!("pop{condition}"), vec![one(all[0])]);
        }
        Opcode::LSL
            if instruction.thumb && !instruction.wide && matches!(all[..], [_, _, Op::Imm12(0) | Op::Imm32(0)]) =>
        {
            all.pop();
            return (name.replacen("lsl", "mov", 1), all);
        }
        Opcode::LSL | Opcode::LSR | Opcode::ASR | Opcode::ROR if instruction.thumb && instruction.wide => {
            if let [destination, Op::Reg(register), Op::Imm12(amount)] = all[..] {
                // `mov.w r0, r6, asr #31`: the encoding of a RegShift (Arm ARM, A5.2.3), to have it written so.
                let style = match instruction.opcode {
                    Opcode::LSL => 0,
                    Opcode::LSR => 1,
                    Opcode::ASR => 2,
                    _ => 3,
                };
                let shifted = RegShift::from_raw((amount & 31) << 7 | style << 5 | u16::from(register.number()));
                return (format!("mov{flags}{condition}.w"), vec![destination, Op::RegShift(shifted)]);
            }
        }
        Opcode::ADD | Opcode::SUB if instruction.thumb && !instruction.wide && all.len() == 3 => {
            let stack = |operand: Op| matches!(operand, Op::Reg(register) if register.number() == 13);
            if stack(all[0]) && stack(all[1]) {
                all.remove(1);
            }
        }
        Opcode::RSB if instruction.thumb && !instruction.wide => {
            all.truncate(2);
            return (name.replacen("rsb", "neg", 1), all);
        }
        Opcode::MUL if instruction.thumb && !instruction.wide => all.truncate(2),
        // A move of a shifted register is a shift.
        Opcode::MOV if !instruction.thumb => {
            if let [destination, Op::RegShift(shift)] = all[..] {
                let (style, register, by) = match shift.into_shift() {
                    RegShiftStyle::RegImm(shift) => (shift.stype(), shift.shiftee(), Op::Imm12(u16::from(shift.imm()))),
                    RegShiftStyle::RegReg(shift) => (shift.stype(), shift.shiftee(), Op::Reg(shift.shifter())),
                };
                let mut operands = vec![destination, Op::Reg(register), by];
                if style == ShiftStyle::RRX {
                    operands.truncate(2);
                }
                return (format!("{style}{flags}{condition}"), operands);
            }
        }
        _ => {}
    }
    (name, all)
}

/// `str lr, [sp, #-4]!`
fn pushes(operands: &[Op]) -> bool {
    matches!(operands, [_, Op::RegDerefPreindexOffset(base, 4, false, true)] if base.number() == 13)
}

/// `ldr lr, [sp], #4`
fn pops(operands: &[Op]) -> bool {
    matches!(operands, [_, Op::RegDerefPostindexOffset(base, 4, true, _)] if base.number() == 13)
}

/// A list of one register.
fn one(operand: Op) -> Op {
    match operand {
        Op::Reg(register) => Op::RegList(1 << register.number()),
        other => other,
    }
}

/// objdump says push and pop of several registers only.
fn several(operands: &[Op]) -> bool {
    operands.iter().any(|operand| matches!(operand, Op::RegList(list) if list.count_ones() > 1))
}

fn mnemonic(instruction: &Instruction, bytes: &[u8]) -> Option<String> {
    let mut name = match instruction.opcode {
        // The short forms have but one mode; the decoder tells another.
        Opcode::LDM(..) if instruction.thumb && !instruction.wide => "ldmia".to_owned(),
        Opcode::STM(..) if instruction.thumb && !instruction.wide => "stmia".to_owned(),
        Opcode::LDM(add, before, ..) | Opcode::STM(add, before, ..) => {
            let load = matches!(instruction.opcode, Opcode::LDM(..));
            let base = if load { "ldm" } else { "stm" };
            let mode = match (add, before) {
                (true, false) if instruction.thumb => "ia",
                (true, false) if !load && writes_back(instruction) => "ia",
                (true, false) => "",
                (true, true) => "ib",
                (false, true) => "db",
                (false, false) => "da",
            };
            format!("{base}{mode}")
        }
        // The decoder's widths of bit fields are wrong in Thumb, and its rrx has lost a register.
        Opcode::BFI | Opcode::BFC | Opcode::RRX if instruction.thumb => return None,
        // Bits, not names: what they mean differs between versions of the architecture.
        Opcode::Invalid
        | Opcode::IT
        | Opcode::HINT
        | Opcode::TT { .. }
        | Opcode::PACBTI
        | Opcode::BTI
        | Opcode::PAC
        | Opcode::AUT
        | Opcode::ESB
        | Opcode::CDP(..)
        | Opcode::LDC(..)
        | Opcode::LDCL(..)
        | Opcode::STC(..)
        | Opcode::STCL(..)
        | Opcode::SRS(..)
        | Opcode::RFE(..)
        | Opcode::CPS(..)
        | Opcode::CPS_modeonly
        | Opcode::SETEND
        | Opcode::LEAVEX
        | Opcode::ENTERX => return None,
        // MOVW: 0011 0000 in bits 27 to 20.
        Opcode::MOV if !instruction.thumb && bytes[2] & 0xf0 == 0 && bytes[3] & 0x0f == 3 => "movw".to_owned(),
        opcode => opcode.to_string(),
    };
    let tests = matches!(instruction.opcode, Opcode::CMP | Opcode::CMN | Opcode::TST | Opcode::TEQ);
    if instruction.s() && !tests {
        name.push('s');
    }
    let condition = condition(instruction.condition);
    name.push_str(condition);
    if instruction.thumb {
        match instruction.opcode {
            Opcode::B if bytes.len() == 2 => name.push_str(".n"),
            Opcode::LDM(true, false, ..) | Opcode::STM(true, false, ..) if instruction.wide => name.push_str(".w"),
            Opcode::ADD | Opcode::SUB | Opcode::MOV if plain(bytes) => name.push('w'),
            // What has a short form, too.
            Opcode::LDR
            | Opcode::LDRB
            | Opcode::LDRH
            | Opcode::LDRSB
            | Opcode::LDRSH
            | Opcode::STR
            | Opcode::STRB
            | Opcode::STRH
            | Opcode::LSL
            | Opcode::LSR
            | Opcode::ASR
            | Opcode::ROR
            | Opcode::UXTB
            | Opcode::UXTH
            | Opcode::SXTB
            | Opcode::SXTH
            | Opcode::REV
            | Opcode::REV16
            | Opcode::REVSH
            | Opcode::B
            | Opcode::NOP
            | Opcode::PUSH
            | Opcode::POP
            | Opcode::AND
            | Opcode::BIC
            | Opcode::ORR
            | Opcode::EOR
            | Opcode::ADC
            | Opcode::SBC
            | Opcode::MVN
            | Opcode::ADD
            | Opcode::SUB
            | Opcode::CMP
            | Opcode::CMN
            | Opcode::TST
            | Opcode::MOV
                if instruction.wide =>
            {
                name.push_str(".w");
            }
            _ => {}
        }
    }
    Some(name)
}

fn writes_back(instruction: &Instruction) -> bool {
    matches!(instruction.operands[0], Op::RegWBack(_, true)) || matches!(instruction.opcode, Opcode::STM(_, _, _, true))
}

/// Thumb's ADDW, SUBW and MOVW: immediates as they are, not modified (Arm ARM, A6.3.3).
fn plain(bytes: &[u8]) -> bool {
    matches!(bytes, [_, high, ..] if high & 0xfa == 0xf2)
}

fn condition(condition: ConditionCode) -> &'static str {
    match condition {
        ConditionCode::EQ => "eq",
        ConditionCode::NE => "ne",
        ConditionCode::HS => "cs",
        ConditionCode::LO => "cc",
        ConditionCode::MI => "mi",
        ConditionCode::PL => "pl",
        ConditionCode::VS => "vs",
        ConditionCode::VC => "vc",
        ConditionCode::HI => "hi",
        ConditionCode::LS => "ls",
        ConditionCode::GE => "ge",
        ConditionCode::LT => "lt",
        ConditionCode::GT => "gt",
        ConditionCode::LE => "le",
        ConditionCode::AL => "",
    }
}

/// A condition by its number.
pub(super) fn condition_of(number: u32) -> &'static str {
    const NAMES: [&str; 16] =
        ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "", ""];
    usize::try_from(number).ok().and_then(|number| NAMES.get(number)).copied().unwrap_or_default()
}

/// The condition by its number.
pub(super) fn code_of(number: u32) -> ConditionCode {
    match number {
        0 => ConditionCode::EQ,
        1 => ConditionCode::NE,
        2 => ConditionCode::HS,
        3 => ConditionCode::LO,
        4 => ConditionCode::MI,
        5 => ConditionCode::PL,
        6 => ConditionCode::VS,
        7 => ConditionCode::VC,
        8 => ConditionCode::HI,
        9 => ConditionCode::LS,
        10 => ConditionCode::GE,
        11 => ConditionCode::LT,
        12 => ConditionCode::GT,
        13 => ConditionCode::LE,
        _ => ConditionCode::AL,
    }
}

fn spelled(operand: Op, instruction: &Instruction) -> Option<String> {
    let name = |register: Reg| self::register(register.number());
    let sign = |add: bool| if add { "" } else { "-" };
    let wback = |writes: bool| if writes { "!" } else { "" };
    Some(match operand {
        Op::Reg(register) => name(register).to_owned(),
        Op::RegWBack(register, writes) => format!("{}{}", name(register), wback(writes)),
        Op::RegList(list) => {
            let names: Vec<_> = (0..16).filter(|bit| list >> bit & 1 == 1).map(register).collect();
            let user = matches!(instruction.opcode, Opcode::LDM(_, _, _, true) | Opcode::STM(_, _, _, true));
            let user = user && !instruction.thumb;
            format!("{{{}}}{}", names.join(", "), if user { "^" } else { "" })
        }
        Op::RegDeref(base) if instruction.thumb && has_offset(instruction) => format!("[{}, #0]", name(base)),
        Op::RegDerefPreindexOffset(base, 0, true, false) if !has_offset(instruction) => format!("[{}]", name(base)),
        Op::RegDeref(base) => format!("[{}]", name(base)),
        Op::RegShift(shift) => shifted(shift),
        Op::RegDerefPreindexOffset(base, offset, add, writes) => {
            format!("[{}, #{}{offset}]{}", name(base), sign(add), wback(writes))
        }
        Op::RegDerefPostindexOffset(base, offset, add, _) => format!("[{}], #{}{offset}", name(base), sign(add)),
        Op::RegDerefPreindexReg(base, index, add, writes) => {
            format!("[{}, {}{}]{}", name(base), sign(add), name(index), wback(writes))
        }
        Op::RegDerefPostindexReg(base, index, add, _) => format!("[{}], {}{}", name(base), sign(add), name(index)),
        Op::RegDerefPreindexRegShift(base, shift, add, writes) => {
            format!("[{}, {}{}]{}", name(base), sign(add), shifted(shift), wback(writes))
        }
        Op::RegDerefPostindexRegShift(base, shift, add, _) => {
            format!("[{}], {}{}", name(base), sign(add), shifted(shift))
        }
        Op::Imm12(number) => format!("#{number}"),
        // Thumb's are printed without a sign.
        Op::Imm32(number) if instruction.thumb => format!("#{number}"),
        Op::Imm32(number) => format!("#{}", number.cast_signed()),
        Op::CReg(register) => format!("cr{}", register.number()),
        Op::APSR => "APSR".to_owned(),
        Op::CPSR => "CPSR".to_owned(),
        Op::SPSR => "SPSR".to_owned(),
        Op::StatusRegMask(mask) => {
            let mask = mask.to_string();
            // objdump has the register in capitals, and the fields in another order.
            let (register, fields) = mask.split_once('_').unwrap_or((&mask, ""));
            let fields: String = fields.chars().rev().collect();
            let joint = if fields.is_empty() { "" } else { "_" };
            format!("{}{joint}{fields}", register.to_ascii_uppercase())
        }
        _ => return None,
    })
}

fn has_offset(instruction: &Instruction) -> bool {
    matches!(instruction.opcode, Opcode::LDR | Opcode::STR | Opcode::LDRB | Opcode::STRB | Opcode::LDRH | Opcode::STRH)
        && instruction.thumb
        && !instruction.wide
}

fn shifted(shift: RegShift) -> String {
    match shift.into_shift() {
        RegShiftStyle::RegImm(shift) => {
            let register = register(shift.shiftee().number());
            match (shift.stype(), shift.imm()) {
                (ShiftStyle::LSL, 0) => register.to_owned(),
                (ShiftStyle::RRX, _) => format!("{register}, rrx"),
                (style, amount) => format!("{register}, {style} #{amount}"),
            }
        }
        RegShiftStyle::RegReg(shift) => {
            let (register, by) = (register(shift.shiftee().number()), register(shift.shifter().number()));
            format!("{register}, {} {by}", shift.stype())
        }
    }
}
