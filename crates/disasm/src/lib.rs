//! The bytes of a report's `Code:` line as instructions, with the trapping one marked and the report's register
//! values beside the operands.
//!
//! Must never give a listing that does not meet the trapping byte, and never guess an architecture from the bytes.
//! Decoders are others' crates, one an architecture, each behind [`instruction::Decoder`]; texts are brought to what
//! objdump prints, and where a decoder knows less, the bytes stand as data (`.inst`, `.long`), never as a guess.
#![forbid(unsafe_code)]

mod arm;
mod arm64;
mod bytes;
mod instruction;
mod notes;
#[cfg(test)]
mod oracle;
mod ppc;
mod riscv;
mod sync;
mod traps;
mod values;
mod x86;

use bytes::Window;
use instruction::{Decoded, Decoder, Effect, Flow};
use oopscope_report::{Arch, Instruction, Listing, Report};
use values::Values;

/// Addresses that stand in for unknown ones: far enough from both ends for any displacement.
const SOMEWHERE: u64 = 0x4000_0000;

/// Disassembles the report's code, or says why that can't be done.
///
/// ```
/// use oopscope_report::{Arch, Code, Report};
///
/// let units = "55 48 89 e5 0f 0b".split(' ').map(str::to_owned).collect();
/// let code = Code { units, trap: Some(4), ..Code::default() };
/// let report = Report { arch: Some(Arch::X86_64), code: Some(code), ..Report::default() };
/// let listing = oopscope_disasm::list(&report).unwrap();
/// let texts: Vec<_> = listing.instructions.iter().map(|instruction| instruction.text.as_str()).collect();
/// assert_eq!(texts, ["push %rbp", "mov %rsp,%rbp", "ud2"]);
/// assert!(listing.instructions[2].trap);
/// ```
pub fn list(report: &Report) -> Result<Listing, String> {
    let code = report.code.as_ref().ok_or("the report has no code bytes")?;
    let window = bytes::window(code)?;
    let arch = report.arch.ok_or(
        "the lines that were found do not tell for which architecture this kernel was built, and bytes alone do not, \
         either",
    )?;
    let values = values::of(report);
    // The same bytes are other instructions in a 32-bit program, and the report does not say which it is.
    let low = values.address.is_some_and(|address| u32::try_from(address).is_ok());
    if arch == Arch::X86_64 && values.user && low {
        return Err("this is code of user space, of a 32- or a 64-bit program: the report does not tell".to_owned());
    }
    match decoder(arch, &window, &values) {
        Some(decoder) => listed(&*decoder, arch, &window, &values),
        None => trap_alone(arch, &window),
    }
}

fn decoder(arch: Arch, window: &Window, values: &Values<'_>) -> Option<Box<dyn Decoder>> {
    Some(match arch {
        Arch::X86_64 => Box::new(x86::X86 { bits: 64 }),
        Arch::I386 => Box::new(x86::X86 { bits: 32 }),
        Arch::Arm64 => Box::new(arm64::Arm64),
        // The kernel prints halfwords for Thumb (arch/arm/kernel/traps.c, __dump_instr).
        Arch::Arm => Box::new(arm::Arm { thumb: window.unit == 2 }),
        Arch::Riscv => Box::new(riscv::Riscv { wide: values.wide }),
        Arch::Ppc => Box::new(ppc::Ppc { wide: values.wide }),
        Arch::S390x | Arch::Mips | Arch::Loongarch | Arch::Sparc | Arch::Parisc => return None,
    })
}

/// An architecture without a decoder: only a trap that is known by its bytes.
fn trap_alone(arch: Arch, window: &Window) -> Result<Listing, String> {
    let bytes = &window.bytes[window.trap..(window.trap + window.unit).min(window.bytes.len())];
    let meaning = traps::meaning(arch, bytes)
        .ok_or_else(|| format!("Oopscope has no disassembler for {}: objdump reads these bytes", arch.name()))?;
    let (text, note) = meaning.split_once(": ").unwrap_or((&meaning, ""));
    let trap = Instruction {
        offset: 0,
        bytes: bytes::printed(bytes, window.unit),
        text: text.to_owned(),
        trap: true,
        notes: vec![note.to_owned()],
        ..Instruction::default()
    };
    let skipped = u32::try_from(window.before + window.trap).unwrap_or(u32::MAX);
    Ok(Listing { instructions: vec![trap], skipped, guessed: false })
}

