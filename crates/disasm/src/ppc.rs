//! Power, by the powerpc crate for what an instruction is; the text is written here as objdump writes it.
//!
//! Must never see the vector and game-console instructions that the crate also knows: on the processors that run
//! Linux the same words are VSX, which it does not know. Those stand as data.

use crate::instruction::{Decoded, Decoder, Effect, Flow, Memory, Operand};
use powerpc::{Argument, Extension, Extensions, Ins, Opcode};
use std::fmt::Write;

/// Power, 64 or 32 bits wide.
pub(crate) struct Ppc {
    pub(crate) wide: bool,
}

impl Ppc {
    fn read(&self, bytes: &[u8]) -> Option<Ins> {
        let word = u32::from_le_bytes(*bytes.first_chunk()?);
        let extensions =
            if self.wide { Extensions::from_bitmask(Extension::Ppc64.bitmask()) } else { Extensions::none() };
        let ins = Ins::new(word, extensions);
        (ins.op != Opcode::Illegal).then_some(ins)
    }
}

impl Decoder for Ppc {
    fn step(&self) -> usize {
        4
    }

    fn length(&self, bytes: &[u8]) -> Option<usize> {
        self.read(bytes).map(|_| 4)
    }

    fn decode(&self, bytes: &[u8], at: u64) -> Option<Decoded> {
        let ins = self.read(bytes)?;
        let text = text(ins, at, self.wide);
        let effect = effect(ins, at, self.wide, &text);
        Some(Decoded { length: 4, text, intel: None, effect })
    }

    fn unknown(&self, bytes: &[u8]) -> (usize, String) {
        // Without leading zeros, as only this architecture's objdump writes it.
        let word = bytes.first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
        (4, format!(".long {word:#x}"))
    }
}

/// Mnemonic and operands.
fn text(ins: Ins, at: u64, wide: bool) -> String {
    if let Some(text) = conditional(ins, at, wide).or_else(|| rotated(ins)).or_else(|| special(ins)) {
        return text;
    }
    let parsed = ins.simplified();
    let mut text = parsed.mnemonic.to_owned();
    let mut offset = false;
    for (index, argument) in parsed.args_iter().enumerate() {
        text.push_str(if index == 0 {
            " "
        } else if offset {
            ""
        } else {
            ","
        });
        let closes = std::mem::take(&mut offset);
        let _ = match argument {
            Argument::Uimm(number) => write!(text, "{}", number.0),
            Argument::Simm(number) => write!(text, "{}", number.0),
            Argument::Offset(number) => {
                offset = true;
                write!(text, "{}(", number.0)
            }
            Argument::BranchDest(distance) => {
                let target = branch(ins, at, i64::from(distance.0), wide);
                write!(text, "{target:#x}")
            }
            // A base of r0 is a zero.
            Argument::GPR(register) if closes && register.0 == 0 => write!(text, "0"),
            Argument::CRBit(bit) if bit.0 >= 4 => {
                write!(text, "4*cr{}+{}", bit.0 >> 2, ["lt", "gt", "eq", "so"][usize::from(bit.0 & 3)])
            }
            Argument::CRBit(bit) => write!(text, "{}", ["lt", "gt", "eq", "so"][usize::from(bit.0 & 3)]),
            Argument::SPR(register) => write!(text, "{}", register.0),
            other => write!(text, "{other}"),
        };
        if closes {
            text.push(')');
        }
    }
    text
}

fn branch(ins: Ins, at: u64, distance: i64, wide: bool) -> u64 {
    let target = if ins.field_aa() { distance.cast_unsigned() } else { at.wrapping_add_signed(distance) };
    if wide { target } else { target & 0xffff_ffff }
}

