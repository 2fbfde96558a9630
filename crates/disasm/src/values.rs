//! The values that the report gives, by the names that decoders use.
//!
//! Must never give a value for a register that the report does not print.

use oopscope_report::{FrameRole, Report, StackRole};
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
    /// True after a breakpoint that the kernel did not expect.
    pub(crate) breakpoint: bool,
    /// The faulting address.
    pub(crate) fault: Option<u64>,
}

/// Collects what goes with the bytes. Registers and bytes of exception frames inside a trace are not the report's own,
/// and are kept apart from them.
pub(crate) fn of(report: &Report) -> Values<'_> {
    let crash = report.stacks.iter().filter(|stack| stack.role == StackRole::Crash);
    let others = report.stacks.iter().filter(|stack| stack.role != StackRole::Crash);
    let pc = crash
        .chain(others)
        .flat_map(|stack| &stack.frames)
        .find(|frame| matches!(frame.role, FrameRole::Pc | FrameRole::User));
    let mut values = Values {
        address: pc.and_then(|frame| frame.address.as_deref()).and_then(hex),
        place: pc.and_then(|frame| Some((frame.function.as_deref()?, frame.offset?, frame.size?))),
        user: pc.is_some_and(|frame| frame.role == FrameRole::User),
        wide: report.registers.is_empty() || report.registers.iter().any(|register| digits(&register.value) > 8),
        breakpoint: report.trap.as_ref().is_some_and(|trap| trap.name.contains("int3")),
        fault: report.access.as_ref().and_then(|access| access.address.as_deref()).and_then(hex),
        ..Values::default()
    };
    for register in &report.registers {
        if let Some(value) = hex(&register.value) {
            let note = register.note.as_deref().filter(|note| *note != "faulting address");
            values.registers.entry(name(&register.name)).or_insert((value, note));
        }
    }
    // The instruction pointer is a register like others on some (arm's `pc : [<8015df40>]`).
    let pointers = ["rip", "eip", "pc", "epc", "nip"];
    values.address = values.address.or_else(|| pointers.iter().find_map(|pc| values.get(pc)));
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