fn listed(decoder: &dyn Decoder, arch: Arch, window: &Window, values: &Values<'_>) -> Result<Listing, String> {
    let Window { bytes, trap, unit, before } = window;
    let fits = match decoder.step() {
        1 => *unit == 1,
        2 => matches!(unit, 2 | 4),
        step => *unit == step,
    };
    if !fits {
        return Err(format!("units of {unit} bytes are not how the kernel prints {} code", arch.name()));
    }
    let start = sync::start(decoder, bytes, *trap);
    let known = values.address;
    // The address of bytes[0].
    let origin = known.unwrap_or(SOMEWHERE).wrapping_sub(*trap as u64);
    let mut decoded: Vec<(usize, Decoded)> = Vec::new();
    let mut at = start.at;
    while at < bytes.len() {
        let place = origin.wrapping_add(at as u64);
        if at == *trap && is_cut(decoder, &bytes[at..]) {
            return Err("the bytes that the kernel printed end in the middle of the instruction at the mark".to_owned());
        }
        let next = decoder.decode(&bytes[at..], place).unwrap_or_else(|| unknown(decoder, &bytes[at..]));
        let end = at + next.length;
        // The last bytes are cut off in the middle of an instruction, or data that is no instruction.
        if end > bytes.len() || at > *trap && next.effect == data() && decoder.longest() != decoder.step() {
            break;
        }
        decoded.push((at, next));
        at = end;
    }
    if arch == Arch::Arm {
        arm::Arm { thumb: window.unit == 2 }.blocks(&mut decoded, bytes, origin);
    }
    let index = decoded.iter().position(|(at, _)| at == trap).ok_or_else(|| {
        format!(
            "the bytes that the kernel printed end before the instruction at the mark does, or are no {} code",
            arch.name()
        )
    })?;
    let only: Vec<Decoded> = decoded.iter().map(|(_, instruction)| instruction.clone()).collect();
    let earlier = notes::before_trap(&only[..index], &only[index], values);
    let mut instructions = Vec::with_capacity(decoded.len());
    for (n, (at, instruction)) in decoded.into_iter().enumerate() {
        let mut notes = earlier.get(n).cloned().unwrap_or_default();
        if n == index {
            if values.breakpoint && at > 0 && bytes[at - 1] == 0xcc && decoder.step() == 1 {
                // The processor is past it when it says so (Intel SDM, volume 3, "Interrupt 3").
                notes.push("the int3 just before it is what trapped".to_owned());
            }
            notes.extend(trap_notes(arch, &bytes[at..], &instruction, values));
        }
        let text = place(&instruction, at, origin, values);
        let intel = instruction.intel.as_ref().map(|intel| {
            let shown = Decoded { text: intel.clone(), ..instruction.clone() };
            place(&shown, at, origin, values)
        });
        instructions.push(Instruction {
            offset: i32::try_from(at).unwrap_or(0) - i32::try_from(*trap).unwrap_or(0),
            bytes: bytes::printed(&bytes[at..at + instruction.length], *unit),
            text,
            intel,
            trap: n == index,
            notes,
        });
    }
    let skipped = u32::try_from(before + start.at).unwrap_or(u32::MAX);
    Ok(Listing { instructions, skipped, guessed: start.guessed })
}

fn trap_notes(arch: Arch, bytes: &[u8], instruction: &Decoded, values: &Values<'_>) -> Vec<String> {
    let own = &bytes[..instruction.length.min(bytes.len())];
    let meaning = traps::meaning(arch, own).map(|meaning| match meaning.split_once(": ") {
        Some((_, meaning)) => meaning.to_owned(),
        None => meaning,
    });
    let unknown = instruction.effect == data() && meaning.is_none();
    let unknown = unknown.then(|| "not an instruction that Oopscope knows".to_owned());
    meaning.into_iter().chain(unknown).chain(notes::at_trap(instruction, values)).collect()
}

/// True where an instruction begins whose end is missing.
fn is_cut(decoder: &dyn Decoder, bytes: &[u8]) -> bool {
    let whole = [bytes, &[0; 16]].concat();
    decoder.length(bytes).is_none() && decoder.length(&whole).is_some_and(|length| length > bytes.len())
}

/// Bytes that are no instruction.
fn unknown(decoder: &dyn Decoder, bytes: &[u8]) -> Decoded {
    let (length, text) = decoder.unknown(bytes);
    Decoded { length: length.max(1), text: text.clone(), intel: (decoder.step() == 1).then_some(text), effect: data() }
}

/// What is said of bytes that are no instruction: nothing is known to survive them.
fn data() -> Effect {
    Effect { flow: Flow::Leaves, ..Effect::default() }
}

/// The text with its target as it can be told: as it is where addresses are known, else by the function's name or
/// relative to the instruction, as gas takes it.
fn place(instruction: &Decoded, at: usize, origin: u64, values: &Values<'_>) -> String {
    let Some(target) = instruction.effect.target.filter(|_| values.address.is_none()) else {
        return instruction.text.clone();
    };
    let own = origin.wrapping_add(at as u64);
    let spelled = format!("{target:#x}");
    let Some(found) = instruction.text.rfind(&spelled) else { return instruction.text.clone() };
    let distance = target.wrapping_sub(own).cast_signed();
    let inside = values.place.and_then(|(function, offset, size)| {
        let inside = offset.checked_add_signed(target.wrapping_sub(SOMEWHERE).cast_signed())?;
        (inside < size).then(|| format!("{function}+{inside:#x}"))
    });
    let instead = if instruction.text.starts_with("adrp ") {
        // Pages: how far this one is from the instruction's own does not depend on where that is.
        let pages = (target & !0xfff).wrapping_sub(own & !0xfff).cast_signed();
        format!("#{}{:#x}", if pages < 0 { "-" } else { "" }, pages.unsigned_abs())
    } else {
        inside.unwrap_or_else(|| format!(".{}{:#x}", if distance < 0 { "-" } else { "+" }, distance.unsigned_abs()))
    };
    format!("{}{instead}{}", &instruction.text[..found], &instruction.text[found + spelled.len()..])
}

#[cfg(test)]
mod tests;
