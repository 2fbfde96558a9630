//! Finds Node and installs the npm packages of a directory. It must never run a package's own install script.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::error::{Error, Result};
use crate::inputs::fingerprint;
use crate::run::run;
use crate::workspace::{self, Workspace};

/// The oldest major version of Node whose test runner and `fetch` the tests use.
pub(crate) const OLDEST: u32 = 20;

/// Whether a Node is there that is new enough.
pub(crate) fn is_usable() -> bool {
    let Ok(output) = Command::new("node").arg("--version").stderr(Stdio::null()).output() else { return false };
    let version = String::from_utf8_lossy(&output.stdout);
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major >= OLDEST) && npm().arg("--version").output().is_ok_and(|npm| npm.status.success())
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Installs exactly what the directory's lock file says, unless that is what is there.
pub(crate) fn install(workspace: &Workspace, directory: &str) -> Result<()> {
    let directory = workspace.path(directory);
    let lock = workspace::read(&directory.join("package-lock.json"))?;
    let stamp = directory.join("node_modules/.installed");
    let wanted = fingerprint(&[&lock]);
    if fs::read_to_string(&stamp).is_ok_and(|known| known == wanted) {
        return Ok(());
    }
    println!("npm ci in {}", directory.display());
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    run(npm().current_dir(&directory).args(arguments))?;
    workspace::write(&stamp, wanted.as_bytes())
}

/// Whether a program can be found in PATH.
pub(crate) fn find_program(names: &[&str]) -> Option<std::path::PathBuf> {
    let path = env::var_os("PATH")?;
    let directories: Vec<_> = env::split_paths(&path).collect();
    names.iter().find_map(|name| directories.iter().map(|directory| directory.join(name)).find(|file| is_file(file)))
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file())
}

/// What to say where Node is needed and not there.
pub(crate) fn missing() -> Error {
    Error::Missing {
        what: "Node.js 20 or later, with npm,",
        advice: "Install it from your distribution or from the Node.js project, and run this again.",
    }
}
