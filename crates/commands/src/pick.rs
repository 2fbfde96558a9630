//! What a word of a command means: which task, which CPU, which symbol. Must never choose silently among several.

use crate::Refusal;
use crate::number;
use oopscope_kernel::{Kernel, tasks};
use oopscope_report::vmcore::{Task, Unread};
use oopscope_symbols::types::Kind;

/// The tasks that a word names: a PID (decimal), a `task_struct`'s address, or a name.
pub(crate) fn tasks<'a>(all: &'a [Task], word: &str) -> Result<Vec<&'a Task>, Refusal> {
    if let Ok(pid) = word.parse::<i32>() {
        let found: Vec<&Task> = all.iter().filter(|task| task.pid == pid).collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    if let Some(address) = number::address(word)
        && let Some(task) = all.iter().find(|task| task.address.0 == address)
    {
        return Ok(vec![task]);
    }
    let found: Vec<&Task> = all.iter().filter(|task| task.comm == word).collect();
    if found.is_empty() {
        return Err(Refusal(format!("no task has the PID, the address or the name {word}")));
    }
    Ok(found)
}

/// All tasks of the dump.
pub(crate) fn all_tasks(kernel: &Kernel) -> (Vec<Task>, Vec<Unread>) {
    tasks::tasks(kernel)
}

/// CPUs by a list as crash has it: `1`, `0,2`, `0-3`, `a` for all. Those count that the machine had: a panic takes the others
/// offline, and they are what one wants to look at.
pub(crate) fn cpus(kernel: &Kernel, word: &str) -> Result<Vec<u32>, Refusal> {
    let all = kernel.cpus_present().or_else(|_| kernel.cpus_online())?;
    if word == "a" || word == "all" {
        return Ok(all);
    }
    let mut chosen = Vec::new();
    for part in word.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (number::number(from)?, number::number(to)?);
        let some: Vec<u32> = all.iter().copied().filter(|&cpu| (from..=to).contains(&u64::from(cpu))).collect();
        if some.is_empty() {
            return Err(Refusal(format!("there is no CPU {part}: the machine had {all:?}")));
        }
        chosen.extend(some);
    }
    Ok(chosen)
}

/// An address: a symbol's name, perhaps with an offset, or hexadecimal digits.
pub(crate) fn address(kernel: &Kernel, word: &str) -> Result<u64, Refusal> {
    let (name, offset) = match word.split_once('+') {
        Some((name, offset)) => (name, number::number(offset)?),
        None => (word, 0),
    };
    // A name is tried first where it can't be meant as digits by anybody: `add` is both.
    let digits = number::address(name);
    let symbol = kernel.symbol(name);
    let base = match (symbol, digits) {
        (Some(symbol), None) => symbol,
        (Some(symbol), Some(_)) if !word.starts_with("0x") => symbol,
        (_, Some(digits)) => digits,
        (None, None) => return Err(Refusal(format!("{name:?} is neither a symbol nor a hexadecimal address"))),
    };
    base.checked_add(offset).ok_or_else(|| Refusal(format!("{word} is beyond the last address")))
}

/// What may stand at the end of a line: symbols, types behind `struct` and the like, the commands behind `help`.
pub(crate) fn completions(kernel: &Kernel, command: &str, before: &str, word: &str, limit: usize) -> Vec<String> {
    let types = |kinds: &[Kind]| -> Vec<String> {
        let Some(types) = kernel.types() else { return Vec::new() };
        let mut names: Vec<String> = kinds.iter().flat_map(|kind| types.prefix(*kind, word, limit)).collect();
        names.sort();
        names.dedup();
        names.truncate(limit);
        names
    };
    let last = before.split_whitespace().last().unwrap_or_default();
    match (command, last) {
        ("help", _) => crate::list().map(|(name, _)| name.to_owned()).filter(|name| name.starts_with(word)).collect(),
        ("struct", "struct") => types(&[Kind::Struct, Kind::Typedef]),
        ("union", "union") => types(&[Kind::Union]),
        (_, "struct" | "(struct") => types(&[Kind::Struct]),
        ("mod" | "ps" | "sys" | "log" | "kmem" | "mach", _) => Vec::new(),
        _ => kernel.symbols_with_prefix(word, limit),
    }
}
