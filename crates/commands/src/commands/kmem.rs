//! `kmem`: how memory was used. Must never give totals of what could not be counted.

use crate::args::Line;
use crate::{Command, Context, Output, Refusal, text};
use oopscope_kernel::{Kernel, usage};
use oopscope_report::vmcore::Answer;

pub(crate) const COMMAND: Command = Command {
    name: "kmem",
    about: "how memory was used",
    help: "\
Usage: kmem -i

Totals of memory, of swap and of what was committed.
",
    run,
};

fn run(kernel: &Kernel, _: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("i", "")?;
    if !options.has('i') || !options.rest.is_empty() {
        return Err(Refusal("of crash's kmem there is kmem -i".to_owned()));
    }
    let memory = usage::usage(kernel);
    Ok(Output::rows(text::memory(&memory), Answer::Memory { memory }))
}
