//! `mod`: modules. Must never load anything: their symbols come out of the dump.

use crate::args::Line;
use crate::{Command, Context, Output, Refusal, text};
use oopscope_kernel::{Kernel, modules};
use oopscope_report::vmcore::{Answer, Module};

pub(crate) const COMMAND: Command = Command {
    name: "mod",
    about: "the modules",
    help: "\
Usage: mod [-t] [NAME...]

The modules that were loaded, the last one first: address of struct module,
name, where its code begins, size of its memory, state, taint, users.

  -t   tainted ones alone
",
    run,
};

fn run(kernel: &Kernel, _: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("t", "")?;
    let (all, unread) = modules::modules(kernel);
    let mut chosen: Vec<&Module> = all.iter().collect();
    if !options.rest.is_empty() {
        for name in &options.rest {
            if !all.iter().any(|module| module.name == *name) {
                return Err(Refusal(format!("no module is called {name}")));
            }
        }
        chosen.retain(|module| options.rest.contains(&module.name));
    }
    chosen.retain(|module| !options.has('t') || !module.taint.is_empty());
    let text = if chosen.is_empty() { "No module.\n".to_owned() } else { text::modules(&chosen) };
    let modules = chosen.into_iter().cloned().collect();
    Ok(Output::rows(text + &text::unread(&unread), Answer::Modules { modules, unread }))
}
