//! `mach`: what is known of the machine's memory layout. Must never show a constant as if it had been read.

use crate::args::Line;
use crate::{Command, Context, Output, Refusal, text};
use oopscope_kernel::Kernel;
use oopscope_report::vmcore::{Answer, MachineRow};

pub(crate) const COMMAND: Command = Command {
    name: "mach",
    about: "the machine: pages, address layout, memory map",
    help: "\
Usage: mach [-m]

Architecture, page size, levels of the page tables, where the kernel's image
and the direct map of memory begin, KASLR's offset, each with its source.

  -m   the physical memory that the dump tells of
",
    run,
};

fn run(kernel: &Kernel, _: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("m", "")?;
    let mut machine: Vec<MachineRow> = kernel
        .arch()
        .facts()
        .into_iter()
        .map(|(name, value, from)| MachineRow { name: name.to_owned(), value, from })
        .collect();
    if options.has('m') {
        machine = kernel
            .dump()
            .ranges()
            .into_iter()
            .map(|range| MachineRow {
                name: "RAM".to_owned(),
                value: format!("{:016x} - {:016x}", range.start, range.end),
                from: "the dump's container".to_owned(),
            })
            .collect();
    }
    Ok(Output::rows(text::machine(&machine), Answer::Machine { machine }))
}
