//! `cargo xtask`: everything that turns the sources into a page, a package, a command, and that checks them.
//!
//! It works on a fresh machine with rustup's cargo and gets the rest from cargo and npm packages alone. It must
//! never fetch anything in another way, nor leave a half-written site behind: what it could not do it says, with
//! what to do about it.

#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "the rim: builds, runs and measures other programs")]

mod bench;
mod browsers;
mod budget;
mod dist;
mod error;
mod inputs;
mod node;
mod run;
mod serve;
mod stages;
mod test;
mod wasm;
mod workspace;

use std::process::ExitCode;

use error::{Error, Result};
use lexopt::prelude::{Long, Short, Value, ValueExt};
use workspace::Workspace;

const USAGE: &str = "\
cargo xtask serve [--port N] [--built] [--dir DIR]
                                         build the site (in DIR; dist/) and serve it on 127.0.0.1
                                         --built: serve what is there as it is
cargo xtask test [STAGE]...              every check there is, or the named ones
cargo xtask dist [--out DIR] [--cli]     leave the deployable site in dist/ (and the engine's package in pkg/)
                                         --cli: build the command with the site inside it, too
cargo xtask bench [dumps|symbols] [--built] [--dir DIR]
                                         measure and print the figures; of dumps alone, of source lines alone
                                         --built: of what is there as it is
cargo xtask guests [ARGUMENT]...         make the fixtures afresh: tests/guests/run
cargo xtask guests dumps [ARGUMENT]...   hold real dumps against another debugger: tests/dumps/run
cargo xtask guests symbols [ARGUMENT]... hold source lines against other symbolizers: tests/symbols/run
";

fn main() -> ExitCode {
    match dispatch() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<ExitCode> {
    let mut arguments = lexopt::Parser::from_env();
    let command = match arguments.next()? {
        Some(Value(name)) => name,
        Some(Long("help") | Short('h')) | None => {
            print!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        Some(other) => return Err(other.unexpected().into()),
    };
    let workspace = Workspace::find()?;
    match command.to_str() {
        Some("serve") => {
            let mut port = serve::DEFAULT_PORT;
            let mut built = false;
            let mut directory = workspace.dist();
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("port") => port = arguments.value()?.parse()?,
                    Long("built") => built = true,
                    Long("dir") => directory = arguments.value()?.into(),
                    other => return Err(other.unexpected().into()),
                }
            }
            if !built {
                dist::build(&workspace, &directory)?;
            }
            serve::serve(&workspace, &directory, port)
        }
        Some("test") => {
            let mut only = Vec::new();
            while let Some(argument) = arguments.next()? {
                match argument {
                    Value(stage) => only.push(stage.parse()?),
                    other => return Err(other.unexpected().into()),
                }
            }
            Ok(test::test(&workspace, &only))
        }
        Some("dist") => {
            let mut directory = workspace.dist();
            let mut cli = false;
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("out") => directory = arguments.value()?.into(),
                    Long("cli") => cli = true,
                    other => return Err(other.unexpected().into()),
                }
            }
            let site = dist::build(&workspace, &directory)?;
            println!("{}: build {}", site.directory.display(), site.build_id);
            if cli {
                println!("{}", dist::build_cli(&workspace, &site, "release")?.display());
            }
            Ok(ExitCode::SUCCESS)
        }
        Some("bench") => {
            let mut subjects = bench::Subjects::All;
            let mut built = false;
            let mut directory = workspace.dist();
            while let Some(argument) = arguments.next()? {
                match argument {
                    Value(word) if word == "dumps" => subjects = bench::Subjects::Dumps,
                    Value(word) if word == "symbols" => subjects = bench::Subjects::Symbols,
                    Long("built") => built = true,
                    Long("dir") => directory = arguments.value()?.into(),
                    other => return Err(other.unexpected().into()),
                }
            }
            bench::bench(&workspace, subjects, &directory, built)
        }
        Some("guests") => {
            let mut words: Vec<_> = arguments.raw_args()?.collect();
            let mut script = "tests/guests/run";
            for (name, other) in [("dumps", "tests/dumps/run"), ("symbols", "tests/symbols/run")] {
                if words.first().is_some_and(|word| word == name) {
                    words.remove(0);
                    script = other;
                    break;
                }
            }
            run::run(workspace.command(workspace.path(script)).args(words))?;
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Error::Usage(format!("there is no command {}\n{USAGE}", command.display()))),
    }
}