/// Conditional branches by the condition, with the hint's sign (Power ISA, sections 2.4 and C.2).
fn conditional(ins: Ins, at: u64, wide: bool) -> Option<String> {
    let (options, bit) = (ins.field_bo(), ins.field_bi());
    let condition = usize::from(bit & 3);
    let (name, hint, field) = match options {
        0x04..=0x07 => (["ge", "le", "ne", "ns"][condition], ["", "", "-", "+"][usize::from(options & 3)], bit >> 2),
        0x0c..=0x0f => (["lt", "gt", "eq", "so"][condition], ["", "", "-", "+"][usize::from(options & 3)], bit >> 2),
        0x10 | 0x18 | 0x19 if bit == 0 => ("dnz", ["", "-", "+"][usize::from((options & 8) / 8 + options % 2)], 0),
        0x12 | 0x1a | 0x1b if bit == 0 => ("dz", ["", "-", "+"][usize::from((options & 8) / 8 + options % 2)], 0),
        // By numbers: what the hint's bits of these mean differs between versions of the ISA.
        _ if ins.op == Opcode::Bc && options & 0x14 != 0x14 => {
            let target = branch(ins, at, i64::from(ins.field_bd()), wide);
            let link = if ins.field_lk() { "l" } else { "" };
            let absolute = if ins.field_aa() { "a" } else { "" };
            return Some(format!("bc{link}{absolute} {options},{bit},{target:#x}"));
        }
        _ => return None,
    };
    let kind = match ins.op {
        Opcode::Bc => "",
        Opcode::Bclr => "lr",
        Opcode::Bcctr => "ctr",
        _ => return None,
    };
    let link = if ins.field_lk() { "l" } else { "" };
    let absolute = if ins.op == Opcode::Bc && ins.field_aa() { "a" } else { "" };
    let field = (field > 0).then(|| format!("cr{field}"));
    let target = (ins.op == Opcode::Bc).then(|| format!("{:#x}", branch(ins, at, i64::from(ins.field_bd()), wide)));
    let operands: Vec<String> = field.into_iter().chain(target).collect();
    let blank = if operands.is_empty() { "" } else { " " };
    Some(format!("b{name}{kind}{link}{absolute}{hint}{blank}{}", operands.join(",")))
}

/// Rotates of 64 bits by the names of what they do (Power ISA, appendix C.6).
fn rotated(ins: Ins) -> Option<String> {
    let (a, s) = (ins.field_ra(), ins.field_rs());
    let (shift, begin, end) = (ins.field_sh64(), ins.field_mb64(), ins.field_me64());
    let dot = if ins.field_rc() { "." } else { "" };
    Some(match ins.op {
        Opcode::Rldicl if shift == 0 => format!("clrldi{dot} r{a},r{s},{begin}"),
        Opcode::Rldicl if begin == 0 => format!("rotldi{dot} r{a},r{s},{shift}"),
        Opcode::Rldicl if u32::from(shift) + u32::from(begin) == 64 => format!("srdi{dot} r{a},r{s},{begin}"),
        Opcode::Rldicr if u32::from(shift) + u32::from(end) == 63 => format!("sldi{dot} r{a},r{s},{shift}"),
        Opcode::Rldicr if shift == 0 => format!("clrrdi{dot} r{a},r{s},{}", 63 - end.min(63)),
        Opcode::Rldcl if begin == 0 => format!("rotld{dot} r{a},r{s},r{}", ins.field_rb()),
        _ => return None,
    })
}

/// Names for special registers as objdump has them; other numbers stay numbers.
const SPECIAL: [(u16, &str); 36] = [
    (1, "xer"),
    (3, "dscr"),
    (8, "lr"),
    (9, "ctr"),
    (17, "dscr"),
    (18, "dsisr"),
    (19, "dar"),
    (22, "dec"),
    (26, "srr0"),
    (27, "srr1"),
    (28, "cfar"),
    (29, "amr"),
    (48, "pidr"),
    (136, "ctrl"),
    (152, "ctrl"),
    (180, "dawr0"),
    (187, "ciabr"),
    (188, "dawrx0"),
    (153, "fscr"),
    (157, "uamor"),
    (190, "hfscr"),
    (256, "vrsave"),
    (268, "tb"),
    (269, "tbu"),
    (287, "pvr"),
    (304, "hsprg0"),
    (305, "hsprg1"),
    (306, "hdisr"),
    (307, "hdar"),
    (308, "spurr"),
    (309, "purr"),
    (310, "hdec"),
    (314, "hsrr0"),
    (315, "hsrr1"),
    (318, "lpcr"),
    (319, "lpidr"),
];

