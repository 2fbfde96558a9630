//! `vtop`: from virtual to physical. Must never hide the page tables' entries that lead there.

use crate::args::Line;
use crate::{Command, Context, Output, Refusal, pick, text};
use oopscope_kernel::Kernel;
use oopscope_report::vmcore::Answer;

pub(crate) const COMMAND: Command = Command {
    name: "vtop",
    about: "a virtual address's way to a physical one",
    help: "\
Usage: vtop [-c TASK] ADDRESS|SYMBOL...

The physical address with the entries of the page tables that lead to it, and
the state of the page in the dump.

  -c TASK   by the page tables of this task (a PID, an address, a name)
",
    run,
};

fn run(kernel: &Kernel, _: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("", "c")?;
    if options.rest.is_empty() {
        return Err(Refusal("vtop needs an address: help vtop".to_owned()));
    }
    let root = match options.value('c') {
        Some(word) => {
            let (all, _) = pick::all_tasks(kernel);
            match pick::tasks(&all, word)?.as_slice() {
                [task] => Some(kernel.page_table_of(task.address.0)?),
                several => {
                    let count = several.len();
                    return Err(Refusal(format!("{count} tasks are called {word}: give a PID")));
                }
            }
        }
        None => None,
    };
    let mut translations = Vec::new();
    for word in &options.rest {
        let address = pick::address(kernel, word)?;
        translations.push(match root {
            Some(root) => kernel.translation_in(root, address),
            None => kernel.translation(address),
        });
    }
    Ok(Output::rows(text::translations(&translations), Answer::Translations { translations }))
}
