//! `help`: the commands. Must never describe what a command does not do.

use super::ALL;
use crate::args::Line;
use crate::{Command, Context, Output, Refusal};
use oopscope_kernel::Kernel;
use oopscope_report::vmcore::Answer;
use std::fmt::Write as _;

pub(crate) const COMMAND: Command = Command {
    name: "help",
    about: "the commands, or one of them",
    help: "\
Usage: help [COMMAND]

Without a command all of them with a line on each.
",
    run,
};

fn run(_: &Kernel, _: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("", "")?;
    let text = match options.rest.first() {
        Some(name) => super::find(name)?.help.to_owned(),
        None => ALL.iter().fold(String::new(), |mut out, command| {
            // Writing to a String does not fail.
            let _ = writeln!(out, "{:<8} {}", command.name, command.about);
            out
        }),
    };
    Ok(Output::rows(text, Answer::Text))
}
