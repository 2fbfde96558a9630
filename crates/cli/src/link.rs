//! `oopscope link`: prints a permalink to a report.
//!
//! There is no address that all Oopscope pages share, so that a page inside a company's network is as good as any:
//! without `--base` and `OOPSCOPE_BASE` only the fragment is printed.

use crate::args::LinkOptions;
use crate::drive::{self, Opened};
use crate::{Failure, Outcome, note, print};
use oopscope_protocol::{Event, Redaction, Request, Shared, View};

/// Runs the command.
pub(crate) fn run(options: &LinkOptions) -> Result<Outcome, Failure> {
    let mut log = drive::open(&options.files, &options.debug)?;
    let reports = log.summary.reports.len();
    if reports == 0 {
        note("the log has no report");
        return Ok(Outcome::Nothing);
    }
    let mut shared = share(&mut log, options, None)?;
    if !options.no_redact.is_empty() {
        let on = kept(&shared.redactions, &options.no_redact)?;
        shared = share(&mut log, options, Some(on))?;
    }
    let Some(fragment) = shared.fragment else {
        return Err(Failure::Message(format!(
            "the report is too long for a link: it would have {} characters\nSend the log itself, or the output of \
             oopscope log.",
            shared.length
        )));
    };
    tell(&shared.redactions);
    if reports > 1 {
        note(&format!("this is report {} of {reports}; choose with --report", options.report));
    }
    print(&format!("{}#{fragment}\n", base(options.base.clone())))
}

fn share(log: &mut Opened, options: &LinkOptions, redactions: Option<Vec<String>>) -> Result<Shared, Failure> {
    let index = options.report - 1;
    match log.ask(Request::Share { index, redactions, view: View::default() })? {
        Event::Shared(shared) => Ok(*shared),
        _ => Err(Failure::Message("the engine gave another answer; please report this as a bug".into())),
    }
}

/// The kinds that stay on when `off` are switched off.
fn kept(kinds: &[Redaction], off: &[String]) -> Result<Vec<String>, Failure> {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
    if let Some(unknown) = off.iter().find(|name| *name != "all" && !names.contains(&name.as_str())) {
        let names = names.join(", ");
        return Err(Failure::Message(format!("there is no redaction {unknown:?}; there are {names}, and all")));
    }
    let all = off.iter().any(|name| name == "all");
    let stays = |name: &&str| !all && !off.iter().any(|off| off == name);
    Ok(names.into_iter().filter(stays).map(ToOwned::to_owned).collect())
}

/// Says what was found, and what of it is in the link.
fn tell(redactions: &[Redaction]) {
    let list = |on: bool| {
        let found = redactions.iter().filter(|kind| kind.on == on && kind.found > 0);
        found.map(|kind| format!("{} {}", kind.found, kind.label)).collect::<Vec<_>>().join(", ")
    };
    let (redacted, left) = (list(true), list(false));
    if !redacted.is_empty() {
        note(&format!("redacted: {redacted}"));
    }
    if !left.is_empty() {
        note(&format!("left in the link: {left}"));
    }
}

/// The page's address, without a fragment of its own.
fn base(given: Option<String>) -> String {
    let base = given.or_else(|| std::env::var("OOPSCOPE_BASE").ok()).unwrap_or_default();
    base.split('#').next().unwrap_or_default().to_owned()
}
