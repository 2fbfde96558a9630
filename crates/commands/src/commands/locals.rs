//! `locals`: parameters and variables of a frame. Must never choose another frame than the one that was named.

use crate::args::Line;
use crate::text::{self, Base};
use crate::{Command, Context, Output, Refusal, locals, number, pick};
use oopscope_kernel::{Kernel, stack, system};
use oopscope_report::vmcore::{Answer, Locals};

pub(crate) const COMMAND: Command = Command {
    name: "locals",
    about: "parameters and variables of a frame",
    help: "\
Usage: locals [-v] [-x] [-p TASK | -c CPU] [FRAME...]

The parameters and local variables of frames of a stack, each with its value
or why it has none: it needs the kernel's vmlinux, and for frames of a module
the module's file. FRAME is the number that bt shows, from 0; without one all
frames are shown. Without -p and -c it is the stack of the task that panicked.

  -p TASK   another task: a PID, the address of a task_struct (hexadecimal)
            or a task's name
  -c CPU    the current task of a CPU
  -v        where each value was found, and the frame's registers
  -x        whole numbers in hexadecimal

Values are those of the very instruction at which the frame stands. What the
compiler keeps nowhere there is \"optimized out\". crash has no such command.
",
    run,
};

/// The most frames of one command.
const MOST: usize = 512;

fn run(kernel: &Kernel, context: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("vx", "pc")?;
    let base = if options.has('x') { Base::Sixteen } else { Base::Ten };
    let shown = text::ShownLocals { places: options.has('v'), base };
    if !kernel.has_debug() {
        return Err(Refusal(
            "variables need the kernel's vmlinux with its debug information: open it beside the dump".to_owned(),
        ));
    }
    let task = match (options.value('p'), options.value('c')) {
        (Some(word), _) => {
            let (all, _) = pick::all_tasks(kernel);
            match pick::tasks(&all, word)?.as_slice() {
                [one] => one.address.0,
                several => return Err(Refusal(format!("{} tasks are called {word}: give a PID", several.len()))),
            }
        }
        (None, Some(word)) => match pick::cpus(kernel, word)?.as_slice() {
            [cpu] => of_cpu(kernel, *cpu)?,
            _ => return Err(Refusal("-c takes one CPU".to_owned())),
        },
        (None, None) => {
            let cpu = system::panic(kernel, context.records).and_then(|panic| panic.cpu);
            let none = "which CPU panicked is not told by this dump: name a task by -p, or a CPU by -c";
            of_cpu(kernel, cpu.ok_or_else(|| Refusal(none.to_owned()))?)?
        }
    };
    let numbers = if options.rest.is_empty() {
        let frames = stack::task_backtrace(kernel, task).frames.len();
        (0..frames.min(MOST)).collect()
    } else {
        let number = |word: &String| -> Result<usize, Refusal> {
            let number = number::number(word.strip_prefix('#').unwrap_or(word))?;
            usize::try_from(number).map_err(|_| Refusal(format!("there is no frame {word}")))
        };
        options.rest.iter().map(number).collect::<Result<Vec<usize>, Refusal>>()?
    };
    let mut all: Vec<Locals> = Vec::new();
    for number in numbers {
        let found = u32::try_from(number).ok().and_then(|number| locals(kernel, task, number));
        all.push(found.ok_or_else(|| Refusal(format!("the stack has no frame {number}: bt shows them")))?);
    }
    let texts: Vec<String> = all.iter().map(|locals| text::locals(locals, shown)).collect();
    Ok(Output::rows(texts.concat(), Answer::Locals { locals: all }))
}

/// The task that a CPU ran.
fn of_cpu(kernel: &Kernel, cpu: u32) -> Result<u64, Refusal> {
    let task = stack::active(kernel).into_iter().find(|(number, _)| *number == cpu);
    task.map(|(_, task)| task).ok_or_else(|| Refusal(format!("what CPU {cpu} ran is not known")))
}
