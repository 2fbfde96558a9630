//! x86 instructions as text: iced-x86's formatters, brought to what objdump prints.
//!
//! objdump writes what is encoded, iced what is meant. Must never change what an instruction does; only how it is
//! spelled.

use iced_x86::{Formatter, GasFormatter, Instruction, IntelFormatter, MemorySizeOptions, Mnemonic, OpKind, Register};
use std::fmt::Write;

/// AT&T syntax.
pub(super) fn att(instruction: &Instruction, bytes: &[u8], bits: u32) -> String {
    let mut formatter = GasFormatter::new();
    common(formatter.options_mut(), instruction);
    let (mut mnemonic, mut operands) = (String::new(), String::new());
    formatter.format_mnemonic(instruction, &mut mnemonic);
    formatter.format_all_operands(instruction, &mut operands);
    let default = match instruction.mnemonic() {
        // The operand size that these have anyway gets no letter.
        Mnemonic::Push | Mnemonic::Pop | Mnemonic::Jmp | Mnemonic::Call => Some(if bits == 64 { 'q' } else { 'l' }),
        Mnemonic::Iretd | Mnemonic::Retf => Some('l'),
        _ => None,
    };
    let plain = ["push", "pop", "jmp", "call", "iret", "lret"];
    if let Some(short) = default.and_then(|letter| mnemonic.strip_suffix(letter)).filter(|short| {
        let last = short.rsplit(' ').next().unwrap_or(short);
        plain.contains(&last)
    }) {
        mnemonic = short.to_owned();
    }
    if shifts_by_one(instruction, bytes, bits) {
        operands = operands.replacen("$0x1,", "$1,", 1);
    }
    match instruction.mnemonic() {
        // gas would take the short form, too.
        Mnemonic::Imul if instruction.op_count() == 3 && operands.matches(',').count() == 1 => {
            let register = operands.rsplit(',').next().unwrap_or_default().to_owned();
            operands = format!("{operands},{register}");
        }
        Mnemonic::In
        | Mnemonic::Out
        | Mnemonic::Insb
        | Mnemonic::Insw
        | Mnemonic::Insd
        | Mnemonic::Outsb
        | Mnemonic::Outsw
        | Mnemonic::Outsd => operands = operands.replace("%dx", "(%dx)"),
        Mnemonic::Lea if has_idle_index(instruction, bytes) => {
            let index = if bits == 64 { ",%riz,1)" } else { ",%eiz,1)" };
            operands = operands.replace(')', index);
        }
        _ => {}
    }
    let (prefixes, operands) = prefixes(instruction, bytes, bits, &mnemonic, operands);
    join(&format!("{prefixes}{}", spelled(&mnemonic)), &operands)
}

/// Intel's syntax.
pub(super) fn intel(instruction: &Instruction, bytes: &[u8], bits: u32) -> String {
    let mut formatter = IntelFormatter::new();
    common(formatter.options_mut(), instruction);
    let options = formatter.options_mut();
    options.set_memory_size_options(MemorySizeOptions::Always);
    options.set_uppercase_keywords(true);
    // `[rip+0xffffffffda23e79]`: objdump extends this one and gives no sign.
    options.set_signed_memory_displacements(!instruction.is_ip_rel_memory_operand());
    let (mut mnemonic, mut operands) = (String::new(), String::new());
    formatter.format_mnemonic(instruction, &mut mnemonic);
    formatter.format_all_operands(instruction, &mut operands);
    if shifts_by_one(instruction, bytes, bits)
        && let Some(rest) = operands.strip_suffix(",0x1")
    {
        operands = format!("{rest},1");
    }
    let absolute = matches!(opcode(bytes, bits), Some(0xa0..=0xa3));
    if mnemonic == "mov" && bits == 64 && (absolute || instruction.op1_kind() == OpKind::Immediate64) {
        "movabs".clone_into(&mut mnemonic);
    }
    if instruction.mnemonic() == Mnemonic::Lea && has_idle_index(instruction, bytes) {
        let index = if bits == 64 { "+riz*1" } else { "+eiz*1" };
        if let Some(at) =
            operands.find('[').and_then(|open| operands[open + 1..].find(['+', '-', ']']).map(|sign| open + 1 + sign))
        {
            operands.insert_str(at, index);
        }
    }
    // `gs:[0x28]` and `[0x28]` are what iced writes, `gs:0x28` and `ds:0x28` what objdump does.
    let has = |kind| (0..instruction.op_count()).any(|index| instruction.op_kind(index) == kind);
    let bare = instruction.memory_base() == Register::None && instruction.memory_index() == Register::None;
    if has(OpKind::Memory) && bare {
        let (open, segment) = if operands.contains(":[") { (":[", ":") } else { ("[", "ds:") };
        operands = operands.replacen(open, segment, 1).replacen(']', "", 1);
        if let Some((size, rest)) = operands.split_once(" PTR ").filter(|_| absolute) {
            let register = size.rfind(',').map_or("", |comma| &size[..=comma]);
            operands = format!("{register}{rest}");
        }
    }
    if let Some((name, register)) = string(instruction.mnemonic()) {
        let at = mnemonic.rfind(' ').map_or(0, |space| space + 1);
        mnemonic.replace_range(at.., name);
        match (name, register) {
            ("stos", register) => operands = format!("{operands},{register}"),
            ("lods" | "scas", register) => operands = format!("{register},{operands}"),
            _ => {}
        }
    }
    match mnemonic.as_str() {
        "pushfq" | "popfq" | "pushfd" | "popfd" => mnemonic.truncate(mnemonic.len() - 1),
        "ret far" => "retf".clone_into(&mut mnemonic),
        "iretd" => "iret".clone_into(&mut mnemonic),
        _ => mnemonic = mnemonic.replace("hint-not-taken ", "").replace("hint-taken ", ""),
    }
    if instruction.mnemonic() == Mnemonic::Imul && instruction.op_count() == 3 && operands.matches(',').count() == 1 {
        let register = operands.split(',').next().unwrap_or_default().to_owned();
        operands = format!("{register},{operands}");
    }
    let (prefixes, operands) = prefixes(instruction, bytes, bits, &mnemonic, operands);
    join(&format!("{prefixes}{}", spelled(&mnemonic)), &operands)
}

