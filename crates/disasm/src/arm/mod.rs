//! 32-bit arm and Thumb, by yaxpeax-arm for what an instruction is.
//!
//! Must never print with that crate: its text is another, and in places wrong (`ldmib` as `ldmia`). What it does not
//! know (VFP and NEON, which the kernel hardly uses) stands as data.

mod more;
mod text;

use crate::instruction::{Decoded, Decoder, Effect, Flow, Memory, Operand, Scale};
use yaxpeax_arch::{Decoder as _, U8Reader};
use yaxpeax_arm::armv7::{ConditionCode, InstDecoder, Instruction, Opcode, Operand as Op, RegShiftStyle, ShiftStyle};

/// A32 or T32.
pub(crate) struct Arm {
    pub(crate) thumb: bool,
}

impl Arm {
    fn read(&self, bytes: &[u8]) -> Option<(Instruction, usize)> {
        let length = self.size(bytes)?;
        let bytes = bytes.get(..length)?;
        if !text::is_readable(bytes, self.thumb) {
            return None;
        }
        let decoder = if self.thumb { InstDecoder::default_thumb() } else { InstDecoder::default() };
        let instruction = decoder.decode(&mut U8Reader::new(bytes)).ok()?;
        let own = if instruction.thumb && !instruction.wide { 2 } else { 4 };
        (own == length).then_some((instruction, length))
    }

    /// An instruction; in a block of Thumb's `it`, with the condition that the block gives it.
    fn conditional(&self, bytes: &[u8], at: u64, condition: Option<u32>) -> Option<Decoded> {
        let length = self.length(bytes)?;
        let own = &bytes[..length];
        let more = match (self.thumb, length) {
            (true, 2) => more::thumb(u32::from(u16::from_le_bytes(*own.first_chunk()?))),
            (true, _) => None,
            (false, _) => more::arm(u32::from_le_bytes(*own.first_chunk()?)),
        };
        if let Some(more) = more {
            return Some(Decoded { length, effect: effect_of(&more), text: more.text, intel: None });
        }
        let known = self.read(bytes).and_then(|(mut instruction, _)| {
            if let Some(condition) = condition {
                // The short forms leave the flags alone in a block.
                instruction.s &= instruction.wide;
                instruction.condition = text::code_of(condition);
            }
            let (text, target) = text::text(&instruction, own, at)?;
            Some(Decoded { length, effect: effect(&instruction, &text, target), text, intel: None })
        });
        Some(known.unwrap_or_else(|| {
            let (_, text) = self.unknown(bytes);
            Decoded { length, text, intel: None, effect: crate::data() }
        }))
    }

    /// Gives the instructions behind an `it` their conditions; `all` has them with their places in `bytes`.
    pub(crate) fn blocks(&self, all: &mut [(usize, Decoded)], bytes: &[u8], origin: u64) {
        let mut conditions: std::collections::VecDeque<u32> = std::collections::VecDeque::new();
        for (at, instruction) in all.iter_mut().filter(|_| self.thumb) {
            let own = &bytes[*at..];
            if let Some(condition) = conditions.pop_front() {
                let place = origin.wrapping_add(*at as u64);
                *instruction = self.conditional(own, place, Some(condition)).unwrap_or_else(|| instruction.clone());
            } else if let Some(half) = own.first_chunk() {
                conditions.extend(more::block(u32::from(u16::from_le_bytes(*half))));
            }
        }
    }

    /// Thumb's first halfword tells the length: 0b11101, 0b11110 and 0b11111 begin 32 bits (Arm ARM, A6.1).
    fn size(&self, bytes: &[u8]) -> Option<usize> {
        match bytes {
            [_, high, ..] if self.thumb => Some(if high >> 3 >= 0b11101 { 4 } else { 2 }),
            _ if self.thumb => None,
            _ => Some(4),
        }
    }
}

impl Decoder for Arm {
    fn step(&self) -> usize {
        if self.thumb { 2 } else { 4 }
    }

