//! `p`: the value of an expression. Must never guess a type: where a variable's is not known, that is said, with what to do.

use crate::args::Line;
use crate::text::{self, Base};
use crate::{Command, Context, Output, Refusal, expression, pick};
use oopscope_kernel::Kernel;
use oopscope_report::vmcore::Answer;
use std::fmt::Write as _;

pub(crate) const COMMAND: Command = Command {
    name: "p",
    about: "the value of a variable or of an expression",
    help: "\
Usage: p [-x | -d] EXPRESSION[:CPUS]

EXPRESSION is C as far as it reads memory: a variable, . and ->, [index], &,
*, casts, + and -, parentheses, numbers:

  p jiffies_64
  p init_task.comm
  p ((struct task_struct *)0xffff888003a90000)->mm->pgd
  p &init_task.tasks
  p runqueues:0        a per-CPU variable of CPU 0; :a for all CPUs

  -x, -d   whole numbers in hexadecimal, in decimal

BTF holds the types of per-CPU variables and of no others; for well-known
ones Oopscope knows the type, for the rest write it: p *(struct foo *)&symbol
",
    run,
};

fn run(kernel: &Kernel, _: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let mut rest = line.rest.as_str();
    let mut base = Base::Ten;
    loop {
        rest = match rest.split_once(char::is_whitespace) {
            Some(("-x", rest)) => {
                base = Base::Sixteen;
                rest.trim_start()
            }
            Some(("-d", rest)) => {
                base = Base::Ten;
                rest.trim_start()
            }
            _ => break,
        };
    }
    if rest.is_empty() {
        return Err(Refusal("p needs an expression: help p".to_owned()));
    }
    let types = pick::types_for(kernel, rest)?;
    let (text, cpus) = match rest.rsplit_once(':') {
        Some((text, cpus)) => (text, pick::cpus(kernel, cpus.trim())?.into_iter().map(Some).collect()),
        None => (rest, vec![None]),
    };
    let parsed = expression::parse(types, text)?;
    let mut all = Vec::new();
    let mut out = String::new();
    for cpu in cpus {
        let value = expression::evaluate(kernel, types, &parsed, cpu)?;
        let name = cpu.map_or(text.to_owned(), |cpu| format!("{text}:{cpu}"));
        // Writing to a String does not fail.
        let _ = writeln!(out, "{name} = {}", text::value(&value, base));
        all.push(value);
    }
    Ok(Output::rows(out, Answer::Values { values: all }))
}