/// String instructions by the names that do not tell the size, and the register that goes with the size.
fn string(mnemonic: Mnemonic) -> Option<(&'static str, &'static str)> {
    Some(match mnemonic {
        Mnemonic::Stosb => ("stos", "al"),
        Mnemonic::Stosw => ("stos", "ax"),
        Mnemonic::Stosd => ("stos", "eax"),
        Mnemonic::Stosq => ("stos", "rax"),
        Mnemonic::Lodsb => ("lods", "al"),
        Mnemonic::Lodsw => ("lods", "ax"),
        Mnemonic::Lodsd => ("lods", "eax"),
        Mnemonic::Lodsq => ("lods", "rax"),
        Mnemonic::Scasb => ("scas", "al"),
        Mnemonic::Scasw => ("scas", "ax"),
        Mnemonic::Scasd => ("scas", "eax"),
        Mnemonic::Scasq => ("scas", "rax"),
        Mnemonic::Cmpsb | Mnemonic::Cmpsw | Mnemonic::Cmpsq => ("cmps", ""),
        Mnemonic::Movsb | Mnemonic::Movsw | Mnemonic::Movsq => ("movs", ""),
        // These two are SSE instructions, too, with registers for operands.
        _ => return None,
    })
}

/// objdump's words for prefixes that change nothing: `data16` for each superfluous one, `cs ` in front of the
/// instruction instead of `%cs:` at its operand, for 64-bit mode has no such segments.
fn prefixes(instruction: &Instruction, bytes: &[u8], bits: u32, mnemonic: &str, operands: String) -> (String, String) {
    let sizes = bytes.iter().take_while(|byte| is_prefix(**byte)).filter(|byte| **byte == 0x66).count();
    let mut words = "data16 ".repeat(sizes.saturating_sub(1));
    let mut operands = operands;
    let segment = match instruction.segment_prefix() {
        Register::CS => "cs",
        Register::DS => "ds",
        Register::ES => "es",
        Register::SS => "ss",
        _ => return (words, operands),
    };
    if bits != 64 || (0..instruction.op_count()).any(|index| is_string(instruction.op_kind(index))) {
        return (words, operands);
    }
    for (spelled, instead) in [(format!("%{segment}:"), ""), (format!("{segment}:["), "["), (format!("{segment}:"), "")]
    {
        if operands.contains(&spelled) {
            operands = operands.replacen(&spelled, instead, 1);
            break;
        }
    }
    // Where there is no memory operand, iced has written the word itself.
    if !mnemonic.contains(segment) && !mnemonic.contains(",p") {
        words.push_str(segment);
        words.push(' ');
    }
    (words, operands)
}

/// The mnemonic with its prefixes as objdump spells them.
fn spelled(mnemonic: &str) -> String {
    let name = mnemonic.rsplit(' ').next().unwrap_or(mnemonic);
    let repeats = ["movs", "stos", "lods", "ins", "outs"].iter().any(|string| name.starts_with(string));
    let flows = name.starts_with(['j', 'c']) && !name.starts_with("cm") || name.starts_with("ret");
    // A branch hint is an ending in AT&T syntax.
    let mnemonic = if name.contains(",p") { name } else { mnemonic };
    let mnemonic = if name.starts_with("sal") { mnemonic.replace("sal", "shl") } else { mnemonic.to_owned() };
    if mnemonic.contains("repne ") {
        mnemonic.replace("repne ", if flows { "bnd " } else { "repnz " })
    } else if mnemonic.contains("rep ") && !repeats {
        mnemonic.replace("rep ", "repz ")
    } else {
        mnemonic
    }
}

