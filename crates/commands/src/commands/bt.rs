//! `bt`: stacks. Must never take another task than the one that was named.

use crate::args::{Line, Options};
use crate::{Command, Context, Output, Refusal, pick, text};
use oopscope_kernel::{Kernel, stack, system};
use oopscope_report::vmcore::{Answer, Backtrace, Cpu};

pub(crate) const COMMAND: Command = Command {
    name: "bt",
    about: "the stack of a task, of a CPU, of all",
    help: "\
Usage: bt [-a | -c CPUS | -p | -A] [-l] [-r] [TASK...]

Without arguments the stack of the task that panicked. TASK is a PID, the
address of a task_struct (hexadecimal) or a task's name.

  -a        the current task of every CPU
  -c CPUS   the current tasks of these CPUs: 1, 0,2, 0-3, a for all
  -p        the task that panicked
  -A        every task of the dump
  -l        asks for source lines: they are shown anyway, with the functions
            that were inlined, where the kernel's vmlinux was given
  -r        with the registers that a stack begins with

Where a frame was not found by the kernel's unwind tables or frame pointers
but by scanning the stack, its line says so: it may be left over. locals shows
the parameters and variables of a frame.
",
    run,
};

fn run(kernel: &Kernel, context: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("aAlpr", "c")?;
    let mut output = asked(kernel, context, &options)?;
    if options.has('l') && !kernel.has_debug() {
        output.problem = Some("source lines need the kernel's vmlinux with its debug information".to_owned());
    }
    Ok(output)
}

fn asked(kernel: &Kernel, context: &Context<'_>, options: &Options) -> Result<Output, Refusal> {
    let shown = text::Shown { registers: options.has('r') };
    if options.has('a') {
        return Ok(cpus(stack::cpus(kernel), shown));
    }
    if let Some(word) = options.value('c') {
        let cpus_of = pick::cpus(kernel, word)?;
        return Ok(cpus(cpus_of.into_iter().map(|cpu| stack::cpu(kernel, cpu)).collect(), shown));
    }
    if options.has('A') {
        let (all, unread) = pick::all_tasks(kernel);
        let backtraces = all.iter().map(|task| stack::task_backtrace(kernel, task.address.0)).collect();
        let mut output = stacks(backtraces, shown);
        output.text += &text::unread(&unread);
        return Ok(output);
    }
    if options.rest.is_empty() || options.has('p') {
        let cpu = system::panic(kernel, context.records).and_then(|panic| panic.cpu);
        let cpu = cpu.ok_or_else(|| {
            Refusal("which CPU panicked is not told by this dump: name a task, or use bt -a".to_owned())
        })?;
        return Ok(stacks(vec![stack::cpu(kernel, cpu).backtrace], shown));
    }
    let (all, _) = pick::all_tasks(kernel);
    let mut backtraces = Vec::new();
    for word in &options.rest {
        for task in pick::tasks(&all, word)? {
            backtraces.push(stack::task_backtrace(kernel, task.address.0));
        }
    }
    Ok(stacks(backtraces, shown))
}

fn stacks(backtraces: Vec<Backtrace>, shown: text::Shown) -> Output {
    let texts: Vec<String> = backtraces.iter().map(|backtrace| text::backtrace_as(backtrace, shown)).collect();
    Output::rows(texts.join("\n"), Answer::Backtraces { backtraces })
}

fn cpus(cpus: Vec<Cpu>, shown: text::Shown) -> Output {
    let texts: Vec<String> = cpus.iter().map(|cpu| text::backtrace_as(&cpu.backtrace, shown)).collect();
    Output::rows(texts.join("\n"), Answer::Cpus { cpus })
}
