//! What a word of a command means: which task, which CPU, which symbol. Must never choose silently among several.

use crate::{Refusal, number, values};
use oopscope_kernel::{Kernel, tasks};
use oopscope_report::vmcore::{Task, Unread};
use oopscope_symbols::types::{Kind, TypeId, Types};

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
    let symbol = match kernel.symbol(name) {
        None if digits.is_none() => of_a_module(kernel, name)?,
        found => found,
    };
    let base = match (symbol, digits) {
        (Some(symbol), None) => symbol,
        (Some(symbol), Some(_)) if !word.starts_with("0x") => symbol,
        (_, Some(digits)) => digits,
        (None, None) => return Err(Refusal(format!("{name:?} is neither a symbol nor a hexadecimal address"))),
    };
    base.checked_add(offset).ok_or_else(|| Refusal(format!("{word} is beyond the last address")))
}

/// The address of a symbol that only a module has; a sentence where several have one.
fn of_a_module(kernel: &Kernel, name: &str) -> Result<Option<u64>, Refusal> {
    let found = kernel.symbols_named(name);
    match found.as_slice() {
        [] => Ok(None),
        [(address, _)] => Ok(Some(*address)),
        several => {
            let whose = |(address, named): &(u64, oopscope_kernel::Named)| {
                format!("{address:x} [{}]", named.module.as_deref().unwrap_or("kernel"))
            };
            let all: Vec<String> = several.iter().take(8).map(whose).collect();
            Err(Refusal(format!("several symbols are called {name}: {}. Give an address", all.join(", "))))
        }
    }
}

/// A type by its name, with the module that has it where the kernel itself has none; `module` says which where several have.
pub(crate) fn named_type<'k>(
    kernel: &'k Kernel,
    (word, kinds): (&str, &[Kind]),
    name: &str,
    module: Option<&str>,
) -> Result<(Option<&'k str>, &'k dyn Types, TypeId), Refusal> {
    if kernel.types().is_none() {
        return Err(Refusal(values::NO_TYPES.to_owned()));
    }
    if let Some(module) = module {
        let loaded = kernel.loaded().iter().find(|loaded| loaded.name == module);
        let loaded = loaded.ok_or_else(|| Refusal(format!("no module is called {module}")))?;
        let types = kernel.module_types(module);
        let types = types.ok_or_else(|| Refusal(format!("the dump holds no types of module {module}")))?;
        let id = kinds.iter().find_map(|kind| types.find_all(*kind, name).last().copied());
        let id = id.ok_or_else(|| Refusal(format!("no {word} is called {name} in the types of {module}")))?;
        // A module's types are the kernel's and its own behind them.
        let own = kernel.types().is_some_and(|types| types.get(id).is_err());
        return Ok((own.then_some(&loaded.name), types, id));
    }
    let found = kernel.types_named(kinds, name);
    match found.as_slice() {
        [] => {
            let modules = kernel.loaded().iter().any(|module| kernel.module_types(&module.name).is_some());
            let nor = if modules { ", nor in its modules'" } else { "; the dump holds none of modules" };
            Err(Refusal(format!("no {word} is called {name} in this kernel's types{nor}")))
        }
        [one] => Ok(*one),
        [..] => {
            let modules: Vec<&str> = found.iter().filter_map(|(module, ..)| *module).collect();
            let (modules, first) = (modules.join(", "), modules.first().copied().unwrap_or_default());
            Err(Refusal(format!(
                "each of these modules has its own {word} {name}: {modules}. Choose one: struct -m {first} {name}"
            )))
        }
    }
}

/// The types that an expression needs: the kernel's, or a module's, which are more, where it names one that only that has.
pub(crate) fn types_for<'k>(kernel: &'k Kernel, text: &str) -> Result<&'k dyn Types, Refusal> {
    let own = kernel.types().ok_or_else(|| Refusal(values::NO_TYPES.to_owned()))?;
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let kind = match word {
            "struct" => Kind::Struct,
            "union" => Kind::Union,
            "enum" => Kind::Enum,
            _ => continue,
        };
        let Some(name) = words.next() else { break };
        if own.find(kind, name).is_none() {
            return named_type(kernel, (word, &[kind]), name, None).map(|(_, types, _)| types);
        }
    }
    Ok(own)
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
