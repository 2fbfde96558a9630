//! Finds the browsers that the tests drive; on Debian as root it installs them. It must never download a browser
//! from anywhere but the distribution's own packages.

use std::path::PathBuf;

use crate::error::Error;
use crate::node::find_program;
use crate::run::run;
use crate::workspace::Workspace;

const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FIREFOX: &[&str] = &["firefox-esr", "firefox"];

/// What is there to test in.
#[derive(Clone, Debug)]
pub(crate) struct Browsers {
    pub(crate) chromium: PathBuf,
    /// Only the smoke test needs it.
    pub(crate) firefox: Option<PathBuf>,
}

/// Finds them, after installing what is missing where that can be done.
pub(crate) fn find(workspace: &Workspace) -> Result<Browsers, Error> {
    if find_program(CHROMIUM).is_none() || find_program(FIREFOX).is_none() {
        install(workspace);
    }
    let chromium = find_program(CHROMIUM).ok_or(Error::Missing {
        what: "Chromium",
        advice: "Install it so that `chromium` is in PATH (Debian, Ubuntu: `apt-get install chromium`), and run this again.",
    })?;
    Ok(Browsers { chromium, firefox: find_program(FIREFOX) })
}

fn install(workspace: &Workspace) {
    if find_program(&["apt-get"]).is_none() || !is_root() {
        return;
    }
    println!("apt-get install chromium firefox-esr");
    let apt = |arguments: &[&str]| {
        run(workspace.command("apt-get").args(["-q", "-y"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let browsers = ["install", "--no-install-recommends", "chromium", "firefox-esr"];
    if let Err(error) = apt(&["update"]).and_then(|()| apt(&browsers)) {
        eprintln!("{error}");
    }
}

/// Whether packages may be installed. Asked of `id`, since std has no call for it.
fn is_root() -> bool {
    std::process::Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