/// What the crate writes otherwise than objdump.
fn special(ins: Ins) -> Option<String> {
    let word = ins.code;
    let (d, a, b) = (ins.field_rd(), ins.field_ra(), ins.field_rb());
    Some(match ins.op {
        Opcode::Ori if word == 0x6000_0000 => "nop".to_owned(),
        Opcode::Sync => match word >> 21 & 3 {
            0 => "hwsync".to_owned(),
            1 => "lwsync".to_owned(),
            2 => "ptesync".to_owned(),
            _ => return None,
        },
        Opcode::Rlwinm => {
            let (shift, begin, end) = (ins.field_sh(), ins.field_mb(), ins.field_me());
            let dot = if ins.field_rc() { "." } else { "" };
            match (shift, begin, end) {
                (0, begin, 31) => format!("clrlwi{dot} r{a},r{d},{begin}"),
                (0, 0, end) => format!("clrrwi{dot} r{a},r{d},{}", 31 - end.min(31)),
                (shift, 0, 31) => format!("rotlwi{dot} r{a},r{d},{shift}"),
                (shift, 0, end) if shift + end == 31 => format!("slwi{dot} r{a},r{d},{shift}"),
                (shift, begin, 31) if shift + begin == 32 => format!("srwi{dot} r{a},r{d},{begin}"),
                _ => format!("rlwinm{dot} r{a},r{d},{shift},{begin},{end}"),
            }
        }
        Opcode::Addic => format!("addic r{d},r{a},{}", ins.field_simm()),
        Opcode::Addic_ => format!("addic. r{d},r{a},{}", ins.field_simm()),
        Opcode::Twi | Opcode::Tdi => {
            let size = if ins.op == Opcode::Twi { "tw" } else { "td" };
            match ins.field_to() {
                1 => format!("{size}lgti r{a},{}", ins.field_simm()),
                2 => format!("{size}llti r{a},{}", ins.field_simm()),
                4 => format!("{size}eqi r{a},{}", ins.field_simm()),
                8 => format!("{size}gti r{a},{}", ins.field_simm()),
                16 => format!("{size}lti r{a},{}", ins.field_simm()),
                24 => format!("{size}nei r{a},{}", ins.field_simm()),
                31 => format!("{size}ui r{a},{}", ins.field_simm()),
                condition => format!("{size}i {condition},r{a},{}", ins.field_simm()),
            }
        }
        Opcode::Nor if d == b => format!("not{} r{a},r{d}", if ins.field_rc() { "." } else { "" }),
        Opcode::Mtcrf if ins.field_crm() == 255 => format!("mtcr r{d}"),
        Opcode::Mfspr if (272..=275).contains(&ins.field_spr()) => format!("mfsprg r{d},{}", ins.field_spr() - 272),
        Opcode::Mtspr if (272..=275).contains(&ins.field_spr()) => format!("mtsprg {},r{d}", ins.field_spr() - 272),
        Opcode::Mfspr | Opcode::Mtspr => {
            let number = ins.field_spr();
            let to = ins.op == Opcode::Mtspr;
            let name = SPECIAL.iter().find(|(spr, _)| *spr == number).map(|(_, name)| *name);
            match (to, name) {
                (false, Some(name)) => format!("mf{name} r{d}"),
                (true, Some(name)) => format!("mt{name} r{d}"),
                (false, None) => format!("mfspr r{d},{number}"),
                (true, None) => format!("mtspr {number},r{d}"),
            }
        }
        Opcode::Addi if a == 0 => format!("li r{d},{}", ins.field_simm()),
        Opcode::Addis if a == 0 => format!("lis r{d},{}", ins.field_simm()),
        Opcode::Addi => format!("addi r{d},r{a},{}", ins.field_simm()),
        Opcode::Addis => format!("addis r{d},r{a},{}", ins.field_simm()),
        // The second operand of an indexed access is a zero when it is r0.
        Opcode::Dcbf | Opcode::Dcbst | Opcode::Dcbz | Opcode::Icbi | Opcode::Dcbt | Opcode::Dcbtst if a == 0 => {
            format!("{} 0,r{b}", ins.basic().mnemonic)
        }
        _ if indexed(word) && a == 0 => {
            let parsed = ins.basic();
            format!("{} r{d},0,r{b}", parsed.mnemonic)
        }
        _ => return None,
    })
}

