//! riscv, by disc-v, which prints what objdump does.
//!
//! Must never name T-Head's or CORE-V's own instructions: which of them a processor has is not in a report.

use crate::instruction::{Decoded, Decoder, Effect, Flow, Memory, Operand};
use disc_v::Isa;

/// RV64 or RV32, with compressed instructions.
pub(crate) struct Riscv {
    /// 64-bit registers.
    pub(crate) wide: bool,
}

impl Riscv {
    fn read(&self, bytes: &[u8], at: u64) -> Option<disc_v::Instruction> {
        let isa = if self.wide { Isa::Rv64 } else { Isa::Rv32 };
        // No instruction in use is longer than four bytes; zeros and ones are no instructions, but traps.
        let instruction = disc_v::decode_bytes(isa, at, &bytes[..bytes.len().min(4)])?;
        (!instruction.is_illegal()).then_some(instruction)
    }
}

impl Decoder for Riscv {
    fn step(&self) -> usize {
        2
    }

    fn length(&self, bytes: &[u8]) -> Option<usize> {
        self.read(bytes, 0).map(|instruction| instruction.length())
    }

    fn decode(&self, bytes: &[u8], at: u64) -> Option<Decoded> {
        let instruction = self.read(bytes, at)?;
        let text = instruction.to_string();
        let effect = effect(&text, if self.wide { 64 } else { 32 });
        Some(Decoded { length: instruction.length(), text, intel: None, effect })
    }

    fn unknown(&self, bytes: &[u8]) -> (usize, String) {
        match bytes {
            [0, 0, ..] => (2, "unimp".to_owned()),
            // Both low bits set: four bytes (RISC-V Unprivileged ISA, section 1.5).
            [low, ..] if low & 3 == 3 => crate::bytes::word(".4byte", bytes),
            _ => crate::bytes::half(".2byte", bytes),
        }
    }
}

/// By the text, which is regular: the destination comes first, but in stores and branches, which have none.
fn effect(text: &str, width: u32) -> Effect {
    let (mnemonic, operands) = text.split_once(' ').unwrap_or((text, ""));
    let mut effect = Effect { flow: flow(mnemonic, operands), ..Effect::default() };
    let stores = matches!(mnemonic, "sb" | "sh" | "sw" | "sd" | "fsw" | "fsd" | "fsh" | "fsq");
    let none = stores || effect.flow == Flow::Branch || mnemonic.starts_with("fence") || mnemonic.starts_with("cbo.");
    for (index, part) in operands.split(',').enumerate() {
        if let Some(target) = part.strip_prefix("0x").filter(|_| mnemonic.starts_with(['b', 'j']) || mnemonic == "call")
        {
            effect.target = u64::from_str_radix(target, 16).ok();
        } else if let Some((displacement, base)) = part.strip_suffix(')').and_then(|part| part.split_once('(')) {
            effect.memory.push(Memory {
                text: part.to_owned(),
                base: operand(base, width),
                displacement: displacement.parse().unwrap_or(0),
                width,
                ..Memory::default()
            });
        } else if let Some(register) = operand(part, width) {
            // `csrw` and its kind name no destination but the CSR; `csrr` and `csrrw` do.
            let writes_only = mnemonic.starts_with("csr") && !mnemonic.starts_with("csrr") || mnemonic == "jr";
            if index == 0 && !none && !writes_only {
                effect.clobbers.push(register.register.clone());
                effect.sets.push(register);
            } else if !effect.reads.contains(&register) {
                effect.reads.push(register);
            }
        }
    }
    // `ld a5,(a5)` with an address that was not understood must not seem computable.
    effect.memory.retain(|memory| memory.base.is_some() || memory.text.contains("(zero)"));
    effect
}

fn flow(mnemonic: &str, operands: &str) -> Flow {
    match mnemonic {
        "j" | "jr" | "ret" | "mret" | "sret" | "tail" => Flow::Leaves,
        "jal" | "jalr" | "call" => Flow::Call,
        // bext, bset, bclr and binv work on bits; the other b… branch.
        "bext" | "bexti" | "bset" | "bseti" | "bclr" | "bclri" | "binv" | "binvi" | "brev8" => Flow::Next,
        _ if mnemonic.starts_with('b') && operands.contains("0x") => Flow::Branch,
        // A WARN's ebreak is stepped over (arch/riscv/kernel/traps.c, handle_break).
        "ebreak" | "ecall" => Flow::Branch,
        _ => Flow::Next,
    }
}

/// The integer registers by their names in the ABI.
fn operand(name: &str, width: u32) -> Option<Operand> {
    let known = match name.as_bytes() {
        [b'a' | b's' | b't', b'0'..=b'9'] | [b's', b'1', b'0' | b'1'] => true,
        _ => matches!(name, "ra" | "sp" | "gp" | "tp"),
    };
    known.then(|| Operand { bits: (width, 0), ..Operand::whole(name) })
}
