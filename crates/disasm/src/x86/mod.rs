//! x86-64 and i386, by iced-x86: AT&T text as objdump prints it, and Intel's.
//!
//! Must never show an instruction longer than the bytes given: iced says which are cut.

mod text;

use crate::instruction::{Decoded, Decoder, Effect, Flow, Memory, Operand, Scale};
use iced_x86::{
    Decoder as Iced, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};

/// x86 in 64- or 32-bit mode.
pub(crate) struct X86 {
    pub(crate) bits: u32,
}

impl X86 {
    fn read(&self, bytes: &[u8], at: u64) -> Option<Instruction> {
        // No instruction is longer than 15 bytes: the rest need not be looked at.
        let bytes = &bytes[..bytes.len().min(self.longest())];
        let mut decoder = Iced::with_ip(self.bits, bytes, at, DecoderOptions::NONE);
        let instruction = decoder.decode();
        (!instruction.is_invalid()).then_some(instruction)
    }
}

/// A REX prefix of which a bit changes nothing, with what it changes instead: the prefix's words as objdump has them.
/// No compiler writes one, so it tells of bytes that are read out of step.
fn idle_rex(instruction: &Instruction, bytes: &[u8]) -> Option<String> {
    let at = bytes.iter().take_while(|byte| text::is_prefix(**byte)).count();
    let rex = *bytes.get(at).filter(|rex| **rex >> 4 == 4)?;
    let own = bytes.get(..instruction.len())?;
    let same = |with: &[u8]| Iced::with_ip(64, with, instruction.ip(), DecoderOptions::NONE).decode();
    let without = |bit: u8| {
        let mut changed = own.to_vec();
        changed[at] &= !bit;
        same(&changed) == *instruction
    };
    let bits = rex & 15;
    let idle = if bits == 0 {
        let mut changed = own.to_vec();
        changed.remove(at);
        // Its length differs, and so does a branch's target, which does not care for the prefix.
        let plain = same(&changed);
        plain.code() == instruction.code()
            && (0..plain.op_count()).all(|index| plain.op_register(index) == instruction.op_register(index))
    } else {
        [8, 4, 2, 1].into_iter().any(|bit| bits & bit != 0 && without(bit))
    };
    idle.then(|| {
        let letters: String = [(8, 'W'), (4, 'R'), (2, 'X'), (1, 'B')]
            .into_iter()
            .filter(|(bit, _)| bits & bit != 0)
            .map(|(_, letter)| letter)
            .collect();
        if letters.is_empty() { "rex ".to_owned() } else { format!("rex.{letters} ") }
    })
}

impl Decoder for X86 {
    fn step(&self) -> usize {
        1
    }

    fn longest(&self) -> usize {
        15
    }

    fn length(&self, bytes: &[u8]) -> Option<usize> {
        self.read(bytes, 0).map(|instruction| instruction.len())
    }

    fn is_odd(&self, bytes: &[u8]) -> bool {
        // Strings to and from ports: what still does that is built for 32 bits.
        let ports = matches!(bytes, [0x6c..=0x6f, ..]) && self.bits == 64;
        ports
            || self.bits == 64 && self.read(bytes, 0).is_some_and(|instruction| idle_rex(&instruction, bytes).is_some())
    }

    fn decode(&self, bytes: &[u8], at: u64) -> Option<Decoded> {
        let instruction = self.read(bytes, at)?;
        let rex = if self.bits == 64 { idle_rex(&instruction, bytes).unwrap_or_default() } else { String::new() };
        let text = format!("{rex}{}", text::att(&instruction, bytes, self.bits));
        let intel = format!("{rex}{}", text::intel(&instruction, bytes, self.bits));
        Some(Decoded { length: instruction.len(), text, intel: Some(intel), effect: effect(&instruction, self.bits) })
    }

    fn unknown(&self, _: &[u8]) -> (usize, String) {
        (1, "(bad)".to_owned())
    }
}

fn effect(instruction: &Instruction, mode: u32) -> Effect {
    let mut effect = Effect { flow: flow(instruction), target: target(instruction), ..Effect::default() };
    if matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Reservednop) {
        return effect;
    }
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(instruction);
    for used in info.used_registers() {
        if writes(used.access()) {
            effect.clobbers.push(whole(used.register(), mode));
        }
    }
    // `xor %eax,%eax` reads nothing that matters.
    let zeroes = matches!(instruction.mnemonic(), Mnemonic::Xor | Mnemonic::Sub)
        && instruction.op0_kind() == OpKind::Register
        && instruction.op1_kind() == OpKind::Register
        && instruction.op0_register() == instruction.op1_register();
    for index in 0..instruction.op_count() {
        let access = info.op_access(index);
        match instruction.op_kind(index) {
            OpKind::Register => {
                let Some(operand) = operand(instruction.op_register(index), mode) else { continue };
                if reads(access) && !zeroes && !effect.reads.contains(&operand) {
                    effect.reads.push(operand.clone());
                }
                if writes(access) {
                    effect.sets.push(operand);
                }
            }
            // Of a ud1 only the bits of its operands matter, to the trap's handler.
            _ if matches!(instruction.mnemonic(), Mnemonic::Ud0 | Mnemonic::Ud1) => {}
            kind => effect.memory.extend(memory(instruction, kind, access, mode)),
        }
    }
    effect
}