/// X-form loads and stores: two registers make the address (Power ISA, section 1.6.1.6).
fn indexed(word: u32) -> bool {
    // lwarx ldx lwzx ldarx lbzx … of primary opcode 31 whose extended opcodes end in 10101, 10111, 10100 and 10110.
    word >> 26 == 31 && {
        let extended = word >> 1 & 0x3ff;
        matches!(extended & 0x1f, 0b10101 | 0b10111) && extended >> 5 <= 27
            || matches!(extended, 20 | 84 | 52 | 116 | 150 | 214 | 694 | 726 | 532 | 534 | 660 | 662 | 790 | 918)
    }
}

fn effect(ins: Ins, at: u64, wide: bool, text: &str) -> Effect {
    let width = if wide { 64 } else { 32 };
    let mut effect = Effect { flow: flow(ins), ..Effect::default() };
    let general = |register: u8| Operand { bits: (width, 0), ..Operand::whole(&format!("r{register}")) };
    let (a, b) = (ins.field_ra(), ins.field_rb());
    let base = (a != 0).then(|| general(a));
    let update = text.split(' ').next().is_some_and(|name| name.ends_with('u') || name.ends_with("ux"));
    let parsed = ins.basic();
    let mut memory = false;
    for argument in parsed.args_iter() {
        match argument {
            Argument::Offset(offset) => {
                memory = true;
                let shown = text.rsplit(',').next().unwrap_or_default().to_owned();
                let displacement = i64::from(offset.0);
                effect.memory.push(Memory {
                    text: shown,
                    base: base.clone(),
                    displacement,
                    width,
                    ..Memory::default()
                });
            }
            Argument::BranchDest(distance) => effect.target = Some(branch(ins, at, i64::from(distance.0), wide)),
            _ => {}
        }
    }
    if indexed(ins.code) {
        memory = true;
        let shown = text.split_once(',').map_or_else(String::new, |(_, address)| address.to_owned());
        let index = Some((general(b), crate::instruction::Scale::default()));
        effect.memory.push(Memory { text: shown, base: base.clone(), index, width, ..Memory::default() });
    }
    let mut address: Vec<u8> = Vec::new();
    if memory {
        address.push(a);
        if indexed(ins.code) {
            address.push(b);
        }
    }
    for argument in &ins.defs() {
        if let Argument::GPR(register) = argument {
            effect.clobbers.push(format!("r{}", register.0));
            effect.sets.push(general(register.0));
        }
    }
    if memory && update {
        effect.clobbers.push(format!("r{a}"));
    }
    for argument in &ins.uses() {
        if let Argument::GPR(register) = argument {
            let operand = general(register.0);
            if !address.contains(&register.0) && !effect.reads.contains(&operand) {
                effect.reads.push(operand);
            }
        }
    }
    effect
}

fn flow(ins: Ins) -> Flow {
    let links = ins.is_branch() && ins.field_lk();
    match ins.op {
        // bcl 20,31,$+4 only loads the link register, and is a call by its bit; nothing is lost by stopping there.
        _ if links || ins.op == Opcode::Sc => Flow::Call,
        Opcode::Rfi | Opcode::Rfid | Opcode::B => Flow::Leaves,
        // BO of 1z1zz is "always" (Power ISA, section 2.4).
        Opcode::Bc | Opcode::Bcctr | Opcode::Bclr if ins.field_bo() & 0x14 == 0x14 => Flow::Leaves,
        Opcode::Bc | Opcode::Bcctr | Opcode::Bclr => Flow::Branch,
        _ => Flow::Next,
    }
}