    fn length(&self, bytes: &[u8]) -> Option<usize> {
        // Thumb's lengths are certain, whether the instruction is known or not.
        if self.thumb { self.size(bytes).filter(|length| *length <= bytes.len()) } else { bytes.get(..4).map(|_| 4) }
    }

    fn decode(&self, bytes: &[u8], at: u64) -> Option<Decoded> {
        self.conditional(bytes, at, None)
    }

    fn unknown(&self, bytes: &[u8]) -> (usize, String) {
        match self.size(bytes) {
            Some(4) if self.thumb && bytes.len() >= 4 => {
                // The first halfword is the upper half of the number.
                let halves = [u16::from_le_bytes([bytes[0], bytes[1]]), u16::from_le_bytes([bytes[2], bytes[3]])];
                (4, format!(".inst.w {:#06x}{:04x}", halves[0], halves[1]))
            }
            Some(4) => crate::bytes::word(".inst", bytes),
            _ => crate::bytes::half(".inst.n", bytes),
        }
    }
}

fn effect_of(more: &more::More) -> Effect {
    let sets: Vec<Operand> = more.sets.map(general).into_iter().collect();
    Effect {
        reads: more.reads.iter().map(|register| general(*register)).collect(),
        clobbers: sets.iter().map(|operand| operand.register.clone()).collect(),
        sets: if more.always { sets } else { Vec::new() },
        flow: if more.traps { Flow::Branch } else { Flow::Next },
        ..Effect::default()
    }
}

fn effect(instruction: &Instruction, text: &str, target: Option<u64>) -> Effect {
    let always = instruction.condition == ConditionCode::AL;
    let mut effect = Effect { target, ..Effect::default() };
    let loads_two = matches!(
        instruction.opcode,
        Opcode::LDRD | Opcode::LDREXD | Opcode::UMULL | Opcode::UMLAL | Opcode::SMULL | Opcode::SMLAL | Opcode::UMAAL
    );
    let none = stores(instruction.opcode) || goes(instruction.opcode) || compares(instruction.opcode);
    for (index, operand) in instruction.operands.iter().enumerate() {
        match *operand {
            Op::Reg(register) => {
                let register = general(register.number());
                let destination = !none && (index == 0 || index == 1 && loads_two);
                if destination {
                    effect.clobbers.push(register.register.clone());
                    // Executed or not, nobody knows, when it has a condition.
                    if always {
                        effect.sets.push(register);
                    }
                } else if !effect.reads.contains(&register) {
                    effect.reads.push(register);
                }
            }
            Op::RegShift(shift) => match shift.into_shift() {
                RegShiftStyle::RegImm(shift) => effect.reads.push(general(shift.shiftee().number())),
                RegShiftStyle::RegReg(shift) => {
                    effect.reads.push(general(shift.shiftee().number()));
                    effect.reads.push(general(shift.shifter().number()));
                }
            },
            Op::RegWBack(register, writes) => {
                effect.memory.push(Memory { base: Some(general(register.number())), ..Memory::default() });
                if writes {
                    effect.clobbers.push(general(register.number()).register);
                }
            }
            Op::RegList(list) => {
                let names = (0..16).filter(|bit| list >> bit & 1 == 1).map(general);
                match instruction.opcode {
                    Opcode::LDM(..) | Opcode::POP => effect.clobbers.extend(names.map(|name| name.register)),
                    _ => {}
                }
            }
            other => effect.memory.extend(memory(other, text, &mut effect.clobbers)),
        }
    }
    // Of several registers, where the first goes depends on the instruction; the base's value says enough.
    if effect.memory.iter().any(|memory| memory.text.is_empty()) {
        let bases = std::mem::take(&mut effect.memory);
        effect.reads.extend(bases.into_iter().filter_map(|memory| memory.base));
    }
    if matches!(instruction.opcode, Opcode::PUSH | Opcode::POP) {
        effect.clobbers.push("sp".to_owned());
    }
    // Its value when it is read is the instruction's own address and some more.
    effect.reads.retain(|operand| operand.register != "pc");
    effect.memory.retain(|memory| memory.base.as_ref().is_none_or(|base| base.register != "pc"));
    let leaves = effect.clobbers.iter().any(|register| register == "pc");
    effect.flow = match instruction.opcode {
        Opcode::BL | Opcode::BLX | Opcode::SVC | Opcode::HVC | Opcode::SMC => Flow::Call,
        Opcode::B | Opcode::BX | Opcode::BXJ | Opcode::ERET | Opcode::TBB | Opcode::TBH if always => Flow::Leaves,
        Opcode::B | Opcode::BX | Opcode::BXJ | Opcode::CBZ | Opcode::CBNZ | Opcode::UDF | Opcode::BKPT => Flow::Branch,
        _ if leaves && always => Flow::Leaves,
        _ if leaves => Flow::Branch,
        _ => Flow::Next,
    };
    effect
}