fn reads(access: OpAccess) -> bool {
    matches!(access, OpAccess::Read | OpAccess::CondRead | OpAccess::ReadWrite | OpAccess::ReadCondWrite)
}

fn writes(access: OpAccess) -> bool {
    matches!(access, OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite)
}

fn flow(instruction: &Instruction) -> Flow {
    match instruction.flow_control() {
        FlowControl::Next | FlowControl::Interrupt | FlowControl::XbeginXabortXend => Flow::Next,
        FlowControl::Call | FlowControl::IndirectCall => Flow::Call,
        FlowControl::UnconditionalBranch | FlowControl::IndirectBranch | FlowControl::Return => Flow::Leaves,
        // The kernel steps over the ud2 of a WARN and goes on behind it (arch/x86/kernel/traps.c, handle_bug).
        FlowControl::ConditionalBranch | FlowControl::Exception => Flow::Branch,
    }
}

fn target(instruction: &Instruction) -> Option<u64> {
    match instruction.op0_kind() {
        OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => Some(instruction.near_branch_target()),
        _ => None,
    }
}

/// The whole general register; other registers by their own names.
fn whole(register: Register, mode: u32) -> String {
    let register = if !register.is_gpr() {
        register
    } else if mode == 64 {
        register.full_register()
    } else {
        register.full_register32()
    };
    format!("{register:?}").to_ascii_lowercase()
}

/// A register whose value a report has: the general ones.
fn operand(register: Register, mode: u32) -> Option<Operand> {
    if !register.is_gpr() {
        return None;
    }
    let high = matches!(register, Register::AH | Register::BH | Register::CH | Register::DH);
    let bits = u32::try_from(register.size()).unwrap_or(8) * 8;
    let name = format!("{register:?}").to_ascii_lowercase();
    // iced calls the low byte of r8 r8l; gas and objdump call it r8b.
    let name = if bits == 8 && name.ends_with('l') && name.starts_with('r') {
        format!("{}b", &name[..name.len() - 1])
    } else {
        name
    };
    Some(Operand { name, register: whole(register, mode), bits: (bits, if high { 8 } else { 0 }) })
}

fn memory(instruction: &Instruction, kind: OpKind, access: OpAccess, mode: u32) -> Option<Memory> {
    // The operands of string instructions have no displacement.
    let string = match kind {
        OpKind::MemorySegSI => Some(Register::SI),
        OpKind::MemorySegESI => Some(Register::ESI),
        OpKind::MemorySegRSI => Some(Register::RSI),
        OpKind::MemorySegDI | OpKind::MemoryESDI => Some(Register::DI),
        OpKind::MemorySegEDI | OpKind::MemoryESEDI => Some(Register::EDI),
        OpKind::MemorySegRDI | OpKind::MemoryESRDI => Some(Register::RDI),
        OpKind::Memory => None,
        _ => return None,
    };
    let size = match access {
        // lea computes an address and touches nothing.
        OpAccess::NoMemAccess => 0,
        _ => instruction.memory_size().size() as u64,
    };
    if access == OpAccess::NoMemAccess && instruction.mnemonic() != Mnemonic::Lea {
        return None;
    }
    let segment = match instruction.segment_prefix() {
        Register::FS => Some("fs"),
        Register::GS => Some("gs"),
        _ => None,
    };
    if let Some(register) = string {
        let base = operand(register, mode)?;
        return Some(Memory {
            text: format!("(%{})", base.name),
            width: base.bits.0,
            base: Some(base),
            size,
            segment: segment.filter(|_| !matches!(register, Register::DI | Register::EDI | Register::RDI)),
            ..Memory::default()
        });
    }
    let pc_relative = instruction.is_ip_rel_memory_operand();
    let (base, index) = (instruction.memory_base(), instruction.memory_index());
    let width = [base, index]
        .into_iter()
        .filter(|register| register.is_gpr())
        .map(|register| u32::try_from(register.size()).unwrap_or(8) * 8)
        .next();
    // A vector of addresses has no one address.
    if index != Register::None && !index.is_gpr() {
        return None;
    }
    Some(Memory {
        text: text::memory_text(instruction, segment),
        segment,
        base: operand(base, mode),
        index: operand(index, mode).map(|index| {
            let scale = Scale { shift: instruction.memory_index_scale().trailing_zeros(), ..Scale::default() };
            (index, scale)
        }),
        displacement: instruction.memory_displacement64().cast_signed(),
        width: width.unwrap_or(mode),
        size,
        pc_relative,
    })
}
