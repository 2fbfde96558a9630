//! `log`: the kernel's log. Must never leave out a record that could not be read without saying so.

use crate::args::Line;
use crate::text::{self, LogStyle};
use crate::{Command, Context, Output, Refusal};
use oopscope_kernel::{Kernel, log, system};
use oopscope_report::vmcore::{Answer, LogRecord};

pub(crate) const COMMAND: Command = Command {
    name: "log",
    about: "the kernel's log",
    help: "\
Usage: log [-t] [-T] [-m] [-c]

The records of the printk ring, oldest first, as dmesg prints them.

  -t   without time stamps
  -T   time stamps as dates (UTC)
  -m   with each record's level: <6>
  -c   with each record's caller, where the kernel recorded it: T17, C1
",
    run,
};

fn run(kernel: &Kernel, context: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("tTmc", "")?;
    let (records, unread) =
        if context.records.is_empty() { log::records(kernel) } else { (context.records.to_vec(), Vec::new()) };
    let boot = if options.has('T') { Some(boot_time(kernel, &records)?) } else { None };
    let style = LogStyle { no_time: options.has('t'), level: options.has('m'), caller: options.has('c'), boot };
    let text = text::log(&records, style) + &text::unread(&unread);
    Ok(Output::rows(text, Answer::Log { records, unread }))
}

/// When the kernel was booted: seconds since 1970.
fn boot_time(kernel: &Kernel, records: &[LogRecord]) -> Result<f64, Refusal> {
    let machine = system::system(kernel, records);
    match (machine.time, machine.uptime) {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 have 31 bits")]
        (Some(time), Some(uptime)) => Ok(time as f64 - uptime),
        _ => Err(Refusal("when the kernel was booted could not be read: try log without -T".to_owned())),
    }
}
