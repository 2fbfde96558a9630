//! `oopscope`: the crash analyzer for the Linux kernel, as a command. The same session as behind the page, over files.
//!
//! This crate must never hold logic of its own: it opens files, drives the session and prints what it answers.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "the rim: files, environment and clock are what this crate is for")]

mod addr;
mod args;
mod cache;
mod core;
mod cost;
mod debug;
mod drive;
mod help;
mod input;
mod link;
mod log;
mod progress;
mod site;
mod spool;
mod symbolize;
mod triage;
mod walk;

use args::Command;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// Why the command ended without what was asked for.
#[derive(Debug)]
enum Failure {
    /// Said on stderr; exit status 2.
    Message(String),
    /// Nobody reads the output any more, as in `oopscope log FILE | head`: no fault.
    BrokenPipe,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Message(format!("can't write the output: {error}")),
        }
    }
}

impl From<oopscope_protocol::Problem> for Failure {
    fn from(problem: oopscope_protocol::Problem) -> Self {
        Self::Message(format!("{}\n{}", problem.message, problem.advice))
    }
}

/// The exit status of a run that did what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// There is what was asked for.
    Found,
    /// The log has no report.
    Nothing,
    /// Something is there, but not all could be read.
    Partial,
}

fn main() -> ExitCode {
    match args::parse().and_then(run) {
        Ok(Outcome::Found) | Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Ok(Outcome::Nothing) => ExitCode::from(1),
        Ok(Outcome::Partial) => ExitCode::from(2),
        Err(Failure::Message(message)) => {
            // Nothing can be done where stderr is gone too.
            let _ = writeln!(io::stderr(), "oopscope: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Help(topic) => print(topic.text()),
        Command::Version => print(&help::version()),
        Command::Log(options) => log::run(&options),
        Command::Symbolize(options) => symbolize::run(&options),
        Command::Addr(options) => addr::run(&options),
        Command::Cache(options) => cache::run(&options),
        Command::Core(options) => core::run(&options),
        Command::Link(options) => link::run(&options),
        Command::Triage(options) => triage::run(&options),
        Command::Serve(address) => site::run(address),
    }
}

/// Writes to standard output.
fn print(text: &str) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Outcome::Found)
}

/// Says something about the run that is not its result.
fn note(text: &str) {
    // A note that can't be written is not worth failing for.
    let _ = writeln!(io::stderr(), "oopscope: note: {text}");
}