fn memory(operand: Op, text: &str, clobbers: &mut Vec<String>) -> Option<Memory> {
    let open = text.find('[')?;
    let close = text[open..].find(']').map_or(text.len(), |at| open + at + 1);
    let mut memory = Memory { text: text[open..close].to_owned(), width: 32, ..Memory::default() };
    let signed = |value: u16, add: bool| if add { i64::from(value) } else { -i64::from(value) };
    let (base, writes) = match operand {
        Op::RegDeref(base) => (base, false),
        Op::RegDerefPreindexOffset(base, offset, add, writes) => {
            memory.displacement = signed(offset, add);
            (base, writes)
        }
        Op::RegDerefPostindexOffset(base, _, _, _)
        | Op::RegDerefPostindexReg(base, ..)
        | Op::RegDerefPostindexRegShift(base, ..) => (base, true),
        Op::RegDerefPreindexReg(base, index, add, writes) => {
            memory.index = Some((general(index.number()), Scale { negative: !add, ..Scale::default() }));
            (base, writes)
        }
        Op::RegDerefPreindexRegShift(base, shift, add, writes) => {
            let RegShiftStyle::RegImm(shift) = shift.into_shift() else { return None };
            if shift.stype() != ShiftStyle::LSL {
                return None;
            }
            let scale = Scale { shift: u32::from(shift.imm()), negative: !add, signed: false };
            memory.index = Some((general(shift.shiftee().number()), scale));
            (base, writes)
        }
        _ => return None,
    };
    if writes {
        clobbers.push(general(base.number()).register);
    }
    memory.base = Some(general(base.number()));
    Some(memory)
}

/// A register by the name that the kernel prints.
fn general(number: u8) -> Operand {
    let name = text::register(number);
    let printed = match number {
        10 => "r10",
        _ => name,
    };
    Operand { name: name.to_owned(), register: printed.to_owned(), bits: (32, 0) }
}

fn stores(opcode: Opcode) -> bool {
    matches!(
        opcode,
        Opcode::STR
            | Opcode::STRB
            | Opcode::STRH
            | Opcode::STRD
            | Opcode::STRT
            | Opcode::STRBT
            | Opcode::STRHT
            | Opcode::STM(..)
            | Opcode::PUSH
            | Opcode::STL
            | Opcode::STLB
            | Opcode::STLH
            | Opcode::MSR
            | Opcode::MCR(..)
            | Opcode::MCRR(..)
            | Opcode::PLD
            | Opcode::PLI
    )
}

fn goes(opcode: Opcode) -> bool {
    matches!(
        opcode,
        Opcode::B
            | Opcode::BL
            | Opcode::BLX
            | Opcode::BX
            | Opcode::BXJ
            | Opcode::CBZ
            | Opcode::CBNZ
            | Opcode::TBB
            | Opcode::TBH
            | Opcode::UDF
            | Opcode::BKPT
            | Opcode::SVC
            | Opcode::HVC
            | Opcode::SMC
    )
}

fn compares(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::CMP | Opcode::CMN | Opcode::TST | Opcode::TEQ)
}
