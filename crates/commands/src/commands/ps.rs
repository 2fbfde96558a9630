//! `ps`: tasks. Must never sort them: the order is the kernel's.

use crate::args::Line;
use crate::{Command, Context, Output, Refusal, pick, text};
use oopscope_kernel::{Kernel, system};
use oopscope_report::vmcore::{Answer, Task};

pub(crate) const COMMAND: Command = Command {
    name: "ps",
    about: "the tasks",
    help: "\
Usage: ps [-k | -u | -G] [-A] [-t | -p | -c | -S] [TASK...]

Every task and thread, idle tasks first. > stands before what a CPU was
running; a kernel thread's name is in brackets. TASK is a PID, the address of
a task_struct or a name.

  -k   kernel threads alone
  -u   tasks of user space alone
  -G   thread group leaders alone
  -A   what CPUs were running alone
  -t   when each began
  -p   each below its parents
  -c   each with its children
  -S   how many are in each state

States are this kernel's own: R running, S sleeping, D disk sleep, I idle,
T stopped, Z zombie, and so on.
",
    run,
};

fn run(kernel: &Kernel, context: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("kuGAtpcS", "")?;
    let (all, unread) = pick::all_tasks(kernel);
    let mut chosen: Vec<&Task> = Vec::new();
    if options.rest.is_empty() {
        chosen.extend(&all);
    }
    for word in &options.rest {
        chosen.extend(pick::tasks(&all, word)?);
    }
    chosen.retain(|task| {
        (!options.has('k') || task.kernel)
            && (!options.has('u') || !task.kernel)
            && (!options.has('G') || task.pid == task.tgid)
            && (!options.has('A') || task.active)
    });
    let text = if options.has('t') {
        text::times(&chosen, system::system(kernel, context.records).uptime)
    } else if options.has('p') {
        text::families(&chosen, &all)
    } else if options.has('c') {
        text::list(&chosen, &all)
    } else if options.has('S') {
        text::summary(&chosen)
    } else {
        text::tasks(&chosen)
    };
    let tasks = chosen.into_iter().cloned().collect();
    Ok(Output::rows(text + &text::unread(&unread), Answer::Tasks { tasks, unread }))
}
