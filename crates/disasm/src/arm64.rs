//! arm64, by fARM64: the text as objdump prints it.
//!
//! Must never see other than whole words: every instruction has four bytes.

use crate::instruction::{Decoded, Decoder, Effect, Flow, Memory, Operand, Scale};
use fARM64::format::{FmtFormatter, Formatter};
use fARM64::{
    Decoder as Farm, DecoderOptions, ExtendType, FlowControl, Instruction, MemIndexMode, OpAccess, Operand as Op,
    RegClass, Register, instruction_info,
};
use std::fmt::Write;

/// A64.
pub(crate) struct Arm64;

fn read(bytes: &[u8], at: u64) -> Option<Instruction> {
    let instruction = Farm::new(bytes.get(..4)?, at, DecoderOptions::default()).decode();
    (!instruction.is_invalid()).then_some(instruction)
}

impl Decoder for Arm64 {
    fn step(&self) -> usize {
        4
    }

    fn length(&self, bytes: &[u8]) -> Option<usize> {
        read(bytes, 0).map(|_| 4)
    }

    fn decode(&self, bytes: &[u8], at: u64) -> Option<Decoded> {
        let instruction = read(bytes, at)?;
        let mut text = String::new();
        FmtFormatter::new().format(&instruction, &mut text);
        let text = as_objdump(&text);
        let effect = effect(&instruction, &text);
        Some(Decoded { length: 4, text, intel: None, effect })
    }

    fn unknown(&self, bytes: &[u8]) -> (usize, String) {
        crate::bytes::word(".inst", bytes)
    }
}

/// Mnemonics whose immediates objdump writes in decimal: shifts, bit fields and bit tests.
const DECIMAL: [&str; 30] = [
    "lsl", "lsr", "asr", "ror", "extr", "bfi", "bfxil", "sbfx", "ubfx", "ubfiz", "sbfiz", "bfc", "tbz", "tbnz", "shl",
    "sshr", "ushr", "sri", "sli", "ushll", "sshll", "shrn", "shrn2", "ext", "xar", "udf", "cmlt", "cmgt", "cmeq",
    "cmge",
];

/// objdump has one blank after the mnemonic, and decimal numbers in addresses, shifts and bit fields.
fn as_objdump(text: &str) -> String {
    let (mnemonic, operands) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let decimal = DECIMAL.contains(&mnemonic);
    let mut out = mnemonic.to_owned();
    let mut rest = operands.trim_start();
    if !rest.is_empty() {
        out.push(' ');
    }
    let mut address = false;
    while let Some(at) = rest.find(['[', '#']) {
        out.push_str(&rest[..at]);
        address |= rest[at..].starts_with('[');
        // `lsl #12`, `uxtw #2`, `msl #8`: a modifier's amount.
        let amount = out.ends_with(|c: char| c.is_ascii_lowercase() || c == ' ') && {
            let word = out.trim_end().rsplit([' ', ',']).next().unwrap_or_default();
            matches!(
                word,
                "lsl"
                    | "lsr"
                    | "asr"
                    | "ror"
                    | "msl"
                    | "uxtw"
                    | "uxtx"
                    | "sxtw"
                    | "sxtx"
                    | "uxtb"
                    | "uxth"
                    | "sxtb"
                    | "sxth"
            )
        };
        let tail = &rest[at + 1..];
        let number = tail.strip_prefix('-').unwrap_or(tail);
        let digits = number.strip_prefix("0x").unwrap_or(number);
        let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
        let value =
            u64::from_str_radix(&digits[..end], 16).ok().filter(|_| rest[at..].starts_with('#') && number != digits);
        if let Some(value) = value.filter(|_| decimal || address || amount) {
            let sign = if number.len() < tail.len() { "-" } else { "" };
            let _ = write!(out, "#{sign}{value}");
            rest = &digits[end..];
        } else {
            out.push_str(&rest[at..=at]);
            rest = tail;
        }
    }
    out.push_str(rest);
    conditions(spell_list(out))
}

/// `{v0.4s, v1.4s, v2.4s}` is `{v0.4s-v2.4s}` there.
fn spell_list(text: String) -> String {
    let Some((before, rest)) = text.split_once('{') else { return text };
    let Some((list, after)) = rest.split_once('}') else { return text };
    let registers: Vec<&str> = list.split(", ").collect();
    match registers[..] {
        [first, _, last] | [first, _, _, last] => format!("{before}{{{first}-{last}}}{after}"),
        _ => text,
    }
}

