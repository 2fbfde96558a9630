//! The commands by their names. Must never hold what a command does: that is its own file.

mod bt;
mod help;
mod kmem;
mod locals;
mod log;
mod mach;
mod module;
mod p;
mod ps;
mod rd;
mod structure;
mod sym;
mod sys;
mod union;
mod vtop;

use crate::{Command, Refusal};
use oopscope_kernel::Kernel;
use oopscope_symbols::types::Kind;

/// All commands, in the order of their names.
pub(crate) const ALL: &[Command] = &[
    bt::COMMAND,
    help::COMMAND,
    kmem::COMMAND,
    locals::COMMAND,
    log::COMMAND,
    mach::COMMAND,
    module::COMMAND,
    p::COMMAND,
    ps::COMMAND,
    rd::COMMAND,
    structure::COMMAND,
    sym::COMMAND,
    sys::COMMAND,
    union::COMMAND,
    vtop::COMMAND,
];

/// The line that is meant: as in crash, `*` stands for `struct`, and so does a structure's own name.
pub(crate) fn meant(kernel: &Kernel, line: &str) -> String {
    let line = line.trim();
    let name = line.split_whitespace().next().unwrap_or_default();
    if let Some(rest) = line.strip_prefix('*') {
        return format!("struct {rest}");
    }
    let known = ALL.iter().any(|command| command.name == name);
    let of_type = name.split('.').next().unwrap_or_default();
    let has = |kind| !kernel.types_named(&[kind], of_type).is_empty();
    if !known && has(Kind::Struct) {
        format!("struct {line}")
    } else if !known && has(Kind::Union) {
        format!("union {line}")
    } else {
        line.to_owned()
    }
}

/// The command of a name.
pub(crate) fn find(name: &str) -> Result<&'static Command, Refusal> {
    ALL.iter().find(|command| command.name == name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|command| command.name).collect();
        Refusal(format!("there is no command {name}; there are {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn commands_are_in_order_and_have_help() {
        assert!(ALL.is_sorted_by(|a, b| a.name < b.name));
        for command in ALL {
            assert!(command.help.starts_with("Usage: "), "{}", command.name);
            assert!(command.help.contains(command.name), "{}", command.name);
            assert!(!command.about.is_empty() && !command.about.ends_with('.'), "{}", command.name);
        }
    }
}
