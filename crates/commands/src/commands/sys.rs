//! `sys`: the machine and what ended it. Must never show what was not read.

use crate::args::Line;
use crate::{Command, Context, Output, Refusal, text};
use oopscope_kernel::{Kernel, system};
use oopscope_report::vmcore::Answer;

pub(crate) const COMMAND: Command = Command {
    name: "sys",
    about: "the machine, its kernel, what ended it",
    help: "\
Usage: sys [-t]

The banner: kernel, CPUs, date, uptime, load, memory, panic message, taint.

  -t   the kernel's taint alone, with what each letter means
",
    run,
};

fn run(kernel: &Kernel, context: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("t", "")?;
    let machine = system::system(kernel, context.records);
    let panic = system::panic(kernel, context.records);
    let text = if options.has('t') {
        let letters = machine.taint.as_deref().ok_or_else(|| Refusal("the taint could not be read".to_owned()))?;
        format!("TAINTED: {}\n{}", if letters.is_empty() { "no" } else { letters }, meanings(&machine.taint_meaning))
    } else {
        text::dump(&kernel.facts()) + &text::system(&machine, panic.as_ref())
    };
    Ok(Output::rows(text, Answer::System { system: Box::new(machine), panic: panic.map(Box::new) }))
}

fn meanings(words: &[String]) -> String {
    words.iter().flat_map(|meaning| ["  ", meaning, "\n"]).collect()
}
