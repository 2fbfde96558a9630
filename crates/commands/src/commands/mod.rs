//! The commands by their names. Must never hold what a command does: that is its own file.

mod bt;
mod help;
mod kmem;
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

/// All commands, in the order of their names.
pub(crate) const ALL: &[Command] = &[
    bt::COMMAND,
    help::COMMAND,
    kmem::COMMAND,
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

/// The command of a name. `*` stands for `struct`, as in crash.
pub(crate) fn find(name: &str) -> Result<&'static Command, Refusal> {
    let wanted = if name == "*" { "struct" } else { name };
    ALL.iter().find(|command| command.name == wanted).ok_or_else(|| {
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