/// `hs` and `lo` are `cs` and `cc` there; a negative number that is moved has its bits shown.
fn conditions(text: String) -> String {
    for (ours, theirs) in [("hs", "cs"), ("lo", "cc")] {
        if let Some(target) = text.strip_prefix("b.").and_then(|rest| rest.strip_prefix(ours)) {
            return format!("b.{theirs}{target}");
        }
        let selects = text.starts_with('c') || text.starts_with("fc");
        if let Some(start) = text.strip_suffix(ours).filter(|start| selects && start.ends_with(", ")) {
            return format!("{start}{theirs}");
        }
    }
    let moved = text.strip_prefix("mov ").and_then(|rest| rest.split_once(", #-0x"));
    let value = moved.and_then(|(register, digits)| Some((register, u64::from_str_radix(digits, 16).ok()?)));
    match value {
        Some((register, value)) if register.starts_with('w') => {
            format!("mov {register}, #{:#x}", value.wrapping_neg() & 0xffff_ffff)
        }
        Some((register, value)) => format!("mov {register}, #{:#x}", value.wrapping_neg()),
        None => text,
    }
}

fn effect(instruction: &Instruction, text: &str) -> Effect {
    let info = instruction_info(instruction);
    let flow = match instruction.flow_control() {
        FlowControl::Next => Flow::Next,
        FlowControl::Call | FlowControl::IndirectCall => Flow::Call,
        FlowControl::UnconditionalBranch | FlowControl::IndirectBranch | FlowControl::Return => Flow::Leaves,
        // A brk of a WARN is stepped over (arch/arm64/kernel/traps.c, bug_brk_handler).
        FlowControl::ConditionalBranch | FlowControl::Exception => Flow::Branch,
    };
    let mut effect = Effect { flow, ..Effect::default() };
    for used in info.used_registers() {
        if matches!(used.access, OpAccess::Write | OpAccess::ReadWrite | OpAccess::CondWrite) {
            effect.clobbers.push(whole(used.register));
        }
    }
    for index in 0..instruction.op_count() {
        match instruction.op(index) {
            Op::Reg { reg, .. } => {
                let Some(operand) = operand(reg) else { continue };
                let access = info.used_registers().iter().filter(|used| whole(used.register) == operand.register);
                let (mut read, mut write) = (false, false);
                for used in access {
                    read |= matches!(used.access, OpAccess::Read | OpAccess::ReadWrite | OpAccess::CondRead);
                    write |= matches!(used.access, OpAccess::Write | OpAccess::ReadWrite | OpAccess::CondWrite);
                }
                // `ldr x0, [x0]` reads it for the address alone.
                let base = |at| matches!(instruction.op(at), Op::MemImm { base, .. } | Op::MemExt { base, .. } if whole(base) == operand.register);
                let index_register =
                    |at| matches!(instruction.op(at), Op::MemExt { index, .. } if whole(index) == operand.register);
                if write && (0..instruction.op_count()).any(|at| base(at) || index_register(at)) {
                    read = false;
                }
                if write && (index == 0 || !read) {
                    effect.sets.push(operand.clone());
                }
                if read && !effect.reads.contains(&operand) {
                    effect.reads.push(operand);
                }
            }
            Op::Label(target) => effect.target = Some(target),
            Op::MemImm { base, imm, mode } => {
                let before = matches!(mode, MemIndexMode::Offset | MemIndexMode::PreIndex);
                effect.memory.push(Memory {
                    text: bracket(text),
                    base: operand(base),
                    displacement: if before { imm } else { 0 },
                    width: 64,
                    ..Memory::default()
                });
            }
            Op::MemExt { base, index, extend, .. } => {
                let signed = matches!(extend, ExtendType::Sxtw | ExtendType::Sxth | ExtendType::Sxtb);
                effect.memory.push(Memory {
                    text: bracket(text),
                    base: operand(base),
                    index: operand(index).map(|index| {
                        (index, Scale { shift: instruction.memory_index_scale(), signed, negative: false })
                    }),
                    width: 64,
                    ..Memory::default()
                });
            }
            _ => {}
        }
    }
    effect
}

/// The memory operand: `[x0, #8]`.
fn bracket(text: &str) -> String {
    let open = text.find('[').unwrap_or(0);
    let close = text.rfind(']').map_or(text.len(), |at| at + 1);
    text.get(open..close).unwrap_or_default().to_owned()
}

fn whole(register: Register) -> String {
    register.as_x().name().to_owned()
}

/// A general register; the zero register has no value to tell.
fn operand(register: Register) -> Option<Operand> {
    let bits = u32::from(register.width_bits());
    let name = register.name();
    let known = name.starts_with(['x', 'w']) && !name.ends_with("zr") || name == "sp";
    (known && register.class() != RegClass::None).then(|| Operand {
        name: name.to_owned(),
        register: whole(register),
        bits: (bits, 0),
    })
}
