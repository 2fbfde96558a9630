//! What the report's registers say about the operands.
//!
//! At the trap the registers are those that the instruction began with. Further back a register had the same value
//! as long as no instruction in between changed it, so the walk goes backwards, with a list of what has been
//! changed, and ends where control did not come from above: at a call, and at anything that does not fall through.
//! Must never put a value to a register that may have been another by then.

use crate::instruction::{Decoded, Flow, Memory, Operand};
use crate::values::Values;
use std::collections::BTreeSet;

/// Registers that are named in every second instruction and tell nothing as operands; as a base they do.
const TELLS_NOTHING: [&str; 4] = ["rsp", "esp", "sp", "rip"];

/// Notes on the trapping instruction.
pub(crate) fn at_trap(instruction: &Decoded, values: &Values<'_>) -> Vec<String> {
    let nothing = BTreeSet::new();
    let mut notes = Vec::new();
    for memory in &instruction.effect.memory {
        notes.extend(address(memory, values, &nothing, true));
    }
    for memory in &instruction.effect.memory {
        for operand in [memory.base.as_ref(), memory.index.as_ref().map(|(index, _)| index)].into_iter().flatten() {
            push(&mut notes, value(operand, "", values, &nothing));
        }
    }
    for operand in &instruction.effect.reads {
        push(&mut notes, value(operand, "", values, &nothing));
    }
    notes.extend(destination(instruction, values));
    notes
}

/// Notes on the instructions before the trap, in the order given: of address.
pub(crate) fn before_trap(instructions: &[Decoded], trap: &Decoded, values: &Values<'_>) -> Vec<Vec<String>> {
    let mut changed = BTreeSet::new();
    // A repeated string instruction has gone on from where it began when it traps.
    if trap.text.starts_with("rep") {
        changed.extend(trap.effect.clobbers.iter().cloned());
    }
    let mut all = vec![Vec::new(); instructions.len()];
    for (instruction, notes) in instructions.iter().zip(&mut all).rev() {
        let effect = &instruction.effect;
        if matches!(effect.flow, Flow::Call | Flow::Leaves) {
            break;
        }
        for operand in effect.sets.iter().filter(|operand| !TELLS_NOTHING.contains(&operand.register.as_str())) {
            push(notes, value(operand, "sets ", values, &changed));
        }
        changed.extend(effect.clobbers.iter().cloned());
        for memory in &effect.memory {
            notes.extend(address(memory, values, &changed, false));
        }
        for operand in effect.reads.iter().filter(|operand| !TELLS_NOTHING.contains(&operand.register.as_str())) {
            push(notes, value(operand, "", values, &changed));
        }
        notes.extend(destination(instruction, values));
    }
    all
}

fn push(notes: &mut Vec<String>, note: Option<String>) {
    notes.extend(note.filter(|note| !notes.contains(note)));
}

/// `rdi = 0x0`.
fn value(operand: &Operand, verb: &str, values: &Values<'_>, changed: &BTreeSet<String>) -> Option<String> {
    let value = part(operand, values, changed)?;
    let whole = operand.bits.0 >= 64 || operand.name == operand.register;
    let known = values.note(&operand.register).filter(|_| whole);
    let known = known.map(|note| format!(" ({note})")).unwrap_or_default();
    Some(format!("{verb}{} = {value:#x}{known}", operand.name))
}

/// The part of the register that the operand names.
fn part(operand: &Operand, values: &Values<'_>, changed: &BTreeSet<String>) -> Option<u64> {
    if changed.contains(&operand.register) {
        return None;
    }
    let value = values.get(&operand.register)?;
    let (bits, from) = operand.bits;
    Some(mask(value.checked_shr(from)?, bits))
}

fn mask(value: u64, bits: u32) -> u64 {
    if bits >= 64 { value } else { value & ((1 << bits) - 1) }
}

/// `0x10(%rdi) = 0x10, the faulting address`.
fn address(memory: &Memory, values: &Values<'_>, changed: &BTreeSet<String>, trap: bool) -> Option<String> {
    if memory.pc_relative {
        let target = values.address.map(|_| memory.displacement.cast_unsigned());
        return match target {
            Some(target) if memory.segment.is_none() => {
                Some(format!("{} = {target:#x}{}", memory.text, fault(memory, target, values, trap)))
            }
            _ if trap && memory.segment.is_some() => Some(format!("{} is per-CPU data", memory.text)),
            _ if trap => Some(format!("{} is a fixed address, which the report does not give", memory.text)),
            _ => None,
        };
    }
    let segment = match memory.segment {
        None => Some(0),
        // In the kernel gs is the base of the CPU's own data, and printed as that (arch/x86/kernel/process_64.c,
        // __show_regs); of fs in i386, only the selector is printed.
        Some("gs") if memory.width == 64 && !changed.contains("gs") => values.get("gs"),
        Some(_) => None,
    };
    // In user space both are bases of thread-local data, which the kernel's registers do not tell.
    let segment = if values.user && memory.segment.is_some() { return None } else { segment };
    let Some(segment) = segment else {
        return trap.then(|| format!("{} is per-CPU data: its address can't be computed from the report", memory.text));
    };
    let base = memory.base.as_ref().map_or(Some(0), |base| part(base, values, changed))?;
    let index = match &memory.index {
        None => 0,
        Some((index, scale)) => {
            let value = part(index, values, changed)?;
            let unused = 64 - index.bits.0.min(64);
            let value = if scale.signed { ((value << unused).cast_signed() >> unused).cast_unsigned() } else { value };
            let value = value.checked_shl(scale.shift)?;
            if scale.negative { value.wrapping_neg() } else { value }
        }
    };
    let sum = base.wrapping_add(index).wrapping_add(memory.displacement.cast_unsigned());
    let sum = mask(sum, memory.width).wrapping_add(segment);
    // `(%rdi) = …` would only repeat the register's own note, were it not the faulting address.
    Some(format!("{} = {sum:#x}{}", memory.text, fault(memory, sum, values, trap)))
}

/// How an address relates to the faulting one.
fn fault(memory: &Memory, address: u64, values: &Values<'_>, trap: bool) -> String {
    match values.fault.filter(|_| trap) {
        Some(fault) if fault == address => ", the faulting address".to_owned(),
        Some(fault) if fault > address && fault - address < memory.size => {
            format!(", and the faulting address {fault:#x} is {:#x} into it", fault - address)
        }
        _ => String::new(),
    }
}

/// Where a branch goes, when that is in the same function and the text does not say so.
fn destination(instruction: &Decoded, values: &Values<'_>) -> Option<String> {
    let (address, target) = (values.address?, instruction.effect.target?);
    let (function, offset, size) = values.place?;
    let inside = target.checked_sub(address.wrapping_sub(offset)).filter(|inside| *inside < size)?;
    Some(format!("to {function}+{inside:#x}"))
}
