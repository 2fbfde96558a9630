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
    let mut machine = vec![
        fact("MACHINE TYPE", kernel.arch().name().to_owned(), "the dump's container or VMCOREINFO"),
        fact("PAGE SIZE", kernel.page_size().to_string(), "VMCOREINFO"),
    ];
    let told = kernel.arch().facts().into_iter();
    machine.extend(told.map(|(name, value, from)| fact(name, value, &from)));
    if let Some(text) = kernel.symbol("_stext") {
        machine.push(fact("KERNEL TEXT", format!("{text:#x}"), "_stext"));
    }
    if let Some(offset) = kernel.info().kernel_offset() {
        machine.push(fact("KASLR OFFSET", format!("{offset:#x}"), "VMCOREINFO"));
    }
    machine.push(fact("VMCOREINFO", kernel.info().from().to_owned(), "where it was found"));
    if options.has('m') {
        machine = kernel
            .dump()
            .ranges()
            .into_iter()
            .map(|range| {
                let value = format!("{:016x} - {:016x}", range.start, range.end);
                fact("RAM", value, "the dump's container")
            })
            .collect();
    }
    Ok(Output::rows(text::machine(&machine), Answer::Machine { machine }))
}

fn fact(name: &str, value: String, from: &str) -> MachineRow {
    MachineRow { name: name.to_owned(), value, from: from.to_owned() }
}
