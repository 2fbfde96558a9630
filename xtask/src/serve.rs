//! Serves a built site on the loopback with the headers of `netlify.toml`. It must never serve to the network.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use oopscope_serve::{HeaderRules, Server, Site};

use crate::error::{Error, Result};
use crate::workspace::{self, Workspace};

/// The port when none is asked for.
pub(crate) const DEFAULT_PORT: u16 = 8321;

/// Serves until the process is ended. The address is the only line on standard output, for programs to read.
pub(crate) fn serve(workspace: &Workspace, directory: &Path, port: u16) -> Result<ExitCode> {
    let headers = HeaderRules::parse(&workspace::read_text(&workspace.path("netlify.toml"))?)?;
    let site = Site::load(directory, headers).map_err(Error::io("read the site in", directory))?;
    if site.is_empty() {
        return Err(Error::Unexpected(format!("{} is empty: run `cargo xtask dist` first", directory.display())));
    }
    let server = Server::on_loopback(port, site)
        .map_err(|error| Error::Unexpected(format!("port {port}: {error}. Choose another one with --port N.")))?;
    let address = server.address().map_err(|error| Error::Unexpected(error.to_string()))?;
    println!("http://{address}/");
    std::io::stdout().flush().map_err(|error| Error::Unexpected(error.to_string()))?;
    server.run()
}