fn join(mnemonic: &str, operands: &str) -> String {
    if operands.is_empty() { mnemonic.to_owned() } else { format!("{mnemonic} {operands}") }
}

/// `shl $1,%eax` by its own opcode, which objdump tells from `shl $0x1,%eax`.
fn shifts_by_one(instruction: &Instruction, bytes: &[u8], bits: u32) -> bool {
    // The two opcodes have no other instructions; vector prefixes have other opcodes behind them.
    matches!(opcode(bytes, bits), Some(0xd0 | 0xd1)) && instruction.op1_kind() == OpKind::Immediate8
}

/// The byte after all prefixes.
fn opcode(bytes: &[u8], bits: u32) -> Option<u8> {
    let rest = &bytes[bytes.iter().take_while(|byte| is_prefix(**byte)).count()..];
    match rest {
        [0x40..=0x4f, opcode, ..] if bits == 64 => Some(*opcode),
        [opcode, ..] => Some(*opcode),
        [] => None,
    }
}

pub(super) fn is_prefix(byte: u8) -> bool {
    matches!(byte, 0x66 | 0x2e | 0x36 | 0x3e | 0x26 | 0x64 | 0x65 | 0xf0 | 0xf2 | 0xf3 | 0x67)
}

/// `lea 0x0(%esi,%eiz,1),%esi`, which pads code: an index is encoded, and it is none.
fn has_idle_index(instruction: &Instruction, bytes: &[u8]) -> bool {
    let (base, index) = (instruction.memory_base(), instruction.memory_index());
    let displacement = match instruction.memory_displ_size() {
        0 => 0,
        1 => 1,
        _ => 4,
    };
    let stack = [Register::ESP, Register::RSP, Register::R12, Register::R12D].contains(&base);
    if base == Register::None || index != Register::None || stack {
        return false;
    }
    // Opcode, ModRM, SIB, displacement; lea has no immediate.
    let at = instruction.len().checked_sub(displacement + 3);
    at.and_then(|at| bytes.get(at)) == Some(&0x8d)
}

fn common(options: &mut iced_x86::FormatterOptions, instruction: &Instruction) {
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_small_hex_numbers_in_decimal(false);
    options.set_add_leading_zero_to_hex_numbers(false);
    options.set_branch_leading_zeros(false);
    options.set_displacement_leading_zeros(false);
    options.set_space_after_operand_separator(false);
    // `(%rax,%rbx,1)`, but `(%rax)`.
    options.set_always_show_scale(instruction.memory_index() != Register::None);
    options.set_rip_relative_addresses(true);
    options.set_signed_immediate_operands(false);
    options.set_show_branch_size(false);
    options.set_show_useless_prefixes(true);
    // `%ds:(%rsi)` and `%es:(%rdi)`, where they are fixed.
    options.set_always_show_segment_register(
        (0..instruction.op_count()).any(|index| is_string(instruction.op_kind(index))),
    );
    // `0x0(%rax)` has a displacement of zero, `(%rax)` has none.
    options.set_show_zero_displacements(instruction.memory_displ_size() != 0);
}

fn is_string(kind: OpKind) -> bool {
    matches!(
        kind,
        OpKind::MemorySegSI
            | OpKind::MemorySegESI
            | OpKind::MemorySegRSI
            | OpKind::MemoryESDI
            | OpKind::MemoryESEDI
            | OpKind::MemoryESRDI
    )
}

/// A memory operand as the text has it.
pub(super) fn memory_text(instruction: &Instruction, segment: Option<&str>) -> String {
    let name = |register: Register| format!("%{}", format!("{register:?}").to_ascii_lowercase());
    let mut text = segment.map(|segment| format!("%{segment}:")).unwrap_or_default();
    let (base, index) = (instruction.memory_base(), instruction.memory_index());
    let displacement = if instruction.is_ip_rel_memory_operand() {
        instruction.memory_displacement64().wrapping_sub(instruction.next_ip()).cast_signed()
    } else {
        instruction.memory_displacement64().cast_signed()
    };
    if base == Register::None && index == Register::None {
        return format!("{text}{displacement:#x}");
    }
    // Negative where the register is as wide as the displacement that was extended.
    let narrow = [base, index].into_iter().any(Register::is_gpr32);
    let displacement = if narrow {
        i64::from(u32::try_from(displacement & 0xffff_ffff).unwrap_or(0).cast_signed())
    } else {
        displacement
    };
    if instruction.memory_displ_size() != 0 {
        let sign = if displacement < 0 { "-" } else { "" };
        let _ = write!(text, "{sign}{:#x}", displacement.unsigned_abs());
    }
    text.push('(');
    if base != Register::None {
        text.push_str(&name(base));
    }
    if index != Register::None {
        let _ = write!(text, ",{},{}", name(index), instruction.memory_index_scale());
    }
    text.push(')');
    text
}
