//! `oopscope serve`: the page, out of the command itself, for a lab without internet.
//!
//! This module must never read a file at run time: what is served was built in.

use std::net::SocketAddr;

#[cfg(feature = "page")]
use std::io::{self, Write};

use crate::{Failure, Outcome};

/// The port when none is asked for.
pub(crate) const DEFAULT_PORT: u16 = 8321;

#[cfg(feature = "page")]
include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// Serves until the process is ended. The address is printed when the server answers.
///
/// On the loopback only the loopback's own names are answered. Elsewhere any name is, since others are meant to
/// come; there, over plain http, browsers leave out what needs a secure context: opening the page offline,
/// re-opening the last file.
#[cfg(feature = "page")]
pub(crate) fn run(address: SocketAddr) -> Result<Outcome, Failure> {
    use oopscope_serve::{HeaderRules, Hosts, Server, Site};

    let headers = HeaderRules::parse(include_str!("../../../netlify.toml"))
        .map_err(|error| Failure::Message(format!("this build is broken: {error}")))?;
    let mut site = Site::new(headers);
    for (name, bytes) in FILES {
        site.add(*name, *bytes);
    }
    let hosts = if address.ip().is_loopback() { Hosts::Loopback } else { Hosts::Any };
    let server = Server::bind(address, site, hosts)
        .and_then(|server| Ok((server.address()?, server)))
        .map_err(|error| Failure::Message(format!("{address}: {error}\nChoose another port with --port N.")));
    let (bound, server) = server?;
    let mut out = io::stdout().lock();
    writeln!(out, "http://{bound}/")?;
    out.flush()?;
    drop(out);
    server.run()
}

/// Says how to get a build with the page.
#[cfg(not(feature = "page"))]
pub(crate) fn run(_address: SocketAddr) -> Result<Outcome, Failure> {
    let message = "this build of oopscope does not hold the page\n\
                   Build one that does, in a checkout of Oopscope: cargo xtask dist --cli";
    Err(Failure::Message(message.to_owned()))
}
