//! `oopscope log`: prints the reports of a log.

use crate::args::LogOptions;
use crate::{Failure, Outcome, drive, print};
use oopscope_protocol::{Event, Request};

/// Runs the command.
pub(crate) fn run(options: &LogOptions) -> Result<Outcome, Failure> {
    let mut log = drive::open(&options.files, &options.debug)?;
    let rendered = log.ask(Request::Render { index: None, format: options.format })?;
    let Event::Rendered { text, .. } = rendered else {
        return Err(Failure::Message("the engine gave another answer; please report this as a bug".into()));
    };
    print(&text)?;
    Ok(match &log.summary {
        summary if summary.facts.incomplete => Outcome::Partial,
        summary if summary.reports.is_empty() => Outcome::Nothing,
        _ => Outcome::Found,
    })
}
