//! Runs other programs. It must never swallow what they say.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// Runs a program with our own output; fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = name(command);
    let status = command.status().map_err(|source| Error::Start { program: program.clone(), source })?;
    if status.success() { Ok(()) } else { Err(Error::Failed { program, status: status.to_string() }) }
}

/// Runs a program and gives what it printed; fails when it does.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let program = name(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Error::Start { program: program.clone(), source })?;
    if !output.status.success() {
        return Err(Error::Failed { program, status: output.status.to_string() });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program, passes each line of its standard output on as it comes, and shows it to `see`.
/// True when the program ended well.
pub(crate) fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<bool> {
    let program = name(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| Error::Start { program: program.clone(), source })?;
    let mut failure = None;
    if let Some(stdout) = child.stdout.take() {
        let mut ours = std::io::stdout().lock();
        for line in BufReader::new(stdout).split(b'\n') {
            let told = line.and_then(|line| {
                let line = String::from_utf8_lossy(&line).into_owned();
                writeln!(ours, "{line}")?;
                Ok(line)
            });
            match told {
                Ok(line) => see(&line),
                Err(source) => {
                    failure = Some(source);
                    break;
                }
            }
        }
    }
    let status = child.wait().map_err(|source| Error::Start { program: program.clone(), source })?;
    match failure {
        Some(source) => Err(Error::Start { program, source }),
        None => Ok(status.success()),
    }
}

/// The program with its first argument: `cargo clippy`.
fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(argument) = command.get_args().next() {
        name = format!("{name} {}", argument.to_string_lossy());
    }
    name
}
