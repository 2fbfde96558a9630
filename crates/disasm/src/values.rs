//! The values that the report gives, by the names that decoders use.
//!
//! Must never give a value for a register that the report does not print.

use oopscope_report::{FrameRole, Register, Report};
use std::collections::BTreeMap;

/// Register values that belong to the bytes of `Code:`.
#[derive(Debug, Default)]
pub(crate) struct Values<'a> {
    registers: BTreeMap<String, (u64, Option<&'a str>)>,
    /// The instruction pointer's own address, where it is printed.
    pub(crate) address: Option<u64>,
    /// Function, offset in it and its size.
    pub(crate) place: Option<(&'a str, u64, u64)>,
    /// True for an instruction pointer in user mode.
    pub(crate) user: bool,
    /// False when registers are printed with 32 bits.
    pub(crate) wide: bool,
    /// The faulting address, when these registers are those at the fault.
    pub(crate) fault: Option<u64>,
}

/// Lines between the bytes and the registers that go with them, at most. Between arm's lies a hex dump of the stack.
const FAR: u64 = 300;

/// Collects what goes with the bytes.
pub(crate) fn of(report: &Report) -> Values<'_> {
    let Some(code) = &report.code else { return Values::default() };
    let distance = |registers: &[Register]| registers.iter().map(|register| register.line.abs_diff(code.line)).min();
    let inner = report.stacks.iter().map(|stack| stack.registers.as_slice());
    let nearest = std::iter::once(report.registers.as_slice())
        .chain(inner)
        .filter_map(|registers| distance(registers).map(|distance| (distance, registers)))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= FAR);
    let own = nearest.is_some_and(|(_, registers)| std::ptr::eq(registers, report.registers.as_slice()));
    let pc = report
        .stacks
        .iter()
        .flat_map(|stack| &stack.frames)
        .filter(|frame| matches!(frame.role, FrameRole::Pc | FrameRole::User))
        .min_by_key(|frame| (frame.line > code.line, frame.line.abs_diff(code.line)));
    let mut values = Values {
        address: pc.and_then(|frame| frame.address.as_deref()).and_then(hex),
        place: pc.and_then(|frame| Some((frame.function.as_deref()?, frame.offset?, frame.size?))),
        user: pc.is_some_and(|frame| frame.role == FrameRole::User),
        fault: report.access.as_ref().filter(|_| own).and_then(|access| access.address.as_deref()).and_then(hex),
        wide: !nearest.is_some_and(|(_, registers)| registers.iter().all(|register| digits(&register.value) <= 8)),
        ..Values::default()
    };
    for register in nearest.into_iter().flat_map(|(_, registers)| registers) {
        if let Some(value) = hex(&register.value) {
            let note = register.note.as_deref().filter(|note| *note != "faulting address");
            values.registers.entry(name(&register.name)).or_insert((value, note));
        }
    }
    // The instruction pointer is a register like others on some (arm's `pc : [<8015df40>]`).
    values.address = values.address.or_else(|| ["rip", "eip", "pc", "epc", "nip"].iter().find_map(|pc| values.get(pc)));
    values
}

impl Values<'_> {
    /// A register's value.
    pub(crate) fn get(&self, register: &str) -> Option<u64> {
        self.registers.get(register).map(|(value, _)| *value)
    }

    /// What the value is known to be: `LIST_POISON1`.
    pub(crate) fn note(&self, register: &str) -> Option<&str> {
        self.registers.get(register).and_then(|(_, note)| *note)
    }
}

/// How many digits were printed.
fn digits(value: &str) -> usize {
    value.trim_start_matches("0x").len()
}

/// `0x…` or bare.
fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()
}

/// `R08` is r8, `GPR03` is r3, `EAX` is eax.
fn name(printed: &str) -> String {
    let lower = printed.trim().to_ascii_lowercase();
    let digits = lower.find(|c: char| c.is_ascii_digit()).unwrap_or(lower.len());
    let (letters, number) = lower.split_at(digits);
    let letters = if letters == "gpr" { "r" } else { letters };
    match number.parse::<u32>() {
        Ok(number) => format!("{letters}{number}"),
        Err(_) => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_decoders() {
        for (printed, ours) in
            [("R08", "r8"), ("RAX", "rax"), ("GPR03", "r3"), ("x29", "x29"), ("EAX", "eax"), ("s0", "s0")]
        {
            assert_eq!(name(printed), ours);
        }
    }
}
