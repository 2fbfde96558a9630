//! `oopscope symbolize`: prints a log with source lines in it.

use crate::args::SymbolizeOptions;
use crate::{Failure, Outcome, cost, drive, note, print};
use oopscope_protocol::{Event, Format, Request};
use std::io::{self, Write};

/// Runs the command.
pub(crate) fn run(options: &SymbolizeOptions) -> Result<Outcome, Failure> {
    let mut log = drive::open(&options.files, &options.debug)?;
    if options.json {
        let rendered = log.ask(Request::Render { index: None, format: Format::Json })?;
        let Event::Rendered { text, .. } = rendered else {
            return Err(Failure::Message("the engine gave another answer; please report this as a bug".into()));
        };
        print(&text)?;
    } else {
        log.session.look_up_all(&mut |_| {});
        let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        let mut failed = None;
        log.session.annotated(&mut |bytes| match out.write_all(bytes) {
            Ok(()) => true,
            Err(error) => {
                failed = Some(error);
                false
            }
        })?;
        match failed {
            Some(error) => return Err(error.into()),
            None => out.flush()?,
        }
    }
    let Some((reports, facts)) = log.session.symbolized() else { return Ok(Outcome::Nothing) };
    let mut told: Vec<&str> = Vec::new();
    for problem in reports.iter().flat_map(|report| &report.problems) {
        if !told.contains(&problem.as_str()) {
            told.push(problem);
            note(problem);
        }
    }
    let is_partial = facts.incomplete || !told.is_empty();
    // Of a file whose build-id or banner is the kernel's: something that is not known here patched it.
    for code in reports.iter().filter_map(|report| report.code.as_deref()).filter(|code| code.starts_with("different"))
    {
        if !told.contains(&code) {
            told.push(code);
            note(&format!("the bytes of Code: are {code}"));
        }
    }
    // Without any file of symbols nothing was looked up.
    let nothing_looked_up = reports.is_empty() && !log.summary.reports.is_empty();
    if nothing_looked_up {
        note("nothing was looked up: none of the files has symbols");
    }
    if options.stats {
        note(&cost::line());
    }
    Ok(match (log.summary.reports.is_empty(), nothing_looked_up || is_partial) {
        (true, _) => Outcome::Nothing,
        (false, true) => Outcome::Partial,
        (false, false) => Outcome::Found,
    })
}
