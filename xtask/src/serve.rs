//! Serves a built site on the loopback with the headers of `netlify.toml`. It must never serve to the network.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

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

/// Another process that serves the site, as `serve` does; ended when dropped.
pub(crate) struct Served {
    process: Child,
    address: String,
}

/// What a server answered.
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Served {
    /// Starts a server that prints its address as its first line.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let failed = |source| Error::Start { program: program.clone(), source };
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(failed)?;
        }
        let address = line.trim().strip_prefix("http://").and_then(|line| line.strip_suffix('/'));
        let Some(address) = address else {
            let _ = process.kill();
            let _ = process.wait();
            return Err(Error::Unexpected(format!("{program} printed no address but {line:?}")));
        };
        Ok(Self { address: address.to_owned(), process })
    }

    /// Asks for a file by its name relative to the root.
    pub(crate) fn get(&self, name: &str) -> Result<Answer> {
        let failed = |error: std::io::Error| Error::Unexpected(format!("{}: {error}", self.address));
        let mut stream = TcpStream::connect(&self.address).map_err(failed)?;
        let request = format!("GET /{name} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).map_err(failed)?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).map_err(failed)?;
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.ok_or_else(|| Error::Unexpected(format!("{}: not an HTTP answer", self.address)))?;
        let body = bytes.split_off(end + 4);
        Ok(Answer { head: String::from_utf8_lossy(&bytes).into_owned(), body })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
